"""What ``read`` writes never costs the user a file, and a second run knows what the first one made."""

import codecs
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import FixedReader

from alpr_utils import alpr as facade
from alpr_utils.cli.app import main
from alpr_utils.cli.outputs import Outputs
from alpr_utils.images import write_image
from alpr_utils.results import file_stems, read_table, table_names


@pytest.fixture(autouse=True)
def _fixed_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facade, "load_reader", lambda *_, **__: FixedReader())


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    for name in ("1.png", "2.png"):
        write_image(tmp_path / "mine" / name, np.full((100, 200, 3), 90, np.uint8))
    return tmp_path / "mine"


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _read(models: Path, *arguments: object) -> int:
    return main(["read", *map(str, arguments), "--models", str(models)])


def test_a_second_run_reads_the_same_pictures(models_dir: Path, mine: Path) -> None:
    assert _read(models_dir, mine, "--output", mine) == 0
    after = _content(mine)
    assert set(after) == {"1.png", "2.png", "1.jpg", "2.jpg", "plates.csv", "plates.options.json"}
    assert _read(models_dir, mine, "--output", mine) == 0
    assert _content(mine) == after


def test_pictures_that_are_not_read_are_not_replaced_either(
    models_dir: Path, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_image(mine / "1.jpg", np.full((100, 200, 3), 50, np.uint8))
    before = _content(mine)
    assert _read(models_dir, mine / "1.png", "--output", mine) == 2
    assert "1.jpg: is there and was not made by 'read'" in " ".join(capsys.readouterr().err.split())
    write_image(mine / "1_plate1.jpg", np.full((100, 200, 3), 50, np.uint8))
    before = _content(mine)
    assert _read(models_dir, mine / "1.png", "--save-crops", mine) == 2
    assert _content(mine) == before


def test_json_replaces_only_results(models_dir: Path, mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    coco = mine / "labels.json"
    coco.write_text(json.dumps({"images": [], "annotations": [], "categories": []}))
    for command in (["read", mine], ["evaluate", "--data", mine, "--crops"], ["evaluate", "--data", mine]):
        assert main([*map(str, command), "--json", str(coco), "--models", str(models_dir)]) == 2
        assert "does not hold results" in " ".join(capsys.readouterr().err.split())
    assert json.loads(coco.read_text())["images"] == []
    for _ in range(2):
        assert _read(models_dir, mine, "--json", mine / "new.jsonl") == 0


def test_other_options_are_not_mixed(models_dir: Path, mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = mine.parent / "p.csv"
    assert _read(models_dir, mine, "--csv", table) == 0
    before = table.read_bytes()
    assert _read(models_dir, mine, "--csv", table, "--resume", "--min-score", "0.2") == 2
    assert "the first run had --min-score None, this one 0.2" in " ".join(capsys.readouterr().err.split())
    assert table.read_bytes() == before
    assert _read(models_dir, mine, "--csv", table, "--resume") == 0
    assert table.read_bytes() == before


def test_old_drawings_beside_a_new_table_are_named(
    models_dir: Path, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = mine.parent / "out"
    assert _read(models_dir, mine / "1.png", "--output", out) == 0
    assert _read(models_dir, mine / "2.png", "--output", out) == 0
    assert "warning: " in (error := capsys.readouterr().err) and "1 drawing of an earlier run stay" in error
    assert {path.name for path in out.glob("*.jpg")} == {"1.jpg", "2.jpg"}
    (mine.parent / "none").mkdir()
    assert _read(models_dir, mine.parent / "none", "--output", out) == 1
    assert "the table is new" not in capsys.readouterr().err, "nothing was read, so the table stays"


def test_a_table_that_is_deleted_during_the_run_is_missed(
    models_dir: Path, mine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = mine.parent / "p.csv"
    write = Outputs._write_pictures

    def delete(*arguments: object) -> None:
        table.unlink()
        write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Outputs, "_write_pictures", delete)
    assert _read(models_dir, mine, "--csv", table) == 1
    assert "p.csv: was deleted or moved while it was written" in capsys.readouterr().err


def test_names_of_any_bytes_and_length(models_dir: Path, mine: Path) -> None:
    odd = os.fsdecode(b"\xff\xfe.png")
    for name in (odd, "가" * 80 + ".png"):
        write_image(mine / name, np.full((100, 200, 3), 90, np.uint8))
    out = mine.parent / "out"
    assert _read(models_dir, mine, "--output", out, "--json", out / "p.jsonl") == 0
    rows = read_table(out / "plates.csv")[1]
    assert {row[0] for row in rows} == {"1.png", "2.png", "\\udcff\\udcfe.png", "가" * 80 + ".png"}
    assert all((out / row[-1]).is_file() for row in rows)
    assert table_names([Path(odd)]) == {Path(odd): "\\udcff\\udcfe.png"}
    stems = file_stems([Path("a" * 240 + ".jpg"), Path("b") / ("a" * 240 + ".jpg")])
    assert len(set(stems)) == 2 and max(map(len, stems)) < 210


def test_tables_for_excel(models_dir: Path, mine: Path) -> None:
    write_image(mine / "=cmd.png", np.full((100, 200, 3), 90, np.uint8))
    table = mine.parent / "p.csv"
    assert _read(models_dir, mine, "--csv", table, "--excel") == 0
    assert table.read_bytes().startswith(codecs.BOM_UTF8)
    assert "\n'=cmd.png," in table.read_text("utf-8-sig")
    header, rows = read_table(table)
    assert header[0] == "image" and rows[-1][0] == "=cmd.png"
    before = table.read_bytes()
    assert _read(models_dir, mine, "--csv", table, "--excel", "--resume") == 0
    assert table.read_bytes() == before, "a picture is not read twice"
    assert _read(models_dir, mine, "--csv", table) == 0
    assert not table.read_bytes().startswith(codecs.BOM_UTF8)


@pytest.mark.skipif(os.name == "nt", reason="no such names")
def test_names_do_not_command_the_terminal(models_dir: Path, mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_image(mine / "\x1b[2J\n.png", np.full((100, 200, 3), 90, np.uint8))
    (mine / "\x1b[2Jbad\n.png").write_bytes(b"no picture")
    assert _read(models_dir, mine) == 1
    said = capsys.readouterr()
    assert "\n?[2J .png\t" in said.out and "?[2Jbad .png: " in said.err
    assert "\x1b" not in said.out + said.err


def test_without_standard_error(models_dir: Path, mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    assert _read(models_dir, mine, mine / "nowhere.jpg") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("command", [["download", "--help"], ["generate", "clips", "--help"]])
def test_a_standard_output_that_is_full_is_one_sentence(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        run = [sys.executable, "-m", "alpr_utils", *command]
        done = subprocess.run(run, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the standard output cannot be written (No space left on device); ")
    assert len(done.stderr.splitlines()) == 1


def test_pipes_among_the_pictures_do_not_hang(models_dir: Path, mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("1.jpg", "2.mp4"):
        os.mkfifo(mine / name)
    assert _read(models_dir, mine, "--csv", mine.parent / "p.csv") == 1
    errors = capsys.readouterr().err
    assert "1.jpg: is not a regular file" in errors and "2.mp4: is not a regular file" in errors
    assert [row[0] for row in read_table(mine.parent / "p.csv")[1]] == ["1.png", "2.png"]
