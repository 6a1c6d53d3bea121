"""Drawings: inside the picture, in every script, at every size."""

import numpy as np
import pytest

from alpr_utils.charts import draw
from alpr_utils.charts.draw import contact_sheet, draw_labels, draw_plates, side_by_side, step_figure
from alpr_utils.read.grammar import tokens_of
from alpr_utils.results import PlateReading
from alpr_utils.synth.scene.labels import ScenePlate


def _plate(text: str, box: tuple[float, float, float, float] = (0.4, 0.3, 0.5, 0.6)) -> PlateReading:
    return PlateReading(box, 0.9, text, 0.8)


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (48, 64), (480, 640), (4320, 768)])
def test_any_size_keeps_its_shape(size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 128, np.uint8)
    drawn = draw_plates(image, [_plate("1537УНӨ"), _plate("", (0, 0, 1, 1))])
    assert drawn.shape == image.shape
    assert (image == 128).all()


def test_nothing_to_draw_leaves_the_picture() -> None:
    image = np.random.default_rng(0).integers(0, 255, (50, 60, 3), np.uint8)
    assert (draw_plates(image, []) == image).all()


@pytest.mark.parametrize(
    "box", [(0.0, 0.0, 0.05, 0.05), (0.0, 0.9, 0.05, 1.0), (0.95, 0.0, 1.0, 0.05), (0.95, 0.95, 1.0, 1.0), (0, 0, 1, 1)]
)
def test_label_stays_inside(box: tuple[float, float, float, float]) -> None:
    image = np.full((300, 400, 3), 128, np.uint8)

    def letter_pixels(drawn: np.ndarray) -> int:
        return int((drawn.max(axis=-1) < 90).sum())

    in_the_middle = letter_pixels(draw_plates(image, [_plate("1537УНЛ")]))
    assert letter_pixels(draw_plates(image, [_plate("1537УНЛ", box)])) == in_the_middle > 100


def test_read_and_unread_plates_differ_in_colour() -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    assert (draw_plates(image, [_plate("1537УНЛ")]) == draw.FOUND_COLOUR).all(axis=-1).any()
    unread = draw_plates(image, [_plate("")])
    assert (unread == draw.UNREAD_COLOUR).all(axis=-1).any()
    assert not (unread == draw.FOUND_COLOUR).all(axis=-1).any()


def test_cyrillic_letters_have_shapes_of_their_own() -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    drawings = [draw_plates(image, [_plate(text)]) for text in ("Ө", "Ү", "Ж")]
    assert not any((a == b).all() for a, b in zip(drawings, drawings[1:] + drawings[:1], strict=True))


def test_every_hangul_of_plates_has_a_shape_of_its_own() -> None:
    syllables = sorted({char for token in tokens_of(("kr",), words=False) for char in token if not char.isdigit()})
    assert len(syllables) > 60
    image = np.zeros((300, 400, 3), np.uint8)
    drawings = {draw_plates(image, [_plate(f"12{syllable}3456")]).tobytes() for syllable in syllables}
    assert len(drawings) == len(syllables)


def test_contact_sheet_shows_every_picture() -> None:
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250)]
    images = [np.full((20 + 10 * i, 30, 3), colour, np.uint8) for i, colour in enumerate(colours)]
    sheet = contact_sheet(images, ["one", "хоёр", "셋"], columns=2, cell_width=60)
    for colour in colours:
        assert (sheet == colour).all(axis=-1).sum() > 1000


def test_side_by_side_takes_grey_and_colour() -> None:
    grey, colour = np.full((40, 50), 7, np.uint8), np.full((40, 50, 3), 9, np.uint8)
    both = side_by_side(grey, colour, ("before", "after"))
    assert (both == 7).all(axis=-1).sum() == (both == 9).all(axis=-1).sum() == 40 * 50


def test_step_figure_takes_masks() -> None:
    mask = np.zeros((30, 40), bool)
    mask[10:20] = True
    figure = step_figure([("grey", np.full((30, 40), 99, np.uint8)), ("mask", mask)], cell_width=40)
    assert (figure == 99).all(axis=-1).sum() == 30 * 40
    assert (figure == 0).all(axis=-1).sum() >= 20 * 40


def _generated() -> ScenePlate:
    corners = np.array([(20, 30), (80, 30), (80, 50), (20, 50)], np.float32)
    char_boxes = np.array([(34, 25, 46, 33), (34, 40, 46, 48)], np.float32)
    return ScenePlate("УЖ", 1, "mn", "any", np.array([30, 20, 50, 80], np.float32), corners, char_boxes)


def test_labels_lie_where_they_belong() -> None:
    image = np.zeros((60, 100, 3), np.uint8)
    drawn = draw_labels(image, [_generated()], [np.array([5, 5, 58, 95], np.float32)], scale=2)
    assert drawn.shape == (120, 200, 3) and not image.any()
    assert (drawn[100, 50] == draw.FOUND_COLOUR).all(), "lower side of the plate"
    assert drawn[68, 60].any() and drawn[68, 90].any(), "upper sides of both characters"
    assert drawn[60, 10].any(), "left side of the vehicle"
    assert not drawn[80, 70].any(), "nothing between the characters"


def test_text_replaces_the_character_boxes() -> None:
    image = np.zeros((120, 100, 3), np.uint8)
    drawn = draw_labels(image, [_generated()], texts=True)
    assert not drawn[33:47, 24:50].any()
    assert drawn[52:, :, 1].max() > 150, "green letters below the plate"
