"""Grammar, alphabet and layouts of Mongolian plates."""

import textwrap
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.errors import AlprError
from alpr_utils.plates import COUNTRIES, PLATE_LABEL, PlateLayout, PlateTextError, country, plate_type
from alpr_utils.plates.korea import PLATES as KOREA
from alpr_utils.plates.mongolia import (
    ALPHABET,
    DIGITS,
    LABEL_CODES,
    LAYOUTS,
    LETTERS,
    REGIONS,
    SLOTS,
    canonical,
    parse,
    random_text,
)
from alpr_utils.plates.mongolia import PLATES as MONGOLIA
from alpr_utils.read.grammar import Grammar, tokenise
from alpr_utils.synth.photo.sample import sample_plate


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
    assert all(layout.slots == SLOTS for layout in LAYOUTS)
    assert tuple(map(set, MONGOLIA.forms[0].slots)) == tuple(map(set, SLOTS))


def test_the_six_layouts_are_there() -> None:
    kinds = {(layout.rows, layout.emblem_box_mm is not None, layout.oval_box_mm is not None) for layout in LAYOUTS}
    assert kinds == {
        (rows, emblem, oval) for rows in (1, 2) for emblem, oval in ((False, False), (False, True), (True, True))
    }
    assert MONGOLIA.layout("two_rows_tight").digit_split is False


EXAMPLE = "from alpr_utils.plates import *\n" + textwrap.dedent(
    "\n".join(line for line in (country.__doc__ or "").splitlines() if line.startswith("    ") or not line)
)


def test_the_example_of_a_new_country_is_drawn_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alpr_utils.plates._FILES", {})
    for code in [code for code in COUNTRIES if code not in ("mn", "kr")]:
        monkeypatch.delitem(COUNTRIES, code)
    file = tmp_path / "example.py"
    file.write_text(EXAMPLE, encoding="utf-8")
    plates = plate_type(str(file))
    try:
        assert plate_type("xx") is plates is plate_type(str(file))
        for index in range(5):
            drawn = sample_plate(np.random.default_rng(index), "xx")
            assert len(drawn.char_boxes) == 5
            assert plates.parse(plates.format(drawn.text)).text == drawn.text
        assert not plates.validate("АВ12") and plates.text_of_name("АВ123_7") == "АВ123"
        assert plates.label_names("АВ123") == list("АВ123") == plates.spell("АВ123")
        assert plates.split_rows("АВ123", 1) == (tuple("АВ123"),)
        assert Grammar.of(["xx"]).country(tuple("СА001")) == "xx"
    finally:
        COUNTRIES.pop("xx")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("PLATES = 3", "does not define PLATES"),
        ("from alpr_utils.plates.mongolia import PLATES", "'mn' is taken"),
    ],
)
def test_a_broken_country_file_is_refused(tmp_path: Path, source: str, message: str) -> None:
    file = tmp_path / "country.py"
    with pytest.raises(AlprError, match="there is no such file"):
        plate_type(str(file))
    file.write_text(source, encoding="utf-8")
    with pytest.raises(AlprError, match=message):
        plate_type(str(file))


@pytest.mark.parametrize(
    ("code", "text", "upper", "lower"),
    [
        ("mn", "1537УНЛ", "1537", "УНЛ"),
        ("kr", "서울39바2764", "서울39", "바2764"),
        ("kr", "12가3456", "12가", "3456"),
        ("kr", "123가4567", "123가", "4567"),
        ("kr", "1가23456", "1가2", "3456"),
    ],
)
def test_the_second_row_begins_where_the_country_says(code: str, text: str, upper: str, lower: str) -> None:
    for tokens in (text, tokenise(text, code)):
        rows = plate_type(code).split_rows(tokens, 2)
        assert ["".join(row) for row in rows] == [upper, lower]


@pytest.mark.parametrize("layout", [layout for plates in COUNTRIES.values() for layout in plates.layouts])
def test_every_layout_of_two_rows_breaks_there(layout: PlateLayout) -> None:
    plates, rng = plate_type(layout.country), np.random.default_rng(0)
    upper, *lower = plates.split_rows(plates.random_text(rng, layout, False), layout.rows)
    ys = [y for _, y in layout.char_centres_mm]
    if lower:
        assert max(ys[: len(upper)]) < min(ys[len(upper) :])


def test_rows_follow_from_shape_and_ground() -> None:
    assert MONGOLIA.likely_rows("1537УНЛ", 2.4, False) == 1 and MONGOLIA.likely_rows("1537УНЛ", 2.3, False) == 2
    rows = [KOREA.likely_rows("12가3456", aspect, light) for aspect, light in ((4, True), (2, True), (2, False))]
    assert rows == [1, 2, 1]
    assert KOREA.likely_rows("서울39바2764", 2, False) == 2


def test_pictures_and_labels_are_named_as_the_country_does() -> None:
    assert MONGOLIA.text_of_name("1537УНЛ_2") == "1537УНЛ"
    assert KOREA.text_of_name("12가3456") == "12가3456" and KOREA.text_of_name("A72qk6984_0884") == "서울72바6984"
    for wrong in ("plate", "", "1537"):
        with pytest.raises(PlateTextError):
            MONGOLIA.text_of_name(wrong)
        with pytest.raises(PlateTextError):
            KOREA.text_of_name(wrong)
    assert MONGOLIA.label_names("1507УОӨ") == ["1", "5", "0", "7", "u", "o", "q"]
    assert MONGOLIA.spell(["1", "5", "0", "9", "u", "0", "9"]) == list("1509УОО")
    assert MONGOLIA.spell(["1", "uu", "?"]) == ["1", "Ү", "?"]
    assert KOREA.spell(KOREA.label_names("12가3450")) == list("12가3450")
