"""What a country's plates are, as plain data: one module a country fills in these dataclasses.

Adding a country is one file of about 60 lines. Two layouts of an invented country, ``АВ 123``, one of them yellow:

    REGION = TextPart("region", ("АА", "АВ", "СА"), common=("АВ",))
    FORM = TextForm("all", (REGION, *(TextPart("number", tuple("0123456789")),) * 3))

    def parse(text: str) -> ParsedPlate:
        found = FORM.match(text.replace(" ", ""))
        if found is None:
            raise PlateTextError(f"'{text}' is no plate of this country; write it like АВ123.")
        return ParsedPlate("".join(found.values()), found["number"], found["region"], found["region"], "")

    def layout(name: str, colours: PlateColours) -> PlateLayout:
        return PlateLayout(
            country="xx", name=name, size_mm=(520, 110), rows=1, digit_split=False,
            char_centres_mm=tuple((x, 55) for x in (90, 150, 250, 310, 370)), char_heights_mm=(76,) * 5,
            emblem_box_mm=None, oval_box_mm=None, oval_texts=(), share=1, colours=(colours,), slots=FORM.slots,
        )

    LAYOUTS = (layout("private", WHITE), layout("commercial", YELLOW))
    XX = PlateType(
        "xx", "0123456789АВС", FORM.slots, {c: c for c in "0123456789АВС"}, LAYOUTS, (WHITE, YELLOW),
        parse, lambda text: f"{text[:2]} {text[2:]}", lambda rng, layout, balanced: FORM.draw(rng, balanced),
    )

A line in ``COUNTRIES`` (``plates/__init__.py``) makes it known; a line each in ``FACE_PICKERS`` and ``DEALER_WORDS``
(``synth/plate.py``) names its faces and the words on its frames, and then the generator draws it. The faces that are
here hold digits, Cyrillic and hangul; for other letters load a font with ``synth.glyphs.load_font_face``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from alpr_utils.errors import AlprError

Box = tuple[float, float, float, float]
Point = tuple[float, float]
Rgb = tuple[int, int, int]

COMMON_SHARE = 0.6


class PlateTextError(AlprError):
    """A text that no plate of the country carries."""


@dataclass(frozen=True)
class TextPart:
    """A piece of a plate's text.

    Attributes:
        name: what it tells: ``region``, ``prefix``, ``series`` or ``number``; neighbours of one name belong together.
        choices: all that may stand there, each of the same length.
        common: those choices that make up `COMMON_SHARE` of all plates; empty: all are as common.
    """

    name: str
    choices: tuple[str, ...]
    common: tuple[str, ...] = ()


@dataclass(frozen=True)
class TextForm:
    """One way to write a plate: its parts in reading order."""

    name: str
    parts: tuple[TextPart, ...]

    @property
    def slots(self) -> tuple[str, ...]:
        """For each position of the text the characters that may stand there, sorted."""
        columns = [column for part in self.parts for column in zip(*part.choices, strict=True)]
        return tuple("".join(sorted(set(column))) for column in columns)

    def match(self, text: str) -> dict[str, str] | None:
        """The pieces of ``text`` by the names of their parts, None when it does not have this form."""
        found: dict[str, str] = {}
        start = 0
        for part in self.parts:
            piece = text[start : start + len(part.choices[0])]
            if piece not in part.choices:
                return None
            found[part.name] = found.get(part.name, "") + piece
            start += len(piece)
        return found if start == len(text) else None

    def draw(self, rng: np.random.Generator, balanced: bool = False) -> str:
        """A random text; ``balanced`` draws every part evenly, otherwise as often as on the road."""
        pieces = []
        for part in self.parts:
            common = part.common and not balanced and rng.random() < COMMON_SHARE
            choices = part.common if common else part.choices
            pieces.append(choices[rng.integers(len(choices))])
        return "".join(pieces)


@dataclass(frozen=True)
class Mark:
    """Something drawn that is no character: ``kind`` names it (see ``synth/marks.py``), ``box_mm`` as in the layout."""

    kind: str
    box_mm: Box


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
        digit_split: the digits are written 2 + 2 with a gap.
        char_centres_mm: x, y of each character's centre, in reading order.
        char_heights_mm: height of each character, in reading order.
        emblem_box_mm: ymin, xmin, ymax, xmax of the state emblem, None without one.
        oval_box_mm: the same for the oval with the country's letters, None without one.
        oval_texts: what may stand in the oval.
        share: how often the layout is seen, relative to the country's other layouts.
        colours: the colour classes it comes in.
        slots: for each position of its text, the characters that may stand there.
        form: name of the `TextForm` written on it; empty where the country has only one.
        char_widths_mm: ink width of each character of full width; empty: the width follows from height and character.
        char_strokes_mm: stroke width of each character; empty: one width for all, the generator's.
        even_strokes: how often all characters have the widest of these strokes instead, 0..1.
        marks: band, electric mark, hyphen, diagonal.
        bolts_mm: x, y of the bolt holes; empty: anywhere usual.
        second_group: index of the first character that is pressed with another die than the ones before it.
        group_spread_mm: standard deviation of the sideways shift of the first and the second group.
        face: name of the face it is written in; empty: the country's usual one.
    """

    country: str
    name: str
    size_mm: tuple[float, float]
    rows: int
    digit_split: bool
    char_centres_mm: tuple[Point, ...]
    char_heights_mm: tuple[float, ...]
    emblem_box_mm: Box | None
    oval_box_mm: Box | None
    oval_texts: tuple[str, ...]
    share: float
    colours: tuple[PlateColours, ...]
    slots: tuple[str, ...]
    form: str = ""
    char_widths_mm: tuple[float, ...] = ()
    char_strokes_mm: tuple[float, ...] = ()
    even_strokes: float = 0.0
    marks: tuple[Mark, ...] = ()
    bolts_mm: tuple[Point, ...] = ()
    second_group: int = 4
    group_spread_mm: tuple[float, float] = (2.5, 4.0)
    face: str = ""


@dataclass(frozen=True)
class ParsedPlate:
    """A canonical text taken apart; what a plate does not tell is empty.

    Attributes:
        text: canonical text without spaces.
        digits: the number.
        region_code: the letters that name the region.
        region: name of the region.
        series: the remaining letter or letters.
        prefix: digits in front of the series.
        vehicle: kind of vehicle, such as ``car`` or ``bus``.
        use: what it is registered for, such as ``private`` or ``commercial``.
    """

    text: str
    digits: str
    region_code: str
    region: str
    series: str
    prefix: str = ""
    vehicle: str = ""
    use: str = ""


@dataclass(frozen=True)
class PlateType:
    """Everything a reader or generator needs to know about the plates of one country.

    Attributes:
        country: two-letter code, ``mn`` or ``kr``.
        alphabet: every character that can occur, in the order of the classifiers' classes.
        slots: for each position of the canonical text, the characters that may stand there; empty where texts differ
            in length, then each layout has its own.
        label_codes: class name of each character in VOC label files.
        layouts: the layouts seen on the road.
        colours: the colour classes seen on the road.
        parse: takes a text apart, raises `PlateTextError`.
        format: writes a text as people do, with spaces, raises `PlateTextError`.
        random_text: a text for a layout; the last argument asks for balanced characters.
    """

    country: str
    alphabet: str
    slots: tuple[str, ...]
    label_codes: dict[str, str]
    layouts: tuple[PlateLayout, ...]
    colours: tuple[PlateColours, ...]
    parse: Callable[[str], ParsedPlate]
    format: Callable[[str], str]
    random_text: Callable[[np.random.Generator, PlateLayout, bool], str]

    def layout(self, name: str) -> PlateLayout:
        """The layout of that name; KeyError when there is none."""
        return {layout.name: layout for layout in self.layouts}[name]

    def validate(self, text: str) -> bool:
        """Whether ``text`` can stand on a plate of the country."""
        try:
            self.parse(text)
        except PlateTextError:
            return False
        return True
