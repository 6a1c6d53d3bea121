"""A small SSD: residual backbone, feature pyramid, three feature maps with nine anchors a cell, focal and GIoU losses.

Sources: SSD (Liu et al., 2016) for anchors and maps; FPN (Lin et al., 2017) for the top-down path; focal loss
(Lin et al., 2017, equation 5); GIoU (Rezatofighi et al., 2019, algorithm 1). Only ``keras.ops`` are used, so the same
code trains on TensorFlow, JAX and PyTorch. Plain 3x3 convolutions are faster on a CPU than depthwise ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import keras
from keras import layers, ops

from alpr_utils.detect.anchors import CENTRE_DEVIATION, SIZE_DEVIATION, AnchorSpec


@dataclass(frozen=True)
class SSDConfig:
    """Widths of the network and its anchors."""

    stem: int = 16
    widths: tuple[int, ...] = (32, 64, 96, 128)
    blocks: tuple[int, ...] = (1, 2, 2, 2)
    pyramid: int = 64
    anchors: AnchorSpec = field(default_factory=AnchorSpec)


def _conv(x: keras.KerasTensor, filters: int, stride: int = 1, kernel: int = 3, relu: bool = True) -> keras.KerasTensor:
    x = layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.97, epsilon=1e-3)(x)
    return layers.ReLU()(x) if relu else x


def _residual_block(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    shortcut = x
    x = _conv(x, filters)
    x = _conv(x, filters, relu=False)
    return layers.ReLU()(layers.Add()([x, shortcut]))


def _backbone(image: keras.KerasTensor, config: SSDConfig) -> list[keras.KerasTensor]:
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(image)
    x = _conv(x, config.stem, stride=2)  # (B, H/2, W/2, 16)
    maps = []
    for filters, blocks in zip(config.widths, config.blocks, strict=True):
        x = _conv(x, filters, stride=2)
        for _ in range(blocks):
            x = _residual_block(x, filters)
        maps.append(x)
    return maps[1:]  # strides 8, 16, 32


def _pyramid(maps: Sequence[keras.KerasTensor], filters: int) -> list[keras.KerasTensor]:
    lateral = [_conv(x, filters, kernel=1, relu=False) for x in maps]
    top = lateral[-1]
    merged = [top]
    for x in reversed(lateral[:-1]):
        top = layers.Add()([x, layers.UpSampling2D(2, interpolation="nearest")(top)])
        merged.insert(0, top)
    return [_conv(x, filters) for x in merged]  # strides 8, 16, 32


def build_ssd(config: SSDConfig | None = None) -> keras.Model:
    """The network: ``image: float32 (B, H, W, 3)``, 0..255, H and W multiples of 32 -> ``float32 (B, N, 5)``.

    Each of the N anchors (order of ``make_anchors``) gets four offsets (centre y, x, log height, width) and a logit.
    """
    config = config or SSDConfig()
    image = keras.Input((None, None, 3), name="image")
    per_cell = config.anchors.per_cell
    tower = [layers.Conv2D(config.pyramid, 3, padding="same", use_bias=False, name=f"tower_{i}") for i in range(2)]
    # A prior of 1 % keeps the many background anchors from drowning the first steps (focal loss paper, section 4.1).
    prior = keras.initializers.Constant(-4.6)
    offsets = layers.Conv2D(4 * per_cell, 3, padding="same", name="offsets")
    logits = layers.Conv2D(per_cell, 3, padding="same", bias_initializer=prior, name="logits")
    outputs = []
    for x in _pyramid(_backbone(image, config), config.pyramid):
        for conv in tower:  # shared between the maps; each map keeps its own normalisation
            x = layers.ReLU()(layers.BatchNormalization(momentum=0.97, epsilon=1e-3)(conv(x)))
        box = layers.Reshape((-1, 4))(offsets(x))  # (B, cells * anchors, 4)
        logit = layers.Reshape((-1, 1))(logits(x))  # (B, cells * anchors, 1)
        outputs.append(layers.Concatenate()([box, logit]))
    merged = layers.Concatenate(axis=1)(outputs)
    return keras.Model(image, layers.Activation("linear", dtype="float32", name="predictions")(merged), name="ssd")


def decode(offsets: keras.KerasTensor, anchors: keras.KerasTensor) -> keras.KerasTensor:
    """Offsets (..., N, 4) and anchors (N, 4) -> boxes (..., N, 4), in the unit of the anchors (SSD, equation 2)."""
    size = anchors[:, 2:] - anchors[:, :2]
    centre = (anchors[:, 2:] + anchors[:, :2]) / 2 + offsets[..., :2] * CENTRE_DEVIATION * size
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
    """Focal loss over all anchors plus GIoU loss over the matched ones, both divided by the number of matches.

    ``y_true: float32 (B, N, 5)``: four box coordinates in pixels and the objectness of ``assign_targets``.
    """

    def __init__(self, anchors: keras.KerasTensor, box_weight: float = 2.0, alpha: float = 0.5, gamma: float = 2.0):
        super().__init__(name="ssd_loss", reduction="sum")
        self.anchors = ops.convert_to_tensor(anchors)
        self.box_weight, self.alpha, self.gamma = box_weight, alpha, gamma

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        objectness, logits = y_true[..., 4], y_pred[..., 4]
        positive = ops.cast(objectness > 0.5, "float32")
        counted = ops.cast(objectness > -0.5, "float32")
        probability = ops.sigmoid(logits)
        cross_entropy = ops.softplus(logits) - positive * logits
        wrongness = positive * (1 - probability) + (1 - positive) * probability
        weight = positive * self.alpha + (1 - positive) * (1 - self.alpha)
        focal = counted * weight * ops.power(wrongness, self.gamma) * cross_entropy
        # Background anchors carry a dummy box equal to their anchor, so that GIoU stays finite there.
        target = ops.where(positive[..., None] > 0.5, y_true[..., :4], self.anchors)
        box = positive * (1 - giou(decode(y_pred[..., :4], self.anchors), target))
        matches = ops.maximum(ops.sum(positive), 1.0)
        return (ops.sum(focal, axis=-1) + self.box_weight * ops.sum(box, axis=-1)) / matches
