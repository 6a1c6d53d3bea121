"""The command line: its files, its messages and its exit status."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import FixedReader
from PIL import Image

from alpr_utils import alpr as facade
from alpr_utils.cli.app import main
from alpr_utils.data.labels import LabelledObject, LabelledPicture
from alpr_utils.data.voc import write_voc
from alpr_utils.images import read_image, write_image
from alpr_utils.read.reading import Reading

PLATE_HEADER = [
    "image",
    "plate",
    "xmin",
    "ymin",
    "xmax",
    "ymax",
    "detection_score",
    "text",
    "text_score",
    "rows",
    "country",
]


@pytest.fixture(autouse=True)
def _fixed_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facade, "load_reader", lambda *_, **__: FixedReader())


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "Зураг 사진"
    for number in (2, 10):
        write_image(folder / f"{number}.png", np.full((100, 200, 3), 90, np.uint8))
    return folder


def _rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _read(models: Path, *arguments: object) -> int:
    return main(["read", *map(str, arguments), "--models", str(models)])


def test_read_writes_table_and_drawings(
    models_dir: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _read(models_dir, pictures, "--output", tmp_path / "out") == 0
    rows = _rows(tmp_path / "out" / "plates.csv")
    assert rows[0] == [*PLATE_HEADER, "drawing"]
    assert rows[1] == ["2.png", "1", "50", "25", "125", "45", "0.9000", "1537УНЛ", "0.8000", "1", "mn", "2.jpg"]
    assert [row[0] for row in rows[1:]] == ["2.png", "10.png"]
    assert {p.name for p in (tmp_path / "out").glob("*.jpg")} == {"2.jpg", "10.jpg"}
    assert capsys.readouterr().out.splitlines() == ["2.png\t1537УНЛ\t0.90\t0.80", "10.png\t1537УНЛ\t0.90\t0.80"]


def test_enhanced_drawings_carry_their_name(models_dir: Path, pictures: Path, tmp_path: Path) -> None:
    assert _read(models_dir, pictures / "2.png", "--output", tmp_path / "out", "--enhance") == 0
    assert (tmp_path / "out" / "2_enhanced.jpg").exists()


def test_min_score_and_no_reader(models_dir: Path, pictures: Path, tmp_path: Path) -> None:
    table = tmp_path / "p.csv"
    assert _read(models_dir, pictures / "2.png", "--csv", table, "--reader", "none", "--min-score", "0.01") == 0
    assert [(row[1], row[6], row[7]) for row in _rows(table)[1:]] == [("1", "0.9000", ""), ("2", "0.3000", "")]


def test_closer_looks(tmp_path: Path, build_saved_model: Callable[..., Path]) -> None:
    import tensorflow as tf

    def always(*box: float) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        def outputs(picture: tf.Tensor) -> dict[str, tf.Tensor]:
            ones = tf.ones((1, tf.shape(picture)[0]))
            return {"detection_boxes": tf.constant([[box]]), "detection_scores": ones, "detection_classes": ones}

        return outputs

    write_image(tmp_path / "large.png", np.full((700, 1400, 3), 90, np.uint8))
    build_saved_model(tmp_path / "plates" / "saved_model", outputs=always(0.4, 0.4, 0.45, 0.5))
    build_saved_model(tmp_path / "cars" / "saved_model", outputs=always(0.5, 0.6, 0.9, 0.9))
    (tmp_path / "cars" / "label_map.pbtxt").write_text("item { id: 1 name: 'car' }")
    counts = []
    for option in ([], ["--tiles"], ["--vehicle-first", "--vehicle-detector", tmp_path / "cars"]):
        table = tmp_path / "p.csv"
        arguments = ["--csv", table, "--reader", "none", "--detector", tmp_path / "plates", *option]
        assert _read(tmp_path, tmp_path / "large.png", *arguments) == 0
        counts.append(len(_rows(table)) - 1)
    # The saved model finds one plate in whatever it is shown: picture, two tiles, one vehicle.
    assert counts == [1, 3, 2]


def test_json_lines_have_every_character(models_dir: Path, pictures: Path, tmp_path: Path) -> None:
    assert _read(models_dir, pictures, "--json", tmp_path / "p.jsonl") == 0
    lines = (tmp_path / "p.jsonl").read_text(encoding="utf-8").splitlines()
    first, second = (json.loads(line) for line in lines)
    assert (first["image"], second["image"]) == ("2.png", "10.png")
    assert first["plates"][0]["char_scores"] == [0.8] * 7
    assert (first["plates"][0]["shown_text"], first["plates"][0]["alternatives"]) == ("1537УНЛ", [])
    assert first["plates"][0]["box_pixels"] == {"xmin": 50, "ymin": 25, "xmax": 125, "ymax": 45}


def test_unsure_texts_are_hidden(
    models_dir: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "p.csv"
    assert _read(models_dir, pictures / "2.png", "--csv", table, "--min-text-score", "0.9") == 0
    assert _rows(table)[1] == ["2.png", "1", "50", "25", "125", "45", "0.9000", "", "0.0000", "0", ""]
    assert capsys.readouterr().out == "2.png\t-\t0.90\t0.00\n"


def test_plates_are_cut_out(models_dir: Path, pictures: Path, tmp_path: Path) -> None:
    assert _read(models_dir, pictures, "--save-crops", tmp_path / "plates") == 0
    assert {path.name for path in (tmp_path / "plates").iterdir()} == {"2_plate1.jpg", "10_plate1.jpg"}
    assert read_image(tmp_path / "plates" / "2_plate1.jpg").shape[1] in range(75, 90)


def test_outputs_never_replace_inputs(models_dir: Path, pictures: Path, tmp_path: Path) -> None:
    write_image(pictures / "2.jpg", np.full((100, 200, 3), 90, np.uint8))
    before = {path: path.read_bytes() for path in pictures.iterdir()}
    assert _read(models_dir, pictures, "--output", pictures) == 2
    assert _read(models_dir, pictures, "--csv", pictures / "2.jpg") == 2
    assert _read(models_dir, pictures, "--json", pictures / "2.jpg") == 2
    write_image(pictures / "2_plate1.jpg", np.full((100, 200, 3), 90, np.uint8))
    before[pictures / "2_plate1.jpg"] = (pictures / "2_plate1.jpg").read_bytes()
    assert _read(models_dir, pictures, "--save-crops", pictures) == 2
    assert {path: path.read_bytes() for path in before} == before


def test_tables_with_other_columns_are_not_replaced(
    models_dir: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "plates.csv"
    labels.write_text("image,text,layout\n2.png,1537УНЛ,mn\n", encoding="utf-8")
    assert _read(models_dir, pictures, "--csv", labels) == 2
    assert "is a table with other columns (image, text, layout ...)" in " ".join(capsys.readouterr().err.split())
    assert labels.read_text(encoding="utf-8").startswith("image,text,layout\n2.png")
    assert _read(models_dir, pictures, "--csv", tmp_path / "new.csv") == 0
    assert _read(models_dir, pictures, "--csv", tmp_path / "new.csv") == 0, "its own tables may be replaced"


@pytest.mark.parametrize("json_too", [False, True])
def test_a_stopped_run_is_resumed(
    models_dir: Path,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    json_too: bool,
) -> None:
    write_image(pictures / "30.png", np.full((100, 200, 3), 90, np.uint8))
    arguments = [pictures, "--output", tmp_path / "out", *(["--json", tmp_path / "p.jsonl"] if json_too else [])]
    assert _read(models_dir, *arguments) == 0
    whole = (tmp_path / "out" / "plates.csv").read_bytes()
    lines = (tmp_path / "p.jsonl").read_bytes() if json_too else b""
    read: list[int] = []

    def stop(reader: FixedReader, crops: list[np.ndarray], grammar: bool = True) -> list[Reading]:
        read.append(1)
        if len(read) == 3:
            raise KeyboardInterrupt
        return [Reading("1537УНЛ", 0.8, (0.8,) * 7, 1, "mn")]

    monkeypatch.setattr(FixedReader, "read", stop)
    assert _read(models_dir, *arguments) == 1
    error = capsys.readouterr().err
    assert "stopped after 2 pictures" in error and "Give the same command with --resume to go on." in error
    with (tmp_path / "out" / "plates.csv").open("a", encoding="utf-8") as file:
        file.write("30.png,1,50")  # a row cut off by a crash
    assert _read(models_dir, *arguments, "--resume") == 0
    assert (tmp_path / "out" / "plates.csv").read_bytes() == whole
    assert not json_too or (tmp_path / "p.jsonl").read_bytes() == lines
    assert len(read) == (4 if json_too else 5), "the last picture of a table may be incomplete and is read again"


def test_crops(models_dir: Path, pictures: Path, tmp_path: Path) -> None:
    table = tmp_path / "crops.csv"
    assert _read(models_dir, pictures, "--crops", "--csv", table, "--country", "mn") == 0
    assert _rows(table) == [
        ["image", "text", "text_score"],
        ["2.png", "1537УНЛ", "0.8000"],
        ["10.png", "1537УНЛ", "0.8000"],
    ]


def test_bad_pictures_are_named_and_the_rest_written(
    models_dir: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "1.jpg").write_bytes(b"")
    (pictures / "3.jpg").write_text("no picture")
    Image.new("RGB", (1, 1)).save(pictures / "4.png")
    assert _read(models_dir, pictures, tmp_path / "nowhere.jpg", "--csv", tmp_path / "p.csv") == 1
    assert [row[0] for row in _rows(tmp_path / "p.csv")[1:]] == ["2.png", "4.png", "10.png"]
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 3
    assert [name for name in ("nowhere.jpg", "1.jpg", "3.jpg") if not any(name in line for line in errors)] == []


def test_drawn_crops(models_dir: Path, pictures: Path, tmp_path: Path) -> None:
    assert _read(models_dir, pictures, "--crops", "--output", tmp_path / "out") == 0
    rows = _rows(tmp_path / "out" / "plates.csv")
    assert rows[:2] == [["image", "text", "text_score", "drawing"], ["2.png", "1537УНЛ", "0.8000", "2.jpg"]]
    assert (tmp_path / "out" / "2.jpg").is_file()


def test_same_stem_gives_two_drawings(models_dir: Path, pictures: Path, tmp_path: Path) -> None:
    write_image(pictures / "2.jpg", np.full((100, 200, 3), 90, np.uint8))
    write_image(tmp_path / "other" / "2.jpg", np.full((100, 200, 3), 90, np.uint8))
    assert _read(models_dir, pictures, tmp_path / "other", "--output", tmp_path / "out") == 0
    assert len(list((tmp_path / "out").glob("*.jpg"))) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["read"], "Missing argument"),
        (["read", "x.jpg", "--reader", "nonsense"], "no reader 'nonsense'; choose one of voting, classical"),
        (["read", "x.jpg", "--detector", "nonsense"], "no detector 'nonsense'; give a path or one of"),
        (["read", "x.jpg", "--country", "xx"], "no plates of country 'xx'; choose one of mn, kr"),
        (["read", "x.jpg", "--min-score", "7"], "min-score"),
        (["read", "x.jpg", "--crops", "--reader", "none"], "--crops needs a reader"),
        (["read", "x.jpg", "--resume"], "--resume goes on with a table"),
        (["read", "x.jpg", "--tiles", "--vehicle-first"], "choose one of them"),
        (["read", "x.jpg", "--vehicle-first"], "no vehicle detector 'vehicle_detector_ssd'"),
        (["read", "x.jpg", "--vehicle-first", "--vehicle-detector", "coco"], "no vehicle detector 'coco'"),
        (["evaluate", "--data", ".:swap"], "write FOLDER, FOLDER:a or FOLDER:b"),
        (["evaluate", "--data", ".", "--condition", "fog"], "fog: no such condition; choose one of asis, dark"),
        (["evaluate", "--data", ".", "--condition", "dark", "--condition", "w40"], "give one --condition"),
        (["evaluate", "--data", "x", "--shrink"], "add --crops"),
        (["evaluate", "--data", ".", "--data", "tests"], "give one --data"),
        (["evaluate", "--data", "x:a"], "x: is not a folder"),
        (["evaluate", "--data", "generated:a", "--crops"], "generated plates have no half a"),
        (["paint"], "No such command"),
    ],
)
def test_wrong_usage(models_dir: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    models = ["--models", str(models_dir)] if arguments[0] in ("read", "evaluate") else []
    assert main([*arguments, *models]) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_unreadable_folder(
    models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def forbid(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", forbid)
    assert _read(models_dir, tmp_path, "--detector", models_dir / "plate_detector_two_looks") == 1
    assert "cannot be listed (Permission denied)" in capsys.readouterr().err


def test_output_that_cannot_be_made(
    models_dir: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert _read(models_dir, pictures, "--output", tmp_path / "file" / "out") == 1
    error = capsys.readouterr().err
    assert "plates.csv: cannot be written" in error
    assert "Traceback" not in error


def test_read_only_output(
    models_dir: Path,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write = Path.write_bytes

    def refuse(path: Path, content: bytes) -> None:
        if path.suffix == ".jpg":
            raise OSError(30, "Read-only file system")
        write(path, content)

    monkeypatch.setattr(Path, "write_bytes", refuse)
    assert _read(models_dir, pictures, "--output", tmp_path / "out") == 1
    assert "2.jpg: cannot be written (Read-only file system)" in capsys.readouterr().err
    assert len(_rows(tmp_path / "out" / "plates.csv")) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk(models_dir: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _read(models_dir, pictures, "--csv", "/dev/full") == 1
    assert "/dev/full: cannot be written (No space left on device)" in capsys.readouterr().err


def test_corrupt_model(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "models" / "plate_detector_two_looks" / "saved_model").mkdir(parents=True)
    (tmp_path / "models" / "plate_detector_two_looks" / "saved_model" / "saved_model.pb").write_bytes(b"\xffbad")
    assert _read(tmp_path / "models", pictures) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "is not a readable SavedModel" in error
    assert len(error.splitlines()) == 1


def test_evaluate_writes_json(
    models_dir: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (2, 10):
        objects = (LabelledObject("plate", (25, 50, 45, 125)),)
        write_voc(pictures / f"{number}.xml", LabelledPicture(Path(f"{number}.png"), 200, 100, objects))
    arguments = ["--data", pictures, "--models", models_dir, "--json", tmp_path / "figures.json"]
    assert main(["evaluate", *map(str, arguments)]) == 0
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert (figures["ap50"], figures["plates"], figures["texts"]["exact"]) == (1.0, 2, None)
    output = capsys.readouterr().out
    assert "AP50 1.000" in output
    assert "by width: 60-89 px 2 of 2" in output
    assert main(["evaluate", *map(str, arguments), "--min-score", "0.999"]) == 0
    assert "at score >= 0.999" in capsys.readouterr().out
    (pictures / "2.xml").write_text("")
    assert main(["evaluate", *map(str, arguments)]) == 1


def test_evaluate_without_labels(models_dir: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--data", str(pictures), "--models", str(models_dir)]) == 1
    assert "holds no picture with a label" in capsys.readouterr().err


def test_help_and_import_need_no_tensorflow() -> None:
    code = (
        "import sys, alpr_utils; from alpr_utils.cli.app import main; status = main(['--help']); "
        "heavy = {'tensorflow', 'keras', 'cv2', 'matplotlib'} & set(sys.modules); sys.exit(str(heavy or '') or status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "evaluate" in done.stdout
