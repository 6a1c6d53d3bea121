"""Box arithmetic in NumPy: areas, IoU, clipping, growing.

All boxes are float32 (N, 4), ymin, xmin, ymax, xmax; any unit, as long as both arguments share it.
"""

import numpy as np


def area(boxes: np.ndarray) -> np.ndarray:
    """Areas, float32 (N,); 0 for inverted boxes."""
    return np.prod(np.maximum(boxes[..., 2:] - boxes[..., :2], 0), axis=-1)


def intersection(boxes_a: np.ndarray, boxes_b: np.ndarray) -> np.ndarray:
    """Shared area of every box of ``boxes_a`` (N, 4) with every box of ``boxes_b`` (M, 4): float32 (N, M)."""
    low = np.maximum(boxes_a[:, None, :2], boxes_b[None, :, :2])
    high = np.minimum(boxes_a[:, None, 2:], boxes_b[None, :, 2:])
    return np.prod(np.maximum(high - low, 0), axis=-1)


def iou_matrix(boxes_a: np.ndarray, boxes_b: np.ndarray) -> np.ndarray:
    """Intersection over union of every pair, float32 (N, M); 0 where both boxes are empty."""
    shared = intersection(boxes_a, boxes_b)
    union = area(boxes_a)[:, None] + area(boxes_b)[None, :] - shared
    return shared / np.maximum(union, 1e-12)


def clip(boxes: np.ndarray, height: float = 1.0, width: float = 1.0) -> np.ndarray:
    """Boxes cut off at the edges of a ``height`` x ``width`` picture."""
    return np.clip(boxes, 0, np.array([height, width, height, width], boxes.dtype))


def enlarge(boxes: np.ndarray, share: float) -> np.ndarray:
    """Boxes grown by ``share`` of their height and width on each side."""
    margin = (boxes[..., 2:] - boxes[..., :2]) * share
    return np.concatenate([boxes[..., :2] - margin, boxes[..., 2:] + margin], axis=-1)


def shape_iou(shapes: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """IoU of boxes that share their centre: float32 (N, 2) and (K, 2), any order of sides -> float32 (N, K)."""
    shared = np.minimum(shapes[:, None], anchors[None]).prod(axis=-1)
    return shared / (shapes.prod(axis=-1)[:, None] + anchors.prod(axis=-1)[None] - shared)
