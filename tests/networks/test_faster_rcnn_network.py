"""The network of the Faster R-CNN: RoI align, proposals, sampling, losses."""

import keras
import numpy as np
import pytest
from conftest import TINY_FASTER_RCNN as TINY

from alpr_utils.boxes import iou_matrix
from alpr_utils.networks.anchors import make_anchors
from alpr_utils.networks.faster_rcnn import Proposals, head_losses, roi_align, sample_rois


def numpy(tensor: object) -> np.ndarray:
    return keras.ops.convert_to_numpy(tensor)


def test_roi_align_of_a_ramp_gives_the_coordinates():
    """Bilinear interpolation reproduces a linear function exactly, on every map of the pyramid."""
    maps = []
    for stride in (4, 8, 16, 32):
        y, x = np.meshgrid(*((np.arange(512 // stride) + 0.5) * stride for _ in range(2)), indexing="ij")
        maps.append(np.stack([y, x, np.full_like(y, stride)], axis=-1)[None].astype(np.float32))
    maps = [np.concatenate([level, 2 * level]) for level in maps]  # the second sample must not see the first
    rois = np.array([[20, 40, 32, 88], [40, 20, 110, 140], [50, 30, 200, 230], [20, 20, 420, 440]], np.float32)
    found = numpy(roi_align(maps, np.stack([rois, rois]), (2, 4), 64.0))
    assert found.shape == (2, 4, 2, 4, 3)
    np.testing.assert_allclose(found[0, 0, :, 0, 0], [23, 29], atol=1e-4)
    np.testing.assert_allclose(found[0, 0, 0, :, 1], [46, 58, 70, 82], atol=1e-4)
    for index, (ymin, xmin, ymax, xmax) in enumerate(rois):
        np.testing.assert_allclose(found[0, index, :, 1, 0], ymin + (ymax - ymin) * np.array([0.25, 0.75]), atol=1e-3)
        np.testing.assert_allclose(found[0, index, 1, :, 1], xmin + (xmax - xmin) * (np.arange(4) + 0.5) / 4, atol=1e-3)
    assert list(found[0, :, 0, 0, 2]) == [4, 8, 16, 32], "sides of 24, 92, 173 and 410 pixels"
    np.testing.assert_allclose(found[1], 2 * found[0], rtol=1e-5)


def test_roi_align_agrees_with_tensorflow():
    import tensorflow as tf

    level = np.random.default_rng(0).normal(size=(1, 20, 30, 5)).astype(np.float32)
    rois = np.array([[[8, 16, 40, 100], [2, 2, 30, 60]]], np.float32)
    found = numpy(roi_align([level], rois, (3, 6), 64.0))
    for roi, values in zip(rois[0], found[0], strict=True):
        margin = (roi[2:] - roi[:2]) / 2 / (3, 6)  # TensorFlow's grid begins on the edge, ours half a step inside
        corners = np.stack([roi[:2] + margin, roi[2:] - margin]) / 4 - 0.5
        expected = tf.image.crop_and_resize(level, [(corners / (19, 29)).ravel()], [0], (3, 6))[0]
        np.testing.assert_allclose(values, expected, atol=1e-5)


def test_iou_in_keras_is_that_of_numpy():
    rng = np.random.default_rng(1)
    low = rng.uniform(0, 50, (9, 2))
    boxes = np.concatenate([low, low + rng.uniform(1, 40, (9, 2))], axis=1).astype(np.float32)
    found = numpy(iou_matrix(boxes[None, :5], boxes[None], keras.ops))[0]
    np.testing.assert_allclose(found, iou_matrix(boxes[:5], boxes), atol=1e-5)


def test_proposals_are_the_best_answers_without_duplicates():
    anchors = numpy(make_anchors(64, 96, TINY.anchors))
    rpn = np.full((1, len(anchors), 5), -6, np.float32)
    rpn[..., :4] = 0
    chosen = [60, 61, 120]
    rpn[0, chosen, 4] = [2, 3, 1]
    rpn[0, chosen[0], :4] = np.concatenate(  # the offsets that move anchor 60 onto anchor 61
        [np.zeros(2), np.log((anchors[61, 2:] - anchors[61, :2]) / (anchors[60, 2:] - anchors[60, :2])) / 0.2]
    )
    rois = numpy(Proposals(TINY)(np.zeros((1, 64, 96, 3), np.float32), rpn))[0]
    assert rois.shape == (TINY.post_nms_top_n, 4)
    clipped = np.clip(anchors, 0, [64, 96, 64, 96])
    np.testing.assert_allclose(rois[:2], clipped[[61, 120]], atol=1e-3)
    assert iou_matrix(rois[2:3], rois[:1])[0, 0] < TINY.proposal_iou


def test_the_head_learns_from_all_objects_and_the_best_false_rois():
    truth = np.zeros((1, 3, 5), np.float32)
    truth[0, 0] = [10, 10, 20, 40, 2]
    rois = np.array([[[50, 50, 60, 90], [0, 0, 5, 5], [11, 10, 21, 40], [30, 30, 40, 60]]], np.float32)
    chosen, matched_gt = (numpy(x)[0] for x in sample_rois(rois, truth, 4))
    np.testing.assert_array_equal(chosen, [truth[0, 0, :4], rois[0, 2], rois[0, 0], rois[0, 1]])
    np.testing.assert_array_equal(matched_gt, [truth[0, 0], truth[0, 0], np.zeros(5), np.zeros(5)])


def test_head_losses_by_hand():
    rois = np.array([[[0, 0, 10, 10], [50, 50, 60, 60]]], np.float32)
    truth = np.array([[[0, 0, 10, 10, 1], [0, 0, 0, 0, 0]]], np.float32)
    answers = np.zeros((1, 2, 6), np.float32)
    classes, box = head_losses(answers, rois, truth)
    assert float(classes) == pytest.approx(np.log(2), rel=1e-4)
    assert float(box) == pytest.approx(0, abs=1e-5)
    answers[0, 0, 1] = 10  # centre one RoI width to the right: IoU 0, hull twice the box
    answers[0, :, 4:] = [[0, 9], [9, 0]]
    classes, box = head_losses(answers, rois, truth)
    assert float(classes) < 1e-3
    assert float(box) == pytest.approx(1, abs=1e-4)
