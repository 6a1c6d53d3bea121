"""Drawn plates: inside the picture, in every script, at every size."""

from dataclasses import replace

import numpy as np
import pytest

from alpr_utils import draw
from alpr_utils.draw import draw_plates
from alpr_utils.read.grammar import tokens_of
from alpr_utils.results import PlateReading


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


def test_unsure_characters_are_drawn_as_question_marks() -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    doubtful = [
        replace(_plate(text), char_scores=(0.9, 0.9, 0.6, 0.9, 0.9, 0.9, 0.9)) for text in ("1537УНЛ", "1587УНЛ")
    ]
    assert [plate.shown_text for plate in doubtful] == ["15?7УНЛ"] * 2
    assert (draw_plates(image, doubtful[:1]) == draw_plates(image, doubtful[1:])).all()
    assert (draw_plates(image, doubtful[:1]) != draw_plates(image, [_plate("1537УНЛ")])).any()


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
