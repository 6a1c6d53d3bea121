"""What the second look is taught, its training, and the detector that both looks make together."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from alpr_utils.boxes import iou_matrix
from alpr_utils.data.pictures import load_pictures
from alpr_utils.detect.exported import load_detector
from alpr_utils.detect.find_boxes import FindSettings
from alpr_utils.detect.second_look import LookRule, SecondLook, TwoLooks, cut_region
from alpr_utils.errors import AlprError
from alpr_utils.networks.configs import SecondLookConfig
from alpr_utils.training.config import DataSource, SecondLookTrainConfig
from alpr_utils.training.export import export_onnx
from alpr_utils.training.second_look import export_second_look, train_second_look
from alpr_utils.training.second_look_samples import PlatePhoto, SecondLookSamples, mirrored, target_of, turned
from alpr_utils.training.two_looks import put_together

BOX = np.array([60, 100, 84, 196], np.float32)
CORNERS = np.array([(100, 60), (196, 60), (196, 84), (100, 84)], np.float32)
TINY = SecondLookConfig(height=32, width=64, stem=4, widths=(4, 8, 8, 8), blocks=(0, 0, 0, 0), detail=8)


def photo(candidates: np.ndarray | None = None) -> PlatePhoto:
    """A grey picture with one white plate in `BOX`."""
    image = np.full((180, 300, 3), 80, np.uint8)
    image[60:84, 100:196] = 230
    none = np.empty((0, 4), np.float32)
    return PlatePhoto(image, BOX[None], CORNERS[None], none if candidates is None else candidates)


@pytest.fixture
def plates(tmp_path: Path) -> Path:
    folder = tmp_path / "plates"
    (folder / "images").mkdir(parents=True)
    cv2.imwrite(str(folder / "images" / "a.png"), photo().image)
    line = ",".join(str(value) for value in CORNERS.ravel())
    (folder / "corners.csv").write_text(f"image,x1,y1,x2,y2,x3,y3,x4,y4\na.png,{line}\n")
    return folder


def test_targets_are_shares_of_the_crop() -> None:
    region = np.array([48, 68, 96, 228])
    target = target_of(photo(), BOX, region)
    assert target[:2].tolist() == [1, 1] and target[6] == 1
    assert target[2:6] == pytest.approx([0.25, 0.2, 0.75, 0.8])
    assert target[7:].reshape(4, 2)[2] == pytest.approx([0.8, 0.75])
    assert target_of(photo(), BOX + 90, region)[:2].tolist() == [0, 0]
    image = cut_region(photo().image, region, (48, 160))
    seen, target = mirrored(image, target_of(photo(), BOX, region - [0, 16, 0, 16]))
    assert target[[3, 5]] == pytest.approx([0.1, 0.7])
    assert target[7:].reshape(4, 2)[0] == pytest.approx([0.1, 0.25]), "the top left stays the top left"
    assert seen.shape == image.shape


def test_a_turned_plate_lies_in_its_box() -> None:
    for seed in range(5):
        other = turned(photo(), 0, np.random.default_rng(seed))
        mask = np.zeros(other.image.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, np.round(other.corners[0]).astype(np.int32), 1)
        bright = other.image[..., 0] > 155
        shared = (bright & (mask > 0)).sum() / (bright | (mask > 0)).sum()
        assert shared > 0.85, "the corners are those of the white plate"
        y, x = np.nonzero(bright)
        seen = np.array([[y.min(), x.min(), y.max() + 1, x.max() + 1]], np.float32)
        assert iou_matrix(seen, other.boxes)[0, 0] > 0.85


def test_samples_show_right_and_wrong_candidates() -> None:
    wrong = np.array([[5, 5, 25, 60]], np.float32)
    samples = SecondLookSamples([[photo(wrong)]], [1.0], SecondLookTrainConfig(batch=60), TINY)
    crops, targets = samples[0]
    assert crops.shape == (60, 32, 64, 3) and targets.shape == (60, 15)
    assert 0.4 < (targets[:, 0] == 1).mean() < 0.8
    assert (targets[:, 0] == 0).mean() > 0.2
    assert (samples[0][1] == targets).all(), "a sample is decided by its number"


def test_corners_come_from_the_labels(plates: Path) -> None:
    (picture,) = load_pictures(plates)[0]
    assert np.array(picture.plates[0].corners_px) == pytest.approx(CORNERS)


@pytest.mark.slow
def test_a_training_goes_on_and_becomes_a_detector(plates: Path, tmp_path: Path) -> None:
    sources = (DataSource(folder=str(plates)), DataSource(folder=str(plates), swap="all"))
    config = SecondLookTrainConfig(sources=sources, batch=4, epochs=2, epoch_batches=2)
    weights = train_second_look(config, tmp_path / "run")
    assert train_second_look(config, tmp_path / "run") == weights
    assert len((tmp_path / "run" / "log.csv").read_text().splitlines()) == 3
    models = tmp_path / "models"
    folder = export_second_look([weights], models / "plate_second_look")
    by_onnx = SecondLook(folder).look(photo().image, BOX[None])
    assert export_onnx(folder).is_file()
    assert SecondLook(folder).look(photo().image, BOX[None])[1] == pytest.approx(by_onnx[1], abs=1e-3)
    shipped = Path(__file__).resolve().parents[2] / "exported_model_directory" / "plate_detector_ssd"
    (models / "ssd").symlink_to(shipped)
    street = DataSource(folder=str(shipped.parents[1] / "mongol_alpr_images"))
    both = put_together("ssd", folder.name, [street], FindSettings((640, 640)), LookRule(), models / "both")
    detector = load_detector(both)
    assert isinstance(detector, TwoLooks)
    assert detector.rule.first > 0, "what the first look believes counts"
    assert 0.2 <= detector.threshold <= 0.95
    with pytest.raises(AlprError, match="no data"):
        train_second_look(SecondLookTrainConfig(), tmp_path / "other")
