"""The Faster R-CNN as an architecture: its targets, and that a network learns."""

import keras
import numpy as np
import pytest
from conftest import TINY_FASTER_RCNN as TINY

from alpr_utils.boxes import iou_matrix
from alpr_utils.detect.faster_rcnn import FasterRCNN
from alpr_utils.detect.inspect import candidate_boxes
from alpr_utils.networks.anchors import make_anchors
from alpr_utils.training.trainable_detector import TrainableDetector


def test_targets_hold_anchors_and_true_boxes():
    architecture = FasterRCNN(TINY)
    anchors = make_anchors(64, 96, TINY.anchors)
    boxes = np.array([[20, 20, 32, 56], [40, 60, 60, 90]], np.float32)
    targets = architecture.encoder(64, 96)(boxes, np.array([0, 0]))
    taught, truth = targets[: len(anchors)], targets[len(anchors) :]
    np.testing.assert_array_equal(truth, np.vstack([np.column_stack([boxes, [1, 1]]), np.zeros((2, 5))]))
    best = iou_matrix(anchors, boxes).max(axis=1)
    assert {tuple(box) for box in taught[taught[:, 4] == 1, :4]} == {tuple(box) for box in boxes}
    assert (taught[best >= TINY.rpn_iou[0], 4] == 1).all()
    assert (taught[best < 0.1, 4] == 0).all()
    assert architecture.encoder(64, 96)(boxes[:0], np.array([], int)).shape == targets.shape


@pytest.mark.slow
def test_two_pictures_are_learnt_by_heart():
    keras.utils.set_random_seed(0)
    architecture = FasterRCNN(TINY)
    network = architecture.build()
    images = np.full((2, 64, 96, 3), 70, np.float32)
    boxes = np.array([[20, 20, 32, 56], [40, 50, 52, 86]], np.float32)
    for image, (ymin, xmin, ymax, xmax) in zip(images, boxes.astype(int), strict=True):
        image[ymin:ymax, xmin:xmax] = 240
        image[ymin + 3 : ymax - 3, xmin + 4 : xmax - 4 : 5] = 20
    encode = architecture.encoder(64, 96)
    targets = np.stack([encode(box[None], np.zeros(1, int)) for box in boxes])
    detector = TrainableDetector(architecture, network)
    detector.compile(keras.optimizers.AdamW(5e-3, clipnorm=10.0), jit_compile=False)
    history = detector.fit(images, targets, epochs=160, batch_size=2, verbose=0).history
    assert set(history) == {"loss", "rpn_loss", "head_class_loss", "head_box_loss"}
    assert history["loss"][-1] == pytest.approx(
        sum(history[f"{n}_loss"][-1] for n in architecture.loss_names), rel=1e-3
    )
    for name, losses in history.items():
        assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[1:6]), name
    for image, box in zip(images, boxes, strict=True):
        found, scores = candidate_boxes(architecture, network, image[None])
        overlaps = iou_matrix(found, box[None])[:, 0]
        assert overlaps[scores.argmax()] > 0.7
        assert scores.max() > 0.5 > scores[overlaps < 0.3].max(initial=0)
