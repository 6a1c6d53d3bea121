"""Korean plates: grammar, layouts, and what the generator draws of them."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.errors import AlprError
from alpr_utils.plates import COUNTRIES, PlateLayout, PlateTextError, korea, plate_type
from alpr_utils.plates.korea.text import COMMERCIAL, MILITARY, PRIVATE, REGIONS, RENTAL, TEMPORARY
from alpr_utils.synth.glyphs.korean_face import KoreanFace, hangul_fonts, pick_korean_face
from alpr_utils.synth.glyphs.korean_strokes import has_lines
from alpr_utils.synth.glyphs.strokes import StrokeStyle
from alpr_utils.synth.photo.sample import sample_plate
from alpr_utils.synth.plate.render import render_plate

CROPS = Path(__file__).parents[3] / "shared" / "data" / "korean" / "crops"
each_layout = pytest.mark.parametrize("layout", korea.LAYOUTS, ids=lambda layout: layout.name)


@pytest.mark.parametrize(
    ("text", "region", "vehicle", "use"),
    [
        ("서울71바8669", "Seoul", "bus", "commercial"),
        ("123가4567", "", "car", "private"),
        ("12 하 3456", "", "car", "rental"),
        ("제주 85 배 0001", "Jeju", "truck", "delivery"),
        ("701두1234", "", "bus", "private"),
        ("99조1234", "", "special", "private"),
        ("998너1234", "", "emergency", "private"),
        ("대전52가1234", "Daejeon", "car", "private"),
        ("외교 321-678", "", "", "diplomatic"),
        ("영사321678", "", "", "consular"),
        ("임12345", "", "", "temporary"),
        ("12육3456", "", "car", "military"),
        ("1가23456", "", "motorcycle", "private"),
    ],
)
def test_a_text_is_explained(text, region, vehicle, use):
    parsed = korea.parse(text)
    assert (parsed.region, parsed.vehicle, parsed.use) == (region, vehicle, use)


@pytest.mark.parametrize(
    "text",
    ["", "00가1234", "12가345", "12각3456", "1234가5678", "12바3456", "평양12바3456", "서울12하3456", "12가34567"],
)
def test_other_texts_are_refused(text):
    assert not korea.PLATES.validate(text)
    with pytest.raises(PlateTextError, match="is not a Korean plate"):
        korea.parse(text)


def test_texts_are_written_as_people_do():
    for text, written in {
        "외교321678": "외교 321-678",
        "서울71바8669": "서울71바 8669",
        "123가4567": "123가 4567",
        "임12345": "임 12345",
        "1가23456": "1가2 3456",
    }.items():
        assert korea.format(text) == written
        assert korea.parse(written).text == text


@pytest.mark.parametrize(
    ("name", "text"),
    [("A72qk6984_0884.jpg", "서울72바6984"), ("01gk2821_00316.jpg", "01하2821"), ("a/b/12sj2532.png", "12너2532")],
)
def test_crop_names_are_understood(name, text):
    assert korea.text_of_crop_name(name) == text


@pytest.mark.parametrize("name", ["plate.jpg", "Q72qk6984.jpg", "01kk2821.jpg", "01gr2821.jpg", "00gk2821.jpg"])
def test_other_crop_names_are_refused(name):
    with pytest.raises(PlateTextError, match=name):
        korea.text_of_crop_name(name)


@pytest.mark.skipif(not CROPS.is_dir(), reason="the real crops are not here")
def test_every_real_crop_has_a_text():
    names = [path.name for path in CROPS.rglob("*.jpg")]
    assert len(names) == 38
    assert all(korea.PLATES.validate(korea.text_of_crop_name(name)) for name in names)


def test_countries_are_known_by_their_code():
    assert {plate_type(code).country for code in COUNTRIES} == {"mn", "kr"}
    with pytest.raises(AlprError, match="choose one of mn, kr"):
        plate_type("xx")


@pytest.mark.parametrize("country", COUNTRIES)
def test_layouts_are_consistent(country):
    plates = plate_type(country)
    assert len({layout.name for layout in plates.layouts}) == len(plates.layouts)
    assert set("".join("".join(layout.slots) for layout in plates.layouts)) <= set(plates.alphabet)
    assert len(set(plates.label_names(plates.alphabet))) == len(plates.alphabet)
    assert set("".join("".join(form.slots) for form in plates.forms)) == set(plates.alphabet)
    for layout in plates.layouts:
        count = len(layout.slots)
        assert layout.country == country
        assert len(layout.char_centres_mm) == len(layout.char_heights_mm) == count
        assert len(layout.char_widths_mm) in (0, count) and len(layout.char_strokes_mm) in (0, count)


def _touch(first: tuple[float, float], second: tuple[float, float]) -> bool:
    return first[0] < second[1] and second[0] < first[1]


@each_layout
def test_cells_lie_on_the_plate_and_apart(layout: PlateLayout):
    width, height = layout.size_mm
    sizes = zip(layout.char_centres_mm, layout.char_widths_mm, layout.char_heights_mm, strict=True)
    boxes = [(y - h / 2, x - w / 2, y + h / 2, x + w / 2) for (x, y), w, h in sizes]
    for mark in layout.marks:
        if mark.kind != "red_diagonal":
            boxes.append(mark.box_mm)
    for index, (ymin, xmin, ymax, xmax) in enumerate(boxes):
        assert 0 <= ymin < ymax <= height and 0 <= xmin < xmax <= width
        for other in boxes[:index]:
            assert not (_touch((ymin, ymax), other[::2]) and _touch((xmin, xmax), other[1::2]))


@each_layout
def test_random_texts_fit_their_layout(layout: PlateLayout):
    rng = np.random.default_rng(1)
    for index in range(40):
        text = korea.random_text(rng, layout, balanced=index % 2 == 1)
        assert korea.parse(text).text == text == korea.canonical(korea.format(text))
        assert len(text) == len(layout.slots)
        assert all(char in slot for char, slot in zip(text, layout.slots, strict=True))


def test_trainings_show_the_syllables_of_rental_cars_as_often_as_others():
    rng, layout = np.random.default_rng(2), korea.PLATES.layout("long")
    road, training = (
        Counter(korea.random_text(rng, layout, balanced and index % 2 == 0)[2] for index in range(8000))
        for balanced in (False, True)
    )
    for counts, least, most in ((road, 0.2, 0.6), (training, 1.0, 1.3)):
        rental, private = (np.mean([counts[syllable] for syllable in group]) for group in (RENTAL, PRIVATE))
        assert least < rental / private < most


@each_layout
def test_labels_are_exact(layout: PlateLayout):
    rng = np.random.default_rng(3)
    for _ in range(3):
        text = korea.random_text(rng, layout, balanced=True)
        plate = render_plate(text, layout, rng, 60)
        (left, top), (right, bottom) = plate.corners[0], plate.corners[2]
        assert plate.text == text and plate.rows == layout.rows
        assert plate.char_boxes.shape == (len(text), 4)
        ymin, xmin, ymax, xmax = plate.char_boxes.T
        assert (ymin >= top).all() and (xmin >= left).all() and (ymax <= bottom).all() and (xmax <= right).all()
        # Each box begins right of the one before, or below it.
        assert ((xmin[1:] > xmin[:-1]) | (ymin[1:] > ymin[:-1])).all()
        for box in plate.char_boxes.astype(int):
            cell = plate.image[box[0] : box[2], box[1] : box[3]]
            assert np.ptp(cell.astype(int).max(2)) > 25, "a character has ink"


def test_same_seed_same_bytes():
    for seed in range(6):
        first, second = (sample_plate(np.random.default_rng(seed), country="kr") for _ in range(2))
        assert first.text == second.text and korea.PLATES.validate(first.text)
        assert first.image.tobytes() == second.image.tobytes()
        assert np.array_equal(first.char_boxes, second.char_boxes)
        assert len(first.char_boxes) == len(first.text)


def test_every_character_has_a_shape_of_its_own():
    own = KoreanFace("own", None, hangul_fonts()[0], True, StrokeStyle())
    for face in (own, pick_korean_face(np.random.default_rng(0), own_share=0)):
        masks = {char: face.mask(char, 40, 50, 5) for char in korea.ALPHABET}
        assert all(mask.shape == (50, 40) and 0.08 < mask.mean() < 0.75 for mask in masks.values())
        assert len({mask.round(1).tobytes() for mask in masks.values()}) == len(korea.ALPHABET)


def test_green_plates_have_their_own_digits():
    modern, old = korea.PLATES.layout("short"), korea.PLATES.layout("green")
    assert (modern.face, old.face) == ("", "old")
    for seed in range(5):
        rng = np.random.default_rng(seed)
        bar = pick_korean_face(rng, old, own_share=1).mask("1", 30, 60, 8)
        # The old 1 is a plain bar: no flag beside its upper part.
        assert bar[:20, :8].max() < 0.05 and bar[30].max() > 0.9
        flagged = pick_korean_face(rng, modern, own_share=1).mask("1", 30, 60, 8)
        assert flagged[:20, :8].max() > 0.9


def test_our_strokes_write_every_syllable_of_the_series():
    series = PRIVATE + RENTAL + COMMERCIAL + MILITARY + TEMPORARY + "".join(set("".join(REGIONS)) - set("광원"))
    assert all(has_lines(char) for char in series)
    style = StrokeStyle()
    ink = {char: KoreanFace("own", None, hangul_fonts()[0], True, style).mask(char, 40, 50, 5) for char in series}
    assert len({mask.round(1).tobytes() for mask in ink.values()}) == len(set(series))


def test_dies_differ_but_only_a_little():
    faces = [pick_korean_face(np.random.default_rng(seed), own_share=1) for seed in range(12)]
    masks = [face.mask("5", 40, 60, 8) for face in faces]
    distances = [float(np.abs(mask - masks[0]).mean()) for mask in masks[1:]]
    assert len({mask.tobytes() for mask in masks}) > 8
    assert max(distances) < 0.25


def test_colours_and_marks_are_seen():
    rng = np.random.default_rng(5)

    def mean_colour(name: str, part: tuple[slice, slice]) -> np.ndarray:
        layout = korea.PLATES.layout(name)
        plate = render_plate(korea.random_text(rng, layout), layout, rng, 100)
        (left, top), (right, bottom) = plate.corners[[0, 2]].astype(int)
        return plate.image[top:bottom, left:right][part].reshape(-1, 3).mean(0)

    upper_edge = (slice(6, 12), slice(60, -60))
    red, green, blue = mean_colour("green", upper_edge)
    assert green > red + 20 and green > blue
    red, green, blue = mean_colour("commercial_long", upper_edge)
    assert red > blue + 50 and green > blue + 30
    red, green, blue = mean_colour("film", (slice(10, 25), slice(8, 45)))
    assert blue > red + 30
