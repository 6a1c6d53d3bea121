"""Characters of plates whose boxes are labelled, brought to the form of the character classifier."""

import numpy as np

from alpr_utils.read.classical.char_image import character_images
from alpr_utils.read.classical.decode import merge_lookalikes
from alpr_utils.read.classical.segment import SegmentParameters, working_grey

_RIM = 0.12  # of the character's height, what is looked at around its box


def light_on_dark(grey: np.ndarray, char_boxes: np.ndarray) -> bool:
    """Whether the characters are lighter than their ground, by vote of the rims around the boxes.

    The inside of a box would not show it: bold strokes fill more than half of it.

    Args:
        grey: uint8 (h, w).
        char_boxes: (N, 4), ymin, xmin, ymax, xmax in pixels of ``grey``.
    """
    votes = 0
    for ymin, xmin, ymax, xmax in char_boxes.round().astype(int):
        rim = max(1, round(_RIM * (ymax - ymin)))
        patch = grey[max(0, ymin - rim) : ymax + rim, max(0, xmin - rim) : xmax + rim]
        if min(patch.shape) > 2 * rim:
            inside = np.zeros(patch.shape, bool)
            inside[rim:-rim, rim:-rim] = True
            dark, light = np.percentile(patch, (5, 95))
            votes += 1 if float(np.median(patch[~inside])) < (dark + light) / 2 else -1
    return votes > 0


def cut_characters(plate: np.ndarray, char_boxes: np.ndarray, shake: np.ndarray | None = None) -> np.ndarray:
    """The characters of a plate by their labelled boxes.

    Args:
        plate: uint8 (H, W, 3) RGB.
        char_boxes: (N, 4), ymin, xmin, ymax, xmax in pixels of ``plate``.
        shake: (N, 4), by how much each side is moved, as shares of the box's height (y) and 0.7 of it (x).

    Returns:
        uint8 (N, 32, 32, 1), as `character_images` gives them.
    """
    grey = working_grey(plate, SegmentParameters())
    boxes = char_boxes * np.tile(np.array(grey.shape[:2]) / plate.shape[:2], 2)
    if light_on_dark(grey, boxes):
        grey = 255 - grey
    if shake is not None:
        heights = boxes[:, 2:3] - boxes[:, :1]
        boxes = boxes + shake * heights * (1, 0.7, 1, 0.7)
    rounded = [(round(ymin), round(xmin), round(ymax), round(xmax)) for ymin, xmin, ymax, xmax in boxes.tolist()]
    return character_images(grey, rounded)


def named_right(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Whether the likeliest class of each character is right; О and 0 count as one, their shape is the same.

    Args:
        probabilities: (N, classes), as `CharClassifier.probabilities` gives them.
        labels: int (N,), the true classes.

    Returns:
        bool (N,).
    """
    merged = merge_lookalikes(probabilities)
    return merged[np.arange(len(labels)), labels] >= merged.max(axis=1) - 1e-9
