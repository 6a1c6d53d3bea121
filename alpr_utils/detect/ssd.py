"""SSD: anchors on three feature maps, each anchor classified and moved to the object it matches.

Sources: SSD (Liu et al., 2016) for anchors and maps; FPN (Lin et al., 2017) for the top-down path; focal loss
(Lin et al., 2017, equation 5); GIoU (Rezatofighi et al., 2019, algorithm 1). The network is in `networks.ssd`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from alpr_utils.detect.architecture import Architecture, Encoder, Side
from alpr_utils.networks.anchors import assign_targets, make_anchors
from alpr_utils.networks.array_ops import decode, sigmoid
from alpr_utils.networks.configs import SSDConfig

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class SSD(Architecture):
    """The SSD as an `Architecture`."""

    name: ClassVar[str] = "ssd"
    loss_names: ClassVar[tuple[str, ...]] = ("ssd",)
    config: SSDConfig = field(default_factory=SSDConfig)

    def build(self) -> "keras.Model":
        """See `build_ssd`."""
        from alpr_utils.networks.ssd import build_ssd

        return build_ssd(self.config)

    def encoder(self, height: int, width: int) -> Encoder:
        """Targets float32 (N, 5) as `SSDLoss` takes them."""
        anchors = self.anchors(height, width)

        def encode(boxes: np.ndarray, classes: np.ndarray) -> np.ndarray:
            targets = assign_targets(anchors, boxes)
            numbers = np.append(classes, 0)[targets.matched_gt]  # the 0 stands for a sample without boxes
            labels = np.where(targets.objectness > 0, numbers + 1, targets.objectness).astype(np.float32)
            return np.concatenate([targets.boxes, labels[:, None]], axis=1)

        return encode

    def losses(
        self, network: "keras.Model", targets: Any, predictions: Any, height: Side, width: Side
    ) -> dict[str, Any]:
        """See `SSDLoss`."""
        from keras import ops

        from alpr_utils.networks.ssd import SSDLoss

        return {"ssd": SSDLoss(make_anchors(height, width, self.config.anchors, ops))(targets, predictions)}

    def objectness(self, predictions: Any) -> Any:
        """The highest logit of each anchor."""
        return predictions[0, :, 4:].max(axis=1)

    def box_outputs(self, predictions: Any) -> list[Any]:
        """All: (B, N, 4 + classes)."""
        return [predictions]

    def scores(self, outputs: Sequence[Any], xp: Any = np) -> Any:
        """One row an anchor."""
        return sigmoid(outputs[0][:, 4:], xp)

    def boxes(self, outputs: Sequence[Any], numbers: Any, height: Side, width: Side, xp: Any = np) -> Any:
        """The anchors, moved to where the network sees an object."""
        anchors = make_anchors(height, width, self.config.anchors, xp)
        offsets = xp.take(outputs[0][:, :4], numbers, axis=0)
        return decode(offsets, xp.take(anchors, numbers, axis=0), xp)
