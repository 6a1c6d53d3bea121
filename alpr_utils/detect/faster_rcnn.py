"""A small Faster R-CNN: one network proposes regions, a second looks at each of them again.

1. The backbone and its feature pyramid turn the picture into maps of strides 4, 8, 16 and 32 (`backbone`).
2. The region proposal network (RPN) says at each anchor "object or not" and where exactly (`build_faster_rcnn`).
3. Its best answers, freed of duplicates, are the regions of interest, RoIs (`Proposals`).
4. RoI align cuts a small grid of features out of the maps for each RoI (`roi_align`).
5. The box head names the class of each RoI and corrects its box (`BoxHead`).

Sources: Faster R-CNN (Ren et al., 2015) for RPN and loss, Fast R-CNN (Girshick, 2015) for the head and its loss, FPN
(Lin et al., 2017) for the pyramid, Mask R-CNN (He et al., 2017) for RoI align. All shapes are fixed and only
``keras.ops`` are used, so the same code trains on TensorFlow and JAX.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import keras
import numpy as np
from keras import layers, ops

from alpr_utils.detect.architecture import Encoder, Side
from alpr_utils.networks.anchors import AnchorSpec, assign_targets, make_anchors
from alpr_utils.networks.backbone import feature_pyramid, residual_backbone
from alpr_utils.networks.box_ops import decode, giou, pairwise_iou
from alpr_utils.networks.ssd import SSDLoss

HEAD = "box_head"
FINEST_STRIDE = 4  # pixels between two cells of the first map of the pyramid; every further map doubles it


@dataclass(frozen=True)
class FasterRCNNConfig:
    """Widths of the network, its anchors, and how many regions it looks at.

    Attributes:
        stem, widths, blocks: of the backbone, whose stages have the strides 4, 8, 16, ...
        pyramid: channels of every map of the feature pyramid.
        anchors: of the RPN; its strides are the last ones of the backbone.
        rpn_iou: an anchor learns "object" from the first overlap on and "background" up to the second.
        considered: best anchors of a picture that compete to become RoIs.
        proposal_iou: of two that overlap more, only the better one becomes a RoI.
        proposals: RoIs of a picture.
        sampled: RoIs of a picture that teach the head.
        objects: most objects of a sample that can be taught.
        grid: rows and columns of features that RoI align cuts out; plates are wide.
        finest_side: square root of the area in pixels below which a RoI is cut out of the second finest map instead of
            a coarser one; half of it: out of the finest.
        hidden: width of the two dense layers of the head.
        classes: number of classes.
    """

    stem: int = 16
    widths: tuple[int, ...] = (32, 64, 96, 128)
    blocks: tuple[int, ...] = (1, 2, 2, 2)
    pyramid: int = 64
    anchors: AnchorSpec = field(default_factory=AnchorSpec)
    rpn_iou: tuple[float, float] = (0.6, 0.3)
    considered: int = 300
    proposal_iou: float = 0.7
    proposals: int = 64
    sampled: int = 32
    objects: int = 16
    grid: tuple[int, int] = (6, 12)
    finest_side: float = 64.0
    hidden: int = 256
    classes: int = 1


def take_rows(values: keras.KerasTensor, indices: keras.KerasTensor) -> keras.KerasTensor:
    """Rows of each sample: (B, N, C) and integers (B, K) -> (B, K, C)."""
    samples, rows, channels = ops.shape(values)
    first = ops.arange(samples, dtype="int32")[:, None] * rows
    return ops.take(ops.reshape(values, (-1, channels)), ops.cast(indices, "int32") + first, axis=0)


class Proposals(layers.Layer):
    """The best answers of the RPN as regions of interest, without duplicates.

    A proposal falls if a better one overlaps it too much, even if that one falls itself. This "fast NMS" (Bolya et al.,
    YOLACT, 2019, section 4.2) needs no loop over the boxes. No gradient flows back through the coordinates: the
    "approximate joint training" of Ren et al., section 3.2.
    """

    def __init__(self, config: FasterRCNNConfig):
        super().__init__(dtype="float32", name="proposals")
        self.config = config

    def call(self, image: keras.KerasTensor, rpn: keras.KerasTensor) -> keras.KerasTensor:
        """Picture (B, H, W, 3) and answers of the RPN (B, N, 5) -> RoIs (B, proposals, 4), pixels, best first."""
        height, width = ops.shape(image)[1:3]
        anchors = make_anchors(height, width, self.config.anchors)
        rpn = ops.stop_gradient(rpn)
        scores, best = ops.top_k(ops.sigmoid(rpn[..., 4]), self.config.considered)
        boxes = decode(take_rows(rpn[..., :4], best), ops.take(anchors, best, axis=0))
        corner = ops.cast(ops.stack([height, width, height, width]), "float32")
        boxes = ops.clip(boxes, 0.0, corner)
        better = ops.triu(ops.ones((self.config.considered, self.config.considered)), k=1)  # [j, i]: j before i
        overlap = ops.max(pairwise_iou(boxes, boxes) * better, axis=1)
        ranks = ops.where(overlap > self.config.proposal_iou, scores - 1.0, scores)
        return take_rows(boxes, ops.top_k(ranks, self.config.proposals)[1])

    def compute_output_shape(self, image_shape: Sequence[int], rpn_shape: Sequence[int]) -> tuple[int | None, ...]:
        """(B, proposals, 4)."""
        return image_shape[0], self.config.proposals, 4


def _map_of(rois: keras.KerasTensor, finest_side: float, maps: int) -> keras.KerasTensor:
    """Which map each RoI is cut out of, by the logarithm of its side (FPN, equation 1): (B, R, 4) -> int32 (B, R)."""
    side = ops.sqrt(ops.maximum(ops.prod(rois[..., 2:] - rois[..., :2], axis=-1), 1e-6))
    level = ops.floor(ops.log(side / finest_side) / np.log(2.0)) + 1.0
    return ops.cast(ops.clip(level, 0, maps - 1), "int32")


def _neighbours(
    low: keras.KerasTensor, high: keras.KerasTensor, count: int, cells: keras.KerasTensor
) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
    """The cells before and after each of ``count`` points between two edges, and the weight of the latter.

    Args:
        low, high: edges in cells of a map with ``cells`` of them, each (B, R).
    """
    steps = (ops.arange(count, dtype="float32") + 0.5) / count
    points = low[..., None] + (high - low)[..., None] * steps - 0.5  # the centre of cell 0 is point 0
    points = ops.clip(points, 0.0, ops.cast(cells - 1, "float32")[..., None])
    before = ops.cast(ops.floor(points), "int32")
    return before, ops.minimum(before + 1, cells[..., None] - 1), points - ops.floor(points)


def roi_align(
    maps: Sequence[keras.KerasTensor], rois: keras.KerasTensor, grid: tuple[int, int], finest_side: float
) -> keras.KerasTensor:
    """Features at the centres of a grid laid over each RoI, interpolated bilinearly (Mask R-CNN, section 3).

    The maps lie one behind the other in one long table, so that one look-up serves RoIs of all of them.

    Args:
        maps: float32 (B, H / stride, W / stride, C), strides 4, 8, 16, ...
        rois: float32 (B, R, 4), pixels.
        grid: rows and columns.
        finest_side: see `FasterRCNNConfig`.

    Returns:
        float32 (B, R, rows, columns, C).
    """
    channels = maps[0].shape[-1]
    table = ops.concatenate([ops.reshape(x, (ops.shape(x)[0], -1, channels)) for x in maps], axis=1)
    heights, widths = (ops.cast(ops.stack([ops.shape(x)[axis] for x in maps]), "int32") for axis in (1, 2))
    starts = ops.cumsum(heights * widths) - heights * widths
    level = _map_of(rois, finest_side, len(maps))
    first, height, width = (ops.take(values, level) for values in (starts, heights, widths))  # each (B, R)
    edges = rois / ops.cast(FINEST_STRIDE * 2**level, "float32")[..., None]
    top, bottom, down = _neighbours(edges[..., 0], edges[..., 2], grid[0], height)  # each (B, R, rows)
    left, right, across = _neighbours(edges[..., 1], edges[..., 3], grid[1], width)  # each (B, R, columns)

    def features(row: keras.KerasTensor, column: keras.KerasTensor) -> keras.KerasTensor:
        cell = first[..., None, None] + row[..., None] * width[..., None, None] + column[..., None, :]
        found = take_rows(table, ops.reshape(cell, (ops.shape(table)[0], -1)))
        return ops.reshape(found, (-1, rois.shape[1], *grid, channels))

    down, across = down[..., None, None], across[..., None, :, None]
    upper = (1 - across) * features(top, left) + across * features(top, right)
    lower = (1 - across) * features(bottom, left) + across * features(bottom, right)
    return (1 - down) * upper + down * lower


class BoxHead(layers.Layer):
    """Two dense layers over the features of a RoI, then its class and the correction of its box (Girshick, figure 1).

    It computes in float32 whatever the dtype policy: coordinates of RoIs do not fit into 16 bits.
    """

    def __init__(self, config: FasterRCNNConfig):
        super().__init__(dtype="float32", name=HEAD)
        self.config = config
        self.flatten = layers.Reshape((-1, config.grid[0] * config.grid[1] * config.pyramid), dtype="float32")
        self.hidden = [layers.Dense(config.hidden, activation="relu", dtype="float32") for _ in range(2)]
        # The small deviation starts the head with "no correction" and "no opinion" (Girshick, section 4.1).
        start = keras.initializers.RandomNormal(stddev=0.01)
        self.answers = layers.Dense(4 + 1 + config.classes, kernel_initializer=start, dtype="float32")

    def build(self, maps_shape: Sequence[Sequence[int]], rois_shape: Sequence[int]) -> None:
        """Make the weights."""
        features = self.config.grid[0] * self.config.grid[1] * self.config.pyramid
        for dense, width in zip(self.hidden, (features, self.config.hidden), strict=True):
            dense.build((None, None, width))
        self.answers.build((None, None, self.config.hidden))

    def call(self, maps: Sequence[keras.KerasTensor], rois: keras.KerasTensor) -> keras.KerasTensor:
        """Maps and RoIs (B, R, 4) -> float32 (B, R, 4 + 1 + classes): offsets to the RoI, logits, background first."""
        x = self.flatten(roi_align(maps, rois, self.config.grid, self.config.finest_side))
        for dense in self.hidden:
            x = dense(x)
        return self.answers(x)

    def compute_output_shape(
        self, maps_shape: Sequence[Sequence[int]], rois_shape: Sequence[int]
    ) -> tuple[int | None, ...]:
        """(B, R, 4 + 1 + classes)."""
        return *rois_shape[:2], 4 + 1 + self.config.classes


def build_faster_rcnn(config: FasterRCNNConfig | None = None) -> keras.Model:
    """The network: ``image: float32 (B, H, W, 3)``, 0..255, H and W multiples of the largest stride.

    Gives a list: the RPN's answers (B, N, 5) at each anchor (offsets and a logit), the RoIs (B, proposals, 4) in
    pixels, the head's answers for them (see `BoxHead.call`), and the maps of the pyramid, for the head's training.
    """
    config = config or FasterRCNNConfig()
    image = keras.Input((None, None, 3), name="image")
    maps = feature_pyramid(residual_backbone(image, config.stem, config.widths, config.blocks), config.pyramid)
    per_cell = config.anchors.per_cell
    slide = layers.Conv2D(config.pyramid, 3, padding="same", activation="relu", name="rpn_slide")
    offsets = layers.Conv2D(4 * per_cell, 1, name="rpn_offsets")
    prior = keras.initializers.Constant(-4.6)  # nearly every anchor is background: start with that belief
    logits = layers.Conv2D(per_cell, 1, bias_initializer=prior, name="rpn_logits")
    answers = []
    for x in maps[-len(config.anchors.strides) :]:
        x = slide(x)  # Ren et al., figure 3: a small network slides over the map
        answers.append(layers.Concatenate()([layers.Reshape((-1, 4))(offsets(x)), layers.Reshape((-1, 1))(logits(x))]))
    rpn = layers.Activation("linear", dtype="float32", name="rpn")(layers.Concatenate(axis=1)(answers))
    rois = Proposals(config)(image, rpn)
    return keras.Model(image, [rpn, rois, BoxHead(config)(maps, rois), *maps], name="faster_rcnn")


def sample_rois(
    rois: keras.KerasTensor, truth: keras.KerasTensor, count: int
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Choose the RoIs that teach the head: all that lie on an object, then the RPN's best false ones.

    The true boxes join the RoIs, so that the head learns from the first step on. Girshick (section 2.3) draws false
    RoIs at random; the ones the RPN believes in most teach more, and nothing is left to chance.

    Args:
        rois: float32 (B, R, 4), pixels, best first.
        truth: float32 (B, M, 5), boxes, pixels, and class from 1, rows of zeros where there is none.

    Returns:
        RoIs float32 (B, count, 4), and for each the true row (B, count, 5) that it overlaps by half, zeros without one.
    """
    everything = ops.concatenate([truth[..., :4], rois], axis=1)
    overlaps = pairwise_iou(everything, truth[..., :4])
    iou = ops.max(overlaps, axis=-1)
    rank = ops.arange(everything.shape[1], dtype="float32") / everything.shape[1]
    empty = ops.all(everything[..., 2:] <= everything[..., :2], axis=-1)
    key = ops.where(empty, -1.0, 1.0 - rank) + 2.0 * ops.cast(iou >= 0.5, "float32")
    _, chosen = ops.top_k(key, count)
    owner = take_rows(truth, ops.argmax(overlaps, axis=-1))
    owner = owner * ops.cast(iou >= 0.5, "float32")[..., None]
    return take_rows(everything, chosen), take_rows(owner, chosen)


def head_losses(
    answers: keras.KerasTensor, rois: keras.KerasTensor, truth: keras.KerasTensor
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The two terms of the multi-task loss of Girshick, equation 1: L_cls = -log p_u, and L_loc where u >= 1.

    L_cls is the mean over the RoIs. L_loc is the mean over the RoIs on objects; instead of the smooth L1 distance of
    offsets (equation 2) it is 1 - GIoU, which is near to what a detector is measured by.

    Args:
        answers: float32 (B, R, 4 + 1 + classes), see `BoxHead.call`.
        rois: float32 (B, R, 4), pixels.
        truth: float32 (B, R, 5), box and class u of each RoI, zeros for background.
    """
    logits, label = answers[..., 4:], ops.cast(truth[..., 4], "int32")
    classes = ops.mean(ops.sparse_categorical_crossentropy(label, logits, from_logits=True))
    positive = ops.cast(label > 0, "float32")
    target = ops.where(positive[..., None] > 0.5, truth[..., :4], rois)
    distance = positive * (1 - giou(decode(answers[..., :4], rois), target))
    return classes, ops.sum(distance) / ops.maximum(ops.sum(positive), 1.0)


@dataclass(frozen=True)
class FasterRCNN:
    """Faster R-CNN as an `Architecture`."""

    name: ClassVar[str] = "faster_rcnn"
    loss_names: ClassVar[tuple[str, ...]] = ("rpn", "head_class", "head_box")
    config: FasterRCNNConfig = field(default_factory=FasterRCNNConfig)

    @property
    def stride(self) -> int:
        """See `Architecture`."""
        return self.config.anchors.strides[-1]

    def build(self) -> keras.Model:
        """See `build_faster_rcnn`."""
        return build_faster_rcnn(self.config)

    def encoder(self, height: int, width: int) -> Encoder:
        """Targets float32 (N + objects, 5): box and objectness of each anchor, then true boxes and classes from 1."""
        anchors = ops.convert_to_numpy(make_anchors(height, width, self.config.anchors))

        def encode(boxes: np.ndarray, classes: np.ndarray) -> np.ndarray:
            targets = assign_targets(anchors, boxes, *self.config.rpn_iou)
            truth = np.zeros((self.config.objects, 5), np.float32)
            shown = min(len(boxes), self.config.objects)
            truth[:shown, :4], truth[:shown, 4] = boxes[:shown], classes[:shown] + 1
            return np.concatenate([np.column_stack([targets.boxes, targets.objectness]), truth])

        return encode

    def losses(
        self,
        network: keras.Model,
        targets: keras.KerasTensor,
        predictions: Sequence[keras.KerasTensor],
        height: Side,
        width: Side,
    ) -> dict[str, keras.KerasTensor]:
        """Those of the RPN (Ren et al., equation 1) and of the head (see `head_losses`).

        The RPN is an SSD with the one class "object" and learns like it: the focal loss over all anchors replaces the
        logarithmic loss over 256 drawn ones, GIoU the smooth L1 distance.
        """
        rpn, rois, _, *maps = predictions
        truth = targets[:, -self.config.objects :]
        anchors = make_anchors(height, width, self.config.anchors)
        sampled, owners = sample_rois(ops.stop_gradient(rois), truth, self.config.sampled)
        answers = network.get_layer(HEAD)(maps, sampled)
        head_class, head_box = head_losses(answers, sampled, owners)
        objectness = SSDLoss(anchors)(targets[:, : -self.config.objects], rpn)
        return {"rpn": objectness, "head_class": head_class, "head_box": 2 * head_box}

    def candidates(
        self, network: keras.Model, picture: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Every RoI as the head corrects it, with the probabilities of its classes."""
        _, rois, answers, *_ = network(picture, training=False)
        return decode(answers[0, :, :4], rois[0]), ops.softmax(answers[0, :, 4:])[:, 1:]
