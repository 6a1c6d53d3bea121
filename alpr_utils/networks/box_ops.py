"""Generalised IoU in keras.ops, for losses. Boxes are ymin, xmin, ymax, xmax in any unit."""

import keras
from keras import ops

from alpr_utils.boxes import area, shared_area


def giou(boxes_a: keras.KerasTensor, boxes_b: keras.KerasTensor) -> keras.KerasTensor:
    """Generalised IoU of matching boxes, (..., 4) and (..., 4) -> (...), in -1..1 (Rezatofighi et al., 2019)."""
    shared = shared_area(boxes_a, boxes_b, ops)
    union = area(boxes_a, ops) + area(boxes_b, ops) - shared + 1e-7
    hull = ops.prod(
        ops.maximum(boxes_a[..., 2:], boxes_b[..., 2:]) - ops.minimum(boxes_a[..., :2], boxes_b[..., :2]), axis=-1
    )
    return shared / union - (hull - union) / (hull + 1e-7)
