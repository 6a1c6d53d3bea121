"""Generated characters, plates and scenes: the labels are right and the same seed gives the same bytes."""

import sys
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.data.voc import read_voc
from alpr_utils.plates.mongolia import ALPHABET, LABEL_CODES, LAYOUTS, MONGOLIA, PLATE_LABEL, random_text
from alpr_utils.synth import scene as scenes
from alpr_utils.synth.car import car_meshes, random_look
from alpr_utils.synth.car_shape import SHAPES, body
from alpr_utils.synth.degrade import degrade, project_boxes
from alpr_utils.synth.glyphs import OWN_FACES, Face, font_faces
from alpr_utils.synth.mesh import vertex_normals
from alpr_utils.synth.plate import render_plate
from alpr_utils.synth.render3d import Camera, RendererError, load_mitsuba
from alpr_utils.synth.sample import sample_plates
from alpr_utils.synth.stroke_font import STROKES
from alpr_utils.synth.wear import WearRanges

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


def test_degraded_plates_stay_inside_their_picture() -> None:
    plates = sample_plates(7)
    for _ in range(40):
        plate = next(plates)
        height, width = plate.image.shape[:2]
        assert plate.image.dtype == np.uint8 and plate.image.shape[2] == 3
        assert (plate.corners >= -0.01).all() and (plate.corners <= (width, height)).all()
        low, high = plate.corners.min(0), plate.corners.max(0)
        assert (plate.char_boxes[:, :2] >= low[::-1] - 0.01).all() and (
            plate.char_boxes[:, 2:] <= high[::-1] + 0.01
        ).all()
        centres = (plate.char_boxes[:, :2] + plate.char_boxes[:, 2:]) / 2
        assert (np.diff(centres[:4, 1]) > 0).all() and (np.diff(centres[4:, 1]) > 0).all()
        # Corners run clockwise from the top left, in pixels with y down.
        edges = np.roll(plate.corners, -1, 0) - plate.corners
        assert (
            np.cross(np.pad(edges, ((0, 0), (0, 1))), np.pad(np.roll(edges, -1, 0), ((0, 0), (0, 1))))[:, 2] > 0
        ).all()


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second, other = (next(sample_plates(seed)) for seed in (5, 5, 6))
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
    camera = Camera((3.0, -8.0, 1.5), (0.0, 0.0, 0.6), 1000.0, 1280, 720)
    middle, above, beside = camera.project(np.array([(0, 0, 0.6), (0, 0, 1.0), (0.5, 0, 0.6)]))
    assert np.allclose(middle, (640, 360, np.linalg.norm((3, 8, 0.9))))
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


def test_generating_without_the_ray_tracer_names_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "mitsuba", None)
    with pytest.raises(RendererError, match="pip install"):
        scenes.write_scenes(tmp_path, 1, 0, 1)
    assert not list(tmp_path.iterdir())


def test_scenes_are_written_with_exact_labels(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("mitsuba")
    load_mitsuba()
    monkeypatch.setattr(scenes, "TRACED_SHARE", 0.1)
    monkeypatch.setattr(scenes, "SAMPLES", 1)
    monkeypatch.setattr(scenes, "PLATE_COUNT_SHARES", (0, 1, 0))
    first, again = (scenes.write_scenes(tmp_path / name, 1, 3, 1)[0] for name in "ab")
    assert first.read_bytes() == again.read_bytes()
    annotation = read_voc(first.with_suffix(".xml"))
    assert (annotation.filename, annotation.width, annotation.height) == ("0.jpg", 1280, 720)
    names = [item.name for item in annotation.objects]
    assert names[0] == PLATE_LABEL and len(names) == 8 and set(names[1:]) <= set(LABEL_CODES.values())
    ymin, xmin, ymax, xmax = annotation.boxes((PLATE_LABEL,))[0]
    chars = annotation.boxes(tuple(names[1:]))
    assert (chars[:, 0] >= ymin).all() and (chars[:, 2] <= ymax).all()
    assert (chars[:, 1] >= xmin).all() and (chars[:, 3] <= xmax).all()


def test_the_shipped_pictures_have_labels_that_fit_them() -> None:
    cv2 = pytest.importorskip("cv2")
    folder = Path(__file__).parent.parent / "mongol_alpr_images"
    counts = []
    for index in range(30):
        picture = cv2.imread(str(folder / f"{index}.jpg"))
        annotation = read_voc(folder / f"{index}.xml")
        assert picture.shape[:2] == (annotation.height, annotation.width) and picture.shape[1] >= 1280
        names = [item.name for item in annotation.objects]
        plates = names.count(PLATE_LABEL)
        assert len(names) == 8 * plates and set(names) <= {PLATE_LABEL, *LABEL_CODES.values()}
        counts.append(plates)
    assert {0, 1, 2} <= set(counts)
