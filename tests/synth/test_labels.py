"""Generated labels, checked for every layout of every country under every preset."""

from itertools import cycle
from typing import Any

import cv2
import numpy as np
import pytest

from alpr_utils.plates import COUNTRIES, PlateLayout, plate_type
from alpr_utils.synth.photo import sample
from alpr_utils.synth.photo.degrade import PRESETS, DegradedPlate
from alpr_utils.synth.photo.sample import sample_plate
from alpr_utils.synth.plate.labels import ScenePlate
from alpr_utils.synth.scene import compose as composed
from alpr_utils.synth.scene.compose import SCENE_PRESETS, compose_scene

LAYOUTS = [(country, layout.name) for country, plates in COUNTRIES.items() for layout in plates.layouts]
PLATES_OF_EACH, SCENES_OF_EACH = 3, 2
TOLERANCE_PX = 1.0


def _check_text(plate: DegradedPlate | ScenePlate, layout: PlateLayout, real: bool) -> None:
    assert (plate.country, plate.layout, plate.rows) == (layout.country, layout.name, layout.rows)
    assert len(plate.text) == len(layout.slots) == len(plate.char_boxes)
    assert [char in slot for char, slot in zip(plate.text, layout.slots, strict=True)] == [True] * len(plate.text)
    if real:
        assert plate_type(plate.country).parse(plate.text).text == plate.text


def _check_corners(corners: np.ndarray, size: tuple[int, int]) -> None:
    """Four corners, clockwise from the top left, inside the picture of ``size`` H, W."""
    assert (corners.shape, corners.dtype) == ((4, 2), np.float32)
    assert corners.min() >= -TOLERANCE_PX
    assert (corners <= np.array(size[::-1]) + TOLERANCE_PX).all()
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = corners
    assert x1 < x2 and x4 < x3 and y1 < y4 and y2 < y3


def _check_characters(plate: DegradedPlate | ScenePlate, layout: PlateLayout) -> None:
    """Boxes inside the plate, each nearest to its own place of the layout: that is, in reading order."""
    boxes, corners = plate.char_boxes, plate.corners
    assert (boxes.shape[1], boxes.dtype) == (4, np.float32)
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert (boxes[:, :2] >= corners.min(0)[::-1] - TOLERANCE_PX).all()
    assert (boxes[:, 2:] <= corners.max(0)[::-1] + TOLERANCE_PX).all()
    centres = ((boxes[:, :2] + boxes[:, 2:]) / 2)[:, ::-1].astype(np.float32)
    outline = corners.reshape(-1, 1, 2)
    for x, y in centres:
        assert cv2.pointPolygonTest(outline, (float(x), float(y)), True) >= -TOLERANCE_PX
    width, height = layout.size_mm
    straight = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    to_mm = cv2.getPerspectiveTransform(corners, straight)
    places = cv2.perspectiveTransform(centres[:, None], to_mm)[:, 0]
    distances = np.linalg.norm(places[:, None] - np.array(layout.char_centres_mm)[None], axis=2)
    assert distances.argmin(1).tolist() == list(range(len(boxes)))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("country", "name"), LAYOUTS)
def test_plates(country: str, name: str, preset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = plate_type(country).layout(name)
    monkeypatch.setattr(sample, "pick_layout", lambda rng, country: layout)
    for number in range(PLATES_OF_EACH):
        balanced = number == 0
        plate = sample_plate(np.random.default_rng([7, number]), country, preset, balanced)
        _check_text(plate, layout, real=not balanced)
        _check_corners(plate.corners, plate.image.shape[:2])
        _check_characters(plate, layout)


@pytest.mark.slow
@pytest.mark.parametrize("preset", SCENE_PRESETS)
@pytest.mark.parametrize("country", COUNTRIES)
def test_scenes(country: str, preset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Layouts in turn rather than as often as on the road, so that few scenes show many.
    layouts: Any = cycle(plate_type(country).layouts[:: -1 if preset == "street" else 1])
    monkeypatch.setattr(composed, "pick_layout", lambda rng, country: next(layouts))
    seen = 0
    for number in range(SCENES_OF_EACH):
        scene = compose_scene(np.random.default_rng([11, number]), country, preset)
        height, width = scene.image.shape[:2]
        for plate in scene.plates:
            layout = plate_type(country).layout(plate.layout)
            _check_text(plate, layout, real=True)
            _check_corners(plate.corners, (height, width))
            _check_characters(plate, layout)
            low, high = plate.corners.min(0)[::-1], plate.corners.max(0)[::-1]
            assert (plate.box[:2] <= low + TOLERANCE_PX).all() and (plate.box[2:] >= high - TOLERANCE_PX).all()
            seen += 1
        assert (scene.vehicles.shape[1], scene.vehicles.dtype) == (4, np.float32)
        assert (scene.vehicles >= 0).all() and (scene.vehicles <= [height, width, height, width]).all()
        assert (scene.vehicles[:, 2:] > scene.vehicles[:, :2]).all()
    assert seen > 0
