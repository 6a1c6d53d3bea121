"""A small SSD: residual backbone, feature pyramid, three feature maps with nine anchors a cell, focal and GIoU losses.

Sources: SSD (Liu et al., 2016) for anchors and maps; FPN (Lin et al., 2017) for the top-down path; focal loss
(Lin et al., 2017, equation 5); GIoU (Rezatofighi et al., 2019, algorithm 1). Only ``keras.ops`` are used, so the same
code trains on TensorFlow, JAX and PyTorch.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import keras
import numpy as np
from keras import ops

from alpr_utils.detect.architecture import Encoder, Side
from alpr_utils.networks.anchors import assign_targets, make_anchors
from alpr_utils.networks.box_ops import decode
from alpr_utils.networks.ssd import SSDConfig, SSDLoss, build_ssd


@dataclass(frozen=True)
class SSD:
    """The SSD as an `Architecture`."""

    name: ClassVar[str] = "ssd"
    loss_names: ClassVar[tuple[str, ...]] = ("ssd",)
    config: SSDConfig = field(default_factory=SSDConfig)

    @property
    def stride(self) -> int:
        """See `Architecture`."""
        return self.config.anchors.strides[-1]

    def build(self) -> keras.Model:
        """See `build_ssd`."""
        return build_ssd(self.config)

    def encoder(self, height: int, width: int) -> Encoder:
        """Targets float32 (N, 5) as `SSDLoss` takes them."""
        anchors = ops.convert_to_numpy(make_anchors(height, width, self.config.anchors))

        def encode(boxes: np.ndarray, classes: np.ndarray) -> np.ndarray:
            targets = assign_targets(anchors, boxes)
            numbers = np.append(classes, 0)[targets.owners]  # the 0 stands for a sample without boxes
            labels = np.where(targets.objectness > 0, numbers + 1, targets.objectness).astype(np.float32)
            return np.concatenate([targets.boxes, labels[:, None]], axis=1)

        return encode

    def losses(
        self,
        network: keras.Model,
        targets: keras.KerasTensor,
        predictions: keras.KerasTensor,
        height: Side,
        width: Side,
    ) -> dict[str, keras.KerasTensor]:
        """See `SSDLoss`."""
        return {"ssd": SSDLoss(make_anchors(height, width, self.config.anchors))(targets, predictions)}

    def candidates(
        self, network: keras.Model, picture: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Every anchor, moved to where the network sees an object."""
        predictions = network(picture, training=False)[0]  # (N, 4 + classes)
        height, width = ops.shape(picture)[1:3]
        anchors = make_anchors(height, width, self.config.anchors)
        return decode(predictions[:, :4], anchors), ops.sigmoid(predictions[:, 4:])
