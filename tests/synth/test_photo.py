"""Photos of one plate: labels, lens, light, seeds."""

from dataclasses import replace
from itertools import islice

import cv2
import numpy as np
import pytest

from alpr_utils.errors import AlprError
from alpr_utils.plates import COUNTRIES
from alpr_utils.plates.korea import PLATES as KOREA
from alpr_utils.plates.mongolia import LAYOUTS, random_text
from alpr_utils.plates.mongolia import PLATES as MONGOLIA
from alpr_utils.synth.glyphs.faces import OWN_FACES, font_faces
from alpr_utils.synth.photo.degrade import PRESETS, degrade
from alpr_utils.synth.photo.sample import sample_plate, sample_plates
from alpr_utils.synth.photo.view import Lens, ViewRanges, choose_view, project_boxes, warp_plate
from alpr_utils.synth.plate.render import render_plate
from alpr_utils.synth.plate.wear import WearRanges

CLEAN = WearRanges(bolts=0, dirt=0, scratches=0, snow=0)
FACES = (*OWN_FACES, *font_faces())


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("country", COUNTRIES)
def test_degraded_plates_stay_inside_their_picture(country: str, preset: str) -> None:
    for plate in islice(sample_plates(7, country, preset), 40):
        assert plate.country == country and len(plate.char_boxes) == len(plate.text)
        assert plate.rows == COUNTRIES[country].layout(plate.layout).rows
        height, width = plate.image.shape[:2]
        assert plate.image.dtype == np.uint8 and plate.image.shape[2] == 3
        assert (plate.corners >= -0.01).all() and (plate.corners <= (width, height)).all()
        low, high = plate.corners.min(0), plate.corners.max(0)
        assert (plate.char_boxes[:, :2] >= low[::-1] - 0.01).all() and (
            plate.char_boxes[:, 2:] <= high[::-1] + 0.01
        ).all()
        # Corners run clockwise from the top left, in pixels with y down.
        edges = np.roll(plate.corners, -1, 0) - plate.corners
        assert (
            np.cross(np.pad(edges, ((0, 0), (0, 1))), np.pad(np.roll(edges, -1, 0), ((0, 0), (0, 1))))[:, 2] > 0
        ).all()


def test_characters_run_from_left_to_right_in_each_row() -> None:
    for plate in islice(sample_plates(7, "mn"), 40):
        if plate.text[0].isdigit():
            centres = plate.char_boxes[:, 1] + plate.char_boxes[:, 3]
            assert (np.diff(centres[:4]) > 0).all() and (np.diff(centres[4:]) > 0).all()


@pytest.mark.slow
def test_hardly_any_plate_is_too_small_to_read() -> None:
    for country in COUNTRIES:
        boxes = [plate.char_boxes for plate in islice(sample_plates(3, country), 150)]
        heights = np.array([np.median(box[:, 2] - box[:, 0]) for box in boxes])
        assert (heights < 6).mean() < 0.05


def test_a_plate_depends_on_its_seed_and_number_only() -> None:
    third = next(islice(sample_plates(5, "kr", "cctv"), 2, None))
    alone = sample_plate(np.random.default_rng([5, 2]), "kr", "cctv")
    assert third.text == alone.text and np.array_equal(third.image, alone.image)


def test_unknown_country_and_preset_name_the_known_ones() -> None:
    with pytest.raises(AlprError, match="mixed, parking, cctv, phone"):
        sample_plate(np.random.default_rng(0), "mn", preset="drone")
    with pytest.raises(AlprError, match="mn, kr"):
        sample_plate(np.random.default_rng(0), country="xx")


@pytest.mark.parametrize("change", [0.15, -0.03])
def test_a_lens_moves_labels_with_the_picture(change: float) -> None:
    rng = np.random.default_rng(0)
    plate = render_plate("2580УНЛ", LAYOUTS[0], rng, 80, OWN_FACES[0], MONGOLIA.colours[0], CLEAN)
    straight = choose_view(plate.size_mm, ViewRanges(width_px=(250, 260, 270), lens=0), rng)
    size = (straight.size[0] + 40, straight.size[1] + 40)
    view = replace(straight, corners=straight.corners + 20, size=size, lens=Lens(20.0, -150.0, 500.0, change))
    # The plate without its frame must cover what its labels enclose.
    blank = replace(plate, alpha=np.zeros_like(plate.alpha))
    (left, top), (right, bottom) = plate.corners[0].astype(int), plate.corners[2].astype(int)
    blank.alpha[top:bottom, left:right] = 255
    homography = view.homography(plate)
    _, cover = warp_plate(blank, homography, view.size, view.lens)
    corners = view.points(plate.corners, homography)
    assert np.abs(corners - view.corners).max() > 1
    share = np.linspace(0, 1, 20)[None, :, None]
    sides = plate.corners[:, None] + share * (np.roll(plate.corners, -1, 0) - plate.corners)[:, None]
    quad = view.points(sides.reshape(-1, 2), homography)
    assert cover.sum() == pytest.approx(cv2.contourArea(quad), rel=0.005)
    y, x = np.nonzero(cover[..., 0] > 0.5)
    seen = np.array([(x.min(), y.min()), (x.max() + 1, y.max() + 1)])
    assert np.allclose(seen, (quad.min(0), quad.max(0)), atol=1)


def test_infrared_pictures_are_grey_with_dark_surroundings() -> None:
    always = replace(PRESETS["parking"], light=replace(PRESETS["parking"].light, infrared=1))
    rng = np.random.default_rng(2)
    for _ in range(5):
        plate = degrade(render_plate("서울12가3456", KOREA.layout("green_region"), rng, 90), rng, always)
        assert np.array_equal(plate.image[..., 0], plate.image[..., 2])


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second, other = (next(sample_plates(seed, "mn")) for seed in (5, 5, 6))
    assert first.text == second.text and np.array_equal(first.image, second.image)
    assert np.array_equal(first.char_boxes, second.char_boxes)
    assert first.text != other.text


def test_degrading_does_not_touch_the_plate_it_is_given() -> None:
    rng = np.random.default_rng(0)
    plate = render_plate(random_text(rng), LAYOUTS[0], rng, 80)
    before = plate.image.copy()
    degrade(plate, rng)
    assert np.array_equal(plate.image, before)


def test_project_boxes_follows_a_shift_and_scale() -> None:
    homography = np.array([(2.0, 0, 5), (0, 2, 7), (0, 0, 1)])
    assert np.allclose(project_boxes(np.array([(1.0, 2, 3, 4)]), homography), [(9, 9, 13, 13)])
