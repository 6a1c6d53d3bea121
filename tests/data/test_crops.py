"""Single plates with known text: halves, countries, rows, and folders that tell no text."""

from pathlib import Path

import numpy as np
import pytest

from alpr_utils.data.images import labelled_images
from alpr_utils.data.labels import LabelledObject, LabelledPicture, LabelledPlate
from alpr_utils.data.voc import write_voc
from alpr_utils.errors import LabelError
from alpr_utils.evaluation.crops import real_crops
from alpr_utils.images import write_image
from alpr_utils.plates import COUNTRIES
from alpr_utils.synth.files.manifest import COLUMNS, annotation_of, csv_text, manifest_rows
from alpr_utils.synth.photo.sample import sample_plates
from alpr_utils.synth.plate.labels import ScenePlate
from alpr_utils.training.real_crops import load_crops

GREY = np.full((40, 160, 3), 90, np.uint8)


def _photo(folder: Path, name: str = "car") -> Path:
    """A photo with the box of a plate and no text."""
    write_image(folder / f"{name}.png", GREY)
    objects = (LabelledObject("plate", (5, 10, 35, 150)),)
    write_voc(folder / f"{name}.xml", LabelledPicture(Path(f"{name}.png"), 160, 40, objects))
    return folder


def _plates(folder: Path, half: str = "") -> list[LabelledPlate]:
    return [plate for image in labelled_images(folder, half) for plate in image.plates]


def test_plates_without_texts_are_named(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"holds no plate with a known text; add plates\.csv") as caught:
        real_crops(_photo(tmp_path))
    assert str(caught.value).startswith(str(tmp_path))


def test_an_empty_half_is_named(tmp_path: Path) -> None:
    write_image(tmp_path / "1537УНЛ.png", GREY)
    assert len(load_crops(tmp_path, "a")) == 1
    with pytest.raises(LabelError, match="half b holds no plate"):
        load_crops(tmp_path, "b")


def test_crops_are_halved_by_their_text(tmp_path: Path) -> None:
    for name in ("1537УНЛ", "1537УНЛ_2", "2048УБИ", "3386УБТ_1", "3386УБТ_7"):
        write_image(tmp_path / f"{name}.png", GREY)
    halves = [[plate.text for plate in _plates(tmp_path, half)] for half in "ab"]
    assert halves == [["1537УНЛ", "1537УНЛ", "3386УБТ", "3386УБТ"], ["2048УБИ"]]


def _generated(folder: Path, columns: tuple[str, ...]) -> Path:
    """The first balanced Mongolian plate whose letters name no region, as ``generate plates --balanced`` writes it."""
    mongolia = COUNTRIES["mn"]
    plate = next(one for one in sample_plates(0, "mn", balanced=True) if not mongolia.validate(one.text))
    size = (plate.image.shape[0], plate.image.shape[1])
    low, high = plate.corners.min(axis=0), plate.corners.max(axis=0)
    box = np.array([low[1], low[0], high[1], high[0]])
    scene = ScenePlate(plate.text, plate.rows, plate.country, plate.layout, box, plate.corners, plate.char_boxes)
    write_image(folder / "0.png", plate.image)
    write_voc(folder / "0.xml", annotation_of("0.png", size, [scene]))
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in manifest_rows("0.png", size, [scene])]
    text = csv_text([columns, *([row[name] for name in columns] for row in rows)])
    (folder / "plates.csv").write_text(text, encoding="utf-8")
    return folder


def test_balanced_plates_have_the_country_of_their_table(tmp_path: Path) -> None:
    (plate,) = _plates(_generated(tmp_path / "told", COLUMNS))
    assert plate.country == "mn"
    assert len(load_crops(tmp_path / "told")) == 1
    untold = _generated(tmp_path / "untold", tuple(name for name in COLUMNS if name != "country"))
    with pytest.raises(LabelError, match=r"0\.png: .* is not a plate text of mn, kr; correct it, or name its country"):
        _plates(untold)
    table = tmp_path / "told" / "plates.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",mn,", ",xx,"), encoding="utf-8")
    with pytest.raises(LabelError, match=r"0\.png: plates\.csv calls its country 'xx'"):
        _plates(tmp_path / "told")


def test_names_that_are_no_plate_are_named(tmp_path: Path) -> None:
    write_image(tmp_path / "holiday.png", GREY)
    with pytest.raises(LabelError, match=r"holiday\.png: its name is not a plate text") as caught:
        _plates(tmp_path)
    assert str(caught.value).startswith(str(tmp_path))


def test_broken_label_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _photo(tmp_path)
    _photo(folder, "broken")
    (folder / "broken.xml").write_text("")
    (folder / "plates.csv").write_text(
        "image,xmin,ymin,xmax,ymax,text\ncar.png,10,5,150,35,1537УНЛ\n", encoding="utf-8"
    )
    assert [plate.text for plate in _plates(folder)] == ["1537УНЛ"]
    assert f"left out: {folder / 'broken.xml'}: is empty or not XML" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "shape", "ground", "rows"),
    [
        ("12가3456", (100, 470), 230, 1),
        ("12가3456", (100, 200), 230, 1),
        ("12가3456", (100, 200), 40, 2),
        ("서울72바6984", (100, 200), 230, 2),
        ("1537УНЛ", (100, 150), 230, 2),
        ("1537УНЛ", (60, 250), 230, 1),
    ],
)
def test_rows_follow_from_shape_and_ground_where_nobody_tells(
    tmp_path: Path, text: str, shape: tuple[int, int], ground: int, rows: int
) -> None:
    picture = np.full((*shape, 3), ground, np.uint8)
    picture[30:-30, 40:-40:2] = 255 - ground
    write_image(tmp_path / f"{text}_1.png", picture)
    (plate,) = _plates(tmp_path)
    assert (plate.text, plate.rows) == (text, rows)
