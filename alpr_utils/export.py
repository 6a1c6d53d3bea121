"""Trained detector -> a folder of exported_model_directory/ that any TensorFlow program can serve.

The SavedModel has the signature of the TensorFlow Object Detection API: ``input_tensor: uint8 (1, H, W, 3)`` in, boxes,
scores, classes and their number out. Resizing, decoding and non-maximum suppression happen inside the graph.
"""

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import keras
import tensorflow as tf

from alpr_utils.data.detection_data import LONG_SIDES, PADDING_GREY
from alpr_utils.detect.architecture import Architecture
from alpr_utils.model_folder import write_metadata
from alpr_utils.weights import WEIGHTS_FILE, load_weights, save_weights

MAX_CANDIDATES = 300
MAX_DETECTIONS = 50
MIN_SCORE = 0.01
LABEL_MAP_FILE = "label_map.pbtxt"


def label_map(classes: Sequence[str]) -> str:
    """The text of a ``label_map.pbtxt`` that numbers ``classes`` from 1."""
    return "".join(f"item {{\n  id: {number}\n  name: '{name}'\n}}\n" for number, name in enumerate(classes, start=1))


class ServedDetector(tf.Module):
    """A detector with everything around it: picture of any size in, boxes in 0..1 out.

    Args:
        network: what ``architecture.build()`` gave, with trained weights.
        long_sides: pixels, shortest and longest; pictures whose longer side is outside are resized to the nearer one.
        max_iou: two boxes that overlap more are one plate (non-maximum suppression).
        vote_iou: a kept box becomes the score-weighted mean of the candidates that overlap it more than this
            ("box voting", Gidaris and Komodakis 2015); it makes boxes tighter at no cost.
    """

    def __init__(
        self,
        network: keras.Model,
        architecture: Architecture,
        long_sides: tuple[int, int] = LONG_SIDES,
        max_iou: float = 0.4,
        vote_iou: float = 0.65,
    ):
        super().__init__()
        self.network, self.architecture = network, architecture
        self.long_sides, self.max_iou, self.vote_iou = long_sides, max_iou, vote_iou

    def _prepare(self, picture: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """uint8 (1, H, W, 3) -> padded float32 (1, h, w, 3) and the size (2,) of the resized picture in it."""
        original = tf.cast(tf.shape(picture)[1:3], tf.float32)
        longer = tf.reduce_max(original)
        scale = tf.clip_by_value(longer, *map(float, self.long_sides)) / longer
        size = tf.maximum(tf.cast(tf.round(original * scale), tf.int32), 1)
        # Averaging over areas keeps thin strokes when a picture shrinks; it would look like blocks when it grows.
        resized = tf.cond(
            scale < 1,
            lambda: tf.image.resize(picture, size, method="area"),
            lambda: tf.image.resize(picture, size, method="bilinear"),
        )
        padding = (-size) % self.architecture.stride
        padded = tf.pad(resized, [[0, 0], [0, padding[0]], [0, padding[1]], [0, 0]], constant_values=PADDING_GREY)
        return tf.ensure_shape(padded, (1, None, None, 3)), tf.cast(size, tf.float32)

    def _best(self, padded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The candidates of all classes with the highest scores: boxes (K, 4), pixels, scores (K,), classes (K,)."""
        boxes, scores = self.architecture.candidates(self.network, padded)  # (N, 4), (N, classes)
        count = tf.minimum(MAX_CANDIDATES, tf.size(scores))
        best, places = tf.math.top_k(tf.reshape(scores, [-1]), count)
        return tf.gather(boxes, places // scores.shape[1]), best, places % scores.shape[1]

    def _vote(self, kept: tf.Tensor, boxes: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
        low = tf.maximum(kept[:, None, :2], boxes[None, :, :2])
        high = tf.minimum(kept[:, None, 2:], boxes[None, :, 2:])
        shared = tf.reduce_prod(tf.maximum(high - low, 0.0), axis=-1)
        area_kept = tf.reduce_prod(kept[:, 2:] - kept[:, :2], axis=-1)
        area = tf.reduce_prod(boxes[:, 2:] - boxes[:, :2], axis=-1)
        iou = shared / (area_kept[:, None] + area[None, :] - shared + 1e-6)
        weight = scores * tf.cast(iou > self.vote_iou, tf.float32)  # (kept, candidates)
        return tf.matmul(weight, boxes) / (tf.reduce_sum(weight, axis=1, keepdims=True) + 1e-6)

    @tf.function(input_signature=[tf.TensorSpec((1, None, None, 3), tf.uint8, name="input_tensor")])
    def __call__(self, input_tensor: tf.Tensor) -> dict[str, tf.Tensor]:
        padded, size = self._prepare(input_tensor)
        boxes, scores, classes = self._best(padded)
        # Classes are moved far apart, so that only boxes of the same class suppress each other and vote together.
        distance = tf.cast(classes, tf.float32)[:, None] * 4 * tf.cast(tf.reduce_max(tf.shape(padded)), tf.float32)
        apart = boxes + distance
        kept = tf.image.non_max_suppression(apart, scores, MAX_DETECTIONS, self.max_iou, MIN_SCORE)
        voted = self._vote(tf.gather(apart, kept), apart, scores) - tf.gather(distance, kept)
        normalised = tf.clip_by_value(voted / tf.tile(size, [2]), 0.0, 1.0)
        return {
            "detection_boxes": normalised[None],
            "detection_scores": tf.gather(scores, kept)[None],
            "detection_classes": tf.cast(tf.gather(classes, kept) + 1, tf.float32)[None],
            "num_detections": tf.cast(tf.shape(kept), tf.float32),
        }


def export_detector(
    weights: Path,
    folder: Path,
    architecture: Architecture,
    classes: Sequence[str] = ("plate",),
    facts: dict[str, object] | None = None,
    threshold: float = 0.5,
    long_sides: tuple[int, int] = LONG_SIDES,
) -> Path:
    """Export trained weights as a model folder (SavedModel, weights, label map, metadata).

    Args:
        weights: ``last.weights.h5`` of a training run or ``weights.npz`` of a model folder.
        folder: e.g. ``exported_model_directory/plate_detector_ssd``; replaced if it exists.
        classes: the names of the network's classes.
        facts: what metadata.json should tell besides: training data, figures.
        threshold: operating threshold, the score from which a box counts as an object.
        long_sides: see `ServedDetector`.

    Raises:
        ModelError: ``weights`` is missing or belongs to another network.
    """
    network = architecture.build()
    load_weights(network, weights)
    shutil.rmtree(folder, ignore_errors=True)
    saved_model = folder / "saved_model"
    served = ServedDetector(network, architecture, long_sides)
    tf.saved_model.save(served, str(saved_model), signatures={"serving_default": served.__call__})
    save_weights(network, folder / WEIGHTS_FILE)
    (folder / LABEL_MAP_FILE).write_text(label_map(classes), encoding="utf-8")
    described = {
        "architecture": architecture.name,
        "config": asdict(architecture.config),
        "classes": list(classes),
        "input_long_sides": long_sides,
        "threshold": threshold,
        "parameters": network.count_params(),
        **(facts or {}),
    }
    files = [file for file in sorted(saved_model.rglob("*")) if file.is_file()]
    write_metadata(folder, described, [*files, folder / WEIGHTS_FILE])
    return folder
