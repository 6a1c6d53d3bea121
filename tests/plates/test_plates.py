"""Grammar, alphabet and layouts of Mongolian plates."""

import sys
import textwrap

import numpy as np
import pytest

from alpr_utils.errors import AlprError
from alpr_utils.plates import COUNTRIES
from alpr_utils.plates.korea import KOREA
from alpr_utils.plates.mongolia import (
    ALPHABET,
    DIGITS,
    LABEL_CODES,
    LAYOUTS,
    LETTERS,
    MONGOLIA,
    PLATE_LABEL,
    REGIONS,
    SLOTS,
    PlateTextError,
    canonical,
    parse,
    random_text,
)
from alpr_utils.synth.photo.sample import sample_plate
from alpr_utils.synth.plate import render as plate

# The package's function of the same name hides the module.
plate_type_source = sys.modules["alpr_utils.plates.plate_type"]


def test_parse_takes_a_plate_apart() -> None:
    plate = parse("1537УНЛ")
    assert (plate.digits, plate.region_code, plate.region, plate.series) == ("1537", "УН", "Ulaanbaatar", "Л")


@pytest.mark.parametrize("written", [" 1537 унл ", "15-37 УНЛ", "1537\tУНЛ", "1537УHЛ"])
def test_spaces_hyphens_small_and_latin_letters_are_accepted(written: str) -> None:
    assert parse(written).text == "1537УНЛ"


@pytest.mark.parametrize(
    "wrong", ["", "1537", "1537УН", "537УНЛА", "1537УНЛА", "1537УН1", "О537УНЛ", "1537ЯЯЯ", "1537УНЫ"]
)
def test_what_no_plate_carries_is_refused(wrong: str) -> None:
    assert not MONGOLIA.validate(wrong)
    with pytest.raises(PlateTextError, match=r"plate|region"):
        parse(wrong)


def test_random_texts_are_valid_and_canonical() -> None:
    rng = np.random.default_rng(0)
    texts = [random_text(rng) for _ in range(500)]
    assert all(MONGOLIA.validate(text) and canonical(text) == text for text in texts)
    assert len(set(texts)) > 490


def test_balanced_texts_use_every_letter_in_every_place_about_evenly() -> None:
    rng = np.random.default_rng(0)
    texts = [random_text(rng, balanced=True) for _ in range(4000)]
    for slot in range(4, 7):
        counts = [sum(text[slot] == letter for text in texts) for letter in LETTERS]
        assert min(counts) > 0.6 * 4000 / len(LETTERS)


def test_alphabet_and_codes_fit_together() -> None:
    assert set("ӨҮОЖ") <= set(LETTERS)
    assert ALPHABET == DIGITS + LETTERS and len(set(ALPHABET)) == len(ALPHABET)
    assert set(LABEL_CODES) == set(ALPHABET)
    assert len({*LABEL_CODES.values(), PLATE_LABEL}) == len(ALPHABET) + 1
    assert LABEL_CODES["Ө"] == "q" and LABEL_CODES["Ү"] == "uu" and LABEL_CODES["О"] != LABEL_CODES["0"]
    assert all(len(code) == 2 and set(code) <= set(LETTERS) for code in REGIONS)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_characters_lie_on_the_plate_in_reading_order(layout) -> None:  # type: ignore[no-untyped-def]
    width, height = layout.size_mm
    centres, heights = np.array(layout.char_centres_mm), np.array(layout.char_heights_mm)
    assert len(centres) == len(heights) == len(SLOTS)
    assert (centres[:, 1] - heights / 2 > 0).all() and (centres[:, 1] + heights / 2 < height).all()
    assert (centres[:, 0] > 0).all() and (centres[:, 0] < width).all()
    assert (np.diff(centres[:4, 0]) > 0).all() and (np.diff(centres[4:, 0]) > 0).all()
    assert len(set(centres[:, 1])) == layout.rows


def test_diplomatic_plates_are_written_otherwise() -> None:
    plate = parse("дк 12-34")
    assert (plate.text, plate.digits, plate.series, plate.use, plate.region) == (
        "ДК1234",
        "1234",
        "ДК",
        "diplomatic",
        "",
    )
    assert MONGOLIA.format("ДК1234") == "ДК 12 34" and parse(MONGOLIA.format("ДК1234")).text == "ДК1234"
    assert not any(MONGOLIA.validate(wrong) for wrong in ("ДК123", "ДК12345", "1234ДК", "ДА1234"))
    layout, rng = MONGOLIA.layout("diplomatic"), np.random.default_rng(0)
    assert [colours.name for colours in layout.colours] == ["diplomatic"]
    for balanced in (False, True):
        text = MONGOLIA.random_text(rng, layout, balanced)
        assert MONGOLIA.validate(text) and len(text) == len(layout.slots) == len(layout.char_centres_mm)
        assert all(char in slot for char, slot in zip(text, layout.slots, strict=True))
    # The other plates' grammar stays the country's.
    assert MONGOLIA.slots == SLOTS and all(layout.slots == SLOTS for layout in LAYOUTS)


def test_the_six_layouts_are_there() -> None:
    kinds = {(layout.rows, layout.emblem_box_mm is not None, layout.oval_box_mm is not None) for layout in LAYOUTS}
    assert kinds == {
        (rows, emblem, oval) for rows in (1, 2) for emblem, oval in ((False, False), (False, True), (True, True))
    }
    assert MONGOLIA.layout("two_rows_tight").digit_split is False


def test_the_worked_example_of_a_new_country_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert plate_type_source.__doc__ is not None
    lines = plate_type_source.__doc__.splitlines()
    example = textwrap.dedent("\n".join(line for line in lines if line.startswith("    ") or not line))
    colours = {"WHITE": KOREA.colours[0], "YELLOW": KOREA.colours[2]}
    scope = {**vars(plate_type_source), **colours}
    exec(example, scope)
    country = scope["XX"]
    monkeypatch.setitem(COUNTRIES, "xx", country)
    monkeypatch.setitem(plate.FACE_PICKERS, "xx", plate.FACE_PICKERS["mn"])
    monkeypatch.setitem(plate.DEALER_WORDS, "xx", ("123",))
    for index in range(5):
        drawn = sample_plate(np.random.default_rng(index), "xx")
        assert country.validate(drawn.text)
        assert len(drawn.char_boxes) == 5
    assert not country.validate("АВ12")
    with pytest.raises(AlprError, match="no glyph of 'Q'"):
        plate.FACE_PICKERS["mn"](np.random.default_rng(0), country.layouts[0]).mask("Q", 20, 30, 4)
