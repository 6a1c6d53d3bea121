"""YOLOv3 as an architecture: which anchor predicts which object, what the loss ignores, and that it learns."""

import keras
import numpy as np
import pytest

from alpr_utils.boxes import iou_matrix, shape_iou
from alpr_utils.detect.yolov3 import YOLOv3, YOLOv3Encoder
from alpr_utils.networks.configs import VARIANTS, YOLOv3Config, level_anchors
from alpr_utils.training.trainable_detector import TrainableDetector

HEIGHT, WIDTH = 96, 128
PAPER = YOLOv3Config.published("small", 2)


def answering(target: np.ndarray) -> np.ndarray:
    return np.flatnonzero(target[:, 4] > 0)


def anchor_of(row: int, config: YOLOv3Config = PAPER) -> tuple[int, int, int, int]:
    """Scale, row, column and shape of one of the network's answers."""
    per_cell = level_anchors(config).shape[1]
    for level, stride in enumerate(VARIANTS[config.variant].strides):
        cells = (HEIGHT // stride) * (WIDTH // stride)
        if row < cells * per_cell:
            cell, shape = divmod(row, per_cell)
            return level, cell // (WIDTH // stride), cell % (WIDTH // stride), shape
        row -= cells * per_cell
    raise IndexError(row)


def test_the_best_anchor_over_all_scales_answers():
    encode = YOLOv3Encoder(PAPER, HEIGHT, WIDTH)
    shapes = level_anchors(PAPER).reshape(-1, 2)
    for number, (height, width) in enumerate(shapes):
        box = np.array([[50 - height / 2, 70 - width / 2, 50 + height / 2, 70 + width / 2]], np.float32) * 1.0
        target = encode(box, np.array([1]))
        (row,) = answering(target)
        level, shape = divmod(number, 3)
        stride = (8, 16, 32)[level]
        assert anchor_of(int(row)) == (level, 50 // stride, 70 // stride, shape)
        np.testing.assert_array_equal(target[row], [*box[0], 2])


def test_anchors_that_overlap_without_answering_are_ignored():
    encode = YOLOv3Encoder(PAPER, HEIGHT, WIDTH)
    boxes = np.array([[30, 20, 50, 80], [70, 90, 78, 110]], np.float32)
    target = encode(boxes, np.array([0, 1]))
    overlap = iou_matrix(encode.priors, boxes).max(axis=1)
    assert len(answering(target)) == 2
    others = np.setdiff1d(np.arange(len(target)), answering(target))
    np.testing.assert_array_equal(target[others, 4], np.where(overlap[others] > 0.5, -1, 0))
    assert (target[:, 4] == -1).any()
    assert not encode(boxes[:0], np.zeros(0, int)).any()


def test_further_anchors_share_an_object_where_it_is_wanted():
    box = np.array([[30, 20, 50, 80]], np.float32)
    config = YOLOv3Config(shared_iou=0.4)
    fit = shape_iou(box[:, 2:] - box[:, :2], level_anchors(config).reshape(-1, 2))[0]
    rows = answering(YOLOv3Encoder(config, HEIGHT, WIDTH)(box, np.array([0])))
    assert len(rows) == (fit >= 0.4).sum() > 1
    assert {3 * anchor_of(row)[0] + anchor_of(row)[3] for row in rows} == set(np.flatnonzero(fit >= 0.4))


def test_the_loss_counts_what_it_should():
    architecture = YOLOv3(PAPER)
    boxes, classes = np.array([[30, 20, 50, 80]], np.float32), np.array([1])
    encode = YOLOv3Encoder(PAPER, HEIGHT, WIDTH)
    target = encode(boxes, classes)[None]
    (row,) = answering(target[0])
    right = np.zeros((1, target.shape[1], 7), np.float32)
    right[0, :, :4], right[0, :, 4] = encode.priors, -20
    right[0, row] = [*boxes[0], 20, -20, 20]

    def losses(change: tuple[int, int, float] | None = None) -> dict[str, float]:
        given = right.copy()
        if change:
            given[0, change[0], change[1]] = change[2]
        parts = architecture.losses(None, target, given, HEIGHT, WIDTH)
        return {name: float(part) for name, part in parts.items()}

    assert tuple(losses()) == YOLOv3.loss_names
    assert max(losses().values()) < 1e-4
    ignored, background = np.flatnonzero(target[0, :, 4] == -1)[0], np.flatnonzero(target[0, :, 4] == 0)[0]
    assert losses((ignored, 4, 20)) == losses()
    assert losses((background, 4, 5))["objectness"] == pytest.approx(5, rel=0.01)
    assert losses((row, 5, 5))["class"] == pytest.approx(5, rel=0.01)
    assert losses((row, 3, 50))["box"] == pytest.approx(PAPER.box_weight * 0.5, rel=0.01)  # half of the box is missing


@pytest.mark.slow
def test_it_learns_two_pictures():
    keras.utils.set_random_seed(0)
    architecture = YOLOv3(YOLOv3Config(width=0.5))
    boxes = np.array([[[20, 30, 38, 80]], [[50, 60, 62, 92]]], np.float32)
    images = np.random.default_rng(0).integers(0, 120, (2, HEIGHT, WIDTH, 3)).astype(np.float32)
    for image, ((ymin, xmin, ymax, xmax),) in zip(images, boxes.astype(int), strict=True):
        image[ymin:ymax, xmin:xmax] = 250
    targets = np.stack([architecture.encoder(HEIGHT, WIDTH)(box, np.zeros(1, int)) for box in boxes])
    detector = TrainableDetector(architecture, architecture.build())
    detector.compile(optimizer=keras.optimizers.Adam(3e-3))
    history = [float(detector.train_on_batch(images, targets, return_dict=True)["loss"]) for _ in range(60)]
    assert np.mean(history[-5:]) < 0.15 * history[0]
    assert history[-1] < 1.5
