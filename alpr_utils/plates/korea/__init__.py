"""Korean plates: digits for the kind of vehicle, a syllable for its use, four digits, sometimes a region in front.

Sizes and cells are those of the ministry's notice 2025-121, as far as it gives them; places of bolts and syllables
inside their cells, and the green plates, are those of photos.
"""

import re
from collections.abc import Sequence

import numpy as np

from alpr_utils.plates.country import PlateType, series_start
from alpr_utils.plates.korea.layouts import COLOURS, LAYOUTS
from alpr_utils.plates.korea.text import (
    ALPHABET,
    CROP_REGIONS,
    DIPLOMATIC,
    FORMS,
    REGIONS,
    RENTAL,
    VEHICLES,
)
from alpr_utils.plates.layout import PlateLayout
from alpr_utils.plates.text_form import ParsedPlate, PlateTextError

_DUBEOLSIK_INITIALS = dict(zip("rseEfaqQtTdwWczxvg", "ㄱㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ", strict=True))
_DUBEOLSIK_VOWELS = dict(zip("koiOjpuPhynbml", "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅛㅜㅠㅡㅣ", strict=True))
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_CROP_NAME = re.compile(r"([A-P]?)(\d{2,3})([a-zA-Z])([a-zA-Z])(\d{4})(?:_\w+)?")


def canonical(text: str) -> str:
    """``text`` without spaces and hyphens."""
    return "".join(text.split()).replace("-", "")


def _use(form: str, series: str) -> str:
    if form in ("private", "private_long"):
        return "rental" if series in RENTAL else "private"
    if form == "commercial":
        return "delivery" if series == "배" else "commercial"
    return {"green_region": "private", "motorcycle": "private"}.get(form, form)


def _vehicle(form: str, prefix: str) -> str:
    if form == "motorcycle":
        return "motorcycle"
    return next((name for name, prefixes in VEHICLES.items() if prefix in prefixes), "")


def parse(text: str) -> ParsedPlate:
    """Take a plate text apart; spaces and hyphens are accepted.

    Raises:
        PlateTextError: Korean plates are not written like this.
    """
    clean = canonical(text)
    for form in FORMS.values():
        found = form.match(clean)
        if found is not None:
            region, prefix, series = (found.get(name, "") for name in ("region", "prefix", "series"))
            use = DIPLOMATIC.get(series) or _use(form.name, series)
            vehicle = _vehicle(form.name, prefix)
            return ParsedPlate(clean, found["number"], region, REGIONS.get(region, ""), series, prefix, vehicle, use)
    raise PlateTextError(f"'{text}' is not a Korean plate; write it like 12가3456, 123가4567 or 서울71바8669.")


def format(text: str) -> str:
    """``text`` as people write it: ``123가 4567``, ``서울71바 8669``, ``외교 321-678``, ``1가2 3456``.

    Raises:
        PlateTextError: like `parse`.
    """
    parsed = parse(text)
    if parsed.series in DIPLOMATIC:
        return f"{parsed.series} {parsed.digits[:3]}-{parsed.digits[3:]}"
    upper = f"{parsed.region_code}{parsed.prefix}{parsed.series}"
    if parsed.vehicle == "motorcycle":
        return f"{upper}{parsed.digits[0]} {parsed.digits[1:]}"
    return f"{upper} {parsed.digits}"


def random_text(rng: "np.random.Generator", layout: PlateLayout | None = None, balanced: bool = False) -> str:
    """A random canonical text that fits ``layout``, or any layout.

    ``balanced`` draws rare regions, prefixes and syllables, such as those of rental cars, more often than common ones,
    see `TextForm.draw`; the text is valid all the same.
    """
    if layout is None:
        layout = LAYOUTS[rng.integers(len(LAYOUTS))]
    return FORMS[layout.form].draw(rng, balanced)


def _syllable(keys: Sequence[str]) -> str:
    """The syllable that two keys of the Korean keyboard type: first consonant, then vowel."""
    initial, vowel = _DUBEOLSIK_INITIALS[keys[0]], _DUBEOLSIK_VOWELS[keys[1]]
    return chr(0xAC00 + (_INITIALS.index(initial) * len(_VOWELS) + _VOWELS.index(vowel)) * 28)


def text_of_crop_name(name: str) -> str:
    """The text of a crop of the public Korean photos by its file name: ``A72qk6984_0884.jpg`` -> ``서울72바6984``.

    Raises:
        PlateTextError: the name does not hold a plate.
    """
    match = _CROP_NAME.fullmatch(name.rsplit("/")[-1].split(".")[0])
    try:
        if match is None:
            raise KeyError(name)
        region, prefix, initial, vowel, number = match.groups()
        return parse(CROP_REGIONS.get(region, "") + prefix + _syllable((initial, vowel)) + number).text
    except (KeyError, PlateTextError) as error:
        raise PlateTextError(f"'{name}' is not a text of Korea; call the picture like A72qk6984_0884.jpg.") from error


def second_row(text: str) -> int:
    """Index at which the second row begins: ``서울39 / 바2764``, ``12가 / 3456``, ``1가2 / 3456``."""
    series = series_start(text)
    return max(series + 1, len(text) - 4) if text[:1].isdigit() else series


def rows_when_narrow(text: str, light_ink: bool) -> int:
    """Rows of a narrow plate: with light ink it is an old green one, without a region otherwise a short white one."""
    return 2 if light_ink or not text[:1].isdigit() else 1


PLATES = PlateType(
    country="kr",
    name="Korea",
    alphabet=ALPHABET,
    forms=tuple(FORMS.values()),
    layouts=LAYOUTS,
    colours=COLOURS,
    parse=parse,
    format=format,
    random_text=random_text,
    words=(*REGIONS, *DIPLOMATIC),
    second_row=second_row,
    rows_when_narrow=rows_when_narrow,
    crop_text=text_of_crop_name,
    faces="korean",
    dealer_words=("1588 0000", "1544 1234", "서울 강남", "02 123 4567"),
)
