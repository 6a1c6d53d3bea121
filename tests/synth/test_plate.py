"""Plates seen from straight ahead."""

from dataclasses import replace

import numpy as np
import pytest

from alpr_utils.plates.mongolia import LAYOUTS
from alpr_utils.plates.mongolia import PLATES as MONGOLIA
from alpr_utils.synth.glyphs.faces import OWN_FACES, font_faces
from alpr_utils.synth.plate.render import render_plate
from alpr_utils.synth.plate.wear import WearRanges

CLEAN = WearRanges(bolts=0, dirt=0, scratches=0, snow=0)
FACES = (*OWN_FACES, *font_faces())


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
