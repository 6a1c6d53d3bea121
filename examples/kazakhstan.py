"""Plates of Kazakhstan since 2012, in one file: ``123 ABC 02``, of companies ``123 AB 02``.

Three digits, three Latin letters (two for companies) and the number of the region in a box at the right; flag and
``KZ`` at the left. On two-row plates the letters and the region stand below the digits. Sizes are those of the
standard as far as they are published; places of characters are estimates.
"""

import numpy as np

from alpr_utils.plates import (
    Mark,
    ParsedPlate,
    PlateColours,
    PlateLayout,
    PlateTextError,
    PlateType,
    TextForm,
    TextPart,
)

DIGITS = "0123456789"
LETTERS = "ABCDEFGHJKLMNOPRSTUVWXYZ"  # I and Q look too much like 1 and O; add them if you meet them
REGIONS = dict(
    zip(
        (f"{number:02}" for number in range(1, 21)),
        (
            *("Astana", "Almaty", "Akmola", "Aktobe", "Almaty Region", "Atyrau", "West Kazakhstan", "Jambyl"),
            *("Karaganda", "Kostanay", "Kyzylorda", "Mangystau", "Turkistan", "Pavlodar", "North Kazakhstan"),
            *("East Kazakhstan", "Shymkent", "Abai", "Jetisu", "Ulytau"),
        ),
        strict=True,
    )
)

_DIGIT, _LETTER = TextPart("number", tuple(DIGITS)), TextPart("series", tuple(LETTERS))
_REGION = TextPart("region", tuple(REGIONS), common=("01", "02"))
PRIVATE_FORM = TextForm("private", (*(_DIGIT,) * 3, *(_LETTER,) * 3, _REGION))
COMPANY_FORM = TextForm("company", (*(_DIGIT,) * 3, *(_LETTER,) * 2, _REGION))
FORMS = {form.name: form for form in (PRIVATE_FORM, COMPANY_FORM)}

WHITE = PlateColours("registered in Kazakhstan", ground=(234, 235, 233), ink=(20, 20, 24), share=12)
YELLOW = PlateColours("foreign owner", ground=(238, 190, 40), ink=(22, 20, 18), share=1)
FLAG_BLUE, FLAG_YELLOW = (0, 170, 195), (250, 205, 30)


def parse(text: str) -> ParsedPlate:
    """Take a plate text apart; spaces, hyphens and small letters are accepted.

    Raises:
        PlateTextError: not a plate of this country.
    """
    clean = "".join(text.split()).replace("-", "").upper()
    for form in FORMS.values():
        found = form.match(clean)
        if found is not None:
            region = found["region"]
            return ParsedPlate(clean, found["number"], region, REGIONS[region], found["series"], use=form.name)
    raise PlateTextError(f"'{text}' is not a plate of Kazakhstan; write it like 123ABC02 or 123AB02.")


def format(text: str) -> str:
    """``text`` as people write it, ``123 ABC 02``; raises `PlateTextError` like `parse`."""
    parsed = parse(text)
    return f"{parsed.digits} {parsed.series} {parsed.region_code}"


def random_text(rng: np.random.Generator, layout: PlateLayout, balanced: bool) -> str:
    """A random canonical text that fits ``layout``; ``balanced`` draws all regions equally often."""
    return FORMS[layout.form].draw(rng, balanced)


def _flag(left: float, top: float, scale: float) -> tuple[Mark, ...]:
    """The flag, 38 x 24 mm before ``scale``, over the letters KZ."""
    y = top + 24 * scale
    return (
        Mark("block", (top, left, y, left + 38 * scale), colour=FLAG_BLUE),
        Mark("disc", (top + 5 * scale, left + 12 * scale, top + 19 * scale, left + 26 * scale), colour=FLAG_YELLOW),
        Mark("word", (y + 8 * scale, left + 3 * scale, y + 32 * scale, left + 35 * scale), text="KZ"),
    )


def _one_row(form: TextForm, share: float, letter_xs: tuple[float, ...]) -> PlateLayout:
    """520 x 112 mm: the region is smaller and stands in a box of its own."""
    digits, region = (88, 136, 184), (437, 477)
    return PlateLayout(
        country="kz",
        name=f"one_row_{form.name}",
        form=form.name,
        size_mm=(520, 112),
        rows=1,
        char_centres_mm=(*((x, 56) for x in (*digits, *letter_xs)), *((x, 58) for x in region)),
        char_heights_mm=(*(76,) * (3 + len(letter_xs)), 58, 58),
        char_widths_mm=(*(41,) * 3, *(43,) * len(letter_xs), 32, 32),
        char_strokes_mm=(*(10,) * (3 + len(letter_xs)), 8, 8),
        slots=form.slots,
        colours=(WHITE, YELLOW),
        share=share,
        marks=(*_flag(12, 22, 1.0), Mark("frame", (6, 408, 106, 514))),
        second_group=3,
        group_spread_mm=(2.0, 2.5),
    )


def _two_rows(form: TextForm, share: float, letter_xs: tuple[float, ...]) -> PlateLayout:
    """280 x 200 mm: digits beside the flag, below them the letters and the region."""
    digits, region = (106, 162, 218), (212, 246)
    return PlateLayout(
        country="kz",
        name=f"two_rows_{form.name}",
        form=form.name,
        size_mm=(280, 200),
        rows=2,
        char_centres_mm=(*((x, 54) for x in digits), *((x, 146) for x in letter_xs), *((x, 148) for x in region)),
        char_heights_mm=(76, 76, 76, *(70,) * len(letter_xs), 54, 54),
        char_widths_mm=(43, 43, 43, *(41,) * len(letter_xs), 29, 29),
        char_strokes_mm=(10, 10, 10, *(9.5,) * len(letter_xs), 7.5, 7.5),
        slots=form.slots,
        colours=(WHITE, YELLOW),
        share=share,
        marks=(*_flag(16, 28, 1.1), Mark("frame", (104, 187, 192, 272))),
        second_group=3,
        group_spread_mm=(2.0, 2.0),
    )


LAYOUTS = (
    _one_row(PRIVATE_FORM, 6, (254, 307, 360)),
    _one_row(COMPANY_FORM, 2, (278, 336)),
    _two_rows(PRIVATE_FORM, 3, (44, 94, 144)),
    _two_rows(COMPANY_FORM, 1, (62, 122)),
)

PLATES = PlateType(
    country="kz",
    name="Kazakhstan",
    alphabet=DIGITS + LETTERS,
    forms=(PRIVATE_FORM, COMPANY_FORM),
    layouts=LAYOUTS,
    colours=(WHITE, YELLOW),
    parse=parse,
    format=format,
    random_text=random_text,
    lookalikes=(("0", "O"),),
    dealer_words=("ALMATY MOTORS", "ASTANA AUTO", "727 123 45 67", "KASPI AUTO"),
)
