"""VOC label files, and what they say about plates and their halves."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alpr_utils.data.characters import sort_characters
from alpr_utils.data.label_folder import read_labels
from alpr_utils.data.labels import LabelledObject, LabelledPicture, LabelledPlate
from alpr_utils.data.pictures import load_pictures
from alpr_utils.data.split import identity_halves, texts_of_half
from alpr_utils.data.voc import read_voc, write_voc
from alpr_utils.errors import LabelError
from alpr_utils.images import PICTURE_SUFFIXES

ONE_BOX = (
    "<annotation><filename>a.jpg</filename><size><width>100</width><height>50</height></size>"
    "<object><name>plate</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
    "</annotation>"
)


def test_written_labels_come_back(tmp_path: Path) -> None:
    objects = (LabelledObject("plate", (10, 20, 30, 60)), LabelledObject("u", (2, 1, 4.5, 3)))
    picture = LabelledPicture(Path("Зураг 1.jpg"), 200, 100, objects)
    write_voc(tmp_path / "a.xml", picture)
    assert read_voc(tmp_path / "a.xml") == (picture, [])
    assert picture.boxes_px(("plate",)).tolist() == [[10, 20, 30, 60]]


def test_no_objects_is_a_picture_without_plates(tmp_path: Path) -> None:
    write_voc(tmp_path / "a.xml", LabelledPicture(Path("a.jpg"), 10, 10))
    assert read_voc(tmp_path / "a.xml")[0].boxes_px().shape == (0, 4)


def test_box_over_the_edge_is_clipped(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(ONE_BOX.format(-2, 10, 104, 60))
    assert read_voc(tmp_path / "a.xml")[0].objects[0].box_px == (10, 0, 50, 100)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty or not XML"),
        ("<annotation><size>", "is empty or not XML"),
        ("not xml", "is empty or not XML"),
        ("<annotation></annotation>", "says the picture is 0x0"),
        ("<annotation><size><width>0</width><height>0</height></size></annotation>", "says the picture is 0x0"),
        ("<annotation><size><width>wide</width><height>1</height></size></annotation>", "has no number in <width>"),
        (ONE_BOX.format(60, 10, 20, 30), "is inverted or empty"),
        (ONE_BOX.format(20, 10, 20, 30), "is inverted or empty"),
        (ONE_BOX.format(150, 10, 190, 30), "lies outside the 100x50 picture"),
        (ONE_BOX.format("left", 10, 190, 30), "has no number in <xmin>"),
        (ONE_BOX.format("nan", 10, 90, 30), "no number|inverted"),
        (ONE_BOX.replace("<name>plate</name>", "").format(1, 1, 9, 9), "lacks its <name>"),
    ],
)
def test_broken_labels_are_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "photo.xml"
    path.write_text(content)
    try:
        picture, (error,) = read_voc(path)
        assert picture.objects == ()
    except LabelError as raised:
        error = raised
    assert re.search(message, str(error))
    assert str(path) in str(error)
    assert "\n" not in str(error)


def test_missing_labels(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"a\.xml: cannot be opened"):
        read_voc(tmp_path / "a.xml")
    with pytest.raises(LabelError, match="is not a folder"):
        read_labels(tmp_path / "nowhere")
    with pytest.raises(LabelError, match="holds no picture with a label"):
        read_labels(tmp_path)


def _labelled(folder: Path, name: str, objects: tuple[LabelledObject, ...] = ()) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (200, 100)).save(folder / f"{name}.jpg")
    write_voc(folder / f"{name}.xml", LabelledPicture(Path(f"{name}.jpg"), 200, 100, objects))


def test_broken_file_does_not_stop_the_rest(tmp_path: Path) -> None:
    _labelled(tmp_path, "a")
    _labelled(tmp_path, "b")
    (tmp_path / "a.xml").write_text("")
    pictures, problems = load_pictures(tmp_path)
    assert [picture.path.name for picture in pictures] == ["b.jpg"]
    assert len(problems) == 1


def test_every_picture_that_can_be_read_can_be_labelled(tmp_path: Path) -> None:
    Image.new("RGB", (20, 10)).save(tmp_path / "a.png")
    for suffix in PICTURE_SUFFIXES:
        shutil.copy(tmp_path / "a.png", tmp_path / f"{suffix[1:]}{suffix}")
        write_voc(tmp_path / f"{suffix[1:]}.xml", LabelledPicture(Path("a.jpg"), 20, 10))
    assert len(read_labels(tmp_path)[0]) == len(PICTURE_SUFFIXES)


def test_pictures_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    _labelled(tmp_path / "images", "a")
    (tmp_path / "annotations").mkdir()
    (tmp_path / "images" / "a.xml").rename(tmp_path / "annotations" / "a.xml")
    assert [picture.path for picture in read_labels(tmp_path)[0]] == [tmp_path / "images" / "a.jpg"]


def _characters(codes: str, rows: tuple[int, ...], tilt: float) -> list[LabelledObject]:
    """Boxes of 10x20 pixels: so many characters in each row, lines falling by ``tilt``; listed backwards."""
    objects = []
    for row, count in enumerate(rows):
        for column in range(count):
            x = 20 + 12 * column + (8 if row else 0)
            y = 20 + 26 * row + tilt * x
            objects.append(LabelledObject(codes.split()[len(objects)], (y, x, y + 20, x + 10)))
    return objects[::-1]


@pytest.mark.parametrize("rows", [(7,), (4, 3)])
@pytest.mark.parametrize("tilt", [-0.35, 0.0, 0.35])
def test_characters_are_read_row_by_row(rows: tuple[int, ...], tilt: float) -> None:
    codes = "1 5 3 7 u n l"
    assert " ".join(o.name for o in sort_characters(_characters(codes, rows, tilt))) == codes


def test_texts_from_characters(tmp_path: Path) -> None:
    plate = LabelledObject("plate", (10, 10, 60, 120))
    _labelled(tmp_path, "a", (plate, *_characters("1 0 3 7 u 0 uu", (7,), 0.0)))
    _labelled(tmp_path, "b", (plate,))
    assert [picture.texts for picture in load_pictures(tmp_path)[0]] == [("1037УОҮ",), ()]


def test_texts_are_spelled_in_the_country_where_they_are_valid(tmp_path: Path) -> None:
    _labelled(tmp_path, "a", (LabelledObject("plate", (10, 10, 60, 120)), *_characters("1 2 가 3 4 0 9", (7,), 0.0)))
    assert load_pictures(tmp_path)[0][0].texts == ("12가3409",)


def test_texts_from_a_table(tmp_path: Path) -> None:
    _labelled(tmp_path, "a", (LabelledObject("plate", (10, 10, 30, 60)), LabelledObject("plate", (10, 100, 30, 150))))
    header = "image,xmin,ymin,xmax,ymax,text\n"
    (tmp_path / "plates.csv").write_text(header + "a.jpg,101,11,150,30,1537УНЛ\n", encoding="utf-8")
    ((picture,), _) = load_pictures(tmp_path)
    assert [plate.text for plate in picture.plates] == ["", "1537УНЛ"]
    (tmp_path / "plates.csv").write_text(header + "a.jpg,left,11,150,30,1537УНЛ\n", encoding="utf-8")
    with pytest.raises(LabelError, match=r"plates\.csv: line 2"):
        load_pictures(tmp_path)


def _pictures(texts: dict[str, list[str]]) -> list[LabelledPicture]:
    return [
        LabelledPicture(Path(name), 1, 1, (), tuple(LabelledPlate((0, 0, 1, 1), text) for text in found))
        for name, found in texts.items()
    ]


def test_halves_share_no_plate_and_ignore_order() -> None:
    texts = {
        "1.jpg": ["A"],
        "2.jpg": ["B", "C"],
        "3.jpg": ["C", "D"],
        "4.jpg": ["D"],
        "5.jpg": ["E"],
        "6.jpg": [],
        "7.jpg": ["F"],
    }
    pictures = _pictures(texts)
    first, second = identity_halves(pictures)
    assert [p.path.name for p in first] == ["1.jpg", "5.jpg", "6.jpg"]
    assert [p.path.name for p in second] == ["2.jpg", "3.jpg", "4.jpg", "7.jpg"]
    shuffled = [pictures[i] for i in np.random.default_rng(0).permutation(len(pictures))]
    assert identity_halves(shuffled) == (first, second)


def test_texts_are_dealt_like_pictures_of_one_plate() -> None:
    pictures = _pictures({"1.jpg": ["B"], "2.jpg": ["A"], "3.jpg": ["B"], "4.jpg": ["C"]})
    for half, chosen in zip("ab", identity_halves(pictures), strict=True):
        assert texts_of_half("BABC", half) == {picture.texts[0] for picture in chosen}
    assert texts_of_half("BABC", "") == {"A", "B", "C"}


@pytest.fixture
def public_photos() -> Path:
    folder = Path(__file__).resolve().parents[3] / "shared" / "data" / "mongolian"
    if not folder.is_dir():
        pytest.skip("the public photos are not here")
    return folder


def test_public_labels_spell_the_true_texts(public_photos: Path) -> None:
    pictures, problems = load_pictures(public_photos)
    plates = [plate for picture in pictures for plate in picture.plates]
    assert len(plates) == 38
    assert [plate.text for plate in plates if "".join(char for char, _ in plate.characters) != plate.text] == []
    assert problems == []


def test_halves_of_the_public_photos(public_photos: Path) -> None:
    halves = [load_pictures(public_photos, half)[0] for half in "ab"]
    assert [len(pictures) for pictures in halves] == [20, 16]
    first, second = ({text for picture in pictures for text in picture.texts} for pictures in halves)
    assert first.isdisjoint(second)
