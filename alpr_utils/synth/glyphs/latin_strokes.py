"""Latin capitals as centre lines of one stroke width, drawn by us.

O is an ellipse and I has bars, so that they differ from 0 and 1.
"""

from alpr_utils.synth.glyphs.cyrillic_strokes import CYRILLIC, CYRILLIC_ALTERNATIVES
from alpr_utils.synth.glyphs.strokes import Arc, Strokes

_SAME_SHAPE = dict(zip("ABCEHKPTX", "АВСЕНКРТХ", strict=True))
_TOP, _BOTTOM = (0.5, 0.27, 0.5, 0.27), (0.5, 0.73, 0.5, 0.27)
_RING: Strokes = [[Arc(0.5, 0.5, 0.5, 0.5, 0, 360)]]


def _s(middle: float, end: float) -> Strokes:
    """S whose bowls meet at ``middle`` and end at the angle ``end`` above and below the middle."""
    upper, lower = middle / 2, (1 - middle) / 2
    return [[Arc(0.5, upper, 0.48, upper, -end, -270), Arc(0.5, 1 - lower, 0.5, lower, -90, 180 - end)]]


LATIN: dict[str, Strokes] = {
    **{latin: CYRILLIC[cyrillic] for latin, cyrillic in _SAME_SHAPE.items()},
    "D": [[(0, 0), (0.4, 0), Arc(0.42, 0.36, 0.58, 0.36, -90, 0), Arc(0.42, 0.64, 0.58, 0.36, 0, 90), (0, 1), (0, 0)]],
    "F": [[(1, 0), (0, 0), (0, 1)], [(0, 0.48), (0.86, 0.48)]],
    "G": [[Arc(*_TOP, 350, 180), Arc(*_BOTTOM, 180, 0), (1, 0.55), (0.6, 0.55)]],
    "I": [[(0, 0), (1, 0)], [(0.5, 0), (0.5, 1)], [(0, 1), (1, 1)]],
    "J": [[(1, 0), (1, 0.7), Arc(0.5, 0.7, 0.5, 0.3, 0, 175)]],
    "L": [[(0, 0), (0, 1), (1, 1)]],
    "M": [[(0, 1), (0, 0), (0.5, 0.62), (1, 0), (1, 1)]],
    "N": [[(0, 1), (0, 0), (1, 1), (1, 0)]],
    "O": _RING,
    "Q": [*_RING, [(0.58, 0.66), (1, 1)]],
    "R": [*CYRILLIC["Р"], [(0.5, 0.54), (1, 1)]],
    "S": _s(0.49, 20),
    "U": [[(0, 0), (0, 0.7), Arc(0.5, 0.7, 0.5, 0.3, 180, 0), (1, 0)]],
    "V": [[(0, 0), (0.5, 1), (1, 0)]],
    "W": [[(0, 0), (0.24, 1), (0.5, 0.25), (0.76, 1), (1, 0)]],
    "Y": [[(0, 0), (0.5, 0.48), (1, 0)], [(0.5, 0.48), (0.5, 1)]],
    "Z": [[(0, 0), (1, 0), (0, 1), (1, 1)]],
}

# Other shapes of the same characters, as often as the one above.
LATIN_ALTERNATIVES: dict[str, tuple[Strokes, ...]] = {
    **{
        latin: CYRILLIC_ALTERNATIVES[cyrillic]
        for latin, cyrillic in _SAME_SHAPE.items()
        if cyrillic in CYRILLIC_ALTERNATIVES
    },
    "D": (
        [[(0, 0), (0.4, 0), Arc(0.4, 0.5, 0.6, 0.5, -90, 90), (0, 1), (0, 0)]],
        [[(0, 0), (0.6, 0), Arc(0.6, 0.27, 0.4, 0.27, -90, 0), Arc(0.6, 0.73, 0.4, 0.27, 0, 90), (0, 1), (0, 0)]],
    ),
    "F": ([[(0.96, 0), (0, 0), (0, 1)], [(0, 0.52), (0.76, 0.52)]],),
    "J": ([[(1, 0), (1, 0.74), Arc(0.5, 0.74, 0.5, 0.26, 0, 165)]],),
    "Q": ([*_RING, [(0.66, 0.72), (0.98, 1)]],),
    "R": (
        [*CYRILLIC_ALTERNATIVES["Р"][0], [(0.56, 0.56), (1, 1)]],
        [*CYRILLIC["Р"], [(0.3, 0.54), (0.96, 1)]],
    ),
    "S": (_s(0.47, 10), _s(0.5, 35)),
    "U": ([[(0, 0), (0, 0.75), Arc(0.5, 0.75, 0.5, 0.25, 180, 0), (1, 0)]],),
    "V": ([[(0, 0), (0.44, 1), (0.56, 1), (1, 0)]],),
    "W": ([[(0, 0), (0.22, 1), (0.5, 0.4), (0.78, 1), (1, 0)]],),
    "Y": ([[(0, 0), (0.5, 0.56), (1, 0)], [(0.5, 0.56), (0.5, 1)]],),
}
