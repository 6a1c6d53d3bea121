"""Characters: ink, differences, weight."""

import numpy as np
import pytest

from alpr_utils.plates.mongolia import ALPHABET
from alpr_utils.synth.glyphs.faces import OWN_FACES, Face, font_faces, styles
from alpr_utils.synth.glyphs.stroke_font import STROKES, draw_strokes

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


def test_the_bar_of_each_die_tells_a_from_d() -> None:
    filled = []
    for style in styles():
        barred, footed = (draw_strokes(char, 60, 100, 11.5, style) for char in "АД")
        assert barred[88:, 25:35].max() == 0, "А stands open"
        assert footed[80:97, 25:35].max(0).min() > 0.5, "Д has a bar near its foot"
        filled.append(barred[10:40, 27:33].mean() > 0.8)
    assert 0.4 < np.mean(filled) < 0.8, "most dies close the top of А, not all"
