"""Trained detector -> a folder of exported_model_directory/: ONNX for this package, a SavedModel for any other program.

``model.onnx`` is the network alone. The SavedModel has the signature of the TensorFlow Object Detection API:
``input_tensor: uint8 (1, H, W, 3)`` in, boxes, scores, classes and their number out; resizing, decoding and non-maximum
suppression happen inside its graph.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from keras import ops
from tqdm import tqdm

from alpr_utils.detect.architecture import Architecture
from alpr_utils.detect.find_boxes import MAX_DETECTIONS, MIN_SCORE, BoxFinder, FindSettings
from alpr_utils.detect.scaling import LONG_SIDES, PADDING_GREY
from alpr_utils.models.folder import WEIGHTS_FILE, replaced_folder, write_metadata
from alpr_utils.models.label_map import LABEL_MAP_FILE, write_label_map
from alpr_utils.models.weights import load_weights, save_weights
from alpr_utils.runtime.network import ONNX_FILE
from alpr_utils.runtime.onnx_export import write_onnx


class TensorFlowTools:
    """The steps around a network that `BoxFinder` needs, as operations of a TensorFlow graph."""

    xp: Any = ops

    def size(self, picture: tf.Tensor) -> tf.Tensor:
        """Height and width of ``picture: (1, H, W, 3)``, float32 (2,)."""
        return tf.cast(tf.shape(picture)[1:3], tf.float32)

    def resize(self, picture: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
        """(1, H, W, 3) -> float32 (1, scale * H, scale * W, 3), at least one pixel."""
        size = tf.maximum(tf.cast(tf.round(self.size(picture) * scale), tf.int32), 1)
        return tf.cond(
            scale < 1,
            lambda: tf.image.resize(picture, size, method="area"),
            lambda: tf.image.resize(picture, size, method="bilinear"),
        )

    def pad(self, picture: tf.Tensor, stride: int) -> tf.Tensor:
        """Grey below and at the right, up to multiples of ``stride``."""
        padding = (-tf.shape(picture)[1:3]) % stride
        padded = tf.pad(picture, [[0, 0], [0, padding[0]], [0, padding[1]], [0, 0]], constant_values=PADDING_GREY)
        return tf.ensure_shape(padded, (1, None, None, 3))

    def highest(self, scores: tf.Tensor, count: int) -> tuple[tf.Tensor, tf.Tensor]:
        """The highest of ``scores: (N,)``, at most ``count``, and their places."""
        return tf.math.top_k(scores, tf.minimum(count, tf.size(scores)))

    def suppress(self, boxes: tf.Tensor, scores: tf.Tensor, max_iou: float) -> tf.Tensor:
        """Numbers of the boxes that stay, best first."""
        return tf.image.non_max_suppression(boxes, scores, MAX_DETECTIONS, max_iou, MIN_SCORE)


class HalfPrecision(tf.Module):
    """A network whose float weights are stored in half precision, and cast to float32 when it computes."""

    def __init__(self, network: keras.Model):
        super().__init__()
        self.trained = [_stored(variable) for variable in network.trainable_variables]
        self.others = [_stored(variable) for variable in network.non_trainable_variables]
        # Inside a function the network is not a part of this module, so that its own variables are not stored.
        self._compute = lambda trained, others, picture: network.stateless_call(
            trained, others, picture, training=False
        )[0]

    def __call__(self, picture: tf.Tensor, training: bool = False) -> Any:
        return self._compute(_computed(self.trained), _computed(self.others), picture)


def _stored(variable: keras.Variable) -> tf.Variable:
    value = keras.ops.convert_to_numpy(variable)
    return tf.Variable(value.astype("float16") if value.dtype == "float32" else value, trainable=False)


def _computed(variables: Sequence[tf.Variable]) -> list[tf.Tensor]:
    return [
        tf.cast(variable, tf.float32) if variable.dtype == tf.float16 else variable.value() for variable in variables
    ]


class ServedDetector(tf.Module):
    """A detector as a graph: a picture of any size in, boxes in 0..1 out.

    Args:
        network: what ``architecture.build()`` gave, with trained weights.
    """

    def __init__(
        self, network: keras.Model | HalfPrecision, architecture: Architecture, settings: FindSettings | None = None
    ):
        super().__init__()
        self.network, self.architecture = network, architecture
        self.finder = BoxFinder(architecture, self._outputs, TensorFlowTools(), settings or FindSettings())

    def _outputs(self, picture: tf.Tensor) -> list[tf.Tensor]:
        predictions = self.network(picture, training=False)
        return [output[0] for output in self.architecture.box_outputs(predictions)]

    @tf.function(input_signature=[tf.TensorSpec((1, None, None, 3), tf.uint8, name="input_tensor")])
    def __call__(self, input_tensor: tf.Tensor) -> dict[str, tf.Tensor]:
        found = self.finder(input_tensor)
        return {
            "detection_boxes": found.boxes[None],
            "detection_scores": found.scores[None],
            "detection_classes": tf.cast(found.classes + 1, tf.float32)[None],
            "num_detections": tf.cast(tf.shape(found.scores)[:1], tf.float32),
        }


def export_detector(
    weights: Path,
    folder: Path,
    architecture: Architecture,
    classes: Sequence[str] = ("plate",),
    metadata: dict[str, Any] | None = None,
    threshold: float = 0.5,
    long_sides: tuple[int, int] = LONG_SIDES,
    low_res_side: int = 0,
) -> Path:
    """Export trained weights as a model folder (SavedModel, ONNX, weights, label map, metadata).

    Args:
        weights: ``last.weights.h5`` of a training run or ``weights.npz`` of a model folder.
        folder: e.g. ``exported_model_directory/plate_detector_ssd``; replaced, once all is written, if it exists.
        classes: the names of the network's classes.
        metadata: further entries of metadata.json: training data, figures.
        threshold: operating threshold, the score from which a box counts as an object.
        long_sides, low_res_side: see `FindSettings`.

    Raises:
        ModelError: ``weights`` is missing or belongs to another network.
        OutputError: ``folder`` cannot be written.
    """
    network = architecture.build()
    load_weights(network, weights)
    settings = FindSettings(long_sides, low_res_side)
    described = {
        "architecture": architecture.name,
        "config": asdict(architecture.config),
        "classes": list(classes),
        **settings.metadata(),
        "threshold": threshold,
        "parameters": network.count_params(),
        **(metadata or {}),
    }
    with replaced_folder(folder) as draft, tqdm(desc="exporting", total=3, leave=False, disable=None) as bar:
        save_weights(network, draft / WEIGHTS_FILE)
        load_weights(network, draft / WEIGHTS_FILE)  # rounded to float16: the graph gets the same numbers
        write_label_map(draft / LABEL_MAP_FILE, {name: number for number, name in enumerate(classes, start=1)})
        bar.update()
        files = save_graph(network, architecture, settings, draft / "saved_model")
        bar.update()
        write_onnx(with_box_outputs(network, architecture), draft)
        bar.update()
        write_metadata(draft, described, [*files, draft / WEIGHTS_FILE, draft / ONNX_FILE])
    return folder


def with_box_outputs(network: keras.Model, architecture: Architecture) -> keras.Model:
    """The network without the outputs that only training needs, as ``model.onnx`` holds it."""
    return keras.Model(network.input, architecture.box_outputs(network.output), name=network.name)


def save_graph(network: keras.Model, architecture: Architecture, settings: FindSettings, folder: Path) -> list[Path]:
    """Write a SavedModel; its files."""
    served = ServedDetector(HalfPrecision(network), architecture, settings)
    tf.saved_model.save(served, str(folder), signatures={"serving_default": served.__call__})
    return [file for file in sorted(folder.rglob("*")) if file.is_file()]
