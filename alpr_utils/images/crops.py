"""Plates cut out of pictures."""

from collections.abc import Sequence

import numpy as np

from alpr_utils.boxes import clip, enlarge

# Boxes cut the outer strokes now and then; readers expect a little of the surroundings.
CROP_MARGIN = 0.06
HIDE_MARGIN = 0.15  # of a box that hides: what it lacks at an edge would stay legible


def crop_window(
    image: np.ndarray, box: Sequence[float] | np.ndarray, margin: float = CROP_MARGIN
) -> tuple[int, int, int, int]:
    """What `crop_plate` cuts out: top, left, bottom, right in whole pixels; arguments as there."""
    height, width = image.shape[:2]
    ymin, xmin, ymax, xmax = clip(enlarge(np.array(box, np.float64), margin)) * [height, width, height, width]
    top, left = min(int(ymin), height - 1), min(int(xmin), width - 1)
    return top, left, max(int(np.ceil(ymax)), top + 1), max(int(np.ceil(xmax)), left + 1)


def crop_plate(image: np.ndarray, box: Sequence[float] | np.ndarray, margin: float = CROP_MARGIN) -> np.ndarray:
    """Cut a plate out of ``image``.

    Args:
        image: uint8 (H, W, 3) RGB.
        box: ymin, xmin, ymax, xmax, normalised.
        margin: surroundings to keep on each side, as a share of the box.

    Returns:
        uint8 (h, w, 3), at least one pixel.
    """
    top, left, bottom, right = crop_window(image, box, margin)
    return image[top:bottom, left:right]


def hide_boxes(image: np.ndarray, boxes: Sequence[Sequence[float]]) -> np.ndarray:
    """A copy of ``image: uint8 (H, W, 3)`` in which each box, and a little around it, is one patch of its mean colour.

    A weak blur or a mosaic hides a text from people and not from programs; a patch of one colour holds no text.

    Args:
        boxes: ymin, xmin, ymax, xmax each, normalised.
    """
    hidden = image.copy()
    for box in boxes:
        top, left, bottom, right = crop_window(image, box, HIDE_MARGIN)
        hidden[top:bottom, left:right] = image[top:bottom, left:right].mean(axis=(0, 1)).round()
    return hidden
