"""The faces of Korean plates as centre lines: digits of both faces, and syllables put together from their letters."""

from functools import lru_cache

from alpr_utils.synth.glyphs.stroke_font import ALTERNATIVES, STROKES
from alpr_utils.synth.glyphs.strokes import Arc, Curve, Lines, Strokes, StrokeStyle, bent, chosen, polylines

_BOWL_OF_6 = Arc(0.5, 0.69, 0.5, 0.31, 0, 360)
_BOWL_OF_9 = Arc(0.5, 0.31, 0.5, 0.31, 0, 360)

# Straight necks of 6 and 9, closed 4; and the Latin letters of the band and the electric mark.
SIGNS: dict[str, tuple[Strokes, ...]] = {
    **{sign: (STROKES[sign], *ALTERNATIVES[sign]) for sign in "02358"},
    "1": ([[(0, 0.2), (0.55, 0.13), (1, 0), (1, 1)]], [[(0, 0.2), (1, 0), (1, 1)]], [[(0, 0.15), (1, 0.0), (1, 1)]]),
    "4": (
        [[(0.74, 1), (0.74, 0), (0, 0.74), (1, 0.74)]],
        [[(0.72, 1), (0.72, 0), (0, 0.7), (1, 0.7)]],
        [[(0.76, 1), (0.76, 0.02), (0.7, 0), (0, 0.77), (1, 0.77)]],
    ),
    "6": (
        [[(0.68, 0), Curve(0.04, 0.4, 0, 0.69)], [_BOWL_OF_6]],
        [[(0.72, 0), (0.14, 0.5), Curve(0, 0.6, 0, 0.69)], [_BOWL_OF_6]],
        [[(0.62, 0), Curve(0.02, 0.34, 0, 0.71)], [Arc(0.5, 0.7, 0.5, 0.3, 0, 360)]],
    ),
    "9": (
        [[(0.32, 1), Curve(0.96, 0.6, 1, 0.31)], [_BOWL_OF_9]],
        [[(0.28, 1), (0.86, 0.5), Curve(1, 0.4, 1, 0.31)], [_BOWL_OF_9]],
        [[(0.38, 1), Curve(0.98, 0.66, 1, 0.29)], [Arc(0.5, 0.3, 0.5, 0.3, 0, 360)]],
    ),
    "7": (
        [[(0, 0), (1, 0), (0.32, 1)]],
        [[(0, 0), (1, 0), Curve(0.5, 0.5, 0.36, 1)]],
        [[(0, 0), (1, 0), (1, 0.06), (0.38, 1)]],
    ),
    "E": (STROKES["Е"],),
    "K": (STROKES["К"],),
    "O": (STROKES["О"],),
    "R": ([*STROKES["Р"], [(0.5, 0.54), (1, 1)]],),
    "V": ([[(0, 0), (0.5, 1), (1, 0)]],),
}

_OLD_3: Strokes = [[(0.06, 0), (0.9, 0), (0.42, 0.4), Arc(0.48, 0.7, 0.52, 0.3, -90, 150)]]
_OLD_3_LOW: Strokes = [[(0.02, 0), (0.94, 0), (0.5, 0.44), Arc(0.48, 0.72, 0.52, 0.28, -80, 155)]]
# The green plates' digits are wide; 1 is a bar, the top of 3 is level, 0 has the shape of a running track.
OLD_DIGITS: dict[str, tuple[Strokes, ...]] = {
    **{digit: SIGNS[digit] for digit in "679"},
    "0": (
        [[Arc(0.5, 0.5, 0.5, 0.5, 0, 360)]],
        [[Arc(0.5, 0.4, 0.5, 0.4, 180, 360), Arc(0.5, 0.6, 0.5, 0.4, 0, 180), (0, 0.4)]],
    ),
    "1": ([[(0.5, 0), (0.5, 1)]], [[(0.55, 0), (0.55, 1)]]),
    "2": (
        [[Arc(0.5, 0.31, 0.5, 0.31, 180, 380), (0, 1), (1, 1)]],
        [[Arc(0.48, 0.3, 0.48, 0.3, 190, 400), (0, 1), (1, 1)]],
    ),
    "3": (_OLD_3, _OLD_3_LOW),
    "4": ([[(0.68, 1), (0.68, 0), (0, 0.72), (1, 0.72)]], [[(0.72, 1), (0.72, 0), (0, 0.76), (1, 0.76)]]),
    "5": (
        [[(0.88, 0), (0.16, 0), (0.08, 0.46), Arc(0.48, 0.68, 0.52, 0.32, 222, 510)]],
        [[(0.92, 0), (0.1, 0), (0.06, 0.48), Arc(0.46, 0.68, 0.54, 0.32, 225, 505)]],
    ),
    "8": (
        [[Arc(0.5, 0.23, 0.4, 0.23, 0, 360)], [Arc(0.5, 0.73, 0.5, 0.27, 0, 360)]],
        [[Arc(0.5, 0.24, 0.44, 0.24, 0, 360)], [Arc(0.5, 0.74, 0.5, 0.26, 0, 360)]],
    ),
}

_OLD_SQUARENESS = 2.1

_LEGS: Strokes = [[(0.5, 0.1), Curve(0.47, 0.65, 0, 1)], [(0.51, 0.4), Curve(0.62, 0.75, 1, 1)]]
_STRAIGHT_LEGS: Strokes = [[(0.5, 0.05), (0.42, 0.5), (0, 1)], [(0.46, 0.45), (1, 1)]]
_CAP: Strokes = [[(0.04, 0), (0.96, 0)]]
_CROWN: Strokes = [[(0.3, 0), (0.7, 0)], [(0, 0.24), (1, 0.24)]]
CONSONANTS: dict[str, tuple[Strokes, ...]] = {
    "ㄱ": ([[(0, 0), (1, 0), (1, 1)]], [[(0, 0), (1, 0), (0.94, 1)]]),
    "ㄴ": ([[(0, 0), (0, 1), (1, 1)]],),
    "ㄷ": ([[(1, 0), (0, 0), (0, 1), (1, 1)]],),
    "ㄹ": ([[(0, 0), (1, 0), (1, 0.5), (0, 0.5), (0, 1), (1, 1)]],),
    "ㅁ": ([[(0, 0), (0, 1), (1, 1), (1, 0), (0, 0)]],),
    "ㅂ": (
        [[(0, 0), (0, 1), (1, 1), (1, 0)], [(0, 0.48), (1, 0.48)]],
        [[(0, 0), (0, 1), (1, 1), (1, 0)], [(0, 0.4), (1, 0.4)]],
    ),
    "ㅅ": ([[(0.5, 0), (0.5, 0.1)], *_LEGS], [[(0.5, 0), (0.5, 0.05)], *_STRAIGHT_LEGS]),
    "ㅇ": ([[Arc(0.5, 0.5, 0.5, 0.5, 0, 360)]],),
    "ㅈ": ([*_CAP, [(0.5, 0), (0.5, 0.1)], *_LEGS], [*_CAP, [(0.5, 0), (0.5, 0.05)], *_STRAIGHT_LEGS]),
    "ㅊ": (
        [
            [(0.35, 0), (0.65, 0)],
            [(0.04, 0.25), (0.96, 0.25)],
            [(0.5, 0.25), (0.45, 0.6), (0, 1)],
            [(0.48, 0.55), (1, 1)],
        ],
    ),
    "ㅍ": ([[(0, 0), (1, 0)], [(0, 1), (1, 1)], [(0.28, 0), (0.28, 1)], [(0.72, 0), (0.72, 1)]],),
    "ㅎ": (
        # On most dies the circle takes the room and the crown is hardly more than a bump.
        [[(0.36, 0), (0.64, 0)], [(0.06, 0.17), (0.94, 0.17)], [Arc(0.5, 0.64, 0.5, 0.36, 0, 360)]],
        [[(0.5, 0), (0.5, 0.1)], [(0.1, 0.14), (0.9, 0.14)], [Arc(0.5, 0.6, 0.48, 0.4, 0, 360)]],
        [[(0.2, 0), (0.8, 0)], [Arc(0.5, 0.57, 0.5, 0.43, 0, 360)]],
        [*_CROWN, [Arc(0.5, 0.73, 0.4, 0.27, 0, 360)]],
        [[(0.5, 0), (0.5, 0.14)], [(0, 0.24), (1, 0.24)], [Arc(0.5, 0.74, 0.42, 0.26, 0, 360)]],
    ),
}
# Before an upright vowel the leg of ㄱ slants.
_SLANTED: dict[str, tuple[Strokes, ...]] = {
    "ㄱ": ([[(0, 0), (1, 0), Curve(0.95, 0.65, 0, 1)]], [[(0, 0), (1, 0), (0.92, 0.3), (0.1, 1)]])
}
_Place = tuple[float, float, float, float]
# Each vowel's strokes and the consonant's place: left, top, right, bottom.
VOWELS: dict[str, tuple[Strokes, _Place]] = {
    "ㅏ": ([[(0.77, 0), (0.77, 1)], [(0.77, 0.46), (1, 0.46)]], (0, 0.1, 0.47, 0.9)),
    "ㅓ": ([[(1, 0), (1, 1)], [(0.6, 0.46), (1, 0.46)]], (0, 0.1, 0.5, 0.9)),
    "ㅕ": ([[(1, 0), (1, 1)], [(0.62, 0.32), (1, 0.32)], [(0.62, 0.64), (1, 0.64)]], (0, 0.09, 0.55, 0.92)),
    "ㅣ": ([[(1, 0), (1, 1)]], (0, 0.09, 0.66, 0.92)),
    "ㅐ": ([[(0.7, 0.02), (0.7, 0.98)], [(1, 0), (1, 1)], [(0.7, 0.46), (1, 0.46)]], (0, 0.09, 0.44, 0.92)),
    "ㅔ": ([[(0.72, 0.02), (0.72, 0.98)], [(1, 0), (1, 1)], [(0.5, 0.46), (0.72, 0.46)]], (0, 0.09, 0.4, 0.92)),
    "ㅗ": ([[(0, 1), (1, 1)], [(0.5, 0.66), (0.5, 1)]], (0.1, 0, 0.9, 0.6)),
    "ㅛ": ([[(0, 1), (1, 1)], [(0.32, 0.68), (0.32, 1)], [(0.68, 0.68), (0.68, 1)]], (0.1, 0, 0.9, 0.58)),
    "ㅠ": ([[(0, 0.66), (1, 0.66)], [(0.32, 0.66), (0.32, 1)], [(0.68, 0.66), (0.68, 1)]], (0.1, 0, 0.9, 0.46)),
    "ㅜ": ([[(0, 0.68), (1, 0.68)], [(0.5, 0.68), (0.5, 1)]], (0.1, 0, 0.9, 0.46)),
}
_LOW_O: Strokes = [[(0, 1), (1, 1)], [(0.5, 0.8), (0.5, 1)]]  # a short stem, so that the consonant is large
UPRIGHT = "ㅏㅓㅕㅣㅐㅔ"
_FINALS = ("", "ㄱ", *"ㄲㄳ", "ㄴ", *"ㄵㄶㄷ", "ㄹ", *"ㄺㄻㄼㄽㄾㄿㅀ", "ㅁ", "ㅂ", *"ㅄㅅㅆ", "ㅇ", *"ㅈㅊㅋㅌㅍㅎ")
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWEL_ORDER = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FIRST_SYLLABLE = 0xAC00
# On many dies the consonant beside an upright vowel is smaller and sits lower.
_LOW_TOP, _LOW_BOTTOM = 0.26, 0.88
# Places of initial + vowel, and of the final below it.
_ABOVE_FINAL = {True: (0.0, 0.0, 1.0, 0.58), False: (0.0, 0.0, 1.0, 0.62)}
_FINAL_PLACE = {True: (0.14, 0.7, 1.0, 1.0), False: (0.1, 0.76, 0.9, 1.0)}


def letters_of(char: str) -> tuple[str, str, str] | None:
    """Initial, vowel and final (may be empty) of a syllable that our face can draw, otherwise None."""
    index = ord(char) - _FIRST_SYLLABLE
    if not 0 <= index < len(_INITIALS) * len(_VOWEL_ORDER) * len(_FINALS):
        return None
    initial = _INITIALS[index // (len(_VOWEL_ORDER) * len(_FINALS))]
    vowel, final = _VOWEL_ORDER[index // len(_FINALS) % len(_VOWEL_ORDER)], _FINALS[index % len(_FINALS)]
    known = initial in CONSONANTS and vowel in VOWELS and (not final or final in CONSONANTS)
    return (initial, vowel, final) if known else None


def _placed(lines: Lines, place: _Place) -> Lines:
    left, top, right, bottom = place
    return tuple(line * (right - left, bottom - top) + (left, top) for line in lines)


def _syllable(char: str, style: StrokeStyle) -> Lines:
    letters = letters_of(char)
    if letters is None:
        raise KeyError(char)
    initial, vowel, final = letters
    upright = vowel in UPRIGHT
    shapes = _SLANTED.get(initial, CONSONANTS[initial]) if upright else CONSONANTS[initial]
    vowel_strokes, place = VOWELS[vowel]
    if upright and not final and initial in "ㄴㄱㅅㅈ" and style.choice % 3 == 1:
        place = (place[0], _LOW_TOP, place[2], _LOW_BOTTOM)
    if initial == "ㅎ" and upright and not final:
        place = (place[0], 0.0, place[2] + 0.05, 0.97)
    if vowel == "ㅗ" and not final and style.choice % 2:
        vowel_strokes, place = _LOW_O, (0.08, 0.0, 0.92, 0.75)
    first = _placed(polylines(chosen(shapes, char, style), style.squareness), place)
    lines = (*first, *polylines(vowel_strokes))
    if not final:
        return lines
    below = polylines(chosen(CONSONANTS[final], char, style), style.squareness)
    return (*_placed(lines, _ABOVE_FINAL[upright]), *_placed(below, _FINAL_PLACE[upright]))


@lru_cache(maxsize=1 << 15)
def korean_lines(char: str, style: StrokeStyle, old: bool) -> Lines:
    """Centre lines of a digit (of the green plates' face if ``old``), Latin letter or syllable.

    Raises:
        KeyError: our face lacks it.
    """
    shapes = OLD_DIGITS.get(char) if old else None
    shapes = shapes or SIGNS.get(char)
    if shapes is None:
        return bent(_syllable(char, style), style)
    squareness = min(style.squareness, _OLD_SQUARENESS) if old else style.squareness
    return bent(polylines(chosen(shapes, char, style), squareness), style)


def stroke_factor(char: str) -> float:
    """How much thinner a syllable of many strokes is written, so that its gaps stay open."""
    letters = letters_of(char)
    if letters is None:
        return 1.0
    initial, vowel, final = letters
    if final:
        return 0.58 if final in "ㄹㅂ" or initial == "ㅎ" else 0.7
    return 0.85 if initial in "ㄹㅎㅂㅁ" or vowel in "ㅐㅔㅛ" else 1.0


def has_lines(char: str) -> bool:
    """Whether our face can draw the character."""
    return char in SIGNS or letters_of(char) is not None
