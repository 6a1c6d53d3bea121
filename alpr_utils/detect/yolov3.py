"""YOLOv3: Darknet, heads at two or three scales, anchors that answer for objects, cross-entropy and GIoU losses.

Source: Redmon and Farhadi, "YOLOv3: An Incremental Improvement", 2018 (arXiv:1804.02767), here "the paper".
Two things differ. Boxes are taught by GIoU (Rezatofighi et al., 2019, algorithm 1) instead of squared errors of the
offsets: there YOLOv3 gains 3 % AP and 6 % AP75 on PASCAL VOC by it. And two refinements of YOLOv4 (Bochkovskiy et al.,
2020, section 3.4), which make short trainings on little data succeed, are settings of `YOLOv3Config`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import keras
import numpy as np
from keras import layers, ops

from alpr_utils.boxes import iou_matrix, shape_iou
from alpr_utils.detect.architecture import Encoder, Side
from alpr_utils.errors import AlprError
from alpr_utils.networks.box_ops import giou

AnchorShapes = tuple[tuple[float, float], ...]

COCO_ANCHORS: AnchorShapes = (
    (10, 13), (16, 30), (33, 23), (30, 61), (62, 45), (59, 119), (116, 90), (156, 198), (373, 326),
)  # fmt: skip
# The published tiny weights were trained with one anchor shared by both scales, unlike today's yolov3-tiny.cfg.
TINY_COCO_ANCHORS: AnchorShapes = ((23, 27), (37, 58), (81, 82), (81, 82), (135, 169), (344, 319))
PLATE_ANCHORS: AnchorShapes = (
    (19, 6), (29, 10), (49, 15), (53, 40), (78, 22), (110, 34), (87, 76), (168, 57), (232, 111),
)  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """Widths of a network.

    Attributes:
        filters: of the first convolution, then of each stage (a tiny Darknet: of each convolution of its backbone).
        blocks: residual blocks after the stride of each stage; empty for the tiny Darknet, which pools instead.
        first_stride: of the first convolution, 1 in the paper; 2 saves half of the time on a CPU.
        heads: filters of the 1x1 convolutions of the heads, finest scale first.
        anchors: used where the configuration names none.
    """

    filters: tuple[int, ...]
    blocks: tuple[int, ...]
    heads: tuple[int, ...]
    anchors: AnchorShapes
    first_stride: int = 1

    @property
    def strides(self) -> tuple[int, ...]:
        """Pixels between two cells of each scale, finest first; the coarsest is 32 in all."""
        return tuple(32 >> level for level in reversed(range(len(self.heads))))


VARIANTS = {
    "yolov3": Variant((32, 64, 128, 256, 512, 1024), (1, 2, 8, 8, 4), (128, 256, 512), COCO_ANCHORS),
    "tiny": Variant((16, 32, 64, 128, 256, 512, 1024), (), (128, 256), TINY_COCO_ANCHORS),
    "small": Variant((16, 32, 64, 128, 256), (1, 2, 2, 1), (32, 64, 96), PLATE_ANCHORS, first_stride=2),
}


@dataclass(frozen=True)
class YOLOv3Config:
    """Settings of a YOLOv3.

    Attributes:
        variant: a key of ``VARIANTS``: ``yolov3`` and ``tiny`` as published, ``small`` for training on a CPU.
        classes: number of object classes.
        anchors: (width, height) in pixels, as ``python -m alpr_utils anchors`` prints them: the first third belongs to
            the finest scale and so on; empty takes those of the variant.
        width: factor of all numbers of filters.
        ignore_iou: the paper's threshold, from which an anchor that overlaps an object without answering for it is left
            out of the loss.
        shared_iou: anchors whose shape overlaps an object's at least so far answer for it too (YOLOv4, "using multiple
            anchors for a single ground truth"); 1 is the paper's rule, the best anchor alone.
        centre_stretch: how far predicted centres can leave the middle of their cell (YOLOv4, "eliminate grid
            sensitivity"); 1 is the paper's, in which the edges of a cell are out of reach.
        box_weight: of the GIoU loss against the two others.
    """

    variant: str = "small"
    classes: int = 1
    anchors: AnchorShapes = ()
    width: float = 1.0
    ignore_iou: float = 0.5
    shared_iou: float = 0.5
    centre_stretch: float = 1.1
    box_weight: float = 2.0

    @classmethod
    def published(cls, variant: str, classes: int, anchors: AnchorShapes = ()) -> "YOLOv3Config":
        """The paper's rules, for weights that Darknet trained."""
        return cls(variant, classes, anchors, shared_iou=1.0, centre_stretch=1.0)


def variant_of(config: YOLOv3Config) -> Variant:
    """The widths that ``config`` asks for.

    Raises:
        AlprError: no such variant.
    """
    if config.variant not in VARIANTS:
        raise AlprError(f"{config.variant}: is no variant of YOLOv3; choose one of {', '.join(VARIANTS)}.")
    return VARIANTS[config.variant]


def level_anchors(config: YOLOv3Config) -> np.ndarray:
    """Anchors of every scale: float32 (scales, A, 2), height and width in pixels, finest scale first.

    Raises:
        AlprError: the anchors cannot be shared out evenly, or one is no pair of positive numbers.
    """
    variant = variant_of(config)
    scales = len(variant.heads)
    shapes = np.array(config.anchors or variant.anchors, np.float32)
    if shapes.ndim != 2 or shapes.shape[1] != 2 or len(shapes) % scales or not (shapes > 0).all():
        raise AlprError(
            f"anchors: {len(shapes)} given; YOLOv3 '{config.variant}' needs pairs of positive numbers, "
            f"{scales} times as many as a cell has."
        )
    return shapes[:, ::-1].reshape(scales, -1, 2)


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

    def answers(self, x: keras.KerasTensor, anchors: int, classes: int) -> keras.KerasTensor:
        """The last convolution of a head, linear: (B, H, W, anchors * (5 + classes)), in full precision."""

        def bias(shape: tuple[int, ...], dtype: Any = None) -> keras.KerasTensor:
            # About one anchor in a thousand answers for an object; a network that says so from the first step need
            # not learn it.
            one = np.zeros(5 + classes, np.float32)
            one[4] = -6.9
            return ops.convert_to_tensor(np.tile(one, anchors), dtype)

        small = keras.initializers.RandomNormal(stddev=0.01)  # the first boxes are the anchors themselves
        name = f"conv_{self._count}"
        self._count += 1
        options = {"kernel_initializer": small, "bias_initializer": bias, "dtype": "float32", "name": name}
        return layers.Conv2D(anchors * (5 + classes), 1, **options)(x)


def _darknet53(x: keras.KerasTensor, variant: Variant, conv: _Darknet) -> list[keras.KerasTensor]:
    """Darknet-53 (paper, table 1) or a narrower one of its kind: the maps of the scales, finest first."""
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
    """Raw answers (B, h, w, anchors * (5 + classes)) of every scale, finest first (paper, section 2.3)."""
    deep = bool(variant.blocks)
    answers: list[keras.KerasTensor] = []
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
        answers.insert(0, conv.answers(conv(x, 2 * filters), anchors, classes))
    return answers


class BoxDecoder(layers.Layer):
    """Raw answers of one scale (B, h, w, A * (5 + classes)) -> (B, h * w * A, 5 + classes); paper, section 2.1.

    The first four of the answers t_x, t_y, t_w, t_h become ymin, xmin, ymax, xmax in pixels; objectness and classes
    stay logits. ``anchors: float32 (A, 2)``, height and width in pixels.
    """

    def __init__(self, stride: int, anchors: np.ndarray, centre_stretch: float = 1.0, **options: Any):
        super().__init__(dtype="float32", **options)
        self.stride, self.anchors, self.centre_stretch = stride, anchors, centre_stretch

    def call(self, answers: keras.KerasTensor) -> keras.KerasTensor:
        rows, columns = ops.shape(answers)[1:3]
        per_anchor = answers.shape[-1] // len(self.anchors)
        t = ops.reshape(answers, (-1, rows, columns, len(self.anchors), per_anchor))
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
    answers = _heads(maps, variant, conv, anchors.shape[1], config.classes)
    boxes = [
        BoxDecoder(stride, shapes, config.centre_stretch, name=f"boxes_{stride}")(x)
        for stride, shapes, x in zip(variant.strides, anchors, answers, strict=True)
    ]
    return keras.Model(image, layers.Concatenate(axis=1, dtype="float32", name="predictions")(boxes), name="yolov3")


@dataclass(frozen=True)
class YOLOv3Encoder:
    """Which anchor of a ``height`` x ``width`` picture answers for which object (paper, sections 2.1 and 2.3)."""

    config: YOLOv3Config
    height: int
    width: int

    @cached_property
    def priors(self) -> np.ndarray:
        """Anchors laid on the middles of their cells, in the order of the network's answers: float32 (N, 4), pixels."""
        levels = []
        for stride, half in zip(variant_of(self.config).strides, level_anchors(self.config) / 2, strict=True):
            y, x = (np.arange(side // stride) * stride + stride / 2 for side in (self.height, self.width))
            centre = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1)[:, :, None, :]  # (rows, columns, 1, 2)
            levels.append(np.concatenate([centre - half, centre + half], axis=-1).reshape(-1, 4))
        return np.concatenate(levels).astype(np.float32)

    def _index(self, centre: np.ndarray, level: int, shape: int) -> int:
        """Place among the N answers of one anchor of the cell that holds ``centre`` (y, x)."""
        anchors = level_anchors(self.config).shape[1]
        strides = variant_of(self.config).strides
        before = sum((self.height // s) * (self.width // s) for s in strides[:level])
        last = (self.height // strides[level] - 1, self.width // strides[level] - 1)
        row, column = np.minimum(centre // strides[level], last).astype(int)
        return (before + int(row) * (self.width // strides[level]) + int(column)) * anchors + shape

    def __call__(self, boxes: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Boxes float32 (M, 4) and classes int (M,) -> float32 (N, 5): the box to give and a label.

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
        for box, kind, ious in zip(boxes, classes, fit, strict=True):
            for anchor in np.flatnonzero(ious >= self.config.shared_iou):
                self._teach(target, box, kind, int(anchor))
        for box, kind, anchor in zip(boxes, classes, best, strict=True):  # last, so that no other box takes its place
            self._teach(target, box, kind, int(anchor))
        return target

    def _teach(self, target: np.ndarray, box: np.ndarray, kind: int, anchor: int) -> None:
        level, shape = divmod(anchor, level_anchors(self.config).shape[1])
        target[self._index((box[:2] + box[2:]) / 2, level, shape)] = (*box, kind + 1)


@dataclass(frozen=True)
class YOLOv3:
    """YOLOv3 as an `Architecture`."""

    name: ClassVar[str] = "yolov3"
    loss_names: ClassVar[tuple[str, ...]] = ("objectness", "class", "box")
    config: YOLOv3Config = field(default_factory=YOLOv3Config)

    @property
    def stride(self) -> int:
        """See `Architecture`."""
        return variant_of(self.config).strides[-1]

    def build(self) -> keras.Model:
        """See `build_yolov3`."""
        return build_yolov3(self.config)

    def encoder(self, height: int, width: int) -> Encoder:
        """See `YOLOv3Encoder`."""
        return YOLOv3Encoder(self.config, height, width)

    def losses(
        self, network: keras.Model, targets: keras.KerasTensor, predictions: Any, height: Side, width: Side
    ) -> dict[str, keras.KerasTensor]:
        """Cross-entropies of objectness (all anchors but the ignored) and classes, GIoU of boxes (paper, section 2).

        Every part is a sum over the anchors divided by the number of those that answer for objects in the batch, mean
        over the pictures.
        """
        label, logit = targets[..., 4], predictions[..., 4]
        positive = ops.cast(label > 0.5, "float32")
        objectness = ops.cast(label > -0.5, "float32") * (ops.softplus(logit) - positive * logit)
        kinds = ops.arange(1, self.config.classes + 1, dtype="float32")
        wanted = ops.cast(ops.abs(label[..., None] - kinds) < 0.5, "float32")
        classes = positive[..., None] * (ops.softplus(predictions[..., 5:]) - wanted * predictions[..., 5:])
        # Where there is nothing to teach, a box is compared with itself, so that GIoU stays finite.
        given = predictions[..., :4]
        box = positive * (1 - giou(given, ops.where(positive[..., None] > 0.5, targets[..., :4], given)))
        matches = ops.maximum(ops.sum(positive), 1.0)
        return {
            "objectness": ops.sum(objectness) / matches,
            "class": ops.sum(classes) / matches,
            "box": self.config.box_weight * ops.sum(box) / matches,
        }

    def candidates(
        self, network: keras.Model, picture: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Boxes float32 (N, 4), pixels, and scores (N, classes): Pr(object) * Pr(class | object)."""
        predictions = network(picture, training=False)[0]
        return predictions[:, :4], ops.sigmoid(predictions[:, 4:5]) * ops.sigmoid(predictions[:, 5:])
