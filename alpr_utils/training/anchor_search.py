"""Anchors from data: k-means over the shapes of labelled boxes with the distance 1 - IoU.

Source: Redmon and Farhadi, "YOLO9000", 2017, section 2, "Dimension Clusters"; YOLOv3 (2018), section 2.3, takes nine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alpr_utils.boxes import shape_iou
from alpr_utils.data.labels import PLATE_NAMES, LabelledPicture
from alpr_utils.data.pictures import load_pictures
from alpr_utils.errors import AlprError, LabelError

MAX_ROUNDS = 300


@dataclass(frozen=True)
class AnchorSearch:
    """What was found.

    Attributes:
        anchors: (width, height) in pixels of the network's input, smallest area first.
        mean_iou: mean over all boxes of the IoU with the anchor that fits best, both laid on one centre.
        boxes: number of boxes that were looked at.
        problems: label files that were left out.
    """

    anchors: tuple[tuple[float, float], ...]
    mean_iou: float
    boxes: int
    problems: tuple[AlprError, ...] = ()


def _first_centres(shapes: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """k-means++ (Arthur and Vassilvitskii, 2007): the farther a shape is from all centres, the likelier it is next."""
    centres = shapes[[rng.integers(len(shapes))]]
    while len(centres) < count:
        distance = 1 - shape_iou(shapes, centres).max(axis=1)
        if distance.max() < 1e-6:
            return centres  # fewer different shapes than wanted; the caller refuses that
        centres = np.concatenate([centres, shapes[[rng.choice(len(shapes), p=distance / distance.sum())]]])
    return centres


def _one_clustering(shapes: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    centres = _first_centres(shapes, count, rng)
    owner = np.full(len(shapes), -1)
    for _ in range(MAX_ROUNDS):
        nearest = shape_iou(shapes, centres).argmax(axis=1)
        if (nearest == owner).all():
            break
        owner = nearest
        # The median is the usual centre here: large boxes would pull a mean towards themselves.
        centres = np.stack(
            [np.median(shapes[owner == k], axis=0) if (owner == k).any() else centres[k] for k in range(len(centres))]
        )
    return centres


def cluster_shapes(shapes: np.ndarray, count: int = 9, seed: int = 0, attempts: int = 8) -> tuple[np.ndarray, float]:
    """The ``count`` shapes that fit ``shapes: float (N, 2)`` best; the best of ``attempts`` starts.

    Returns:
        float64 (count, 2) in the unit and order of sides of ``shapes``, smallest area first, and the mean IoU.

    Raises:
        AlprError: ``shapes`` holds fewer than ``count`` different shapes.
    """
    shapes = np.asarray(shapes, np.float64)
    different = len(np.unique(shapes, axis=0))
    if different < count:
        raise AlprError(
            f"holds boxes of {different} different shapes, too few for {count} anchors; label more or ask for fewer."
        )
    rng = np.random.default_rng(seed)
    best, best_fit = shapes[:count], -1.0
    for _ in range(attempts):
        centres = _one_clustering(shapes, count, rng)
        fit = float(shape_iou(shapes, centres).max(axis=1).mean())
        if fit > best_fit:
            best, best_fit = centres, fit
    return best[np.argsort(best.prod(axis=1), kind="stable")], best_fit


def box_shapes(pictures: Sequence[LabelledPicture], input_size: float, label: str) -> np.ndarray:
    """(width, height) of every ``label`` box once the long side of its picture is ``input_size``: float64 (N, 2)."""
    shapes = []
    for picture in pictures:
        boxes = picture.boxes_px(PLATE_NAMES if label in PLATE_NAMES else (label,)) * (
            input_size / max(picture.width, picture.height)
        )
        shapes.append(boxes[:, [3, 2]] - boxes[:, [1, 0]])
    return np.concatenate([np.empty((0, 2)), *shapes])


def search_anchors(
    folder: Path, count: int = 9, input_size: float = 640, label: str = "plate", seed: int = 0
) -> AnchorSearch:
    """The anchors that suit the labelled pictures of ``folder`` (PASCAL VOC); the same seed gives the same anchors.

    Raises:
        LabelError: the folder is missing, holds no labelled picture or no box named ``label``.
        AlprError: the boxes have fewer than ``count`` different shapes.
    """
    pictures, problems = load_pictures(folder)
    shapes = box_shapes(pictures, input_size, label)
    if not len(shapes):
        names = sorted({item.name for picture in pictures for item in picture.objects})
        raise LabelError(f"{folder}: holds no box named '{label}'; its labels are: {', '.join(names) or 'none'}.")
    try:
        found, mean_iou = cluster_shapes(shapes, count, seed)
    except AlprError as error:
        raise AlprError(f"{folder}: {error}") from None
    anchors = tuple((round(float(width), 1), round(float(height), 1)) for width, height in found)
    return AnchorSearch(anchors, mean_iou, len(shapes), tuple(problems))
