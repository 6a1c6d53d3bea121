"""Where everything lies on a plate, and in which colours; all lengths in millimetres."""

from dataclasses import dataclass

Box = tuple[float, float, float, float]
Point = tuple[float, float]
Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Mark:
    """Something drawn on a plate besides its text.

    Attributes:
        kind: ``block`` (filled rectangle), ``disc`` (filled ellipse), ``frame`` (rectangle of lines) or ``word``; for
            Korea also ``taegeuk_band``, ``electric`` and ``red_diagonal``.
        box_mm: ymin, xmin, ymax, xmax.
        text: capitals of a ``word`` or a ``taegeuk_band``.
        colour: RGB 0..255; None: that of the characters. Some kinds have their own colours.
    """

    kind: str
    box_mm: Box
    text: str = ""
    colour: Rgb | None = None


@dataclass(frozen=True)
class PlateColours:
    """Ground and ink of one class of vehicles, RGB 0..255; ``share`` as in `PlateLayout`."""

    name: str
    ground: Rgb
    ink: Rgb
    share: float


@dataclass(frozen=True)
class PlateLayout:
    """Where everything lies on one kind of plate; all lengths in millimetres, origin at the top left.

    Attributes:
        country: two-letter code.
        name: unique within the country.
        size_mm: width, height of the plate.
        rows: 1 or 2 rows of text.
        char_centres_mm: x, y of each character's centre, in reading order.
        char_heights_mm: height of each character, in reading order.
        slots: for each position of its text, the characters that may stand there.
        colours: the colour classes it comes in.
        share: how often the layout is seen, relative to the country's other layouts.
        digit_split: the digits are written 2 + 2 with a gap.
        emblem_box_mm: ymin, xmin, ymax, xmax of the state emblem, None without one.
        oval_box_mm: the same for the oval with the country's letters, None without one.
        oval_texts: what may stand in the oval.
        form: name of the `TextForm` written on it; empty: the country's first one.
        char_widths_mm: ink width of each character of full width; empty: the width follows from height and character.
        char_strokes_mm: stroke width of each character; empty: one width for all, the generator's.
        even_strokes: how often all characters have the widest of these strokes instead, 0..1.
        marks: what is drawn below the text, in this order.
        bolts_mm: x, y of the bolt holes; empty: anywhere usual.
        second_group: index of the first character that is pressed with another die than the ones before it.
        group_spread_mm: standard deviation of the sideways shift of the first and the second group.
        face: name of the face it is written in; empty: the country's usual one.
    """

    country: str
    name: str
    size_mm: tuple[float, float]
    rows: int
    char_centres_mm: tuple[Point, ...]
    char_heights_mm: tuple[float, ...]
    slots: tuple[str, ...]
    colours: tuple[PlateColours, ...]
    share: float = 1.0
    digit_split: bool = False
    emblem_box_mm: Box | None = None
    oval_box_mm: Box | None = None
    oval_texts: tuple[str, ...] = ()
    form: str = ""
    char_widths_mm: tuple[float, ...] = ()
    char_strokes_mm: tuple[float, ...] = ()
    even_strokes: float = 0.0
    marks: tuple[Mark, ...] = ()
    bolts_mm: tuple[Point, ...] = ()
    second_group: int = 4
    group_spread_mm: tuple[float, float] = (2.5, 4.0)
    face: str = ""
