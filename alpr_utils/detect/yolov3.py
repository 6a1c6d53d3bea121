"""YOLOv3: one anchor predicts each object, at two or three scales (Redmon and Farhadi, 2018, here "the paper").

The network and its losses are in `networks.yolov3`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from alpr_utils.boxes import iou_matrix, shape_iou
from alpr_utils.detect.architecture import Architecture, Encoder, Side
from alpr_utils.networks.array_ops import sigmoid
from alpr_utils.networks.configs import AnchorShapes, YOLOv3Config, level_anchors, variant_of

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class YOLOv3Encoder:
    """Decides which anchor of a ``height`` x ``width`` picture predicts which object (paper, sections 2.1 and 2.3)."""

    config: YOLOv3Config
    height: int
    width: int

    @cached_property
    def priors(self) -> np.ndarray:
        """Anchors centred on their cells, in the order of the network's predictions: float32 (N, 4), pixels."""
        levels = []
        for stride, half in zip(variant_of(self.config).strides, level_anchors(self.config) / 2, strict=True):
            y, x = (np.arange(side // stride) * stride + stride / 2 for side in (self.height, self.width))
            centre = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1)[:, :, None, :]  # (rows, columns, 1, 2)
            levels.append(np.concatenate([centre - half, centre + half], axis=-1).reshape(-1, 4))
        return np.concatenate(levels).astype(np.float32)

    def _index(self, centre: np.ndarray, level: int, shape: int) -> int:
        """Number of one anchor of the cell that holds ``centre`` (y, x)."""
        anchors = level_anchors(self.config).shape[1]
        strides = variant_of(self.config).strides
        before = sum((self.height // s) * (self.width // s) for s in strides[:level])
        last = (self.height // strides[level] - 1, self.width // strides[level] - 1)
        row, column = np.minimum(centre // strides[level], last).astype(int)
        return (before + int(row) * (self.width // strides[level]) + int(column)) * anchors + shape

    def __call__(self, boxes: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Boxes float32 (M, 4) and classes int (M,) -> float32 (N, 5): the box to predict and a label.

        The label is 0 for background, -1 for anchors that the loss ignores and k for an object of the k-th class.
        """
        priors = self.priors
        target = np.zeros((len(priors), 5), np.float32)
        if not len(boxes):
            return target
        target[iou_matrix(priors, boxes).max(axis=1) > self.config.ignore_iou, 4] = -1
        shapes = level_anchors(self.config)
        fit = shape_iou(boxes[:, 2:] - boxes[:, :2], shapes.reshape(-1, 2))  # (M, scales * A)
        best = fit.argmax(axis=1)
        for box, number, ious in zip(boxes, classes, fit, strict=True):
            for anchor in np.flatnonzero(ious >= self.config.shared_iou):
                self._assign(target, box, number, int(anchor))
        for box, number, anchor in zip(boxes, classes, best, strict=True):  # last, so that no other box takes its place
            self._assign(target, box, number, int(anchor))
        return target

    def _assign(self, target: np.ndarray, box: np.ndarray, number: int, anchor: int) -> None:
        level, shape = divmod(anchor, level_anchors(self.config).shape[1])
        target[self._index((box[:2] + box[2:]) / 2, level, shape)] = (*box, number + 1)


@dataclass(frozen=True)
class YOLOv3(Architecture):
    """YOLOv3 as an `Architecture`."""

    name: ClassVar[str] = "yolov3"
    loss_names: ClassVar[tuple[str, ...]] = ("objectness", "class", "box")
    config: YOLOv3Config = field(default_factory=YOLOv3Config)

    @classmethod
    def published(cls, variant: str, classes: int, anchors: AnchorShapes = ()) -> "YOLOv3":
        """See `YOLOv3Config.published`."""
        return cls(YOLOv3Config.published(variant, classes, anchors))

    @property
    def strides(self) -> tuple[int, ...]:
        """See `Architecture`."""
        return variant_of(self.config).strides

    @property
    def anchors_per_cell(self) -> int:
        """See `Architecture`."""
        return level_anchors(self.config).shape[1]

    def anchors(self, height: int, width: int) -> np.ndarray:
        """See `YOLOv3Encoder.priors`."""
        return YOLOv3Encoder(self.config, height, width).priors

    def build(self) -> "keras.Model":
        """See `build_yolov3`."""
        from alpr_utils.networks.yolov3 import build_yolov3

        return build_yolov3(self.config)

    def encoder(self, height: int, width: int) -> Encoder:
        """See `YOLOv3Encoder`."""
        return YOLOv3Encoder(self.config, height, width)

    def losses(
        self, network: "keras.Model", targets: Any, predictions: Any, height: Side, width: Side
    ) -> dict[str, Any]:
        """See `yolov3_losses`."""
        from alpr_utils.networks.yolov3 import yolov3_losses

        return yolov3_losses(targets, predictions, self.config)

    def objectness(self, predictions: Any) -> Any:
        """The logit of being an object, whatever its class."""
        return predictions[0, :, 4]

    def box_outputs(self, predictions: Any) -> list[Any]:
        """All: (B, N, 5 + classes)."""
        return [predictions]

    def scores(self, outputs: Sequence[Any], xp: Any = np) -> Any:
        """Pr(object) * Pr(class | object), one row an anchor."""
        return sigmoid(outputs[0][:, 4:5], xp) * sigmoid(outputs[0][:, 5:], xp)

    def boxes(self, outputs: Sequence[Any], numbers: Any, height: Side, width: Side, xp: Any = np) -> Any:
        """As the network decodes them."""
        return xp.take(outputs[0][:, :4], numbers, axis=0)
