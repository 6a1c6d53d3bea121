"""The network of the Faster R-CNN and its losses: one network proposes regions, a second one examines each of them.

1. The backbone and its feature pyramid turn the picture into maps of strides 4, 8, 16 and 32 (`backbone`).
2. The region proposal network (RPN) says at each anchor "object or not" and where exactly (`build_faster_rcnn`).
3. Its best predictions, without duplicates, are the regions of interest, RoIs (`Proposals`).
4. RoI align cuts a small grid of features out of the maps for each RoI (`roi_align`).
5. The box head names the class of each RoI and corrects its box (`BoxHead`).

Sources: Faster R-CNN (Ren et al., 2015) for RPN and loss, Fast R-CNN (Girshick, 2015) for the head and its loss, FPN
(Lin et al., 2017) for the pyramid, Mask R-CNN (He et al., 2017) for RoI align. All shapes are fixed and only
``keras.ops`` are used, so the same code trains on TensorFlow and JAX.
"""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops

from alpr_utils.boxes import iou_matrix
from alpr_utils.networks.anchors import make_anchors
from alpr_utils.networks.array_ops import decode
from alpr_utils.networks.backbone import feature_pyramid, residual_backbone
from alpr_utils.networks.box_ops import giou
from alpr_utils.networks.configs import FasterRCNNConfig
from alpr_utils.networks.ssd import SSDLoss

HEAD = "box_head"
FINEST_STRIDE = 4  # pixels between two cells of the first map of the pyramid; every further map doubles it


def take_rows(values: keras.KerasTensor, indices: keras.KerasTensor) -> keras.KerasTensor:
    """Rows of each sample: (B, N, C) and integers (B, K) -> (B, K, C)."""
    samples, rows, channels = ops.shape(values)
    first = ops.arange(samples, dtype="int32")[:, None] * rows
    return ops.take(ops.reshape(values, (-1, channels)), ops.cast(indices, "int32") + first, axis=0)


class Proposals(layers.Layer):
    """The best predictions of the RPN as regions of interest, without duplicates.

    A proposal is dropped if a better one overlaps it too much, even if that one is dropped itself. This "fast NMS"
    (Bolya et al., YOLACT, 2019, section 4.2) needs no loop over the boxes. No gradient flows back through the
    coordinates: the "approximate joint training" of Ren et al., section 3.2.
    """

    def __init__(self, config: FasterRCNNConfig):
        super().__init__(dtype="float32", name="proposals")
        self.config = config

    def call(self, image: keras.KerasTensor, rpn: keras.KerasTensor) -> keras.KerasTensor:
        """Picture (B, H, W, 3), RPN's predictions (B, N, 5) -> RoIs (B, post_nms_top_n, 4), pixels, best first."""
        height, width = ops.shape(image)[1:3]
        anchors = make_anchors(height, width, self.config.anchors, ops)
        rpn = ops.stop_gradient(rpn)
        scores, best = ops.top_k(ops.sigmoid(rpn[..., 4]), self.config.pre_nms_top_n)
        boxes = decode(take_rows(rpn[..., :4], best), ops.take(anchors, best, axis=0), ops)
        corner = ops.cast(ops.stack([height, width, height, width]), "float32")
        boxes = ops.clip(boxes, 0.0, corner)
        better = ops.triu(ops.ones((self.config.pre_nms_top_n, self.config.pre_nms_top_n)), k=1)  # [j, i]: j before i
        overlap = ops.max(iou_matrix(boxes, boxes, ops) * better, axis=1)
        ranks = ops.where(overlap > self.config.proposal_iou, scores - 1.0, scores)
        return take_rows(boxes, ops.top_k(ranks, self.config.post_nms_top_n)[1])

    def compute_output_shape(self, image_shape: Sequence[int], rpn_shape: Sequence[int]) -> tuple[int | None, ...]:
        """(B, post_nms_top_n, 4)."""
        return image_shape[0], self.config.post_nms_top_n, 4


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

    The maps are joined in one long table, so that one look-up serves the RoIs of all of them.

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
        # The small deviation starts the head with "no correction" and equal classes (Girshick, section 4.1).
        start = keras.initializers.RandomNormal(stddev=0.01)
        self.predictions = layers.Dense(4 + 1 + config.classes, kernel_initializer=start, dtype="float32")

    def build(self, maps_shape: Sequence[Sequence[int]], rois_shape: Sequence[int]) -> None:
        """Make the weights."""
        features = self.config.grid[0] * self.config.grid[1] * self.config.pyramid
        for dense, width in zip(self.hidden, (features, self.config.hidden), strict=True):
            dense.build((None, None, width))
        self.predictions.build((None, None, self.config.hidden))

    def call(self, maps: Sequence[keras.KerasTensor], rois: keras.KerasTensor) -> keras.KerasTensor:
        """Maps and RoIs (B, R, 4) -> float32 (B, R, 4 + 1 + classes): offsets to the RoI, logits, background first."""
        x = self.flatten(roi_align(maps, rois, self.config.grid, self.config.finest_side))
        for dense in self.hidden:
            x = dense(x)
        return self.predictions(x)

    def compute_output_shape(
        self, maps_shape: Sequence[Sequence[int]], rois_shape: Sequence[int]
    ) -> tuple[int | None, ...]:
        """(B, R, 4 + 1 + classes)."""
        return *rois_shape[:2], 4 + 1 + self.config.classes


def build_faster_rcnn(config: FasterRCNNConfig | None = None) -> keras.Model:
    """The network: ``image: float32 (B, H, W, 3)``, 0..255, H and W multiples of the largest stride.

    Gives a list: the RPN's predictions (B, N, 5) at each anchor (offsets and a logit), the RoIs
    (B, post_nms_top_n, 4) in pixels, the head's predictions for them (see `BoxHead.call`), and the maps of the pyramid,
    for the head's training.
    """
    config = config or FasterRCNNConfig()
    image = keras.Input((None, None, 3), name="image")
    maps = feature_pyramid(residual_backbone(image, config.stem, config.widths, config.blocks), config.pyramid)
    per_cell = config.anchors.per_cell
    slide = layers.Conv2D(config.pyramid, 3, padding="same", activation="relu", name="rpn_slide")
    offsets = layers.Conv2D(4 * per_cell, 1, name="rpn_offsets")
    prior = keras.initializers.Constant(-4.6)  # nearly every anchor is background: start by predicting that
    logits = layers.Conv2D(per_cell, 1, bias_initializer=prior, name="rpn_logits")
    predictions = []
    for x in maps[-len(config.anchors.strides) :]:
        x = slide(x)  # Ren et al., figure 3: a small network slides over the map
        predictions.append(
            layers.Concatenate()([layers.Reshape((-1, 4))(offsets(x)), layers.Reshape((-1, 1))(logits(x))])
        )
    rpn = layers.Activation("linear", dtype="float32", name="rpn")(layers.Concatenate(axis=1)(predictions))
    rois = Proposals(config)(image, rpn)
    return keras.Model(image, [rpn, rois, BoxHead(config)(maps, rois), *maps], name="faster_rcnn")


def sample_rois(
    rois: keras.KerasTensor, truth: keras.KerasTensor, count: int
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Choose the RoIs that the head learns from: all that lie on an object, then the RPN's best false ones.

    The true boxes join the RoIs, so that the head learns from the first step on. Girshick (section 2.3) draws false
    RoIs at random; those with the highest scores of the RPN teach more, and training stays deterministic.

    Args:
        rois: float32 (B, R, 4), pixels, best first.
        truth: float32 (B, M, 5), boxes, pixels, and class from 1, rows of zeros where there is none.

    Returns:
        RoIs float32 (B, count, 4), and for each the true row (B, count, 5) with an IoU >= 0.5, else zeros.
    """
    everything = ops.concatenate([truth[..., :4], rois], axis=1)
    overlaps = iou_matrix(everything, truth[..., :4], ops)
    iou = ops.max(overlaps, axis=-1)
    rank = ops.arange(everything.shape[1], dtype="float32") / everything.shape[1]
    empty = ops.all(everything[..., 2:] <= everything[..., :2], axis=-1)
    key = ops.where(empty, -1.0, 1.0 - rank) + 2.0 * ops.cast(iou >= 0.5, "float32")
    _, chosen = ops.top_k(key, count)
    matched_gt = take_rows(truth, ops.argmax(overlaps, axis=-1)) * ops.cast(iou >= 0.5, "float32")[..., None]
    return take_rows(everything, chosen), take_rows(matched_gt, chosen)


def head_losses(
    predictions: keras.KerasTensor, rois: keras.KerasTensor, truth: keras.KerasTensor
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The two terms of the multi-task loss of Girshick, equation 1: L_cls = -log p_u, and L_loc where u >= 1.

    L_cls is the mean over the RoIs. L_loc is the mean over the RoIs on objects; instead of the smooth L1 distance of
    offsets (equation 2) it is 1 - GIoU, which is closer to how detectors are measured.

    Args:
        predictions: float32 (B, R, 4 + 1 + classes), see `BoxHead.call`.
        rois: float32 (B, R, 4), pixels.
        truth: float32 (B, R, 5), box and class u of each RoI, zeros for background.
    """
    logits, label = predictions[..., 4:], ops.cast(truth[..., 4], "int32")
    classes = ops.mean(ops.sparse_categorical_crossentropy(label, logits, from_logits=True))
    positive = ops.cast(label > 0, "float32")
    target = ops.where(positive[..., None] > 0.5, truth[..., :4], rois)
    distance = positive * (1 - giou(decode(predictions[..., :4], rois, ops), target))
    return classes, ops.sum(distance) / ops.maximum(ops.sum(positive), 1.0)


def faster_rcnn_losses(
    network: keras.Model,
    targets: keras.KerasTensor,
    predictions: Sequence[keras.KerasTensor],
    anchors: keras.KerasTensor,
    config: FasterRCNNConfig,
) -> dict[str, keras.KerasTensor]:
    """The losses of the RPN (Ren et al., equation 1) and of the head (see `head_losses`).

    The RPN is an SSD with the one class "object" and learns like it: the focal loss over all anchors replaces the
    logarithmic loss over 256 drawn ones, GIoU the smooth L1 distance.

    Args:
        network: as `build_faster_rcnn` made it; its head runs again, on the sampled RoIs.
        targets: float32 (B, N + objects, 5): box and objectness of each anchor, then true boxes and classes from 1.
        predictions: what the network gave.
        anchors: float32 (N, 4), pixels.
    """
    rpn, rois, _, *maps = predictions
    truth = targets[:, -config.objects :]
    sampled, matched_gt = sample_rois(ops.stop_gradient(rois), truth, config.sampled)
    head_class, head_box = head_losses(network.get_layer(HEAD)(maps, sampled), sampled, matched_gt)
    objectness = SSDLoss(anchors)(targets[:, : -config.objects], rpn)
    return {"rpn": objectness, "head_class": head_class, "head_box": 2 * head_box}
