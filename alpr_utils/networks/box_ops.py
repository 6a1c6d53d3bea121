"""Box arithmetic in keras.ops: IoU, GIoU, offsets to boxes."""

import keras
from keras import ops

from alpr_utils.networks.anchors import CENTRE_DEVIATION, SIZE_DEVIATION


def decode(offsets: keras.KerasTensor, anchors: keras.KerasTensor) -> keras.KerasTensor:
    """Offsets (..., N, 4) and anchors (N, 4) or (..., N, 4) -> boxes (..., N, 4), unit of the anchors (SSD, eq. 2)."""
    size = anchors[..., 2:] - anchors[..., :2]
    centre = (anchors[..., 2:] + anchors[..., :2]) / 2 + offsets[..., :2] * CENTRE_DEVIATION * size
    half = size * ops.exp(ops.clip(offsets[..., 2:] * SIZE_DEVIATION, -4.0, 4.0)) / 2
    return ops.concatenate([centre - half, centre + half], axis=-1)


def giou(boxes_a: keras.KerasTensor, boxes_b: keras.KerasTensor) -> keras.KerasTensor:
    """Generalised IoU of matching boxes, (..., 4) and (..., 4) -> (...), in -1..1."""
    low = ops.maximum(boxes_a[..., :2], boxes_b[..., :2])
    high = ops.minimum(boxes_a[..., 2:], boxes_b[..., 2:])
    shared = ops.prod(ops.maximum(high - low, 0.0), axis=-1)
    area_a = ops.prod(boxes_a[..., 2:] - boxes_a[..., :2], axis=-1)
    area_b = ops.prod(boxes_b[..., 2:] - boxes_b[..., :2], axis=-1)
    union = area_a + area_b - shared + 1e-7
    hull = ops.prod(
        ops.maximum(boxes_a[..., 2:], boxes_b[..., 2:]) - ops.minimum(boxes_a[..., :2], boxes_b[..., :2]), axis=-1
    )
    return shared / union - (hull - union) / (hull + 1e-7)


def pairwise_iou(boxes_a: keras.KerasTensor, boxes_b: keras.KerasTensor) -> keras.KerasTensor:
    """Intersection over union of every pair: (B, N, 4) and (B, M, 4) -> (B, N, M)."""
    a, b = boxes_a[:, :, None], boxes_b[:, None]
    shared = ops.prod(ops.relu(ops.minimum(a[..., 2:], b[..., 2:]) - ops.maximum(a[..., :2], b[..., :2])), axis=-1)
    union = ops.prod(a[..., 2:] - a[..., :2], axis=-1) + ops.prod(b[..., 2:] - b[..., :2], axis=-1) - shared
    return shared / ops.maximum(union, 1e-6)
