"""Generated characters, plates and scenes: the labels are right and the same seed gives the same bytes."""

import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from alpr_utils.data.voc import read_voc
from alpr_utils.errors import AlprError
from alpr_utils.plates import COUNTRIES, PLATE_LABEL
from alpr_utils.plates.korea import PLATES as KOREA
from alpr_utils.plates.mongolia import ALPHABET, LABEL_CODES, LAYOUTS, random_text
from alpr_utils.plates.mongolia import PLATES as MONGOLIA
from alpr_utils.synth.files.recipe import Recipe
from alpr_utils.synth.glyphs.faces import OWN_FACES, Face, font_faces
from alpr_utils.synth.glyphs.stroke_font import STROKES
from alpr_utils.synth.photo.degrade import PRESETS, degrade
from alpr_utils.synth.photo.sample import sample_plate, sample_plates
from alpr_utils.synth.photo.view import Lens, ViewRanges, choose_view, project_boxes, warp_plate
from alpr_utils.synth.plate.render import render_plate
from alpr_utils.synth.plate.wear import WearRanges
from alpr_utils.synth.raytraced import scene as scenes
from alpr_utils.synth.raytraced.tracer import RendererError, load_mitsuba
from alpr_utils.synth.vehicle.car import car_meshes, random_look
from alpr_utils.synth.vehicle.mesh import vertex_normals
from alpr_utils.synth.vehicle.pinhole import PinholeCamera
from alpr_utils.synth.vehicle.shape import SHAPES, body

CLEAN = WearRanges(bolts=0, dirt=0, scratches=0, snow=0)
FACES = (*OWN_FACES, *font_faces())


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.name)
def test_every_glyph_has_ink_that_fills_its_cell(face: Face) -> None:
    for char in ALPHABET:
        mask = face.mask(char, 44, 76, 10)
        assert mask.shape == (76, 44) and mask.dtype == np.float32
        assert mask.min() >= 0 and mask.max() <= 1
        assert 0.1 < mask.mean() < 0.75, char
        edges = [mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()]
        assert min(edges) > 0.2, char


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.name)
def test_different_characters_look_different(face: Face) -> None:
    masks = {char: face.mask(char, 44, 76, 9) for char in ALPHABET if char not in "0О3З"}
    for char, mask in masks.items():
        nearest = min(float(np.abs(mask - other).mean()) for name, other in masks.items() if name != char)
        assert nearest > 0.02, char


def test_our_face_has_the_whole_alphabet_and_gets_bolder() -> None:
    assert set(ALPHABET) <= set(STROKES)
    thin, bold = (OWN_FACES[0].mask("Ж", 60, 76, stroke).mean() for stroke in (8, 12))
    assert bold > 1.2 * thin


def test_the_letters_of_some_two_row_plates_are_as_bold_as_their_digits() -> None:
    layout = next(layout for layout in LAYOUTS if layout.rows == 2)
    assert 0 < layout.even_strokes < 1

    def ink_of_a_letter(even_strokes: float) -> float:
        drawn = replace(layout, even_strokes=even_strokes), np.random.default_rng(1), 120, OWN_FACES[0]
        plate = render_plate("2580УНН", *drawn, MONGOLIA.colours[0], CLEAN)
        ymin, xmin, ymax, xmax = plate.char_boxes[-1].astype(int)
        return float((plate.image[ymin:ymax, xmin:xmax].mean(2) < 140).mean())

    assert ink_of_a_letter(1.0) > 1.15 * ink_of_a_letter(1e-9)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_character_boxes_hold_the_ink(layout) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(1)
    plate = render_plate("2580УНЛ", layout, rng, 120, OWN_FACES[0], MONGOLIA.colours[0], CLEAN)
    assert plate.image.dtype == np.uint8 and plate.image.shape[:2] == plate.alpha.shape
    assert plate.rows == layout.rows and plate.char_boxes.shape == (7, 4)
    (left, top), (right, bottom) = plate.corners[0], plate.corners[2]
    assert (plate.char_boxes[:, :2] > (top, left)).all() and (plate.char_boxes[:, 2:] < (bottom, right)).all()
    grey = plate.image.mean(2)
    for ymin, xmin, ymax, xmax in plate.char_boxes.astype(int):
        inside = grey[ymin:ymax, xmin:xmax] < 140
        assert inside.mean() > 0.12
        ring = grey[ymin - 2 : ymax + 2, xmin - 2 : xmax + 2].copy()
        ring[2:-2, 2:-2] = 255
        assert (ring < 100).mean() < 0.03


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


def test_a_camera_sees_its_target_in_the_middle_and_up_above_down() -> None:
    camera = PinholeCamera((3.0, -8.0, 1.5), (0.0, 0.0, 0.6), 1000.0, 1280, 720)
    middle, above, beside = camera.project(np.array([(0, 0, 0.6), (0, 0, 1.0), (0.5, 0, 0.6)]))
    assert np.allclose(middle, (640, 360, float(np.linalg.norm((3, 8, 0.9)))))
    assert above[1] < middle[1] and beside[0] > middle[0]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_car_bodies_have_their_size_and_face_outwards(shape) -> None:  # type: ignore[no-untyped-def]
    surface = body(shape)
    size = np.ptp(surface.vertices, axis=0)
    assert np.allclose(size[:2], (shape.length, shape.width), rtol=0.04)
    assert surface.vertices[:, 2].max() == pytest.approx(shape.height, abs=0.05)
    outward = vertex_normals(surface.vertices, surface.faces) * np.sign(surface.vertices - (0, 0, 0.7))
    assert (outward.sum(1) > 0).mean() > 0.95


def test_every_mesh_of_a_car_is_sound() -> None:
    look = random_look(np.random.default_rng(0), 0.3, 0.5, 60)
    for mesh in car_meshes(SHAPES[0], look):
        assert mesh.faces.min() >= 0 and mesh.faces.max() < len(mesh.vertices)
        assert len(mesh.uv) == len(mesh.vertices) and np.isfinite(mesh.vertices).all()
        assert (mesh.vertices[:, 2] > -0.01).all()


def test_generating_without_the_ray_tracer_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mitsuba", None)
    with pytest.raises(RendererError, match="pip install"):
        Recipe("scenes", "mn", quality="rendered").check()


def test_rendered_scenes_have_exact_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mitsuba")
    load_mitsuba()
    monkeypatch.setattr(scenes, "TRACED_SHARE", 0.1)
    monkeypatch.setattr(scenes, "SAMPLES", 1)
    monkeypatch.setattr(scenes, "PLATE_COUNT_SHARES", (0, 1, 0))
    first, again = (Recipe("scenes", "mn", seed=3, quality="rendered").picture(0) for _ in "ab")
    assert first.jpeg == again.jpeg
    assert first.size == (720, 1280)
    plate = first.plates[0]
    ymin, xmin, ymax, xmax = plate.box
    assert len(plate.char_boxes) == len(plate.text)
    assert (plate.char_boxes[:, :2] >= (ymin, xmin)).all() and (plate.char_boxes[:, 2:] <= (ymax, xmax)).all()
    inside = (first.vehicles[:, :2] <= (ymin, xmin)).all(1) & (first.vehicles[:, 2:] >= (ymax, xmax)).all(1)
    assert inside.any(), "a plate hangs on a vehicle"


def test_the_shipped_pictures_have_labels_that_fit_them() -> None:
    folder = Path(__file__).parents[2] / "mongol_alpr_images"
    counts = []
    for index in range(30):
        picture = cv2.imread(str(folder / f"{index}.jpg"))
        assert picture is not None
        annotation = read_voc(folder / f"{index}.xml")
        assert picture.shape[:2] == (annotation.height, annotation.width) and picture.shape[1] >= 1280
        names = [item.name for item in annotation.objects]
        plates = names.count(PLATE_LABEL)
        assert len(names) == 8 * plates and set(names) <= {PLATE_LABEL, *LABEL_CODES.values()}
        counts.append(plates)
    assert {0, 1, 2} <= set(counts)
