"""Trained detector -> a folder of exported_model_directory/ that any TensorFlow program can serve.

The SavedModel has the signature of the TensorFlow Object Detection API: ``input_tensor: uint8 (1, H, W, 3)`` in, boxes,
scores, classes and their number out. Resizing, decoding and non-maximum suppression happen inside the graph.

A network knows objects of the sizes that its training samples had. So the graph looks twice: at the picture in full,
for all but the largest objects, and at a coarse copy, for those that fill the picture.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import keras
import tensorflow as tf

from alpr_utils.detect.architecture import LONG_SIDES, PADDING_GREY, Architecture
from alpr_utils.models.folder import replaced_folder, write_metadata
from alpr_utils.models.label_map import LABEL_MAP_FILE, write_label_map
from alpr_utils.models.weights import WEIGHTS_FILE, load_weights, save_weights

MAX_CANDIDATES = 300
MAX_DETECTIONS = 50
MIN_SCORE = 0.01
COARSE_FROM = 80  # pixels of the coarse copy: the longer side of a box from which the coarse look is asked
FULL_UP_TO = 0.38  # of the picture: the longer side of a box up to which the look in full is asked
_PART = 0.7  # of a box inside a surer one of the coarse look: a piece of that object


class Candidates(NamedTuple):
    """Boxes (K, 4), ymin, xmin, ymax, xmax, pixels, their scores (K,) and classes (K,), from 0."""

    boxes: tf.Tensor
    scores: tf.Tensor
    classes: tf.Tensor


class ServedDetector(tf.Module):
    """A detector with everything around it: picture of any size in, boxes in 0..1 out.

    Args:
        network: what ``architecture.build()`` gave, with trained weights.
        long_sides: pixels, shortest and longest; pictures whose longer side is outside are resized to the nearer one.
        max_iou: two boxes that overlap more are one plate (non-maximum suppression).
        vote_iou: a kept box becomes the score-weighted mean of the candidates that overlap it more than this
            ("box voting", Gidaris and Komodakis 2015); it makes boxes tighter at no cost.
        coarse_side: pixels of the longer side of the coarse copy; 0, or more than half of ``long_sides``: no such look.
    """

    def __init__(
        self,
        network: keras.Model,
        architecture: Architecture,
        long_sides: tuple[int, int] = LONG_SIDES,
        max_iou: float = 0.4,
        vote_iou: float = 0.65,
        coarse_side: int = 0,
    ):
        super().__init__()
        self.network, self.architecture = network, architecture
        self.coarse_side = coarse_side if 2 * coarse_side <= long_sides[0] else 0
        self.long_sides, self.max_iou, self.vote_iou = long_sides, max_iou, vote_iou

    def _resized(self, picture: tf.Tensor) -> tf.Tensor:
        """uint8 (1, H, W, 3) -> float32 (1, h, w, 3) whose longer side is within ``long_sides``."""
        original = tf.cast(tf.shape(picture)[1:3], tf.float32)
        longer = tf.reduce_max(original)
        scale = tf.clip_by_value(longer, *map(float, self.long_sides)) / longer
        size = tf.maximum(tf.cast(tf.round(original * scale), tf.int32), 1)
        # Averaging over areas keeps thin strokes when a picture shrinks; it would look like blocks when it grows.
        return tf.cond(
            scale < 1,
            lambda: tf.image.resize(picture, size, method="area"),
            lambda: tf.image.resize(picture, size, method="bilinear"),
        )

    def _best(self, picture: tf.Tensor) -> Candidates:
        """The candidates of all classes with the highest scores in ``picture: float32 (1, h, w, 3)``."""
        padding = (-tf.shape(picture)[1:3]) % self.architecture.stride
        padded = tf.pad(picture, [[0, 0], [0, padding[0]], [0, padding[1]], [0, 0]], constant_values=PADDING_GREY)
        padded = tf.ensure_shape(padded, (1, None, None, 3))
        boxes, scores = self.architecture.candidates(self.network, padded)  # (N, 4), (N, classes)
        count = tf.minimum(MAX_CANDIDATES, tf.size(scores))
        best, places = tf.math.top_k(tf.reshape(scores, [-1]), count)
        return Candidates(tf.gather(boxes, places // scores.shape[1]), best, places % scores.shape[1])

    def _with_coarse_look(self, picture: tf.Tensor, full: Candidates) -> Candidates:
        """The candidates of both looks at ``picture``; those that are not for a look to find get the score 0."""
        size = tf.cast(tf.shape(picture)[1:3], tf.float32)
        scale = self.coarse_side / tf.reduce_max(size)
        coarse_size = tf.maximum(tf.cast(tf.round(size * scale), tf.int32), 1)
        boxes, scores, classes = self._best(tf.image.resize(picture, coarse_size, method="area"))
        scores *= tf.cast(tf.reduce_max(boxes[:, 2:] - boxes[:, :2], axis=1) >= COARSE_FROM, tf.float32)
        boxes /= scale
        longer = tf.reduce_max(full.boxes[:, 2:] - full.boxes[:, :2], axis=1) / tf.reduce_max(size)
        shared, area, _ = _overlaps(full.boxes, boxes)
        inside = shared > _PART * area  # (full, coarse)
        surer = (scores > full.scores[:, None]) & (classes == full.classes[:, None])
        kept = (longer <= FULL_UP_TO) & ~tf.reduce_any(inside & surer, axis=1)
        return Candidates(
            tf.concat([full.boxes, boxes], axis=0),
            tf.concat([full.scores * tf.cast(kept, tf.float32), scores], axis=0),
            tf.concat([full.classes, classes], axis=0),
        )

    def _vote(self, kept: tf.Tensor, boxes: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
        shared, area_kept, area = _overlaps(kept, boxes)
        iou = shared / (area_kept + area - shared + 1e-6)
        weight = scores * tf.cast(iou > self.vote_iou, tf.float32)  # (kept, candidates)
        return tf.matmul(weight, boxes) / (tf.reduce_sum(weight, axis=1, keepdims=True) + 1e-6)

    @tf.function(input_signature=[tf.TensorSpec((1, None, None, 3), tf.uint8, name="input_tensor")])
    def __call__(self, input_tensor: tf.Tensor) -> dict[str, tf.Tensor]:
        picture = self._resized(input_tensor)
        found = self._best(picture)
        if self.coarse_side:
            found = self._with_coarse_look(picture, found)
        boxes, scores, classes = found
        size = tf.cast(tf.shape(picture)[1:3], tf.float32)
        # Classes are moved far apart, so that only boxes of the same class suppress each other and vote together.
        distance = tf.cast(classes, tf.float32)[:, None] * 4 * (tf.reduce_max(size) + self.architecture.stride)
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


def _overlaps(first: tf.Tensor, second: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Areas that boxes (A, 4) and (B, 4) share (A, B), and their own, (A, 1) and (1, B)."""
    low = tf.maximum(first[:, None, :2], second[None, :, :2])
    high = tf.minimum(first[:, None, 2:], second[None, :, 2:])
    areas = [tf.reduce_prod(boxes[:, 2:] - boxes[:, :2], axis=-1) for boxes in (first, second)]
    return tf.reduce_prod(tf.maximum(high - low, 0.0), axis=-1), areas[0][:, None], areas[1][None]


def export_detector(
    weights: Path,
    folder: Path,
    architecture: Architecture,
    classes: Sequence[str] = ("plate",),
    facts: dict[str, object] | None = None,
    threshold: float = 0.5,
    long_sides: tuple[int, int] = LONG_SIDES,
    coarse_side: int = 0,
) -> Path:
    """Export trained weights as a model folder (SavedModel, weights, label map, metadata).

    Args:
        weights: ``last.weights.h5`` of a training run or ``weights.npz`` of a model folder.
        folder: e.g. ``exported_model_directory/plate_detector_ssd``; replaced, once all is written, if it exists.
        classes: the names of the network's classes.
        facts: what metadata.json should tell besides: training data, figures.
        threshold: operating threshold, the score from which a box counts as an object.
        long_sides, coarse_side: see `ServedDetector`.

    Raises:
        ModelError: ``weights`` is missing or belongs to another network.
        OutputError: ``folder`` cannot be written.
    """
    network = architecture.build()
    load_weights(network, weights)
    served = ServedDetector(network, architecture, long_sides, coarse_side=coarse_side)
    described = {
        "architecture": architecture.name,
        "config": asdict(architecture.config),
        "classes": list(classes),
        "input_long_sides": long_sides,
        "coarse_side": served.coarse_side,
        "threshold": threshold,
        "parameters": network.count_params(),
        **(facts or {}),
    }
    with replaced_folder(folder) as draft:
        save_weights(network, draft / WEIGHTS_FILE)
        load_weights(network, draft / WEIGHTS_FILE)  # rounded to float16: the graph gets the same numbers
        saved_model = draft / "saved_model"
        tf.saved_model.save(served, str(saved_model), signatures={"serving_default": served.__call__})
        write_label_map(draft / LABEL_MAP_FILE, {name: number for number, name in enumerate(classes, start=1)})
        files = [file for file in sorted(saved_model.rglob("*")) if file.is_file()]
        write_metadata(draft, described, [*files, draft / WEIGHTS_FILE])
    return folder
