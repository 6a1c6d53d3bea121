"""Anchors, their targets, the network of the SSD and its loss."""

import keras
import numpy as np

from alpr_utils.boxes import iou_matrix
from alpr_utils.networks.anchors import AnchorSpec, assign_targets, make_anchors
from alpr_utils.networks.array_ops import CENTRE_DEVIATION, SIZE_DEVIATION, decode
from alpr_utils.networks.box_ops import giou
from alpr_utils.networks.configs import SSDConfig
from alpr_utils.networks.ssd import SSDLoss, build_ssd

TINY = SSDConfig(stem=4, widths=(4, 8, 8, 8), blocks=(0, 0, 0, 0), pyramid=8)
SPEC = AnchorSpec()
ONE_MAP = AnchorSpec(strides=(8,), scales=((22.0,),), aspect_ratios=(0.6, 1.0))


def numpy_anchors(height: int, width: int) -> np.ndarray:
    return make_anchors(height, width, SPEC)


def test_anchors_cover_the_picture_in_the_order_of_the_outputs():
    anchors = numpy_anchors(128, 192)
    cells = sum((128 // stride) * (192 // stride) for stride in SPEC.strides)
    assert anchors.shape == (cells * SPEC.per_cell, 4)
    centres = (anchors[:, :2] + anchors[:, 2:]) / 2
    np.testing.assert_allclose(centres[0], [4, 4], atol=1e-4)
    np.testing.assert_allclose(centres[SPEC.per_cell], [4, 12], atol=1e-4)
    aspects = (anchors[:, 3] - anchors[:, 1]) / (anchors[:, 2] - anchors[:, 0])
    np.testing.assert_allclose(sorted(set(np.round(aspects, 2))), SPEC.aspect_ratios, atol=0.01)


def test_network_gives_one_row_an_anchor_at_any_size():
    network = build_ssd(TINY)
    for height, width in ((64, 96), (128, 64)):
        assert network(np.zeros((2, height, width, 3), np.float32)).shape == (2, len(numpy_anchors(height, width)), 5)


def test_every_box_gets_an_anchor_and_far_anchors_are_background():
    anchors = numpy_anchors(256, 384)
    boxes = np.array([[100, 100, 125, 210], [30, 300, 36, 318], [5, 5, 250, 380]], np.float32)
    targets = assign_targets(anchors, boxes)
    taught = targets.boxes[targets.objectness == 1]
    assert {tuple(box) for box in taught} == {tuple(box) for box in boxes}
    best = iou_matrix(anchors, boxes).max(axis=1)
    assert (targets.objectness[best < 0.05] == 0).all()
    assert (targets.objectness[best >= 0.5] == 1).all()
    assert not assign_targets(anchors, boxes[:0]).objectness.any()


def test_decode_inverts_the_ssd_encoding():
    anchors, box = numpy_anchors(64, 64)[:5], np.array([10, 12, 30, 60], np.float32)
    size = anchors[:, 2:] - anchors[:, :2]
    centre = (anchors[:, 2:] + anchors[:, :2]) / 2
    shift = ((box[:2] + box[2:]) / 2 - centre) / size / CENTRE_DEVIATION
    growth = np.log((box[2:] - box[:2]) / size) / SIZE_DEVIATION
    decoded = decode(np.concatenate([shift, growth], axis=1), anchors)
    np.testing.assert_allclose(decoded, np.tile(box, (5, 1)), rtol=1e-4)


def test_giou_of_equal_touching_and_distant_boxes():
    box = np.array([[0, 0, 10, 10]] * 3, np.float32)
    other = np.array([[0, 0, 10, 10], [0, 10, 10, 20], [0, 30, 10, 40]], np.float32)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(giou(box, other)), [1, 0, -0.5], atol=1e-5)


def test_loss_prefers_right_answers():
    anchors = numpy_anchors(64, 96)
    targets = assign_targets(anchors, np.array([[20, 20, 40, 70]], np.float32))
    truth = np.concatenate([targets.boxes, targets.objectness[:, None]], axis=1)[None]
    size = anchors[:, 2:] - anchors[:, :2]
    safe = np.where(targets.objectness[:, None] == 1, targets.boxes, anchors)
    shift = ((safe[:, :2] + safe[:, 2:]) - (anchors[:, :2] + anchors[:, 2:])) / 2 / size / CENTRE_DEVIATION
    growth = np.log((safe[:, 2:] - safe[:, :2]) / size) / SIZE_DEVIATION
    logits = np.where(targets.objectness == 1, 8.0, -8.0)[:, None]
    right = np.concatenate([shift, growth, logits], axis=1)[None].astype(np.float32)
    wrong = right.copy()
    wrong[..., 4] *= -1
    shifted = right.copy()
    shifted[..., 0] += 3
    loss = SSDLoss(anchors)
    assert float(loss(truth, right)) < 0.05
    assert float(loss(truth, wrong)) > 1
    assert float(loss(truth, shifted)) > float(loss(truth, right)) + 0.1


def test_every_class_has_a_logit_and_the_loss_wants_the_right_one():
    config = SSDConfig(stem=4, widths=(4, 8), blocks=(0, 0), pyramid=8, anchors=ONE_MAP, classes=3)
    anchors = make_anchors(64, 96, ONE_MAP)
    assert build_ssd(config)(np.zeros((2, 64, 96, 3), np.float32)).shape == (2, len(anchors), 4 + 3)
    targets = assign_targets(anchors, np.array([[10, 10, 40, 30], [5, 60, 40, 85]], np.float32))
    assert set(targets.matched_gt[targets.objectness == 1]) == {0, 1}
    labels = np.where(targets.objectness == 1, np.array([2, 3])[targets.matched_gt], targets.objectness)
    truth = np.concatenate([targets.boxes, labels[:, None]], axis=1)[None].astype(np.float32)
    logits = np.where(labels[:, None] == [1, 2, 3], 8.0, -8.0)
    right = np.concatenate([np.zeros((len(anchors), 4)), logits], axis=1)[None].astype(np.float32)
    swapped = right[..., [0, 1, 2, 3, 4, 6, 5]]
    assert float(SSDLoss(anchors)(truth, swapped)) > float(SSDLoss(anchors)(truth, right)) + 1
