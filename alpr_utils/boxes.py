"""Box arithmetic: areas, IoU, non-maximum suppression, clipping, growing.

All boxes are float32 (N, 4), ymin, xmin, ymax, xmax; any unit, as long as both arguments share it. Functions with the
argument ``xp`` compute with NumPy, or with ``keras.ops`` in losses and graphs.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np


def area(boxes: Any, xp: Any = np) -> Any:
    """Areas, (..., 4) -> (...); 0 for inverted boxes."""
    sides = xp.maximum(boxes[..., 2:] - boxes[..., :2], 0)
    return sides[..., 0] * sides[..., 1]


def shared_area(boxes_a: Any, boxes_b: Any, xp: Any = np) -> Any:
    """Area that each box of ``boxes_a`` shares with its counterpart: (..., 4) and (..., 4) -> (...), broadcast."""
    height, width = (
        xp.minimum(boxes_a[..., side + 2], boxes_b[..., side + 2]) - xp.maximum(boxes_a[..., side], boxes_b[..., side])
        for side in (0, 1)
    )
    return xp.maximum(height, 0) * xp.maximum(width, 0)


def intersection(boxes_a: Any, boxes_b: Any, xp: Any = np) -> Any:
    """Area that every box of the one shares with every box of the other: (..., N, 4), (..., M, 4) -> (..., N, M)."""
    return shared_area(boxes_a[..., :, None, :], boxes_b[..., None, :, :], xp)


def iou_matrix(boxes_a: Any, boxes_b: Any, xp: Any = np) -> Any:
    """Intersection over union of every pair, (..., N, 4) and (..., M, 4) -> (..., N, M); 0 where both are empty."""
    shared = intersection(boxes_a, boxes_b, xp)
    union = area(boxes_a, xp)[..., :, None] + area(boxes_b, xp)[..., None, :] - shared
    return shared / xp.maximum(union, 1e-12)


def non_max_suppression(
    boxes: np.ndarray, scores: np.ndarray, max_iou: float, min_score: float, count: int | None = None
) -> np.ndarray:
    """Numbers of the boxes that stay, best first: a box is dropped when its IoU with a better one is above ``max_iou``.

    Args:
        boxes: (N, 4).
        scores: (N,); boxes whose score is not above ``min_score`` are dropped, too.
        count: at most so many stay.
    """
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > min_score]
    overlap = iou_matrix(boxes[order], boxes[order]) > max_iou
    kept: list[int] = []
    dropped = np.zeros(len(order), bool)
    for index in range(len(order)):
        if not dropped[index]:
            kept.append(index)
            dropped |= overlap[index]
            if len(kept) == count:
                break
    return order[kept]


def clip(boxes: np.ndarray, height: float = 1.0, width: float = 1.0) -> np.ndarray:
    """Boxes cut off at the edges of a ``height`` x ``width`` picture."""
    return np.clip(boxes, 0, np.array([height, width, height, width], boxes.dtype))


def to_pixels(boxes: np.ndarray | Sequence[Sequence[float]], height: float, width: float) -> np.ndarray:
    """Normalised boxes in pixels of a ``height`` x ``width`` picture: float64 (N, 4)."""
    return np.array(boxes, np.float64).reshape(-1, 4) * [height, width, height, width]


def enlarge(boxes: np.ndarray, share: float) -> np.ndarray:
    """Boxes grown by ``share`` of their height and width on each side."""
    margin = (boxes[..., 2:] - boxes[..., :2]) * share
    return np.concatenate([boxes[..., :2] - margin, boxes[..., 2:] + margin], axis=-1)


def shape_iou(shapes: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """IoU of boxes that share their centre: float32 (N, 2) and (K, 2), any order of sides -> float32 (N, K)."""
    shared = np.minimum(shapes[:, None], anchors[None]).prod(axis=-1)
    return shared / (shapes.prod(axis=-1)[:, None] + anchors.prod(axis=-1)[None] - shared)
