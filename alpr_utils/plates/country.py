"""What a country's plates are, as plain data. A country is one file that defines ``PLATES``, a `PlateType`.

A complete country, whose plates read ``АВ 123`` in one row:

    DIGIT = TextPart("number", tuple("0123456789"))
    FORM = TextForm("all", (TextPart("region", ("АА", "АВ", "СА")), DIGIT, DIGIT, DIGIT))
    WHITE = PlateColours("private", ground=(235, 235, 232), ink=(24, 24, 28), share=1)

    def parse(text: str) -> ParsedPlate:
        clean = "".join(text.split()).upper()
        parts = FORM.match(clean)
        if parts is None:
            raise PlateTextError(f"'{text}' is not a plate of this country; write it like АВ123.")
        return ParsedPlate(clean, parts["number"], parts["region"], parts["region"], series="")

    LAYOUT = PlateLayout(
        country="xx", name="one_row", size_mm=(520, 110), rows=1,
        char_centres_mm=tuple((x, 55) for x in (90, 150, 250, 310, 370)), char_heights_mm=(76,) * 5,
        slots=FORM.slots, colours=(WHITE,),
    )
    PLATES = PlateType(
        country="xx", name="Example", alphabet="0123456789АВС", forms=(FORM,), layouts=(LAYOUT,), colours=(WHITE,),
        parse=parse, format=lambda text: f"{text[:2]} {text[2:]}",
        random_text=lambda rng, layout, balanced: FORM.draw(rng, balanced),
    )

Every command takes the path of such a file wherever it takes the code of a country.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from alpr_utils.plates.layout import PlateColours, PlateLayout
from alpr_utils.plates.text_form import ParsedPlate, PlateTextError, TextForm

PLATE_LABEL = "plate"
"""Class name of a plate in the label files that this package writes."""


def series_start(text: str) -> int:
    """Index of the first letter behind a digit: 4 in ``1537УНЛ`` and in ``서울71바8669``; the length without one."""
    letters = (index for index in range(1, len(text)) if text[index - 1].isdigit() and not text[index].isdigit())
    return next(letters, len(text))


def _always_two(text: str, light_ink: bool) -> int:
    return 2


@dataclass(frozen=True)
class PlateType:
    """Everything that differs between countries; the rest of the package asks for it here.

    Attributes:
        country: two-letter code, such as ``mn``.
        name: of the country in English.
        alphabet: every character that can occur, in the order of the classifiers' classes.
        forms: all ways to write a plate, the usual one first.
        layouts: the layouts seen on the road.
        colours: the colour classes seen on the road.
        parse: takes a text apart, raises `PlateTextError`; ``parse(text).text`` is the canonical text.
        format: writes a text as people do, with spaces, raises `PlateTextError`.
        random_text: a text for a layout; the last argument asks for balanced characters.
        words: texts of several characters that a reader sees as one token, such as the name of a region.
        lookalikes: pairs of characters of the same shape, told apart only by where they stand.
        second_row: index at which the second row begins when a canonical text is written in two rows.
        two_row_aspect: plates at least this many times as wide as high have one row.
        rows_when_narrow: rows of a narrower plate by its canonical text, and by whether its ink is lighter than its
            ground.
        crop_text: canonical text of a picture of one plate by the name of its file without the ending; raises
            `PlateTextError`. None: names are texts, perhaps with ``_`` and more behind.
        label_codes: class name of a character in VOC label files where it is not the character itself.
        label_character: the character that a class name means, by the name and its place in the text, where
            ``label_codes`` alone does not say it; ``""`` otherwise. None: it always does.
        classical: the classical reader can read these plates and votes on them.
        faces: what its characters are drawn with, a key of `alpr_utils.synth.glyphs.catalogue`.
        dealer_words: what may stand on the frame around a plate.
    """

    country: str
    name: str
    alphabet: str
    forms: tuple[TextForm, ...]
    layouts: tuple[PlateLayout, ...]
    colours: tuple[PlateColours, ...]
    parse: Callable[[str], ParsedPlate]
    format: Callable[[str], str]
    random_text: "Callable[[np.random.Generator, PlateLayout, bool], str]"  # quoted: `np.random` is slow to load
    words: tuple[str, ...] = ()
    lookalikes: tuple[tuple[str, str], ...] = ()
    second_row: Callable[[str], int] = series_start
    two_row_aspect: float = 2.4
    rows_when_narrow: Callable[[str, bool], int] = _always_two
    crop_text: Callable[[str], str] | None = None
    label_codes: Mapping[str, str] = field(default_factory=dict)
    label_character: Callable[[str, int], str] | None = None
    classical: bool = False
    faces: str = "strokes"
    dealer_words: tuple[str, ...] = ("1234567",)

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

    def split_rows(self, tokens: Sequence[str], rows: int) -> tuple[tuple[str, ...], ...]:
        """The tokens of each row of a plate.

        Args:
            tokens: of a canonical text, or the text itself; no token may reach over the end of a row.
            rows: 1 or 2; with 1 all tokens stand in one row.
        """
        if rows < 2:
            return (tuple(tokens),)
        begin, length = self.second_row("".join(tokens)), 0
        for place, token in enumerate(tokens):
            if length >= begin:
                return tuple(tokens[:place]), tuple(tokens[place:])
            length += len(token)
        return tuple(tokens), ()

    def likely_rows(self, text: str, aspect: float, light_ink: bool) -> int:
        """Rows of text of a plate, where no label says it.

        Args:
            text: canonical text.
            aspect: width / height of its box.
            light_ink: whether the characters are lighter than the ground.
        """
        return 1 if aspect >= self.two_row_aspect else self.rows_when_narrow(text, light_ink)

    def text_of_name(self, stem: str) -> str:
        """Canonical text of a picture of one plate: ``12가3456_2`` -> ``12가3456``.

        Args:
            stem: name of the file without the ending.

        Raises:
            PlateTextError: the name holds no text of this country.
        """
        try:
            return self.parse(unicodedata.normalize("NFC", stem.split("_")[0])).text
        except PlateTextError:
            if self.crop_text is None:
                raise
            return self.crop_text(stem)

    def label_names(self, text: str) -> list[str]:
        """The class names of the characters of ``text`` in label files."""
        return [self.label_codes.get(char, char) for char in text]

    def spell(self, names: Sequence[str]) -> list[str]:
        """The characters that class names of label files mean, in reading order; an unknown name stays as it is."""
        chars = {name: char for char, name in self.label_codes.items()}
        special = self.label_character or (lambda name, place: "")
        return [special(name, place) or chars.get(name, name) for place, name in enumerate(names)]
