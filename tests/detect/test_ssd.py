"""The SSD: anchors, targets, losses, samples."""

import keras
import numpy as np
import pytest

from alpr_utils.boxes import iou_matrix
from alpr_utils.detect.ssd import SSD
from alpr_utils.networks.anchors import AnchorSpec, assign_targets, make_anchors
from alpr_utils.networks.array_ops import CENTRE_DEVIATION, SIZE_DEVIATION, decode
from alpr_utils.networks.box_ops import giou
from alpr_utils.networks.configs import SSDConfig
from alpr_utils.networks.ssd import SSDLoss, build_ssd
from alpr_utils.training.augment import PhotoAugmentation
from alpr_utils.training.photos import CachedPhoto, sample_window

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


def test_sampled_boxes_follow_their_plates():
    image = np.zeros((400, 600, 3), np.uint8)
    image[200:230, 300:400] = 255
    photo = CachedPhoto(image, np.array([[200, 300, 230, 400]], np.float32), np.array([2]))
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(30):
        sample, boxes, classes = sample_window(photo, (128, 192), PhotoAugmentation(long_side=300), rng)
        assert sample.shape == (128, 192, 3)
        assert list(classes) == [2] * len(boxes)
        for ymin, xmin, ymax, xmax in np.round(boxes).astype(int):
            white = (sample > 127)[..., 0]
            assert white[ymin + 2 : ymax - 2, xmin + 2 : xmax - 2].mean() > 0.95
            assert white.sum() <= 1.3 * (ymax - ymin + 2) * (xmax - xmin + 2)
            seen += 1
    assert seen > 15


def test_coarse_samples_show_the_whole_photo():
    image = np.full((400, 600, 3), 255, np.uint8)
    photo = CachedPhoto(image, np.array([[150, 200, 250, 500]], np.float32), np.array([0]))
    rules = PhotoAugmentation(long_side=600, zoom=(1.0, 1.0), stretch=1.0, low_res=1.0, low_res_side=120)
    samples = [sample_window(photo, (128, 192), rules, np.random.default_rng(seed)) for seed in range(10)]
    areas = [int((sample == 255).all(axis=-1).sum()) for sample, _, _ in samples]
    assert max(areas) == pytest.approx(80 * 120, rel=0.05)
    assert min(areas) > 0.6 * 80 * 120  # a tenth of the sample may lie between the photo's edge and its own
    sizes = np.concatenate([boxes[:, 2:] - boxes[:, :2] for _, boxes, _ in samples])
    np.testing.assert_allclose(np.median(sizes, axis=0), [20, 60], atol=1)


def test_the_encoder_numbers_classes_from_one():
    encode = SSD().encoder(64, 96)
    boxes = np.array([[10, 10, 25, 40], [30, 50, 50, 90]], np.float32)
    targets = encode(boxes, np.array([0, 2]))
    assert set(targets[:, 4]) <= {-1.0, 0.0, 1.0, 3.0}
    np.testing.assert_array_equal(np.unique(targets[targets[:, 4] == 1, :4], axis=0), boxes[:1])
    np.testing.assert_array_equal(np.unique(targets[targets[:, 4] == 3, :4], axis=0), boxes[1:])
    assert not encode(boxes[:0], np.array([], int)).any()


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
