"""How plates are changed for the training of readers, and where they are kept."""

from pathlib import Path

import numpy as np
import pytest

from alpr_utils.read.preprocess import HEIGHT, WIDTH
from alpr_utils.training.generated_crops import generated_crops
from alpr_utils.training.plate_augment import CAMERAS, Camera, photographed, relit, reweighted, seen_aspect
from alpr_utils.training.plate_crops import MARGIN, STORED_HEIGHT, STORED_WIDTH, PlateCrops


def _stored_plate() -> np.ndarray:
    plate = np.full((STORED_HEIGHT, STORED_WIDTH), 220, np.uint8)
    for left in range(36, 156, 20):
        plate[24:56, left : left + 3] = 30
    return plate


def test_some_plates_have_bolder_or_thinner_strokes() -> None:
    plate = _stored_plate()
    seen = [reweighted(plate, np.random.default_rng(seed)) for seed in range(60)]
    ink = np.array([(220 - image.astype(float)).sum() for image in seen])
    assert (ink > 1.2 * (220.0 - plate).sum()).any()
    assert (ink < 0.8 * (220.0 - plate).sum()).any()
    assert 10 < sum(bool((image == plate).all()) for image in seen) < 50, "most plates stay as they are"


def test_cameras_see_plates_in_the_shape_of_the_photo() -> None:
    plate, inner = _stored_plate(), np.array([STORED_HEIGHT, STORED_WIDTH]) / (1 + 2 * MARGIN)
    view = np.concatenate([inner * MARGIN, inner * (1 + MARGIN)])
    assert seen_aspect(view, 4.7) == pytest.approx(4.7)
    coarse = [Camera(1.0, (30, 30), None, 0.0, 0.0, 0.0, (50, 60))]
    for aspect in (1.4, 4.7):
        image = photographed(plate, view, aspect, np.random.default_rng(1), coarse)
        assert image.shape == (HEIGHT, WIDTH)
        assert image.dtype == np.uint8
    untouched = photographed(plate, view, 4.7, np.random.default_rng(1), [])
    coarse_edges = np.abs(np.diff(image.astype(int), axis=0)).max()
    assert coarse_edges < 0.6 * np.abs(np.diff(untouched.astype(int), axis=0)).max(), "six rows of pixels only"


def test_relit_pictures_are_neither_black_nor_white() -> None:
    dark = np.random.default_rng(0).integers(0, 20, (64, HEIGHT, WIDTH, 1), np.uint8)
    means = relit(dark, np.random.default_rng(1)).mean(axis=(1, 2, 3))
    assert means.min() > 15
    assert relit(255 - dark, np.random.default_rng(1)).mean(axis=(1, 2, 3)).max() < 240


def test_every_camera_gives_the_networks_size_and_the_same_again() -> None:
    plate, view = _stored_plate(), np.array([8.0, 16.0, 72.0, 176.0])
    for camera in CAMERAS:
        always = [Camera(1.0, camera.width, camera.move, camera.defocus, camera.dark, camera.jpeg, camera.quality)]
        first, again = (photographed(plate, view, 4.0, np.random.default_rng(5), always) for _ in range(2))
        assert (first.shape, first.dtype) == ((HEIGHT, WIDTH), np.uint8)
        assert (first == again).all()
    assert sum(camera.share for camera in CAMERAS) < 0.8, "some plates stay as they are"


def test_plates_keep_their_shape_in_files(tmp_path: Path) -> None:
    plates = PlateCrops(
        _stored_plate()[None],
        (("1", "2"),),
        np.zeros((1, 4, 2), np.float32),
        np.zeros((1, 9, 4), np.float32),
        np.array([4.5], np.float32),
    )
    plates.save(tmp_path / "plates.npz")
    assert PlateCrops.load(tmp_path / "plates.npz").aspects.tolist() == [4.5]
    with np.load(tmp_path / "plates.npz") as arrays:
        np.savez(tmp_path / "old.npz", **{name: arrays[name] for name in arrays.files if name != "aspects"})
    assert np.isnan(PlateCrops.load(tmp_path / "old.npz").aspects).tolist() == [True]


def test_countries_take_turns_so_that_a_stopped_generation_has_plates_of_all(tmp_path: Path) -> None:
    for name in ("kr_0000000", "kr_0001000", "mn_0000000", "mn_0001000"):
        places = np.zeros((1, 4, 2), np.float32), np.zeros((1, 9, 4), np.float32), np.ones(1, np.float32)
        PlateCrops(_stored_plate()[None], ((name,),), *places).save(tmp_path / f"{name}.npz")
    plates = generated_crops(("mn", "kr"), 4000, 0, tmp_path, workers=1)
    assert [text for (text,) in plates.texts] == ["mn_0000000", "kr_0000000", "mn_0001000", "kr_0001000"]
