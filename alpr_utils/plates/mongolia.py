"""Mongolian plates: four digits, three Cyrillic letters, the first two of which name the region.

Diplomatic plates are written otherwise, ``ДК1234``; `SLOTS` and `LAYOUTS` are those of all other plates.
"""

from itertools import product

import numpy as np

from alpr_utils.plates.country import PlateType
from alpr_utils.plates.layout import Box, PlateColours, PlateLayout
from alpr_utils.plates.text_form import ParsedPlate, PlateTextError, TextForm, TextPart

DIGITS = "0123456789"
LETTERS = "АБВГДЕЖЗИКЛМНОӨПРСТУҮХЦЧЭЯ"
ALPHABET = DIGITS + LETTERS
SLOTS = (DIGITS,) * 4 + (LETTERS,) * 3
DIPLOMATIC = "ДК"
REGIONS = {
    **dict.fromkeys(("УБ", "УН", "УА", "УЕ", "УК"), "Ulaanbaatar"),
    "АР": "Arkhangai",
    "БУ": "Bulgan",
    "БӨ": "Bayan-Ölgii",
    "БХ": "Bayankhongor",
    "БН": "Bayankhongor",
    "БР": "Baganuur",
    "ГА": "Govi-Altai",
    "ГО": "Govi-Altai",
    "ГС": "Govisümber",
    "ДА": "Darkhan",
    "ДГ": "Dornogovi",
    "ДО": "Dornod",
    "ДУ": "Dundgovi",
    "ЗА": "Zavkhan",
    "НА": "Nalaikh",
    "ОР": "Orkhon",
    "ӨВ": "Övörkhangai",
    "ӨМ": "Ömnögovi",
    "СБ": "Sükhbaatar city",
    "СЭ": "Selenge",
    "СҮ": "Sükhbaatar aimag",
    "СУ": "Sükhbaatar aimag",
    "ТӨ": "Töv",
    "УВ": "Uvs",
    "ХО": "Khovd",
    "ХӨ": "Khövsgöl",
    "ХЭ": "Khentii",
    "ЧО": "Choibalsan",
    "ЭТ": "Erdenet",
}

# Two cars in three carry a plate of the capital, so generated texts do as well; its first codes are the commonest.
CAPITAL_CODES = ("УБ", "УН", "УА", "УЕ", "УК")
CAPITAL_SHARE = 0.65
_CAPITAL_DRAW = ("УБ",) * 4 + ("УН",) * 4 + ("УА",) * 3 + ("УЕ",) * 2 + ("УК",)

_NUMBER = (TextPart("number", tuple(DIGITS)),) * 4
# Codes that are not listed are read as well, where the network is sure of them: the list may be incomplete.
_REGION = TextPart(
    "region",
    tuple(REGIONS),
    CAPITAL_CODES,
    others=tuple(first + second for first, second in product(LETTERS, LETTERS) if first + second not in REGIONS),
    others_weight=0.03,
)
STANDARD_FORM = TextForm("standard", (*_NUMBER, _REGION, TextPart("series", tuple(LETTERS))))
DIPLOMATIC_FORM = TextForm("diplomatic", (TextPart("series", (DIPLOMATIC,)), *_NUMBER))

# The class names of the public Mongolian-ALPR label files; those have no code for О and Ж, `o` and `j` are ours.
LABEL_CODES = {
    **{digit: digit for digit in DIGITS},
    "А": "a",
    "Б": "b",
    "В": "v",
    "Г": "g",
    "Д": "d",
    "Е": "ye",
    "Ж": "j",
    "З": "z",
    "И": "i",
    "К": "k",
    "Л": "l",
    "М": "m",
    "Н": "n",
    "О": "o",
    "Ө": "q",
    "П": "p",
    "Р": "r",
    "С": "s",
    "Т": "t",
    "У": "u",
    "Ү": "uu",
    "Х": "h",
    "Ц": "ts",
    "Ч": "ch",
    "Э": "e",
    "Я": "ya",
}

_UNLABELLED_O = ("0", "9")  # what the public labels call the letter О


_LATIN_LOOKALIKES = str.maketrans("ABEKMHOPCTYX", "АВЕКМНОРСТУХ")


def canonical(text: str) -> str:
    """``text`` in capitals, without spaces or hyphens, Latin look-alikes replaced by the Cyrillic letters."""
    return "".join(text.split()).replace("-", "").upper().translate(_LATIN_LOOKALIKES)


def parse(text: str) -> ParsedPlate:
    """Take a plate text apart; spaces, hyphens, small letters and Latin look-alikes are accepted.

    Raises:
        PlateTextError: neither four digits and three letters nor a diplomatic plate, or an unknown region.
    """
    clean = canonical(text)
    diplomatic = DIPLOMATIC_FORM.match(clean)
    if diplomatic is not None:
        return ParsedPlate(clean, diplomatic["number"], "", "", DIPLOMATIC, use="diplomatic")
    if len(clean) != len(SLOTS) or any(c not in slot for c, slot in zip(clean, SLOTS, strict=True)):
        raise PlateTextError(f"'{text}' is not a Mongolian plate; write it like 1537УНЛ or ДК1234.")
    region_code = clean[4:6]
    if region_code not in REGIONS:
        raise PlateTextError(f"'{text}' has an unknown region; its letters must begin with one of {' '.join(REGIONS)}.")
    return ParsedPlate(clean, clean[:4], region_code, REGIONS[region_code], clean[6:])


def format(text: str) -> str:
    """``text`` as people write it, ``1537 УНЛ`` or ``ДК 12 34``; raises `PlateTextError` like `parse`."""
    parsed = parse(text)
    if parsed.use == "diplomatic":
        return f"{parsed.series} {parsed.digits[:2]} {parsed.digits[2:]}"
    return f"{parsed.digits} {parsed.region_code}{parsed.series}"


def random_text(rng: "np.random.Generator", balanced: bool = False) -> str:
    """A random canonical text of four digits and three letters.

    ``balanced`` draws each letter evenly from the alphabet, so that a classifier sees rare ones as often as common
    ones; such a text usually names no region and does not validate.
    """
    digits = "".join(DIGITS[i] for i in rng.integers(0, 10, 4))
    if balanced:
        return digits + "".join(LETTERS[i] for i in rng.integers(0, len(LETTERS), 3))
    codes = _CAPITAL_DRAW if rng.random() < CAPITAL_SHARE else tuple(REGIONS)
    return digits + codes[rng.integers(len(codes))] + LETTERS[rng.integers(len(LETTERS))]


def text_for(rng: "np.random.Generator", layout: PlateLayout, balanced: bool = False) -> str:
    """A random canonical text that fits ``layout``; ``balanced`` as in `random_text`."""
    if layout.form == DIPLOMATIC_FORM.name:
        return DIPLOMATIC_FORM.draw(rng, balanced)
    return random_text(rng, balanced)


COLOURS = (
    PlateColours("private", (232, 233, 230), (22, 22, 26), 20),
    PlateColours("public transport", (238, 190, 40), (24, 22, 20), 1),
    PlateColours("electric", (40, 140, 80), (236, 240, 236), 1),
    PlateColours("technological", (26, 26, 30), (232, 232, 230), 1),
)
DIPLOMATIC_COLOURS = PlateColours("diplomatic", (190, 36, 44), (240, 240, 238), 1)


_STROKE_SHARE = 0.115  # of a character's height
_EVEN_STROKES = 0.4  # of the two-row plates seen have letters as bold as their taller digits


def _layout(
    name: str,
    share: float,
    digit_xs: tuple[float, ...],
    letter_xs: tuple[float, ...],
    split: bool = False,
    emblem: Box | None = None,
    oval: Box | None = None,
    oval_texts: tuple[str, ...] = (),
) -> PlateLayout:
    """A layout of one row, or of two where the letters begin left of the last digit."""
    one_row = letter_xs[0] > digit_xs[-1]
    digit_y, letter_y, letter_height = (55, 55, 74) if one_row else (63, 145, 59)
    heights = (74 if one_row else 77,) * 4 + (letter_height,) * 3
    return PlateLayout(
        country="mn",
        name=name,
        size_mm=(520, 110) if one_row else (280, 200),
        rows=1 if one_row else 2,
        digit_split=split,
        char_centres_mm=(*((x, digit_y) for x in digit_xs), *((x, letter_y) for x in letter_xs)),
        char_heights_mm=heights,
        char_strokes_mm=tuple(_STROKE_SHARE * height for height in heights),
        even_strokes=0.0 if one_row else _EVEN_STROKES,
        emblem_box_mm=emblem,
        oval_box_mm=oval,
        oval_texts=oval_texts,
        share=share,
        colours=COLOURS,
        slots=SLOTS,
    )


_SPLIT_XS = (54, 106, 177, 229)
_TWO_ROW_LETTERS = (84, 132, 180)
_TWO_ROW_OVAL = (132, 207, 170, 268)

# Shares and places are those of the public photos; the two-row plates without emblem also come with tight digits.
LAYOUTS = (
    _layout("one_row_plain", 3, (67, 118, 169, 220), (364, 417, 470)),
    _layout("one_row_oval", 1, (62, 113, 190, 241), (365, 417, 469), True, None, (37, 275, 73, 333), ("MGL",)),
    _layout(
        "one_row_emblem", 1, (95, 146, 197, 248), (372, 424, 476), False, (14, 14, 96, 56), (35, 284, 73, 340), ("MNG",)
    ),
    _layout("two_rows_plain", 2, _SPLIT_XS, _TWO_ROW_LETTERS, True),
    _layout("two_rows_tight", 1, (62, 114, 166, 218), _TWO_ROW_LETTERS),
    _layout("two_rows_oval", 1.5, _SPLIT_XS, (74, 122, 170), True, None, _TWO_ROW_OVAL, ("MGL", "MNG")),
    _layout("two_rows_emblem", 1.5, _SPLIT_XS, (82, 128, 174), True, (106, 16, 186, 52), _TWO_ROW_OVAL, ("MNG",)),
)

# ``ДК 12 34``; no measured plate is at hand, so its characters are those of the other one-row plates.
DIPLOMATIC_LAYOUT = PlateLayout(
    country="mn",
    name="diplomatic",
    size_mm=(520, 110),
    rows=1,
    digit_split=True,
    char_centres_mm=tuple((x, 55) for x in (76, 128, 232, 283, 370, 421)),
    char_heights_mm=(74,) * 6,
    char_strokes_mm=(_STROKE_SHARE * 74,) * 6,
    share=0.15,
    colours=(DIPLOMATIC_COLOURS,),
    slots=DIPLOMATIC_FORM.slots,
    form=DIPLOMATIC_FORM.name,
    second_group=2,
    group_spread_mm=(2.0, 2.0),
)


def label_character(name: str, place: int) -> str:
    """The letter О, for which the public labels have no code: they call it 0 or, once or twice, 9."""
    return "О" if place >= len(_NUMBER) and name in _UNLABELLED_O else ""


PLATES = PlateType(
    country="mn",
    name="Mongolia",
    alphabet=ALPHABET,
    forms=(STANDARD_FORM, DIPLOMATIC_FORM),
    layouts=(*LAYOUTS, DIPLOMATIC_LAYOUT),
    colours=(*COLOURS, DIPLOMATIC_COLOURS),
    parse=parse,
    format=format,
    random_text=text_for,
    lookalikes=(("0", "О"),),
    label_codes=LABEL_CODES,
    label_character=label_character,
    classical=True,
    dealer_words=("ТАВАН ГОЛ", "АВТО ХУДАЛДАА", "МОНГОЛ МОТОР", "НОМИН АВТО", "ТЭНГЭР ХХК", "99112233", "77001122"),
)
