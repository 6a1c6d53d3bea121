"""What a country's plates are, as plain data: one module a country fills in these dataclasses."""

from dataclasses import dataclass

Box = tuple[float, float, float, float]
Point = tuple[float, float]
Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class PlateLayout:
    """Where everything lies on one kind of plate; all lengths in millimetres, origin at the top left.

    Attributes:
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
    """

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


@dataclass(frozen=True)
class PlateColours:
    """Ground and ink of one class of vehicles, RGB 0..255; ``share`` as in `PlateLayout`."""

    name: str
    ground: Rgb
    ink: Rgb
    share: float


@dataclass(frozen=True)
class PlateType:
    """Everything a reader or generator needs to know about the plates of one country.

    Attributes:
        country: two-letter code, ``mn`` or ``kr``.
        alphabet: every character that can occur, in the order of the classifiers' classes.
        slots: for each position of the canonical text, the characters that may stand there.
        label_codes: class name of each character in VOC label files.
        layouts: the layouts seen on the road.
        colours: the colour classes seen on the road.
    """

    country: str
    alphabet: str
    slots: tuple[str, ...]
    label_codes: dict[str, str]
    layouts: tuple[PlateLayout, ...]
    colours: tuple[PlateColours, ...]

    def layout(self, name: str) -> PlateLayout:
        """The layout of that name; KeyError when there is none."""
        return {layout.name: layout for layout in self.layouts}[name]


@dataclass(frozen=True)
class ParsedPlate:
    """A canonical text taken apart.

    Attributes:
        text: canonical text without spaces.
        digits: the number.
        region_code: the letters that name the region.
        region: name of the region.
        series: the remaining letter or letters.
    """

    text: str
    digits: str
    region_code: str
    region: str
    series: str
