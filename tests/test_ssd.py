"""The SSD: anchors, targets, losses, training on made-up photos, resume, export."""

import json
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from alpr_utils.boxes import iou_matrix
from alpr_utils.data.detection_data import Augmentation, CachedPhoto, sample_window
from alpr_utils.data.voc import Annotation, VocObject, write_voc
from alpr_utils.detect.anchors import (
    CENTRE_DEVIATION,
    SIZE_DEVIATION,
    AnchorSpec,
    assign_targets,
    make_anchors,
)
from alpr_utils.detect.ssd import SSDConfig, SSDLoss, build_ssd, decode, giou
from alpr_utils.errors import AlprError, ModelError
from alpr_utils.export import export_ssd
from alpr_utils.train import DataSource, TrainingPlan, load_source, train_ssd

TINY = SSDConfig(stem=4, widths=(4, 8, 8, 8), blocks=(0, 0, 0, 0), pyramid=8)
SPEC = AnchorSpec()


def numpy_anchors(height: int, width: int) -> np.ndarray:
    return keras.ops.convert_to_numpy(make_anchors(height, width, SPEC))


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
    decoded = keras.ops.convert_to_numpy(decode(np.concatenate([shift, growth], axis=1), anchors))
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
    photo = CachedPhoto(image, np.array([[200, 300, 230, 400]], np.float32))
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(30):
        sample, boxes = sample_window(photo, (128, 192), Augmentation(long_side=300), rng)
        assert sample.shape == (128, 192, 3)
        for ymin, xmin, ymax, xmax in np.round(boxes).astype(int):
            white = (sample > 127)[..., 0]
            assert white[ymin + 2 : ymax - 2, xmin + 2 : xmax - 2].mean() > 0.95
            assert white.sum() <= 1.3 * (ymax - ymin + 2) * (xmax - xmin + 2)
            seen += 1
    assert seen > 15


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Eight grey pictures with one white, striped plate each."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(8):
        image = rng.integers(60, 90, (180, 260, 3), np.uint8)
        y, x = int(rng.integers(20, 120)), int(rng.integers(20, 140))
        image[y : y + 24, x : x + 96] = 230
        image[y + 6 : y + 18, x + 8 : x + 90 : 12] = 20
        cv2.imwrite(str(folder / f"{index}.png"), image)
        plate = VocObject("plate", (x, y, x + 96, y + 24))
        write_voc(folder / f"{index}.xml", Annotation(f"{index}.png", 260, 180, (plate,)))
    return folder


def plan_for(photos: Path, epochs: int) -> TrainingPlan:
    source = DataSource(str(photos))
    return TrainingPlan(
        (source,), source, height=64, width=96, batch=4, epochs=epochs, epoch_batches=5, learning_rate=5e-3
    )


def test_training_learns_resumes_and_exports(photos: Path, tmp_path: Path):
    run = tmp_path / "run"
    plan = plan_for(photos, epochs=4)
    train_ssd(plan, run, TINY, stop_after=2)
    assert len((run / "log.csv").read_text().splitlines()) == 3
    weights = train_ssd(plan, run, TINY)
    lines = (run / "log.csv").read_text().splitlines()
    assert len(lines) == 5, "a resumed run must go on, not start again"
    column = lines[0].split(",").index("loss")
    assert float(lines[-1].split(",")[column]) < float(lines[1].split(",")[column])
    assert (run / "curves.png").stat().st_size > 1000
    folder = export_ssd(
        weights, tmp_path / "exported", {"training_data": "made up"}, long_sides=(192, 256), config=TINY
    )
    facts = json.loads((folder / "metadata.json").read_text())
    assert facts["training_data"] == "made up"
    assert facts["sha256"].keys() >= {"saved_model/saved_model.pb", "weights.npz"}

    import tensorflow as tf

    serve = tf.saved_model.load(str(folder / "saved_model")).signatures["serving_default"]
    for height, width in ((90, 120), (1, 1), (700, 40)):
        found = serve(input_tensor=tf.zeros((1, height, width, 3), tf.uint8))
        count = int(found["num_detections"][0])
        assert found["detection_boxes"].shape == (1, count, 4)
        assert found["detection_scores"].shape == (1, count)
        assert ((found["detection_boxes"].numpy() >= 0) & (found["detection_boxes"].numpy() <= 1)).all()


def test_a_run_refuses_other_settings(photos: Path, tmp_path: Path):
    train_ssd(plan_for(photos, epochs=1), tmp_path / "run", TINY)
    with pytest.raises(AlprError, match="other settings"):
        train_ssd(plan_for(photos, epochs=2), tmp_path / "run", TINY)


def test_weights_of_another_network_are_refused(tmp_path: Path):
    other = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save_weights(other)
    with pytest.raises(ModelError, match=r"other\.weights\.h5"):
        export_ssd(other, tmp_path / "out", config=TINY)
    with pytest.raises(ModelError, match="missing"):
        export_ssd(tmp_path / "missing.weights.h5", tmp_path / "out", config=TINY)


def test_training_takes_swapped_plates_and_one_half(photos: Path, tmp_path: Path):
    sources = (DataSource(str(photos), 1.0, "swap"), DataSource(str(photos), 1.0, "a"))
    plan = TrainingPlan(sources, height=64, width=96, batch=2, epochs=1, epoch_batches=2)
    assert train_ssd(plan, tmp_path / "run", TINY).exists()
    half_a, half_b = (load_source(DataSource(str(photos), 1.0, part))[0] for part in ("a", "b"))
    assert len(half_a) == len(half_b) == 4
    assert not {p.path for p in half_a} & {p.path for p in half_b}


def test_data_source_syntax():
    assert DataSource.parse("photos/mn:a=0.25") == DataSource("photos/mn", 0.25, "a")
    assert DataSource.parse("photos") == DataSource("photos", 1.0, "")
    assert DataSource.parse("photos:swap=2").part == "swap"
    with pytest.raises(AlprError, match="no number"):
        DataSource.parse("photos=much")
