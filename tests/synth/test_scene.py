"""Composed scenes: labels are exact, presets differ, own backgrounds are used, the same seed gives the same bytes."""

from pathlib import Path

import numpy as np
import pytest

from alpr_utils.errors import AlprError
from alpr_utils.images import write_image
from alpr_utils.plates import COUNTRIES, plate_type
from alpr_utils.synth.plate.labels import LabelledScene
from alpr_utils.synth.scene.compose import SCENE_PRESETS, compose_scene


def scenes(country: str, preset: str, count: int) -> list[LabelledScene]:
    return [compose_scene(np.random.default_rng([3, i]), country, preset) for i in range(count)]


def inside(boxes: np.ndarray, outer: np.ndarray, slack: float) -> bool:
    return bool((boxes[:, :2] >= outer[:2] - slack).all() and (boxes[:, 2:] <= outer[2:] + slack).all())


@pytest.mark.parametrize("preset", SCENE_PRESETS)
@pytest.mark.parametrize("country", COUNTRIES)
def test_labels_lie_where_they_belong(country: str, preset: str) -> None:
    made = scenes(country, preset, 4)
    assert any(scene.plates for scene in made)
    for scene in made:
        assert scene.image.shape == (720, 1280, 3) and scene.image.dtype == np.uint8
        picture = np.array([0, 0, 720, 1280], np.float32)
        assert len(scene.vehicles) >= len(scene.plates)
        assert inside(scene.vehicles, picture, 0)
        for plate in scene.plates:
            assert plate.country == country and plate_type(country).validate(plate.text)
            assert len(plate.char_boxes) == len(plate.text)
            assert inside(plate.box[None], picture, 0)
            corners = np.concatenate([plate.corners, plate.corners], 1)[:, [1, 0, 3, 2]]
            assert inside(corners, plate.box, 0.5) and inside(plate.char_boxes, plate.box, 2)
            on_a_vehicle = [inside(plate.box[None], vehicle, 3) for vehicle in scene.vehicles]
            assert any(on_a_vehicle)


def test_plates_are_drawn_where_their_boxes_are() -> None:
    contrast = []
    for scene in scenes("mn", "street", 6):
        for plate in scene.plates:
            ymin, xmin, ymax, xmax = plate.box.round().astype(int)
            crop = scene.image[ymin:ymax, xmin:xmax].mean(2)
            contrast.append(np.percentile(crop, 95) - np.percentile(crop, 5))
    assert np.median(contrast) > 40


def test_same_seed_same_bytes() -> None:
    first, again = (compose_scene(np.random.default_rng(5), "kr", "mixed") for _ in range(2))
    assert first.image.tobytes() == again.image.tobytes()
    assert [p.text for p in first.plates] == [p.text for p in again.plates]
    assert np.array_equal(first.vehicles, again.vehicles)


@pytest.mark.slow
def test_presets_show_plates_of_their_sizes() -> None:
    widths = {
        name: np.mean([np.ptp(p.corners[:, 0]) for scene in scenes("kr", name, 6) for p in scene.plates])
        for name in SCENE_PRESETS
    }
    assert widths["cctv"] < widths["street"] < widths["parking"]


def test_own_backgrounds_are_used_and_broken_ones_named(tmp_path: Path) -> None:
    good, broken = tmp_path / "good.png", tmp_path / "broken.jpg"
    write_image(good, np.full((300, 500, 3), (20, 200, 40), np.uint8))
    broken.write_bytes(b"no picture")
    with pytest.warns(UserWarning, match="broken.jpg"):
        made = [compose_scene(np.random.default_rng(i), "mn", "cctv", (broken, good)) for i in range(6)]
    greenish = [np.median(scene.image[..., 1]) > np.median(scene.image[..., 0]) + 40 for scene in made]
    assert any(greenish)
    with pytest.raises(AlprError, match="None of the 1 background"), pytest.warns(UserWarning):
        compose_scene(np.random.default_rng(0), "mn", "cctv", (broken,))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AlprError, match="parking, cctv, street"):
        compose_scene(np.random.default_rng(0), "mn", "moon")
    with pytest.raises(AlprError, match="mn, kr"):
        compose_scene(np.random.default_rng(0), "xx", "cctv")
