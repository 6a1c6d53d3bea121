"""Faster R-CNN: a region proposal network (RPN) finds regions, a head classifies and corrects each of them.

The network and its losses are in `networks.faster_rcnn`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from alpr_utils.detect.architecture import Architecture, Encoder, Side
from alpr_utils.networks.anchors import assign_targets, make_anchors
from alpr_utils.networks.array_ops import decode, softmax
from alpr_utils.networks.configs import FasterRCNNConfig

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class FasterRCNN(Architecture):
    """Faster R-CNN as an `Architecture`; its anchors are those of the RPN."""

    name: ClassVar[str] = "faster_rcnn"
    loss_names: ClassVar[tuple[str, ...]] = ("rpn", "head_class", "head_box")
    config: FasterRCNNConfig = field(default_factory=FasterRCNNConfig)

    def build(self) -> "keras.Model":
        """See `build_faster_rcnn`."""
        from alpr_utils.networks.faster_rcnn import build_faster_rcnn

        return build_faster_rcnn(self.config)

    def encoder(self, height: int, width: int) -> Encoder:
        """Targets float32 (N + objects, 5): box and objectness of each anchor, then true boxes and classes from 1."""
        anchors = self.anchors(height, width)

        def encode(boxes: np.ndarray, classes: np.ndarray) -> np.ndarray:
            targets = assign_targets(anchors, boxes, *self.config.rpn_iou)
            truth = np.zeros((self.config.objects, 5), np.float32)
            count = min(len(boxes), self.config.objects)
            truth[:count, :4], truth[:count, 4] = boxes[:count], classes[:count] + 1
            return np.concatenate([np.column_stack([targets.boxes, targets.objectness]), truth])

        return encode

    def losses(
        self, network: "keras.Model", targets: Any, predictions: Any, height: Side, width: Side
    ) -> dict[str, Any]:
        """See `faster_rcnn_losses`."""
        from keras import ops

        from alpr_utils.networks.faster_rcnn import faster_rcnn_losses

        anchors = make_anchors(height, width, self.config.anchors, ops)
        return faster_rcnn_losses(network, targets, predictions, anchors, self.config)

    def objectness(self, predictions: Any) -> Any:
        """The logits of the RPN."""
        return predictions[0][0, :, 4]

    def box_outputs(self, predictions: Any) -> list[Any]:
        """The RoIs (B, R, 4) and what the head predicts for them (B, R, 4 + 1 + classes)."""
        return list(predictions[1:3])

    def scores(self, outputs: Sequence[Any], xp: Any = np) -> Any:
        """The head's probabilities, one row a RoI, without that of the background."""
        return softmax(outputs[1][:, 4:], xp)[:, 1:]

    def boxes(self, outputs: Sequence[Any], numbers: Any, height: Side, width: Side, xp: Any = np) -> Any:
        """RoIs as the head corrects them."""
        rois, predictions = (xp.take(output, numbers, axis=0) for output in outputs)
        return decode(predictions[:, :4], rois, xp)
