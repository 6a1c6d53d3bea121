"""Default boxes (anchors): where they lie, which object each one must predict, and how boxes are encoded.

Source: Liu et al., "SSD: Single Shot MultiBox Detector", 2016, sections 2.1 and 2.2.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from alpr_utils.boxes import iou_matrix

# Liu et al. divide the offsets by these standard deviations, so that the network predicts numbers near 1.
CENTRE_DEVIATION = 0.1
SIZE_DEVIATION = 0.2


@dataclass(frozen=True)
class AnchorSpec:
    """The anchors of a network.

    Attributes:
        strides: pixels between two cells of each feature map.
        scales: square root of the anchor's area, in pixels of the network's input, for each feature map.
        aspect_ratios: width / height, the same on all maps.
    """

    strides: tuple[int, ...] = (8, 16, 32)
    scales: tuple[tuple[float, ...], ...] = ((14.0, 22.0, 35.0), (54.0, 84.0, 130.0), (200.0, 290.0, 420.0))
    aspect_ratios: tuple[float, ...] = (1.5, 3.0, 4.8)

    @property
    def per_cell(self) -> int:
        """Number of anchors centred on one cell."""
        return len(self.scales[0]) * len(self.aspect_ratios)


def make_anchors(
    height: int | keras.KerasTensor, width: int | keras.KerasTensor, spec: AnchorSpec
) -> keras.KerasTensor:
    """Anchors of a ``height`` x ``width`` input: float32 (N, 4), pixels; maps, then rows, columns, shapes.

    ``height`` and ``width`` are multiples of the largest stride; in a traced graph they may be scalar tensors.
    """
    levels = []
    for stride, scales in zip(spec.strides, spec.scales, strict=True):
        half = [(s / r**0.5 / 2, s * r**0.5 / 2) for s in scales for r in spec.aspect_ratios]
        shapes = ops.convert_to_tensor([(-h, -w, h, w) for h, w in half], "float32")  # (A, 4)
        y = (ops.cast(ops.arange(height // stride), "float32") + 0.5) * stride
        x = (ops.cast(ops.arange(width // stride), "float32") + 0.5) * stride
        centre = ops.stack(ops.meshgrid(y, x, indexing="ij"), axis=-1)  # (rows, columns, 2)
        cells = ops.concatenate([centre, centre], axis=-1)[:, :, None, :] + shapes  # (rows, columns, A, 4)
        levels.append(ops.reshape(cells, (-1, 4)))
    return ops.concatenate(levels)


@dataclass(frozen=True)
class Targets:
    """What the network should say at each anchor.

    Attributes:
        objectness: float32 (N,), 1 object, 0 background, -1 ignored by the loss.
        boxes: float32 (N, 4), the box to predict, pixels; zeros where objectness is not 1.
        owners: int64 (N,), which of the given boxes that is; 0 where objectness is not 1.
    """

    objectness: np.ndarray
    boxes: np.ndarray
    owners: np.ndarray


def assign_targets(
    anchors: np.ndarray, boxes: np.ndarray, positive_iou: float = 0.5, negative_iou: float = 0.4
) -> Targets:
    """Match anchors to ``boxes: float32 (M, 4)``, pixels (SSD, "matching strategy").

    An anchor predicts the box it overlaps most if their IoU reaches ``positive_iou``; each box also claims the anchors
    that fit it best, however badly, so that no plate is without a teacher. Anchors between the thresholds are ignored.
    """
    objectness = np.zeros(len(anchors), np.float32)
    targets = np.zeros((len(anchors), 4), np.float32)
    if len(boxes) == 0:
        return Targets(objectness, targets, np.zeros(len(anchors), np.int64))
    iou = iou_matrix(anchors, boxes)  # (N, M)
    owner = iou.argmax(axis=1)
    best = iou[np.arange(len(anchors)), owner]
    objectness[(best > negative_iou) & (best < positive_iou)] = -1
    objectness[best >= positive_iou] = 1
    for index in range(len(boxes)):
        closest = iou[:, index] >= max(iou[:, index].max() * 0.95, 1e-6)
        objectness[closest] = 1
        owner[closest] = index
    positive = objectness == 1
    targets[positive] = boxes[owner[positive]]
    return Targets(objectness, targets, np.where(positive, owner, 0))
