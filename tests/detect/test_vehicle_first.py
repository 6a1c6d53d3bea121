"""Vehicles first, then the plates on them, with detectors whose answers are known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import BrightBoxDetector

from alpr_utils.detect.detector import Detection
from alpr_utils.detect.vehicle_first import LEAST_CUT, VehicleFirstDetector, cuts_of, load_vehicle_detector
from alpr_utils.errors import ModelError
from alpr_utils.images import read_image

HEIGHT, WIDTH = 900, 1600
CAR = Detection((0.4, 0.3, 0.7, 0.5), 0.9, "car")
PLATE = (560, 600, 576, 660)  # ymin, xmin, ymax, xmax, pixels, on the car


class FixedVehicles:
    """Always finds the same objects."""

    name, threshold = "vehicles", 0.5

    def __init__(self, *found: Detection):
        self.found, self.calls = list(found), 0

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        self.calls += 1
        return self.found


class NearSighted(BrightBoxDetector):
    """Finds plates that are at least a tenth as wide as what it is shown."""

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        return [d for d in super().detect(image, min_score) if d.box[3] - d.box[1] >= 0.1]


@pytest.fixture
def picture() -> np.ndarray:
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    ymin, xmin, ymax, xmax = PLATE
    image[ymin:ymax, xmin:xmax] = 250
    return image


def test_plate_on_a_vehicle_is_found(picture: np.ndarray) -> None:
    assert NearSighted().detect(picture) == []
    assert VehicleFirstDetector(NearSighted(), FixedVehicles()).detect(picture) == []
    (found,) = VehicleFirstDetector(NearSighted(), FixedVehicles(CAR)).detect(picture)
    assert found.box == pytest.approx((560 / HEIGHT, 600 / WIDTH, 576 / HEIGHT, 660 / WIDTH))
    assert found.label == "plate"


def test_plate_seen_twice_comes_out_once(picture: np.ndarray) -> None:
    detector = VehicleFirstDetector(BrightBoxDetector(), FixedVehicles(CAR, Detection(CAR.box, 0.8, "truck")))
    assert len(detector.detect(picture)) == 1


@pytest.mark.parametrize(("label", "count"), [("Bus", 1), ("vehicle", 1), ("person", 0), ("plate", 0)])
def test_only_vehicles_are_cut(picture: np.ndarray, label: str, count: int) -> None:
    vehicles = FixedVehicles(Detection(CAR.box, 0.9, label))
    assert len(VehicleFirstDetector(NearSighted(), vehicles).detect(picture)) == count


def test_small_picture_needs_no_vehicles(plate_picture: np.ndarray) -> None:
    vehicles = FixedVehicles(CAR)
    assert len(VehicleFirstDetector(BrightBoxDetector(), vehicles).detect(plate_picture)) == 1
    assert vehicles.calls == 0


def test_cuts_have_a_margin_and_stay_inside() -> None:
    (cut,) = cuts_of([CAR], HEIGHT, WIDTH)
    assert cut.top < 360 and cut.left < 480 and cut.bottom > 630 and cut.right > 800
    (corner,) = cuts_of([Detection((0.95, 0.97, 1.0, 1.0), 0.9, "car")], HEIGHT, WIDTH)
    assert (corner.bottom, corner.right) == (HEIGHT, WIDTH)
    assert corner.bottom - corner.top == corner.right - corner.left == LEAST_CUT


def test_needless_cuts_are_left_out() -> None:
    inside = Detection((0.45, 0.35, 0.6, 0.45), 0.8, "car")
    assert len(cuts_of([CAR, inside], HEIGHT, WIDTH)) == 1
    behind_a_bus = [Detection((0.1, 0.1, 0.9, 0.6), 0.9, "bus"), Detection((0.2, 0.2, 0.3, 0.25), 0.8, "car")]
    assert len(cuts_of(behind_a_bus, HEIGHT, WIDTH)) == 2
    assert cuts_of([Detection((0.1, 0.1, 0.9, 0.9), 0.9, "bus")], HEIGHT, WIDTH) == []


def test_missing_vehicle_detector_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no vehicle detector 'vehicle_detector_ssd'.*train one.*COCO"):
        load_vehicle_detector(models_dir=tmp_path)


def test_label_map_must_name_a_vehicle(build_saved_model: Callable[..., Path], tmp_path: Path) -> None:
    build_saved_model(tmp_path / "coco" / "saved_model")
    with pytest.raises(ModelError, match="names plate and no vehicle"):
        load_vehicle_detector("coco", tmp_path)
    (tmp_path / "coco" / "label_map.pbtxt").write_text("item { id: 1 name: '/m/0k4j' display_name: 'Car' }")
    assert load_vehicle_detector("coco", tmp_path).detect(np.zeros((9, 9, 3), np.uint8))[0].label == "Car"


@pytest.mark.slow
def test_the_shipped_vehicle_detector_finds_vehicles() -> None:
    scenes = sorted((Path(__file__).resolve().parents[2] / "mongol_alpr_images").glob("*.jpg"))[:3]
    detector = load_vehicle_detector()
    assert all({found.label for found in detector.detect(read_image(scene), 0.3)} == {"vehicle"} for scene in scenes)
