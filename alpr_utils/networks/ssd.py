"""The network of the SSD (Liu et al., 2016) and its loss: feature pyramid (Lin et al., 2017), focal and GIoU losses."""

import keras
from keras import layers, ops

from alpr_utils.networks.array_ops import decode
from alpr_utils.networks.backbone import feature_pyramid, residual_backbone
from alpr_utils.networks.box_ops import giou
from alpr_utils.networks.configs import SSDConfig


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
        box = positive * (1 - giou(decode(y_pred[..., :4], self.anchors, ops), target))
        matches = ops.maximum(ops.sum(positive), 1.0)
        return (ops.sum(focal, axis=(-2, -1)) + self.box_weight * ops.sum(box, axis=-1)) / matches
