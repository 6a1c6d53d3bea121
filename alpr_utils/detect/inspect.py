"""What happens inside a detector: targets of anchors, scores of cells, feature maps, proposals, candidate boxes."""

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

from alpr_utils.detect.architecture import Architecture
from alpr_utils.detect.faster_rcnn import FasterRCNN
from alpr_utils.networks.array_ops import sigmoid
from alpr_utils.networks.faster_rcnn import roi_align


def anchor_labels(architecture: Architecture, boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """What each anchor learns where plates are at ``boxes: float32 (M, 4)``, pixels.

    Returns:
        float32 (N,): 1 plate, 0 background, -1 ignored by the loss.
    """
    targets = architecture.encoder(height, width)(boxes, np.zeros(len(boxes), int))
    return targets[: len(architecture.anchors(height, width)), 4]


def _predictions(network: keras.Model, picture: np.ndarray) -> list[np.ndarray] | np.ndarray:
    """What the network predicts for ``picture: float32 (1, H, W, 3)``, as NumPy arrays."""
    predictions = network(picture, training=False)
    if isinstance(predictions, list | tuple):
        return [ops.convert_to_numpy(tensor) for tensor in predictions]
    return ops.convert_to_numpy(predictions)


def cell_scores(architecture: Architecture, network: keras.Model, picture: np.ndarray) -> dict[int, np.ndarray]:
    """Stride -> the highest score of the anchors of each cell, float32 (rows, columns), before any box is chosen.

    Of a Faster R-CNN these are the predictions of its RPN, of a YOLOv3 its objectness.
    """
    scores = sigmoid(architecture.objectness(_predictions(network, picture)))
    maps, start, per_cell = {}, 0, architecture.anchors_per_cell
    for stride in architecture.strides:
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
    outputs = [output[0] for output in architecture.box_outputs(_predictions(network, picture))]
    scores = architecture.scores(outputs).max(axis=1)
    return architecture.boxes(outputs, np.arange(len(scores)), *picture.shape[1:3]), scores


@dataclass(frozen=True)
class Regions:
    """What the head of a Faster R-CNN makes of the regions of interest, one row a region.

    Attributes:
        proposals: float32 (R, 4), pixels, as the RPN proposes them, best first.
        boxes: float32 (R, 4), pixels, as the head corrects them.
        scores: float32 (R,), the head's probability of being an object.
        features: float32 (R, rows, columns, channels), what RoI align cuts out for the head.
    """

    proposals: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray
    features: np.ndarray


def regions_of(architecture: FasterRCNN, network: keras.Model, picture: np.ndarray) -> Regions:
    """What a Faster R-CNN proposes in ``picture: float32 (1, H, W, 3)`` and makes of it."""
    _, rois, _, *maps = network(picture, training=False)
    config = architecture.config
    features = ops.convert_to_numpy(roi_align(maps, rois, config.grid, config.finest_side)[0])
    boxes, scores = candidate_boxes(architecture, network, picture)
    return Regions(ops.convert_to_numpy(rois[0]), boxes, scores, features)
