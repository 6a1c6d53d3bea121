"""Labels as people's programs write them: encodings, spellings, VOC, YOLO and COCO alike."""

import json
import logging
import os
from pathlib import Path

import numpy as np
import pytest
from conftest import BrightBoxDetector, FixedReader
from PIL import Image

from alpr_utils.cli.app import main
from alpr_utils.data.convert import convert
from alpr_utils.data.corners import load_corners
from alpr_utils.data.label_folder import read_labels
from alpr_utils.data.label_text import read_label_table, read_label_text
from alpr_utils.data.labels import LabelledObject, LabelledPicture
from alpr_utils.data.pictures import load_pictures
from alpr_utils.data.voc import write_voc
from alpr_utils.errors import LabelError, OutputError
from alpr_utils.evaluation.photos import evaluate
from alpr_utils.images import write_image

VOC = (
    '<?xml version="1.0" encoding="{}"?><annotation><filename>{}</filename><size><width>{}</width>'
    "<height>{}</height></size>{}</annotation>"
)
BOX = "<object><name>{}</name><bndbox><xmin>10</xmin><ymin>20</ymin><xmax>{}</xmax><ymax>40</ymax></bndbox></object>"


def _photo(folder: Path, name: str = "a.png", size: tuple[int, int] = (100, 200)) -> Path:
    write_image(folder / name, np.full((*size, 3), 90, np.uint8))
    return folder / name


def _voc(folder: Path, name: str = "a.xml", **parts: object) -> Path:
    values = {"encoding": "utf-8", "filename": "a.png", "width": 200, "height": 100, "boxes": BOX.format("plate", 60)}
    values |= parts
    encoding = str(values["encoding"])
    (folder / name).write_bytes(VOC.format(*values.values()).encode(encoding))
    return folder / name


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "euc-kr", "cp949", "gbk", "shift_jis", "utf-7", "cp1251"])
def test_declared_encodings(tmp_path: Path, encoding: str) -> None:
    _photo(tmp_path)
    name = "номер" if encoding == "cp1251" else "번호판" if encoding in ("euc-kr", "cp949") else "plate"
    _voc(tmp_path, encoding=encoding, boxes=BOX.format(name, 60))
    ((picture,), problems) = load_pictures(tmp_path)
    assert (len(picture.plates), problems) == (1, [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp949", "cp1251"])
def test_encodings_that_nothing_declares(tmp_path: Path, encoding: str) -> None:
    text = "1537УНЛ" if encoding == "cp1251" else "12가3456"
    (tmp_path / "t.csv").write_bytes(f"image;text\na.jpg;{text}\n".encode(encoding))
    assert list(read_label_table(tmp_path / "t.csv")) == [(2, {"image": "a.jpg", "text": text})]


def test_unknown_encoding_and_odd_files(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(b'<?xml version="1.0" encoding="klingon"?><annotation/>')
    assert "annotation" in read_label_text(path)
    os.mkfifo(tmp_path / "b.xml")
    with pytest.raises(LabelError, match="is not a regular file"):
        read_label_text(tmp_path / "b.xml")


@pytest.mark.parametrize("name", ["Plate", "License_Plate", "number plate", "LICENSE-PLATE", "번호판"])
def test_plates_in_any_spelling(tmp_path: Path, name: str) -> None:
    _photo(tmp_path)
    _voc(tmp_path, boxes=BOX.format(name, 60))
    assert len(load_pictures(tmp_path)[0][0].plates) == 1


def test_other_names_are_listed(tmp_path: Path, detector: BrightBoxDetector) -> None:
    _photo(tmp_path)
    _voc(tmp_path, boxes=BOX.format("Kennzeichen", 60))
    with pytest.raises(LabelError, match=r"holds no object named plate, .*, but Kennzeichen; rename those"):
        evaluate(tmp_path, detector)


def test_picture_of_a_label_file(tmp_path: Path) -> None:
    _photo(tmp_path, "IMG_1.jpg")
    _voc(tmp_path, "0001.XML", filename="IMG_1.jpg")
    _photo(tmp_path, "b.jpg")
    _photo(tmp_path, "b.png")
    _voc(tmp_path, "b.xml", filename="C:\\photos\\b.png")
    _photo(tmp_path, "c.Jpg")
    _voc(tmp_path, "c.xml", filename="")
    assert [picture.path.name for picture in read_labels(tmp_path)[0]] == ["IMG_1.jpg", "b.png", "c.Jpg"]


def test_orphans_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    for name in ("a.png", "b.png"):
        _photo(tmp_path, name)
    _voc(tmp_path)
    assert read_labels(tmp_path)[1] == []
    assert "1 picture has no label, such as b.png" in caplog.text
    _voc(tmp_path, "z.xml", filename="z.jpg")
    (problem,) = read_labels(tmp_path)[1]
    assert "z.xml: there is no picture to it" in str(problem)


@pytest.mark.parametrize(
    ("size", "message"),
    [((400, 200), "says the picture is 400x200, but a.png is 200x100"), ((100, 200), "says the picture is 100x200")],
)
def test_wrong_sizes_are_named(tmp_path: Path, size: tuple[int, int], message: str) -> None:
    _photo(tmp_path)
    _voc(tmp_path, width=size[0], height=size[1])
    with pytest.raises(LabelError, match=message):
        load_pictures(tmp_path)


def test_labels_of_a_turned_photo_are_noticed(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (200, 100)).save(tmp_path / "a.jpg", exif=exif)
    _voc(tmp_path, filename="a.jpg")
    with pytest.raises(LabelError, match="after its EXIF rotation; save the picture upright"):
        load_pictures(tmp_path)


def test_size_of_nothing_is_that_of_the_picture(tmp_path: Path) -> None:
    _photo(tmp_path)
    _voc(tmp_path, width=0, height=0)
    ((picture,), _) = read_labels(tmp_path)
    assert (picture.width, picture.height) == (200, 100)


def test_one_broken_box_does_not_cost_its_neighbours(tmp_path: Path) -> None:
    _photo(tmp_path)
    _voc(tmp_path, boxes=BOX.format("plate", 60) + BOX.format("plate", 5) + BOX.format("plate", "wide"))
    ((picture,), problems) = load_pictures(tmp_path)
    assert (len(picture.plates), len(problems)) == (1, 2)


def test_broken_tables_of_texts(tmp_path: Path) -> None:
    _photo(tmp_path)
    _voc(tmp_path)
    header = "image,xmin,ymin,xmax,ymax,text\n"
    for line in ("a.png,10,20,60,40\n", "a.png,10,20,60,nan,1537УНЛ\n", 'a.png,10,20,60,40,"1537\n'):
        (tmp_path / "plates.csv").write_text(header + line, encoding="utf-8")
        with pytest.raises(LabelError, match=r"plates\.csv: line [12]"):
            load_pictures(tmp_path)


def test_corners_line_by_line(tmp_path: Path) -> None:
    _photo(tmp_path / "images", "фото.png")
    good = "фото.png,10,20,60,20,60,40,10,40"
    (tmp_path / "images" / "folder.png").mkdir()
    lines = ["image,x1,y1,x2,y2,x3,y3,x4,y4", good, good.replace("60", "nan"), good.replace("фото", "folder"), "x"]
    (tmp_path / "corners.csv").write_bytes("\n".join(lines).encode("cp1251"))
    pictures, problems = load_corners(tmp_path)
    assert [picture.plates[0].box_px for picture in pictures] == [(20, 10, 40, 60)]
    assert [str(problem).split("corners.csv: ")[1][:6] for problem in problems] == ["line 3", "line 4", "line 5"]


@pytest.fixture
def labelled(tmp_path: Path, plate_picture: np.ndarray) -> Path:
    """Three photos with plates, texts and vehicles; one of them turned by EXIF."""
    folder = tmp_path / "voc"
    for number in range(3):
        write_image(folder / f"{number}.png", plate_picture)
        objects = (LabelledObject("plate", (30.25, 40.5, 54, 100)), LabelledObject("vehicle", (5, 5, 110, 150)))
        write_voc(folder / f"{number}.xml", LabelledPicture(Path(f"{number}.png"), 160, 120, objects))
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(plate_picture[::-1, ::-1]).save(folder / "2.png", exif=exif)
    rows = "".join(f"{number}.png,40,30,100,54,1537УНЛ\n" for number in range(2))
    (folder / "plates.csv").write_text("image,xmin,ymin,xmax,ymax,text\n" + rows, encoding="cp1251")
    return folder


def test_the_same_figures_for_voc_yolo_and_coco(
    labelled: Path, tmp_path: Path, detector: BrightBoxDetector, reader: FixedReader
) -> None:
    figures = []
    before = labelled
    for form in ("coco", "yolo", "voc"):
        assert convert(before, tmp_path / f"as_{form}", form) == (3, [])
        before = tmp_path / f"as_{form}"
    for folder in (labelled, *(tmp_path / f"as_{form}" for form in ("coco", "yolo", "voc"))):
        measured = evaluate(folder, detector, reader)
        figures.append((measured.ap, measured.ap50, measured.ap75, measured.texts.exact, measured.lost))
    assert figures == [figures[0]] * 4
    assert figures[0][1] == 1.0


def test_convert_command(labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (labelled / "1.png").write_bytes((labelled / "1.png").read_bytes()[:60])
    arguments = ["convert", "--data", str(labelled), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--format", "yolo"]) == 1
    assert "1.png" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["data.yaml", "images", "labels", "plates.csv"]
    assert main([*arguments, "--format", "coco"]) == 1
    assert "is there and not empty; choose a new folder" in capsys.readouterr().err
    assert main([*arguments, "--format", "csv"]) == 2
    with pytest.raises(OutputError, match="is there and not empty"):
        convert(labelled, labelled, "voc")


def test_yolo_as_people_have_it(tmp_path: Path) -> None:
    _photo(tmp_path / "train" / "images", "a.jpg")
    labels = tmp_path / "train" / "labels"
    labels.mkdir()
    lines = ["1 0.5 0.5 0.2 0.2", "1 0.1 0.1 0.3 0.1 0.3 0.4", "1 90 50 20 10", "7 0.5 0.5 0.1 0.1", "plate"]
    (labels / "a.txt").write_text("\n".join(lines))
    (tmp_path / "data.yaml").write_text("nc: 2\nnames: ['car', 'License Plate']\n")
    ((picture,), problems) = read_labels(tmp_path)
    assert [item.name for item in picture.objects] == ["license_plate"] * 2
    assert np.allclose([item.box_px for item in picture.objects], [(40, 80, 60, 120), (10, 20, 40, 60)])
    assert [str(problem).split(": ")[1] for problem in problems] == [
        "line 3 is not 'class x y width height'; correct it.",
        "line 4",
        "line 5 is not 'class x y width height'; correct it.",
    ]


def test_coco_as_people_have_it(tmp_path: Path) -> None:
    _photo(tmp_path / "images", "a.jpg")
    boxes = [[80, 40, 40, 20], [80, 40, -4, 20], [1, 2], None]
    content = {
        "images": [
            {"id": 7, "file_name": "deep\\a.jpg", "width": 200, "height": 100},
            {"id": 8, "file_name": "gone.jpg"},
            "nonsense",
        ],
        "categories": [{"id": 3, "name": "Plate"}],
        "annotations": [{"id": n, "image_id": 7, "category_id": 3, "bbox": box} for n, box in enumerate(boxes)],
    }
    (tmp_path / "_annotations.coco.json").write_text(json.dumps(content))
    ((picture,), problems) = read_labels(tmp_path)
    assert picture.objects == (LabelledObject("plate", (40, 80, 60, 120)),)
    assert len(problems) == 4
    (tmp_path / "_annotations.coco.json").write_text(json.dumps(content)[:-5])
    with pytest.raises(LabelError, match="is not JSON"):
        read_labels(tmp_path)
