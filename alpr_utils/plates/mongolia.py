"""Mongolian plates: four digits, three Cyrillic letters, the first two of which name the region."""

import numpy as np

from alpr_utils.plates.plate_type import Box, ParsedPlate, PlateColours, PlateLayout, PlateTextError, PlateType

DIGITS = "0123456789"
LETTERS = "АБВГДЕЖЗИКЛМНОӨПРСТУҮХЦЧЭЯ"
ALPHABET = DIGITS + LETTERS
SLOTS = (DIGITS,) * 4 + (LETTERS,) * 3

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

# Two cars in three carry a plate of the capital, so generated texts do as well.
CAPITAL_CODES = ("УБ", "УН", "УА", "УЕ", "УК")
CAPITAL_SHARE = 0.65

PLATE_LABEL = "plate"
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

_LATIN_LOOKALIKES = str.maketrans("ABEKMHOPCTYX", "АВЕКМНОРСТУХ")


def canonical(text: str) -> str:
    """``text`` in capitals, without spaces or hyphens, Latin look-alikes replaced by the Cyrillic letters."""
    return "".join(text.split()).replace("-", "").upper().translate(_LATIN_LOOKALIKES)


def parse(text: str) -> ParsedPlate:
    """Take a plate text apart; spaces, hyphens, small letters and Latin look-alikes are accepted.

    Raises:
        PlateTextError: not four digits and three letters, or an unknown region.
    """
    clean = canonical(text)
    if len(clean) != len(SLOTS) or any(c not in slot for c, slot in zip(clean, SLOTS, strict=True)):
        raise PlateTextError(f"'{text}' is no Mongolian plate; write four digits and three letters, like 1537УНЛ.")
    region_code = clean[4:6]
    if region_code not in REGIONS:
        raise PlateTextError(f"'{text}' names no known region; its letters must begin with one of {' '.join(REGIONS)}.")
    return ParsedPlate(clean, clean[:4], region_code, REGIONS[region_code], clean[6:])


def format(text: str) -> str:
    """``text`` as people write it, ``1537 УНЛ``; raises `PlateTextError` like `parse`."""
    parsed = parse(text)
    return f"{parsed.digits} {parsed.region_code}{parsed.series}"


def random_text(rng: np.random.Generator, balanced: bool = False) -> str:
    """A random canonical text.

    ``balanced`` draws each letter evenly from the alphabet, so that a classifier sees rare ones as often as common
    ones; such a text usually names no region and does not validate.
    """
    digits = "".join(DIGITS[i] for i in rng.integers(0, 10, 4))
    if balanced:
        return digits + "".join(LETTERS[i] for i in rng.integers(0, len(LETTERS), 3))
    codes = CAPITAL_CODES if rng.random() < CAPITAL_SHARE else tuple(REGIONS)
    return digits + codes[rng.integers(len(codes))] + LETTERS[rng.integers(len(LETTERS))]


COLOURS = (
    PlateColours("private", (232, 233, 230), (22, 22, 26), 20),
    PlateColours("public transport", (238, 190, 40), (24, 22, 20), 1),
    PlateColours("electric", (40, 140, 80), (236, 240, 236), 1),
    PlateColours("technological", (26, 26, 30), (232, 232, 230), 1),
)


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
    digit_y, letter_y, letter_height = (55, 55, 76) if one_row else (63, 145, 61)
    return PlateLayout(
        country="mn",
        name=name,
        size_mm=(520, 110) if one_row else (280, 200),
        rows=1 if one_row else 2,
        digit_split=split,
        char_centres_mm=(*((x, digit_y) for x in digit_xs), *((x, letter_y) for x in letter_xs)),
        char_heights_mm=(76 if one_row else 80,) * 4 + (letter_height,) * 3,
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
    _layout("one_row_plain", 3, (76, 126, 176, 226), (354, 406, 458)),
    _layout("one_row_oval", 1, (70, 121, 194, 244), (356, 407, 458), True, None, (36, 270, 72, 328), ("MGL",)),
    _layout(
        "one_row_emblem", 1, (98, 149, 200, 251), (366, 418, 470), False, (14, 16, 96, 58), (34, 280, 72, 336), ("MNG",)
    ),
    _layout("two_rows_plain", 2, _SPLIT_XS, _TWO_ROW_LETTERS, True),
    _layout("two_rows_tight", 1, (62, 114, 166, 218), _TWO_ROW_LETTERS),
    _layout("two_rows_oval", 1.5, _SPLIT_XS, (74, 122, 170), True, None, _TWO_ROW_OVAL, ("MGL", "MNG")),
    _layout("two_rows_emblem", 1.5, _SPLIT_XS, (82, 128, 174), True, (106, 16, 186, 52), _TWO_ROW_OVAL, ("MNG",)),
)

MONGOLIA = PlateType(
    country="mn",
    alphabet=ALPHABET,
    slots=SLOTS,
    label_codes=LABEL_CODES,
    layouts=LAYOUTS,
    colours=COLOURS,
    parse=parse,
    format=format,
    random_text=lambda rng, layout, balanced: random_text(rng, balanced),
)
