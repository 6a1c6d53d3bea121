"""Faces of Korean plates: our own digits and open syllables as centre lines, and syllables of licensed fonts."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from alpr_utils.plates.korea import ALPHABET
from alpr_utils.synth.glyphs import FONT_FOLDER, Face, FontFace, StemSample, font_faces, load_font_face
from alpr_utils.synth.stroke_font import STROKES, Arc, Curve, Piece, draw_lines, polylines

Strokes = list[list[Piece]]

# Unlike the Mongolian ones: closed 4, straight necks of 6 and 9, and the Latin letters of the band and the EV mark.
_SIGNS: dict[str, Strokes] = {
    **{digit: STROKES[digit] for digit in "01235678"},
    "4": [[(0.74, 1), (0.74, 0), (0, 0.74), (1, 0.74)]],
    "6": [[(0.64, 0), Curve(0.04, 0.4, 0, 0.69)], [Arc(0.5, 0.69, 0.5, 0.31, 0, 360)]],
    "9": [[(0.36, 1), Curve(0.96, 0.6, 1, 0.31)], [Arc(0.5, 0.31, 0.5, 0.31, 0, 360)]],
    "7": [[(0, 0), (1, 0), (0.32, 1)]],
    "E": STROKES["Е"],
    "K": STROKES["К"],
    "O": STROKES["О"],
    "R": [*STROKES["Р"], [(0.5, 0.54), (1, 1)]],
    "V": [[(0, 0), (0.5, 1), (1, 0)]],
}

_LEGS: Strokes = [[(0.5, 0.1), Curve(0.47, 0.65, 0, 1)], [(0.51, 0.4), Curve(0.62, 0.75, 1, 1)]]
_CONSONANTS: dict[str, Strokes] = {
    "ㄱ": [[(0, 0), (1, 0), (1, 1)]],
    "ㄴ": [[(0, 0), (0, 1), (1, 1)]],
    "ㄷ": [[(1, 0), (0, 0), (0, 1), (1, 1)]],
    "ㄹ": [[(0, 0), (1, 0), (1, 0.5), (0, 0.5), (0, 1), (1, 1)]],
    "ㅁ": [[(0, 0), (0, 1), (1, 1), (1, 0), (0, 0)]],
    "ㅂ": [[(0, 0), (0, 1), (1, 1), (1, 0)], [(0, 0.48), (1, 0.48)]],
    "ㅅ": [[(0.5, 0), (0.5, 0.1)], *_LEGS],
    "ㅇ": [[Arc(0.5, 0.5, 0.5, 0.5, 0, 360)]],
    "ㅈ": [[(0.04, 0), (0.96, 0)], [(0.5, 0), (0.5, 0.1)], *_LEGS],
    "ㅎ": [[(0.3, 0), (0.7, 0)], [(0, 0.24), (1, 0.24)], [Arc(0.5, 0.73, 0.4, 0.27, 0, 360)]],
}
# Before an upright vowel the leg of ㄱ slants.
_SLANTED: dict[str, Strokes] = {"ㄱ": [[(0.0, 0.0), (1.0, 0.0), Curve(0.95, 0.65, 0.0, 1.0)]]}
# Each vowel's strokes and the consonant's box: left, top, right, bottom.
_VOWELS: dict[str, tuple[Strokes, tuple[float, float, float, float]]] = {
    "ㅏ": ([[(0.78, 0), (0.78, 1)], [(0.78, 0.46), (1, 0.46)]], (0, 0.09, 0.54, 0.92)),
    "ㅓ": ([[(1, 0), (1, 1)], [(0.62, 0.46), (1, 0.46)]], (0, 0.09, 0.55, 0.92)),
    "ㅐ": ([[(0.7, 0.02), (0.7, 0.98)], [(1, 0), (1, 1)], [(0.7, 0.46), (1, 0.46)]], (0, 0.09, 0.44, 0.92)),
    "ㅗ": ([[(0, 1), (1, 1)], [(0.5, 0.66), (0.5, 1)]], (0.1, 0, 0.9, 0.6)),
    "ㅜ": ([[(0, 0.68), (1, 0.68)], [(0.5, 0.68), (0.5, 1)]], (0.1, 0, 0.9, 0.46)),
}
_FIRST_SYLLABLE, _VOWEL_COUNT, _FINAL_COUNT = 0xAC00, 21, 28
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWEL_ORDER = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
# Syllables of many strokes are written thinner, or they close up.
_DENSE_STROKE = 0.85


def _parts(char: str) -> tuple[str, str] | None:
    """Consonant and vowel of a syllable that our face can draw, otherwise None."""
    index = ord(char) - _FIRST_SYLLABLE
    if index < 0 or index % _FINAL_COUNT:
        return None
    consonant = _INITIALS[index // (_VOWEL_COUNT * _FINAL_COUNT)]
    vowel = _VOWEL_ORDER[index // _FINAL_COUNT % _VOWEL_COUNT]
    return (consonant, vowel) if consonant in _CONSONANTS and vowel in _VOWELS else None


@cache
def _lines(char: str) -> tuple[np.ndarray, ...]:
    """Centre lines of a digit, Latin letter or open syllable; KeyError when our face lacks it."""
    if char in _SIGNS:
        return polylines(_SIGNS[char])
    parts = _parts(char)
    if parts is None:
        raise KeyError(char)
    consonant, vowel = parts
    vowel_strokes, (left, top, right, bottom) = _VOWELS[vowel]
    strokes = _SLANTED.get(consonant, _CONSONANTS[consonant]) if vowel in "ㅏㅓㅐ" else _CONSONANTS[consonant]
    size, origin = np.array([right - left, bottom - top]), np.array([left, top])
    return (*(line * size + origin for line in polylines(strokes)), *polylines(vowel_strokes))


@dataclass(frozen=True)
class KoreanFace:
    """Digits of one source, syllables of another.

    Attributes:
        name: unique name of the face.
        digits: font of the digits, None for our own.
        syllables: font of the syllables; with ``own_syllables`` only of those that ours lacks.
        own_syllables: open syllables are drawn by us.
        square_ends: our strokes end flush with the cell's edge.
    """

    name: str
    digits: FontFace | None
    syllables: FontFace
    own_syllables: bool
    square_ends: bool

    def mask(self, char: str, width_px: int, height_px: int, stroke_px: float) -> np.ndarray:
        """See `Face.mask`."""
        if char in _SIGNS:
            if self.digits and char in self.digits.inside:
                return self.digits.mask(char, width_px, height_px, stroke_px)
            return draw_lines(_lines(char), width_px, height_px, stroke_px, self.square_ends)
        parts = _parts(char) if self.own_syllables else None
        if parts:
            thin = _DENSE_STROKE if parts[0] in "ㄹㅎㅂ" or parts[1] == "ㅐ" else 1
            return draw_lines(_lines(char), width_px, height_px, stroke_px * thin, self.square_ends)
        return self.syllables.mask(char, width_px, height_px, stroke_px)


@cache
def hangul_fonts() -> tuple[FontFace, ...]:
    """The licensed fonts with syllables, by name."""
    stem = StemSample("마", 0.35, 3)
    return tuple(load_font_face(path, ALPHABET, stem) for path in sorted((FONT_FOLDER / "hangul").glob("*.ttf")))


def pick_korean_face(rng: np.random.Generator, own_share: float = 0.6) -> Face:
    """Our own digits and our own syllables each with probability ``own_share``, otherwise those of a font."""
    own_digits, own_syllables = rng.random(2) < own_share
    fonts = (*font_faces(), *hangul_fonts())
    digits = None if own_digits else fonts[rng.integers(len(fonts))]
    syllables = hangul_fonts()[rng.integers(len(hangul_fonts()))]
    name = f"{digits.name if digits else 'korean'}+{'korean+' if own_syllables else ''}{syllables.name}"
    return KoreanFace(name, digits, syllables, bool(own_syllables), bool(rng.random() < 0.6))
