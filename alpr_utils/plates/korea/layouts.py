"""The kinds of Korean plates and where everything lies on them."""

from collections.abc import Sequence
from dataclasses import dataclass

from alpr_utils.plates.korea.text import FORMS
from alpr_utils.plates.layout import Box, Mark, PlateColours, PlateLayout, Point

_PAPER, _INK = (228, 223, 216), (57, 61, 69)
_PAINT = PlateColours("private", _PAPER, _INK, 1)
_FILM = PlateColours("private film", (240, 241, 240), (28, 28, 32), 1)
_YELLOW = PlateColours("commercial", (255, 188, 0), (36, 36, 40), 1)
_ELECTRIC = PlateColours("electric", (185, 217, 242), (24, 26, 32), 1)
_CORPORATE_FILM = PlateColours("corporate film", (151, 187, 54), (26, 30, 26), 1)
_CORPORATE_PAINT = PlateColours("corporate", (173, 189, 76), (40, 44, 40), 1)
_NAVY = PlateColours("diplomatic", (32, 52, 96), (236, 238, 240), 1)
_WHITE = PlateColours("temporary", (238, 238, 234), (34, 34, 38), 1)
_GREEN = PlateColours("green", (22, 112, 78), (234, 238, 232), 1)
COLOURS = (_PAINT, _FILM, _YELLOW, _ELECTRIC, _CORPORATE_FILM, _CORPORATE_PAINT, _NAVY, _WHITE, _GREEN)

LONG, SHORT, LARGE = (520.0, 110.0), (335.0, 155.0), (440.0, 200.0)
_SYLLABLE_HEIGHT = 0.75  # of the digits' height
_INK_SHARE = 0.81  # ink width of a digit as a share of its cell
_LONG_INK_SHARE = 0.75  # the same on one-row plates of 520 mm, whose digits stand further apart
_STROKE_SHARE = 0.122  # of the digits' height
_LONG_BOLTS = ((19.0, 55.0), (501.0, 55.0))


@dataclass(frozen=True)
class _Glyph:
    """Where one character lies, millimetres."""

    x: float
    y: float
    width: float
    height: float
    stroke: float


def _digits(
    left: float, y: float, cells: Sequence[float], height: float, bold: float = 1, ink_share: float = _INK_SHARE
) -> list[_Glyph]:
    """Digits in cells side by side, the first of which begins at ``left``."""
    stroke = _STROKE_SHARE * height * bold
    return [
        _Glyph(left + sum(cells[:i]) + cell / 2, y, ink_share * cell, height, stroke) for i, cell in enumerate(cells)
    ]


def _syllable(x: float, y: float, width: float, height: float, bold: float = 1) -> _Glyph:
    """A syllable beside digits of ``height``."""
    return _Glyph(x, y, width, _SYLLABLE_HEIGHT * height, 0.77 * _STROKE_SHARE * height * bold)


def _one_row(left: float, cells: Sequence[float], at: int, y: float, height: float, sink: float = 0) -> list[_Glyph]:
    """Digits with the syllable in cell ``at``; a wide cell has its gap behind it. ``sink``: how much lower it sits."""
    glyphs = _digits(left, y, cells, height, ink_share=_LONG_INK_SHARE if y == LONG[1] / 2 else _INK_SHARE)
    cell = cells[at]
    x = left + sum(cells[:at]) + min(28.0, cell / 2)
    glyphs[at] = _syllable(x, y + sink, min(0.84 * cell, 47.0), height)
    return glyphs


def _stacked_region(x: float, y: float) -> list[_Glyph]:
    return [_Glyph(x, y + shift, 43, 38, 5.6) for shift in (-21.5, 21.5)]


def _two_rows(
    scale: float,
    upper: Sequence[tuple[float, float]],
    lower_left: float,
    pitch: float,
    bold: float = 1,
    upper_height: float = 48,
) -> list[_Glyph]:
    """An upper row of ``(x, width)`` over four digits 92 mm high, before ``scale``."""
    small = [_Glyph(x, 35, width, upper_height, 0.115 * upper_height * bold) for x, width in upper]
    glyphs = [*small, *_digits(lower_left, 112, (pitch,) * 4, 92, bold)]
    return [_Glyph(*(scale * v for v in (g.x, g.y, g.width, g.height, g.stroke))) for g in glyphs]


def _layout(
    name: str,
    share: float,
    form: str,
    colours: PlateColours,
    size: tuple[float, float],
    glyphs: Sequence[_Glyph],
    bolts: tuple[Point, ...],
    marks: tuple[Mark, ...] = (),
    rows: int = 1,
) -> PlateLayout:
    return PlateLayout(
        country="kr",
        name=name,
        size_mm=size,
        rows=rows,
        char_centres_mm=tuple((g.x, g.y) for g in glyphs),
        char_heights_mm=tuple(g.height for g in glyphs),
        share=share,
        colours=(colours,),
        slots=FORMS[form].slots,
        form=form,
        char_widths_mm=tuple(g.width for g in glyphs),
        char_strokes_mm=tuple(g.stroke for g in glyphs),
        marks=marks,
        bolts_mm=bolts,
        second_group=len(glyphs) - 4,
        group_spread_mm=(1.0, 1.0),
        face="old" if colours is _GREEN else "",
    )


def _upper_bolts(size: tuple[float, float]) -> tuple[Point, ...]:
    width, height = size
    return ((0.19 * width, 0.165 * height), (0.81 * width, 0.165 * height))


def _film(name: str, share: float, colours: PlateColours) -> PlateLayout:
    glyphs = _one_row(65, (50, 50, 50, 85, 50, 50, 50, 50), 3, 55, 85)
    band = Mark("taegeuk_band", (0, 0, 110, 56.3), "KOR")
    return _layout(name, share, "private_long", colours, LONG, glyphs, _LONG_BOLTS, (band,))


def _paint(name: str, share: float, colours: PlateColours) -> PlateLayout:
    glyphs = _one_row(30, (55, 55, 55, 75, 55, 55, 55, 55), 3, 55, 83)
    return _layout(name, share, "private_long", colours, LONG, glyphs, _LONG_BOLTS)


def _private(
    name: str,
    share: float,
    size: tuple[float, float],
    left: float,
    cell: float,
    gap: float,
    y: float,
    height: float,
    form: str = "private",
) -> PlateLayout:
    glyphs = _one_row(left, (cell, cell, gap, *(cell,) * 4), 2, y, height, 0.08 * height if size != LONG else 0)
    bolts = _LONG_BOLTS if size == LONG else _upper_bolts(size)
    return _layout(name, share, form, _PAINT, size, glyphs, bolts)


def _commercial_long() -> PlateLayout:
    cells = (55, 55, 71, 55, 55, 55, 55)
    glyphs = [*_stacked_region(59.5, 55), *_one_row(87, cells, 2, 55, 83)]
    return _layout("commercial_long", 1.5, "commercial", _YELLOW, LONG, glyphs, _LONG_BOLTS)


def _commercial_two_rows(name: str, share: float, scale: float, size: tuple[float, float]) -> PlateLayout:
    glyphs = _two_rows(scale, ((103, 36), (143, 38), (193, 30), (231, 30)), 88, 57)
    syllable = _syllable(53 * scale, 109 * scale, 50 * scale, 92 * scale)
    glyphs.insert(4, syllable)
    return _layout(name, share, "commercial", _YELLOW, size, glyphs, _upper_bolts(size), rows=2)


def _electric() -> PlateLayout:
    glyphs = _one_row(46, (56, 56, 74, 56, 56, 56, 56), 2, 55, 83)
    marks = (Mark("taegeuk_band", (0, 0, 110, 35.8), "KOR"), Mark("electric", (34, 462, 76, 504)))
    return _layout("electric", 1, "private", _ELECTRIC, LONG, glyphs, ((19.0, 16.0), (501.0, 16.0)), marks)


def _diplomatic(name: str, size: tuple[float, float], scale: float, y: float) -> PlateLayout:
    """``외교 321-678``; the notice gives no cells, so the long plate's are narrowed to fit."""
    height = 70.0 if size == LONG else 62.0
    words = [_syllable(x * scale, y, 52 * scale, height * 1.1) for x in (62, 122)]
    numbers = [*_digits(162 * scale, y, (49 * scale,) * 3, height), *_digits(339 * scale, y, (49 * scale,) * 3, height)]
    hyphen: Box = (y - 5, 314 * scale, y + 5, 334 * scale)
    bolts = _LONG_BOLTS if size == LONG else _upper_bolts(size)
    return _layout(name, 0.15, "diplomatic", _NAVY, size, [*words, *numbers], bolts, (Mark("block", hyphen),))


def _temporary(name: str, size: tuple[float, float], y: float) -> PlateLayout:
    """``임 12345`` under a red diagonal; the notice gives no cells."""
    scale = size[0] / 520
    height = 83.0 if size == LONG else 70.0
    glyphs = [_syllable(86 * scale, y, 56 * scale, height * 1.15), *_digits(146 * scale, y, (64 * scale,) * 5, height)]
    diagonal = Mark("red_diagonal", (0, 0, size[1], size[0]))
    bolts = _LONG_BOLTS if size == LONG else _upper_bolts(size)
    return _layout(name, 0.15, "temporary", _WHITE, size, glyphs, bolts, (diagonal,))


def _motorcycle() -> PlateLayout:
    upper = _one_row(42, (40, 46, 40), 1, 38, 46.5)
    glyphs = [*upper, *_digits(11, 104, (47,) * 4, 68)]
    return _layout("motorcycle", 0.3, "motorcycle", _PAINT, (210, 150), glyphs, ((24, 22), (186, 22)), rows=2)


def _green(name: str, share: float, scale: float, size: tuple[float, float]) -> PlateLayout:
    """Two digits and the syllable over the number, 2004."""
    glyphs = _two_rows(scale, ((108, 48), (164, 48), (222, 48)), 6, 80.5, 1.2, 42)
    return _layout(name, share, "private", _GREEN, size, glyphs, _upper_bolts(size), rows=2)


def _green_region(name: str, share: float, scale: float, size: tuple[float, float]) -> PlateLayout:
    """Region and class over the syllable and the number, until 2003."""
    glyphs = _two_rows(scale, ((92, 40), (137, 40), (193, 40), (241, 40)), 82, 61, 1.2, 42)
    syllable = _syllable(46 * scale, 114 * scale, 54 * scale, 84 * scale, 1.1)
    glyphs.insert(4, syllable)
    return _layout(name, share, "green_region", _GREEN, size, glyphs, _upper_bolts(size), rows=2)


_TWO_ROWS, _TWO_ROWS_LARGE = (335.0, 170.0), (440.0, 220.0)

LAYOUTS = (
    _film("film", 4, _FILM),
    _paint("paint", 2.5, _PAINT),
    _private("long", 8, LONG, 44, 56, 96, 55, 79),
    _private("short", 5, SHORT, 8, 45, 49, 91, 83),
    _private("large", 1, LARGE, 11, 59, 64, 118, 105),
    # Only reported: the notice does not mention them, so they look like private plates.
    _private("military", 0.2, LONG, 44, 56, 96, 55, 79, "military"),
    _private("military_short", 0.1, SHORT, 8, 45, 49, 91, 83, "military"),
    _commercial_long(),
    _commercial_two_rows("commercial_two_rows", 1.5, 1, _TWO_ROWS),
    _commercial_two_rows("commercial_large", 0.7, 1.28, _TWO_ROWS_LARGE),
    _electric(),
    _film("corporate_film", 0.3, _CORPORATE_FILM),
    _paint("corporate_paint", 0.3, _CORPORATE_PAINT),
    _diplomatic("diplomatic", LONG, 1, 55),
    _diplomatic("diplomatic_short", SHORT, 0.63, 92),
    _temporary("temporary", LONG, 55),
    _temporary("temporary_short", SHORT, 92),
    _motorcycle(),
    _green("green", 3.5, 1, _TWO_ROWS),
    _green("green_large", 0.7, 1.28, _TWO_ROWS_LARGE),
    _green_region("green_region", 1, 1, _TWO_ROWS),
    _green_region("green_region_large", 0.3, 1.28, _TWO_ROWS_LARGE),
)
