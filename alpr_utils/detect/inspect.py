"""What happens inside a detector: anchors and what they are taught, scores of cells, feature maps, proposals, NMS."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

from alpr_utils.detect.architecture import PADDING_GREY, Architecture
from alpr_utils.detect.faster_rcnn import FasterRCNN, roi_align
from alpr_utils.detect.yolov3 import YOLOv3, YOLOv3Encoder, level_anchors, variant_of
from alpr_utils.networks.anchors import make_anchors
from alpr_utils.networks.box_ops import decode


def network_picture(image: np.ndarray, stride: int) -> np.ndarray:
    """``image: uint8 (H, W, 3)`` as networks take it: float32 (1, h, w, 3), h and w the next multiples of ``stride``.

    Boxes in pixels stay the same: grey is added below and at the right, as the exported models do.
    """
    height, width = image.shape[:2]
    padding = ((0, -height % stride), (0, -width % stride), (0, 0))
    return np.pad(image, padding, constant_values=PADDING_GREY)[None].astype(np.float32)


def strides_of(architecture: Architecture) -> tuple[int, ...]:
    """Pixels between two cells of each map on which the network answers, finest first."""
    if isinstance(architecture, YOLOv3):
        return variant_of(architecture.config).strides
    return architecture.config.anchors.strides  # type: ignore[attr-defined]


def anchors_per_cell(architecture: Architecture) -> int:
    """How many anchors answer at each cell, those of a Faster R-CNN in its RPN."""
    if isinstance(architecture, YOLOv3):
        return level_anchors(architecture.config).shape[1]
    return architecture.config.anchors.per_cell  # type: ignore[attr-defined]


def anchors_of(architecture: Architecture, height: int, width: int) -> np.ndarray:
    """All anchors of a ``height`` x ``width`` input, maps, then rows, columns, shapes: float32 (N, 4), pixels."""
    if isinstance(architecture, YOLOv3):
        return YOLOv3Encoder(architecture.config, height, width).priors
    return ops.convert_to_numpy(make_anchors(height, width, architecture.config.anchors))  # type: ignore[attr-defined]


def anchor_labels(architecture: Architecture, boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """What each anchor is taught where plates are at ``boxes: float32 (M, 4)``, pixels.

    Returns:
        float32 (N,): 1 plate, 0 background, -1 ignored by the loss.
    """
    targets = architecture.encoder(height, width)(boxes, np.zeros(len(boxes), int))
    return targets[: len(anchors_of(architecture, height, width)), 4]


def cell_scores(architecture: Architecture, network: keras.Model, picture: np.ndarray) -> dict[int, np.ndarray]:
    """Stride -> the highest score of the anchors of each cell, float32 (rows, columns), before any box is chosen.

    Of a Faster R-CNN these are the answers of its RPN, of a YOLOv3 its objectness.
    """
    predictions = network(picture, training=False)
    answers = ops.convert_to_numpy(predictions[0] if isinstance(predictions, list | tuple) else predictions)[0]
    logits = answers[:, 4] if isinstance(architecture, YOLOv3) else answers[:, 4:].max(axis=1)
    scores = 1 / (1 + np.exp(-logits))
    maps, start, per_cell = {}, 0, anchors_per_cell(architecture)
    for stride in strides_of(architecture):
        rows, columns = picture.shape[1] // stride, picture.shape[2] // stride
        end = start + rows * columns * per_cell
        maps[stride] = scores[start:end].reshape(rows, columns, per_cell).max(axis=-1)
        start = end
    return maps


def stage_maps(network: keras.Model, picture: np.ndarray) -> list[np.ndarray]:
    """The features after each convolution that halves the picture, each float32 (rows, columns, channels)."""
    outputs, halved = [], False
    for layer in network.layers:
        halved = halved or (isinstance(layer, layers.Conv2D) and layer.strides == (2, 2))
        if halved and isinstance(layer, layers.ReLU | layers.LeakyReLU):
            outputs.append(layer.output)
            halved = False
    return [ops.convert_to_numpy(x)[0] for x in keras.Model(network.input, outputs)(picture, training=False)]


def candidate_boxes(
    architecture: Architecture, network: keras.Model, picture: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Every box before non-maximum suppression: float32 (N, 4), pixels, and its highest score, float32 (N,)."""
    boxes, scores = architecture.candidates(network, ops.convert_to_tensor(picture))
    return ops.convert_to_numpy(boxes), ops.convert_to_numpy(scores).max(axis=1)


def suppress(boxes: np.ndarray, scores: np.ndarray, max_iou: float, min_score: float) -> np.ndarray:
    """Non-maximum suppression as the exported models do it: numbers of the boxes that stay, best first."""
    import tensorflow as tf

    return tf.image.non_max_suppression(boxes, scores, max(len(boxes), 1), float(max_iou), min_score).numpy()


@dataclass(frozen=True)
class Regions:
    """The second look of a Faster R-CNN, one row a region of interest.

    Attributes:
        proposals: float32 (R, 4), pixels, as the RPN proposes them, best first.
        boxes: float32 (R, 4), pixels, as the head corrects them.
        scores: float32 (R,), probability of being an object in the eyes of the head.
        features: float32 (R, rows, columns, channels), what RoI align cuts out for the head.
    """

    proposals: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray
    features: np.ndarray


def regions_of(architecture: FasterRCNN, network: keras.Model, picture: np.ndarray) -> Regions:
    """What a Faster R-CNN proposes in ``picture: float32 (1, H, W, 3)`` and makes of it."""
    _, rois, answers, *maps = network(picture, training=False)
    config = architecture.config
    features = roi_align(maps, rois, config.grid, config.finest_side)[0]
    boxes = decode(answers[0, :, :4], rois[0])
    scores = ops.max(ops.softmax(answers[0, :, 4:])[:, 1:], axis=-1)
    return Regions(*(ops.convert_to_numpy(x) for x in (rois[0], boxes, scores, features)))
