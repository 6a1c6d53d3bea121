"""Our own face: digits, Cyrillic and Latin capitals drawn from their centre lines."""

from functools import lru_cache

import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.synth.glyphs.cyrillic_strokes import CYRILLIC, CYRILLIC_ALTERNATIVES
from alpr_utils.synth.glyphs.latin_strokes import LATIN, LATIN_ALTERNATIVES
from alpr_utils.synth.glyphs.strokes import Lines, StrokeStyle, bent, chosen, draw_lines, polylines

STROKES = {**CYRILLIC, **LATIN}
ALTERNATIVES = {**CYRILLIC_ALTERNATIVES, **LATIN_ALTERNATIVES}


@lru_cache(maxsize=1 << 14)
def _lines(char: str, style: StrokeStyle) -> Lines:
    if char not in STROKES:
        raise AlprError(f"There is no glyph of '{char}' in the stroke face; draw it there or load a font that has it.")
    strokes = chosen((STROKES[char], *ALTERNATIVES.get(char, ())), char, style)
    return bent(polylines(strokes, style.squareness), style)


def draw_strokes(char: str, width_px: int, height_px: int, stroke_px: float, style: StrokeStyle) -> np.ndarray:
    """Draw one character so that its ink fills the cell.

    Returns:
        float32 (height_px, width_px), 0 paper .. 1 ink, antialiased.

    Raises:
        AlprError: the face has no such character.
    """
    return draw_lines(_lines(char, style), width_px, height_px, stroke_px, style)
