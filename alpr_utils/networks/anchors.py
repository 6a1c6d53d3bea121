"""Default boxes (anchors): where they lie, and which object each one must predict.

Source: Liu et al., "SSD: Single Shot MultiBox Detector", 2016, sections 2.1 and 2.2.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, TypeAlias

import numpy as np
from pydantic import Field

from alpr_utils.boxes import iou_matrix
from alpr_utils.config import Pixels, Positive, Width

Scales: TypeAlias = Annotated[tuple[Pixels, ...], Field(min_length=1)]


@dataclass(frozen=True)
class AnchorSpec:
    """The anchors of a network.

    Attributes:
        strides: pixels between two cells of each feature map.
        scales: square root of the anchor's area, in pixels of the network's input, for each feature map.
        aspect_ratios: width / height, the same on all maps.
    """

    strides: Annotated[tuple[Width, ...], Field(min_length=1)] = (8, 16, 32)
    scales: tuple[Scales, ...] = ((14.0, 22.0, 35.0), (54.0, 84.0, 130.0), (200.0, 290.0, 420.0))
    aspect_ratios: Annotated[tuple[Positive, ...], Field(min_length=1)] = (1.5, 3.0, 4.8)

    def __post_init__(self) -> None:
        """Refuse scales of more or fewer maps than there are."""
        if len(self.scales) != len(self.strides):
            raise ValueError(f"must have scales for each of its {len(self.strides)} strides")
        if len({len(scales) for scales in self.scales}) > 1:
            raise ValueError("must have as many scales for each stride")

    @property
    def per_cell(self) -> int:
        """Number of anchors centred on one cell."""
        return len(self.scales[0]) * len(self.aspect_ratios)


def make_anchors(height: Any, width: Any, spec: AnchorSpec, xp: Any = np) -> Any:
    """Anchors of a ``height`` x ``width`` input: float32 (N, 4), pixels; maps, then rows, columns, shapes.

    Args:
        height, width: multiples of the largest stride; in a traced graph they may be scalar tensors.
        xp: ``keras.ops`` inside a graph; the anchors of NumPy are kept for the next call and cannot be written to.
    """
    return _kept_anchors(height, width, spec) if xp is np else _anchors(height, width, spec, xp)


@lru_cache(maxsize=16)
def _kept_anchors(height: int, width: int, spec: AnchorSpec) -> np.ndarray:
    anchors = _anchors(height, width, spec, np)
    anchors.flags.writeable = False
    return anchors


def _anchors(height: Any, width: Any, spec: AnchorSpec, xp: Any) -> Any:
    levels = []
    for stride, scales in zip(spec.strides, spec.scales, strict=True):
        half = [(s / r**0.5 / 2, s * r**0.5 / 2) for s in scales for r in spec.aspect_ratios]
        shapes = xp.array([(-h, -w, h, w) for h, w in half], "float32")  # (A, 4)
        y = (xp.arange(height // stride, dtype="float32") + 0.5) * stride
        x = (xp.arange(width // stride, dtype="float32") + 0.5) * stride
        centre = xp.stack(xp.meshgrid(y, x, indexing="ij"), axis=-1)  # (rows, columns, 2)
        cells = xp.concatenate([centre, centre], axis=-1)[:, :, None, :] + shapes  # (rows, columns, A, 4)
        levels.append(xp.reshape(cells, (-1, 4)))
    return xp.concatenate(levels)


@dataclass(frozen=True)
class Targets:
    """What each anchor should predict.

    Attributes:
        objectness: float32 (N,), 1 object, 0 background, -1 ignored by the loss.
        boxes: float32 (N, 4), the box to predict, pixels; zeros where objectness is not 1.
        matched_gt: int64 (N,), the number of that box among the given ones; 0 where objectness is not 1.
    """

    objectness: np.ndarray
    boxes: np.ndarray
    matched_gt: np.ndarray


def assign_targets(
    anchors: np.ndarray, boxes: np.ndarray, positive_iou: float = 0.5, negative_iou: float = 0.4
) -> Targets:
    """Match anchors to ``boxes: float32 (M, 4)``, pixels (SSD, "matching strategy").

    An anchor predicts the box it overlaps most if their IoU reaches ``positive_iou``; each box also gets the anchors
    that fit it best, however badly, so that every object is learned. Anchors between the thresholds are ignored.
    """
    objectness = np.zeros(len(anchors), np.float32)
    targets = np.zeros((len(anchors), 4), np.float32)
    if len(boxes) == 0:
        return Targets(objectness, targets, np.zeros(len(anchors), np.int64))
    iou = iou_matrix(anchors, boxes)  # (N, M)
    matched = iou.argmax(axis=1)
    best = iou[np.arange(len(anchors)), matched]
    objectness[(best > negative_iou) & (best < positive_iou)] = -1
    objectness[best >= positive_iou] = 1
    for index in range(len(boxes)):
        closest = iou[:, index] >= max(iou[:, index].max() * 0.95, 1e-6)
        objectness[closest] = 1
        matched[closest] = index
    positive = objectness == 1
    targets[positive] = boxes[matched[positive]]
    return Targets(objectness, targets, np.where(positive, matched, 0))
