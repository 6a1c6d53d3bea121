"""A small SSD: residual backbone, feature pyramid, three feature maps with nine anchors a cell, focal and GIoU losses.

Sources: SSD (Liu et al., 2016) for anchors and maps; FPN (Lin et al., 2017) for the top-down path; focal loss
(Lin et al., 2017, equation 5); GIoU (Rezatofighi et al., 2019, algorithm 1). Only ``keras.ops`` are used, so the same
code trains on TensorFlow, JAX and PyTorch.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import keras
import numpy as np
from keras import layers, ops

from alpr_utils.detect.architecture import Encoder, Side
from alpr_utils.networks.anchors import CENTRE_DEVIATION, SIZE_DEVIATION, AnchorSpec, assign_targets, make_anchors
from alpr_utils.networks.backbone import feature_pyramid, residual_backbone


@dataclass(frozen=True)
class SSDConfig:
    """Widths of the network, its anchors and the number of classes it tells apart.

    The stem halves the picture and so does every stage after it; the last stages, one for each stride of the anchors,
    get anchors.
    """

    stem: int = 16
    widths: tuple[int, ...] = (32, 64, 96, 128)
    blocks: tuple[int, ...] = (1, 2, 2, 2)
    pyramid: int = 64
    anchors: AnchorSpec = field(default_factory=AnchorSpec)
    classes: int = 1


def build_ssd(config: SSDConfig | None = None) -> keras.Model:
    """The network: ``image: float32 (B, H, W, 3)``, 0..255, H and W multiples of the largest stride.

    Gives ``float32 (B, N, 4 + classes)``: each of the N anchors (order of ``make_anchors``) gets four offsets (centre
    y, x, log height, width) and a logit for each class.
    """
    config = config or SSDConfig()
    image = keras.Input((None, None, 3), name="image")
    per_cell = config.anchors.per_cell
    tower = [layers.Conv2D(config.pyramid, 3, padding="same", use_bias=False, name=f"tower_{i}") for i in range(2)]
    # A prior of 1 % keeps the many background anchors from drowning the first steps (focal loss paper, section 4.1).
    prior = keras.initializers.Constant(-4.6)
    offsets = layers.Conv2D(4 * per_cell, 3, padding="same", name="offsets")
    logits = layers.Conv2D(config.classes * per_cell, 3, padding="same", bias_initializer=prior, name="logits")
    outputs = []
    maps = residual_backbone(image, config.stem, config.widths, config.blocks)
    for x in feature_pyramid(maps[-len(config.anchors.strides) :], config.pyramid):
        for conv in tower:  # shared between the maps; each map keeps its own normalisation
            x = layers.ReLU()(layers.BatchNormalization(momentum=0.97, epsilon=1e-3)(conv(x)))
        box = layers.Reshape((-1, 4))(offsets(x))  # (B, cells * anchors, 4)
        logit = layers.Reshape((-1, config.classes))(logits(x))  # (B, cells * anchors, classes)
        outputs.append(layers.Concatenate()([box, logit]))
    merged = layers.Concatenate(axis=1)(outputs)
    return keras.Model(image, layers.Activation("linear", dtype="float32", name="predictions")(merged), name="ssd")


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


class SSDLoss(keras.losses.Loss):
    """Focal loss over all anchors and classes plus GIoU loss over the matched ones, divided by the number of matches.

    ``y_true: float32 (B, N, 5)``: four box coordinates in pixels and a label: 0 background, -1 ignored, k an object of
    the k-th class. With one class that is the objectness of ``assign_targets``. Every class has a sigmoid of its own.
    """

    def __init__(self, anchors: keras.KerasTensor, box_weight: float = 2.0, alpha: float = 0.5, gamma: float = 2.0):
        super().__init__(name="ssd_loss", reduction="sum")
        self.anchors = ops.convert_to_tensor(anchors)
        self.box_weight, self.alpha, self.gamma = box_weight, alpha, gamma

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        label, logits = y_true[..., 4], y_pred[..., 4:]
        positive = ops.cast(label > 0.5, "float32")
        counted = ops.cast(label > -0.5, "float32")
        classes = ops.arange(1, logits.shape[-1] + 1, dtype="float32")
        wanted = ops.cast(ops.abs(label[..., None] - classes) < 0.5, "float32")
        probability = ops.sigmoid(logits)
        cross_entropy = ops.softplus(logits) - wanted * logits
        wrongness = wanted * (1 - probability) + (1 - wanted) * probability
        weight = wanted * self.alpha + (1 - wanted) * (1 - self.alpha)
        focal = counted[..., None] * weight * ops.power(wrongness, self.gamma) * cross_entropy
        # Background anchors carry a dummy box equal to their anchor, so that GIoU stays finite there.
        target = ops.where(positive[..., None] > 0.5, y_true[..., :4], self.anchors)
        box = positive * (1 - giou(decode(y_pred[..., :4], self.anchors), target))
        matches = ops.maximum(ops.sum(positive), 1.0)
        return (ops.sum(focal, axis=(-2, -1)) + self.box_weight * ops.sum(box, axis=-1)) / matches


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
