"""Segmentation on drawn plates whose character boxes are known."""

from dataclasses import FrozenInstanceError

import cv2
import numpy as np
import pytest

from alpr_utils.boxes import iou_matrix
from alpr_utils.plates.mongolia import LAYOUTS
from alpr_utils.plates.mongolia import PLATES as MONGOLIA
from alpr_utils.read.classical.candidates import find_candidates
from alpr_utils.read.classical.deskew import Deskew, estimate_lean
from alpr_utils.read.classical.segment import Hypothesis, Segmentation, segment
from alpr_utils.read.rows import Row, find_rows
from alpr_utils.synth.glyphs.faces import OWN_FACES
from alpr_utils.synth.plate.render import render_plate
from alpr_utils.synth.plate.wear import WearRanges

CLEAN = WearRanges(bolts=0, dirt=0, scratches=0, snow=0)
TEXT = "2648УБЯ"


def _plate(layout_name: str, colours: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Crop uint8 (H, W, 3) with a grey surround, and the character boxes in its pixels."""
    layout = MONGOLIA.layout(layout_name)
    plate = render_plate(
        TEXT,
        layout,
        np.random.default_rng(3),
        70 * layout.rows,
        OWN_FACES[0],
        MONGOLIA.colours[colours],
        CLEAN,
    )
    margin = 4
    image = np.full((plate.image.shape[0] + 2 * margin, plate.image.shape[1] + 2 * margin, 3), 90, np.uint8)
    image[margin:-margin, margin:-margin] = plate.image
    return image, plate.char_boxes + margin


def _warp(image: np.ndarray, boxes: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The picture through an affine map, grown so that nothing is cut off, and the boxes around the moved ones."""
    height, width = image.shape[:2]
    corners = cv2.transform(np.array([[(0, 0), (width, 0), (width, height), (0, height)]], np.float64), matrix)[0]
    low, high = corners.min(0), corners.max(0)
    moved = np.hstack([matrix[:, :2], matrix[:, 2:] - low[:, None]])
    size = tuple(int(v) for v in np.ceil(high - low))
    warped = cv2.warpAffine(image, moved, size, borderMode=cv2.BORDER_CONSTANT, borderValue=(90, 90, 90))
    quads = np.stack([boxes[:, [1, 0]], boxes[:, [3, 0]], boxes[:, [3, 2]], boxes[:, [1, 2]]], 1)
    quads = cv2.transform(quads.reshape(1, -1, 2).astype(np.float64), moved).reshape(-1, 4, 2)
    low, high = quads.min(1), quads.max(1)
    return warped, np.stack([low[:, 1], low[:, 0], high[:, 1], high[:, 0]], 1).astype(np.float32)


def _hits(found: Segmentation, image: np.ndarray, boxes: np.ndarray) -> int:
    """How many true boxes have a candidate that overlaps them by more than half."""
    if not found.candidates:
        return 0
    return int((iou_matrix(boxes, found.boxes_on_plate(*image.shape[:2])).max(axis=1) > 0.5).sum())


@pytest.mark.parametrize("layout", [layout.name for layout in LAYOUTS])
@pytest.mark.parametrize("local", [False, True])
def test_all_characters_of_every_layout_are_found(layout, local):
    image, boxes = _plate(layout)
    found = segment(image, Hypothesis(local_threshold=local))
    assert _hits(found, image, boxes) == 7
    assert len(found.candidates) < 60


@pytest.mark.parametrize("layout", ["one_row_plain", "one_row_emblem", "two_rows_oval"])
@pytest.mark.parametrize("degrees", [-12, -6, 6, 12])
def test_tilt_is_taken_away(layout, degrees):
    image, boxes = _plate(layout)
    image, boxes = _warp(image, boxes, cv2.getRotationMatrix2D((0, 0), -degrees, 1))
    found = segment(image)
    assert found.deskew.slope == pytest.approx(np.tan(np.radians(degrees)), abs=0.03)
    assert _hits(found, image, boxes) == 7


def test_leaning_characters_are_set_upright():
    image, boxes = _plate("one_row_plain")
    image, _ = _warp(image, boxes, np.array([[1, -0.25, 0], [0, 1, 0]]))
    assert segment(image).deskew.lean == pytest.approx(0.25, abs=0.08)


def test_light_characters_need_the_inverted_hypothesis():
    image, boxes = _plate("one_row_plain", colours=2)
    assert _hits(segment(image, Hypothesis(inverted=True)), image, boxes) == 7
    assert _hits(segment(image, Hypothesis(False)), image, boxes) < 7


def test_a_hard_shadow_is_no_obstacle():
    image, boxes = _plate("two_rows_plain")
    shaded = image.copy()
    shaded[:, image.shape[1] // 2 :] = (shaded[:, image.shape[1] // 2 :] * 0.3).astype(np.uint8)
    assert _hits(segment(shaded, Hypothesis(remove_shadows=True)), shaded, boxes) == 7
    assert _hits(segment(shaded, Hypothesis(remove_shadows=False)), shaded, boxes) < 7


def test_rows_are_ordered_from_top_to_bottom():
    rows = segment(_plate("two_rows_plain")[0]).rows
    assert len(rows) == 2
    assert rows[0].bottom < rows[1].top
    assert rows[1].height < rows[0].height


def test_candidates_go_from_left_to_right_in_each_row():
    found = segment(_plate("two_rows_emblem")[0])
    for row in range(len(found.rows)):
        lefts = [candidate.box[1] for candidate in found.candidates if candidate.row == row]
        assert lefts == sorted(lefts)


def test_every_step_is_kept_and_frozen():
    found = segment(_plate("one_row_plain")[0])
    for picture in (found.grey, found.shadow_free, found.deskewed):
        assert picture.dtype == np.uint8 and picture.shape == found.grey.shape
    for mask in (found.binary, found.cleaned, found.deskewed_binary):
        assert mask.dtype == bool and mask.shape == found.grey.shape
    assert not found.cleaned[0].any() and not found.cleaned[:, -1].any()
    assert len(found.components) >= 7
    with pytest.raises(FrozenInstanceError):
        found.rows = ()  # type: ignore[misc]


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 3, 3), (1, 500, 3), (500, 1, 3), (2000, 3000, 3), (30, 60)])
@pytest.mark.parametrize("noise", [False, True])
def test_odd_crops_do_not_crash(shape, noise):
    image = np.full(shape, 128, np.uint8)
    if noise:
        image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    found = segment(image)
    assert found.grey.size < 1_000_000
    if not noise:
        assert found.candidates == ()


def test_same_crop_same_result():
    image, _ = _plate("two_rows_emblem")
    assert segment(image).candidates == segment(image).candidates


def test_touching_characters_are_cut_and_broken_ones_merged():
    ink = np.zeros((60, 200), bool)
    ink[10:50, 20:26] = ink[10:50, 40:46] = ink[28:31, 20:46] = True  # Н
    ink[45:48, 46:56] = True  # touches
    ink[10:50, 56:62] = ink[10:16, 56:80] = True  # Г
    ink[10:28, 120:140] = ink[33:50, 120:140] = True  # a character broken across
    found = dict(find_candidates(ink, Row(10, 50)))
    assert found[(10, 120, 50, 140)] is False
    cut = np.array([box for box, whole in found.items() if not whole], np.float32)
    wanted = np.array([(10, 20, 50, 46), (10, 56, 50, 80)], np.float32)
    assert (iou_matrix(wanted, cut).max(axis=1) > 0.7).all()


def test_frames_and_bolts_let_go_at_the_edge_of_the_row():
    ink = np.zeros((80, 100), bool)
    ink[20:60, 30:36] = ink[20:60, 50:56] = ink[38:42, 30:56] = True
    ink[8:14, :] = ink[8:20, 32:35] = True  # a bar above, joined by a bolt
    boxes = [box for box, _ in find_candidates(ink, Row(20, 60))]
    assert any(abs(ymin - 20) <= 2 and xmin == 30 and xmax == 56 for ymin, xmin, _, xmax in boxes)


def test_rows_need_company():
    assert find_rows((), 100) == (0.0, ())
    assert find_rows(((10, 10, 50, 30),), 100) == (0.0, ())


def test_a_row_seen_twice_counts_once():
    high = tuple((10, x, 50, x + 20) for x in range(0, 150, 30))
    inside = tuple((12, x, 36, x + 10) for x in (5, 65, 125))
    assert len(find_rows(tuple(sorted(high + inside, key=lambda b: b[1])), 150)[1]) == 1


def test_deskew_and_undo_are_inverse():
    picture = np.zeros((80, 120), np.uint8)
    picture[30:41, 80:91] = 255
    deskew = Deskew(0.2, -0.3)
    rows, columns = np.nonzero(deskew.picture(picture) > 127)
    box = np.array([[rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]], float)
    centre = deskew.undo(box, picture.shape)[0]
    assert (centre[0] + centre[2]) / 2 == pytest.approx(35.5, abs=1)
    assert (centre[1] + centre[3]) / 2 == pytest.approx(85.5, abs=1)


def test_upright_ink_has_no_lean():
    ink = np.zeros((40, 100), np.uint8)
    ink[5:35, 10:90:12] = 1
    assert estimate_lean(ink, [Row(5, 35)]) == 0.0
    assert estimate_lean(ink, []) == 0.0
