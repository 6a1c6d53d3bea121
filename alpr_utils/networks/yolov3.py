"""The network of YOLOv3 and its losses: Darknet, heads at two or three scales, cross-entropies and GIoU.

Source: Redmon and Farhadi, "YOLOv3: An Incremental Improvement", 2018 (arXiv:1804.02767), here "the paper".
Two things differ. Boxes are learned by GIoU (Rezatofighi et al., 2019, algorithm 1) instead of squared errors of the
offsets: in that publication YOLOv3 gains 3 % AP and 6 % AP75 on PASCAL VOC. And two refinements of YOLOv4 (Bochkovskiy
et al., 2020, section 3.4), which make short trainings on little data succeed, are settings of `YOLOv3Config`.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from alpr_utils.networks.box_ops import giou
from alpr_utils.networks.configs import Variant, YOLOv3Config, level_anchors, variant_of


class _Darknet:
    """Makes convolutions as Darknet does, numbered in the order of its ``.cfg`` and ``.weights`` files."""

    def __init__(self, width: float = 1.0):
        self._width, self._count = width, 0

    def __call__(self, x: keras.KerasTensor, filters: int, kernel: int = 3, stride: int = 1) -> keras.KerasTensor:
        """Convolution, batch normalisation and leaky ReLU: (B, H, W, C) -> (B, H/stride, W/stride, filters)."""
        padding = "same"
        if stride == 2:  # Darknet pads all sides by one; "same" would pad below and right alone
            x, padding = layers.ZeroPadding2D(((1, 0), (1, 0)))(x), "valid"
        filters, number = max(1, round(filters * self._width)), self._count
        self._count += 1
        x = layers.Conv2D(filters, kernel, stride, padding, use_bias=False, name=f"conv_{number}")(x)
        x = layers.BatchNormalization(momentum=0.97, epsilon=1e-6, name=f"norm_{number}")(x)
        return layers.LeakyReLU(negative_slope=0.1)(x)

    def predictions(self, x: keras.KerasTensor, anchors: int, classes: int) -> keras.KerasTensor:
        """The last convolution of a head, linear: (B, H, W, anchors * (5 + classes)), in full precision."""

        def bias(shape: tuple[int, ...], dtype: Any = None) -> keras.KerasTensor:
            # About one anchor in a thousand predicts an object; a network that starts so need not learn it.
            values = np.zeros(5 + classes, np.float32)
            values[4] = -6.9
            return ops.convert_to_tensor(np.tile(values, anchors), dtype)

        small = keras.initializers.RandomNormal(stddev=0.01)  # the first boxes are the anchors themselves
        name = f"conv_{self._count}"
        self._count += 1
        options = {"kernel_initializer": small, "bias_initializer": bias, "dtype": "float32", "name": name}
        return layers.Conv2D(anchors * (5 + classes), 1, **options)(x)


def _darknet53(x: keras.KerasTensor, variant: Variant, conv: _Darknet) -> list[keras.KerasTensor]:
    """Darknet-53 (paper, table 1) or a narrower network of the same design: the maps of the scales, finest first."""
    x = conv(x, variant.filters[0], stride=variant.first_stride)
    maps = []
    for filters, blocks in zip(variant.filters[1:], variant.blocks, strict=True):
        x = conv(x, filters, stride=2)
        for _ in range(blocks):
            x = layers.Add()([x, conv(conv(x, filters // 2, kernel=1), filters)])
        maps.append(x)
    return maps[-len(variant.heads) :]


def _tiny_darknet(x: keras.KerasTensor, variant: Variant, conv: _Darknet) -> list[keras.KerasTensor]:
    """The backbone of YOLOv3-tiny: a max-pool between all convolutions, the last one without stride."""
    maps = []
    for index, filters in enumerate(variant.filters):
        if index:
            x = layers.MaxPooling2D(2, strides=1 if index == len(variant.filters) - 1 else 2, padding="same")(x)
        x = conv(x, filters)
        maps.append(x)
    return [maps[4], maps[-1]]


def _heads(
    maps: Sequence[keras.KerasTensor], variant: Variant, conv: _Darknet, anchors: int, classes: int
) -> list[keras.KerasTensor]:
    """Raw predictions (B, h, w, anchors * (5 + classes)) of every scale, finest first (paper, section 2.3)."""
    deep = bool(variant.blocks)
    predictions: list[keras.KerasTensor] = []
    x = maps[-1]
    for level in reversed(range(len(maps))):
        filters = variant.heads[level]
        if level < len(maps) - 1:
            x = layers.UpSampling2D(2, interpolation="nearest")(conv(x, filters, kernel=1))
            x = layers.Concatenate()([x, maps[level]])
        if deep:
            x = conv(conv(x, filters, kernel=1), 2 * filters)
            x = conv(conv(x, filters, kernel=1), 2 * filters)
        if deep or level == len(maps) - 1:
            x = conv(x, filters, kernel=1)
        predictions.insert(0, conv.predictions(conv(x, 2 * filters), anchors, classes))
    return predictions


class BoxDecoder(layers.Layer):
    """Raw predictions of one scale (B, h, w, A * (5 + classes)) -> (B, h * w * A, 5 + classes); paper, section 2.1.

    The first four of them, t_x, t_y, t_w, t_h, become ymin, xmin, ymax, xmax in pixels; objectness and classes
    stay logits. ``anchors: float32 (A, 2)``, height and width in pixels.
    """

    def __init__(self, stride: int, anchors: np.ndarray, centre_stretch: float = 1.0, **options: Any):
        super().__init__(dtype="float32", **options)
        self.stride, self.anchors, self.centre_stretch = stride, anchors, centre_stretch

    def call(self, predictions: keras.KerasTensor) -> keras.KerasTensor:
        rows, columns = ops.shape(predictions)[1:3]
        per_anchor = predictions.shape[-1] // len(self.anchors)
        t = ops.reshape(predictions, (-1, rows, columns, len(self.anchors), per_anchor))
        y, x = ops.cast(ops.arange(rows), "float32"), ops.cast(ops.arange(columns), "float32")
        corner = ops.stack(ops.meshgrid(y, x, indexing="ij"), axis=-1)[:, :, None, :]  # c_y, c_x of each cell
        # b_x = sigma(t_x) + c_x and b_y likewise, in cells; b_w = p_w exp(t_w) and b_h likewise
        shift = ops.sigmoid(ops.flip(t[..., :2], axis=-1)) * self.centre_stretch - (self.centre_stretch - 1) / 2
        centre = (shift + corner) * self.stride
        half = ops.convert_to_tensor(self.anchors) * ops.exp(ops.clip(ops.flip(t[..., 2:4], axis=-1), -8.0, 8.0)) / 2
        decoded = ops.concatenate([centre - half, centre + half, t[..., 4:]], axis=-1)
        return ops.reshape(decoded, (-1, rows * columns * len(self.anchors), per_anchor))

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> tuple[int | None, ...]:
        """See the class."""
        return (input_shape[0], None, input_shape[-1] // len(self.anchors))


def build_yolov3(config: YOLOv3Config | None = None) -> keras.Model:
    """The network: ``image: float32 (B, H, W, 3)``, 0..255, H and W multiples of 32 -> ``float32 (B, N, 5 + classes)``.

    Each of the N anchors (scales, finest first; then rows, columns, shapes) gives a box (ymin, xmin, ymax, xmax,
    pixels), the logit of being an object and a logit for each class; a cell's classes do not exclude each other.

    Raises:
        AlprError: unknown variant or unusable anchors.
    """
    config = config or YOLOv3Config()
    variant, anchors = variant_of(config), level_anchors(config)
    image = keras.Input((None, None, 3), name="image")
    conv = _Darknet(config.width)
    backbone = _darknet53 if variant.blocks else _tiny_darknet
    maps = backbone(layers.Rescaling(1 / 255)(image), variant, conv)
    raw = _heads(maps, variant, conv, anchors.shape[1], config.classes)
    boxes = [
        BoxDecoder(stride, shapes, config.centre_stretch, name=f"boxes_{stride}")(x)
        for stride, shapes, x in zip(variant.strides, anchors, raw, strict=True)
    ]
    return keras.Model(image, layers.Concatenate(axis=1, dtype="float32", name="predictions")(boxes), name="yolov3")


def yolov3_losses(
    targets: keras.KerasTensor, predictions: keras.KerasTensor, config: YOLOv3Config
) -> dict[str, keras.KerasTensor]:
    """Cross-entropies of objectness (all anchors but the ignored) and classes, GIoU of boxes (paper, section 2).

    Every part is a sum over the anchors divided by the number of those that predict objects in the batch, mean over
    the pictures.

    Args:
        targets: float32 (B, N, 5): boxes in pixels and labels, -1 ignored, 0 background, k the k-th class.
        predictions: float32 (B, N, 5 + classes), what the network gave.
    """
    label, logit = targets[..., 4], predictions[..., 4]
    positive = ops.cast(label > 0.5, "float32")
    objectness = ops.cast(label > -0.5, "float32") * (ops.softplus(logit) - positive * logit)
    numbers = ops.arange(1, config.classes + 1, dtype="float32")
    wanted = ops.cast(ops.abs(label[..., None] - numbers) < 0.5, "float32")
    classes = positive[..., None] * (ops.softplus(predictions[..., 5:]) - wanted * predictions[..., 5:])
    # Where there is nothing to learn, a box is compared with itself, so that GIoU stays finite.
    given = predictions[..., :4]
    box = positive * (1 - giou(given, ops.where(positive[..., None] > 0.5, targets[..., :4], given)))
    matches = ops.maximum(ops.sum(positive), 1.0)
    return {
        "objectness": ops.sum(objectness) / matches,
        "class": ops.sum(classes) / matches,
        "box": config.box_weight * ops.sum(box) / matches,
    }
