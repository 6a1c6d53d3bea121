"""Trained network -> a folder of exported_model_directory/ that any TensorFlow program can serve.

The SavedModel has the signature of the TensorFlow Object Detection API: ``input_tensor: uint8 (1, H, W, 3)`` in, boxes,
scores, classes and their number out. Resizing, decoding and non-maximum suppression happen inside the graph.
"""

import shutil
from dataclasses import asdict
from pathlib import Path

import keras
import tensorflow as tf

from alpr_utils.data.detection_data import PADDING_GREY
from alpr_utils.detect.anchors import make_anchors
from alpr_utils.detect.ssd import SSDConfig, build_ssd, decode
from alpr_utils.model_folder import write_metadata
from alpr_utils.weights import WEIGHTS_FILE, load_weights, save_weights

LONG_SIDES = (960, 1280)  # large photos keep more of their far plates, small ones are seen as in training
MAX_CANDIDATES = 300
MAX_DETECTIONS = 50
MIN_SCORE = 0.01
LABEL_MAP = "item {\n  id: 1\n  name: 'plate'\n}\n"


class ServedSSD(tf.Module):
    """The SSD with everything around it: picture of any size in, boxes in 0..1 out.

    Args:
        network: ``build_ssd(config)`` with trained weights.
        long_sides: pixels, shortest and longest; pictures whose longer side is outside are resized to the nearer one.
        max_iou: two boxes that overlap more are one plate (non-maximum suppression).
        vote_iou: a kept box becomes the score-weighted mean of the candidates that overlap it more than this
            ("box voting", Gidaris and Komodakis 2015); it makes boxes tighter at no cost.
    """

    def __init__(
        self,
        network: keras.Model,
        config: SSDConfig,
        long_sides: tuple[int, int] = LONG_SIDES,
        max_iou: float = 0.4,
        vote_iou: float = 0.65,
    ):
        super().__init__()
        self.network, self.spec = network, config.anchors
        self.long_sides, self.max_iou, self.vote_iou = long_sides, max_iou, vote_iou

    def _prepare(self, picture: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """uint8 (1, H, W, 3) -> padded float32 (1, h, w, 3) and the size (2,) of the resized picture in it."""
        original = tf.cast(tf.shape(picture)[1:3], tf.float32)
        longer = tf.reduce_max(original)
        scale = tf.clip_by_value(longer, *map(float, self.long_sides)) / longer
        size = tf.maximum(tf.cast(tf.round(original * scale), tf.int32), 1)
        pixels = tf.cast(picture, tf.float32)
        # Averaging over areas keeps thin strokes when a picture shrinks; it would look like blocks when it grows.
        resized = tf.cond(
            scale < 1,
            lambda: tf.image.resize(pixels, size, method="area"),
            lambda: tf.image.resize(pixels, size, method="bilinear"),
        )
        largest_stride = self.spec.strides[-1]
        padding = (-size) % largest_stride
        padded = tf.pad(resized, [[0, 0], [0, padding[0]], [0, padding[1]], [0, 0]], constant_values=PADDING_GREY)
        return tf.ensure_shape(padded, (1, None, None, 3)), tf.cast(size, tf.float32)

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
        predictions = self.network(padded, training=False)[0]  # (N, 5)
        anchors = make_anchors(tf.shape(padded)[1], tf.shape(padded)[2], self.spec)
        scores, best = tf.math.top_k(tf.sigmoid(predictions[:, 4]), tf.minimum(MAX_CANDIDATES, len(predictions)))
        boxes = decode(tf.gather(predictions[:, :4], best), tf.gather(anchors, best))
        kept = tf.image.non_max_suppression(boxes, scores, MAX_DETECTIONS, self.max_iou, MIN_SCORE)
        voted = self._vote(tf.gather(boxes, kept), boxes, scores)
        normalised = tf.clip_by_value(voted / tf.tile(size, [2]), 0.0, 1.0)
        return {
            "detection_boxes": normalised[None],
            "detection_scores": tf.gather(scores, kept)[None],
            "detection_classes": tf.ones_like(kept, tf.float32)[None],
            "num_detections": tf.cast(tf.shape(kept), tf.float32),
        }


def export_ssd(
    weights: Path,
    folder: Path,
    facts: dict[str, object] | None = None,
    threshold: float = 0.5,
    long_sides: tuple[int, int] = LONG_SIDES,
    config: SSDConfig | None = None,
) -> Path:
    """Export trained SSD weights as a model folder (SavedModel, weights, label map, metadata).

    Args:
        weights: ``last.weights.h5`` of a training run.
        folder: e.g. ``exported_model_directory/plate_detector_ssd``; replaced if it exists.
        facts: what metadata.json should tell besides: training data, figures.
        threshold: operating threshold, the score from which a box counts as a plate.

    Raises:
        ModelError: ``weights`` is missing or belongs to another network.
    """
    config = config or SSDConfig()
    network = build_ssd(config)
    load_weights(network, weights)
    shutil.rmtree(folder, ignore_errors=True)
    saved_model = folder / "saved_model"
    served = ServedSSD(network, config, long_sides)
    tf.saved_model.save(served, str(saved_model), signatures={"serving_default": served.__call__})
    save_weights(network, folder / WEIGHTS_FILE)
    (folder / "label_map.pbtxt").write_text(LABEL_MAP, encoding="utf-8")
    described = {
        "architecture": "ssd",
        "config": asdict(config),
        "input_long_sides": long_sides,
        "threshold": threshold,
        "parameters": network.count_params(),
        **(facts or {}),
    }
    files = [file for file in sorted(saved_model.rglob("*")) if file.is_file()]
    write_metadata(folder, described, [*files, folder / WEIGHTS_FILE])
    return folder
