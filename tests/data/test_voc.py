"""VOC label files, and what they say about plates and their halves."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alpr_utils.data.split import identity_halves, load_texts, texts_of_half
from alpr_utils.data.truth import load_truth, reading_order
from alpr_utils.data.voc import (
    Annotation,
    LabelledPicture,
    VocObject,
    find_labelled,
    load_labelled,
    read_voc,
    write_voc,
)
from alpr_utils.errors import LabelError
from alpr_utils.images import PICTURE_SUFFIXES

ONE_BOX = (
    "<annotation><filename>a.jpg</filename><size><width>100</width><height>50</height></size>"
    "<object><name>plate</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
    "</annotation>"
)


def test_written_labels_come_back(tmp_path: Path) -> None:
    annotation = Annotation(
        "Зураг 1.jpg", 200, 100, (VocObject("plate", (20, 10, 60, 30)), VocObject("u", (1, 2, 3, 4.5)))
    )
    write_voc(tmp_path / "a.xml", annotation)
    assert read_voc(tmp_path / "a.xml") == annotation
    assert annotation.boxes(("plate",)).tolist() == [pytest.approx([0.1, 0.1, 0.3, 0.3])]


def test_no_objects_is_a_picture_without_plates(tmp_path: Path) -> None:
    write_voc(tmp_path / "a.xml", Annotation("a.jpg", 10, 10, ()))
    assert read_voc(tmp_path / "a.xml").boxes().shape == (0, 4)


def test_box_over_the_edge_is_clipped(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(ONE_BOX.format(-2, 10, 104, 60))
    assert read_voc(tmp_path / "a.xml").objects[0].box_pixels == (0, 10, 100, 50)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty or no XML"),
        ("<annotation><size>", "is empty or no XML"),
        ("not xml", "is empty or no XML"),
        ("<annotation></annotation>", "has no <size>"),
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
    with pytest.raises(LabelError, match=message) as error:
        read_voc(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_labels(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"a\.xml: cannot be opened"):
        read_voc(tmp_path / "a.xml")
    with pytest.raises(LabelError, match="is not a folder"):
        find_labelled(tmp_path / "nowhere")
    with pytest.raises(LabelError, match="holds no picture"):
        find_labelled(tmp_path)


def _labelled(folder: Path, name: str, objects: tuple[VocObject, ...] = ()) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (200, 100)).save(folder / f"{name}.jpg")
    write_voc(folder / f"{name}.xml", Annotation(f"{name}.jpg", 200, 100, objects))


def test_broken_file_does_not_stop_the_rest(tmp_path: Path) -> None:
    _labelled(tmp_path, "a")
    _labelled(tmp_path, "b")
    (tmp_path / "a.xml").write_text("")
    pictures, problems = load_labelled(tmp_path)
    assert [picture.path.name for picture in pictures] == ["b.jpg"]
    assert len(problems) == 1


def test_every_picture_that_can_be_read_can_be_labelled(tmp_path: Path) -> None:
    for suffix in PICTURE_SUFFIXES:
        Image.new("RGB", (20, 10)).save(tmp_path / f"{suffix[1:]}{suffix}")
        write_voc(tmp_path / f"{suffix[1:]}.xml", Annotation("", 20, 10, ()))
    assert len(find_labelled(tmp_path)) == len(PICTURE_SUFFIXES)


def test_pictures_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    _labelled(tmp_path / "images", "a")
    (tmp_path / "annotations").mkdir()
    (tmp_path / "images" / "a.xml").rename(tmp_path / "annotations" / "a.xml")
    assert find_labelled(tmp_path) == [(tmp_path / "images" / "a.jpg", tmp_path / "annotations" / "a.xml")]


def _characters(codes: str, rows: tuple[int, ...], tilt: float) -> list[VocObject]:
    """Boxes of 10x20 pixels: so many characters in each row, lines falling by ``tilt``; listed backwards."""
    objects = []
    for row, count in enumerate(rows):
        for column in range(count):
            x = 20 + 12 * column + (8 if row else 0)
            y = 20 + 26 * row + tilt * x
            objects.append(VocObject(codes.split()[len(objects)], (x, y, x + 10, y + 20)))
    return objects[::-1]


@pytest.mark.parametrize("rows", [(7,), (4, 3)])
@pytest.mark.parametrize("tilt", [-0.35, 0.0, 0.35])
def test_characters_are_read_row_by_row(rows: tuple[int, ...], tilt: float) -> None:
    codes = "1 5 3 7 u n l"
    assert " ".join(o.name for o in reading_order(_characters(codes, rows, tilt))) == codes


def test_texts_from_characters(tmp_path: Path) -> None:
    plate = VocObject("plate", (10, 10, 120, 60))
    _labelled(tmp_path, "a", (plate, *_characters("1 0 3 7 u 0 uu", (7,), 0.0)))
    _labelled(tmp_path, "b", (plate,))
    assert load_texts(tmp_path) == {"a.jpg": ["1037УОҮ"], "b.jpg": []}


def test_texts_from_a_table(tmp_path: Path) -> None:
    _labelled(tmp_path, "a", (VocObject("plate", (10, 10, 60, 30)), VocObject("plate", (100, 10, 150, 30))))
    header = "image,xmin,ymin,xmax,ymax,text\n"
    (tmp_path / "plates.csv").write_text(header + "a.jpg,101,11,150,30,1537УНЛ\n", encoding="utf-8")
    ((_, plates),), _ = load_truth(tmp_path)
    assert [plate.text for plate in plates] == ["", "1537УНЛ"]
    (tmp_path / "plates.csv").write_text(header + "a.jpg,left,11,150,30,1537УНЛ\n", encoding="utf-8")
    with pytest.raises(LabelError, match=r"plates\.csv: line 2"):
        load_truth(tmp_path)


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
    annotation = Annotation("", 1, 1, ())
    pictures = [LabelledPicture(Path(name), annotation) for name in texts]
    first, second = identity_halves(pictures, texts)
    assert [p.path.name for p in first] == ["1.jpg", "5.jpg", "6.jpg"]
    assert [p.path.name for p in second] == ["2.jpg", "3.jpg", "4.jpg", "7.jpg"]
    shuffled = [pictures[i] for i in np.random.default_rng(0).permutation(len(pictures))]
    assert identity_halves(shuffled, texts) == (first, second)


def test_texts_are_dealt_like_pictures_of_one_plate() -> None:
    texts = {"1.jpg": ["B"], "2.jpg": ["A"], "3.jpg": ["B"], "4.jpg": ["C"]}
    pictures = [LabelledPicture(Path(name), Annotation("", 1, 1, ())) for name in texts]
    for half, chosen in zip("ab", identity_halves(pictures, texts), strict=True):
        assert texts_of_half("BABC", half) == {texts[picture.path.name][0] for picture in chosen}
    assert texts_of_half("BABC", "") == {"A", "B", "C"}


@pytest.fixture
def public_photos() -> Path:
    folder = Path(__file__).resolve().parents[3] / "shared" / "data" / "mongolian"
    if not folder.is_dir():
        pytest.skip("the public photos are not here")
    return folder


def test_public_labels_spell_the_true_texts(public_photos: Path) -> None:
    truth, problems = load_truth(public_photos)
    spelt = [("".join(c for c, _ in plate.characters), plate.text) for _, plates in truth for plate in plates]
    assert len(spelt) == 38
    assert [pair for pair in spelt if pair[0] != pair[1]] == []
    assert problems == []


def test_halves_of_the_public_photos(public_photos: Path) -> None:
    texts = load_texts(public_photos)
    first, second = identity_halves([picture for picture, _ in load_truth(public_photos)[0]], texts)
    known: Callable[[list[LabelledPicture]], set[str]] = lambda half: {t for p in half for t in texts[p.path.name]}  # noqa: E731
    assert (len(first), len(second)) == (20, 16)
    assert known(first).isdisjoint(known(second))
