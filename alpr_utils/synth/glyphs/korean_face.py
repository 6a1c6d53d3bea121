"""Faces of Korean plates: our own digits and syllables, and those of licensed fonts."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from alpr_utils.plates import PlateLayout
from alpr_utils.plates.korea import ALPHABET
from alpr_utils.synth.glyphs.faces import FONT_FOLDER, Face, FontFace, StemSample, font_faces, load_font_face, styles
from alpr_utils.synth.glyphs.korean_strokes import SIGNS, has_lines, korean_lines, stroke_factor
from alpr_utils.synth.glyphs.strokes import StrokeStyle, draw_lines


@dataclass(frozen=True)
class KoreanFace:
    """Digits of one source, syllables of another.

    Attributes:
        name: unique name of the face.
        digits: font of the digits, None for our own.
        syllables: font of the syllables; with ``own_syllables`` only of those that ours lacks.
        own_syllables: syllables are drawn by us.
        style: how our strokes are drawn.
        old: our digits are those of the green plates.
    """

    name: str
    digits: FontFace | None
    syllables: FontFace
    own_syllables: bool
    style: StrokeStyle
    old: bool = False

    def mask(self, char: str, width_px: int, height_px: int, stroke_px: float) -> np.ndarray:
        """See `Face.mask`."""
        own = self.digits is None if char in SIGNS else self.own_syllables and has_lines(char)
        font = self.digits if char in SIGNS else self.syllables
        if font and char in ALPHABET and char in font.inside and not own:
            return font.mask(char, width_px, height_px, stroke_px)
        lines = korean_lines(char, self.style, self.old)
        return draw_lines(lines, width_px, height_px, stroke_px * stroke_factor(char), self.style)


@cache
def hangul_fonts() -> tuple[FontFace, ...]:
    """The licensed fonts with syllables, by name."""
    stem = StemSample("마", 0.35, 3)
    return tuple(load_font_face(path, ALPHABET, stem) for path in sorted((FONT_FOLDER / "hangul").glob("*.ttf")))


def pick_korean_face(rng: np.random.Generator, layout: PlateLayout | None = None, own_share: float = 0.75) -> Face:
    """Our own digits and our own syllables each with probability ``own_share``, otherwise those of a font.

    Layouts of the old face (``PlateLayout.face``) always have our digits, as no font has their shapes.
    """
    own_digits, own_syllables = rng.random(2) < own_share
    old = layout is not None and layout.face == "old"
    fonts = (*font_faces(), *hangul_fonts())
    font = fonts[rng.integers(len(fonts))]
    digits = None if own_digits or old else font
    syllables = hangul_fonts()[rng.integers(len(hangul_fonts()))]
    index = int(rng.integers(len(styles())))
    name = f"{digits.name if digits else 'korean'}+{'korean+' if own_syllables else ''}{syllables.name}"
    return KoreanFace(name, digits, syllables, bool(own_syllables), styles()[index], old)
