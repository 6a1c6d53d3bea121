"""The commands that measure readers on plates and calibrate them."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import FixedReader

from alpr_utils import alpr as facade
from alpr_utils.cli.app import main
from alpr_utils.images import write_image
from alpr_utils.models.folder import read_metadata, write_metadata
from alpr_utils.read import load as opening
from alpr_utils.read.reading import Reading
from alpr_utils.read.temperature import Temperatures


class TwiceRight(FixedReader):
    """Surer of itself than it should be."""

    temperatures = Temperatures()

    def read_n_best(
        self, crops: list[np.ndarray], count: int, grammar: bool = True, calibrated: bool = True
    ) -> list[list[Reading]]:
        return [[reading] for reading in self.read(crops, grammar)]


@pytest.fixture(autouse=True)
def fixed_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str, options: opening.ReaderOptions) -> FixedReader:
        reader = (FixedReader if name == "classical" else TwiceRight)("1537УНЛ", "1537УНЯ")
        reader.name = name
        return reader

    for module in (facade, opening):
        monkeypatch.setattr(module, "load_reader", load)


@pytest.fixture
def plates(tmp_path: Path) -> Path:
    for number in range(40):
        text = "1537УНЛ" if number % 4 == 0 else "3386УБТ"
        write_image(tmp_path / "plates" / f"{text}_{number}.png", np.full((30, 120, 3), 4 * number, np.uint8))
    return tmp_path / "plates"


def test_several_readers_are_measured_at_all_widths(
    plates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    readers = ["--reader", "classical", "--reader", "crnn_small"]
    arguments = ["evaluate", "--crops", "--data", str(plates), *readers, "--shrink", "--json", str(file)]
    assert main([*arguments, "--models", str(tmp_path)]) == 0
    figures = json.loads(file.read_text(encoding="utf-8"))
    widths = ("asis", "w160", "w120", "w80", "w60", "w40", "w30")
    assert [(one["reader"], one["condition"]) for one in figures] == [
        (reader, width) for reader in ("classical", "crnn_small") for width in widths
    ]
    assert {(one["exact"], one["exact_without_grammar"]) for one in figures} == {(0.25, 0.0)}
    assert {"true": "Л", "read": "Я", "count": 10} in figures[0]["confusions_without_grammar"]
    said = capsys.readouterr().out
    assert (
        "40 plates: exact 25.0% (14-40), without grammar 0.0% (0-9)" in said
        and "40 plates in condition w30: exact" in said
    )
    assert "3386УБТ read as 1537УНЛ (80%)" in said
    assert f"{plates} in condition w30: at least one of 2 readers exact 25.0% (14-40)" in said


def test_plates_are_measured_in_hard_conditions(
    plates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    arguments = ["evaluate", "--crops", "--data", str(plates), "--reader", "classical", "--models", str(tmp_path)]
    assert main([*arguments, "--condition", "night", "--condition", "w50", "--json", str(file)]) == 0
    assert [one["condition"] for one in json.loads(file.read_text(encoding="utf-8"))] == ["night", "w50"]
    said = capsys.readouterr().out
    assert "40 plates in condition night: exact 25.0% (14-40)" in said and "in condition w50" in said
    assert "all 2 together: exact 25.0% (17-35), calibration error 55.0% (by chance 3.6%)" in said
    assert main([*arguments, "--condition", "fog"]) == 2
    assert "no such condition" in capsys.readouterr().err


def test_several_folders_are_measured_and_counted_together(
    plates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    data = ["--data", f"{plates}:a", "--data", f"{plates}:b", "--reader", "classical"]
    assert main(["evaluate", "--crops", *data, "--models", str(tmp_path), "--json", str(file)]) == 0
    one, other = json.loads(file.read_text(encoding="utf-8"))
    assert (one["data"], other["data"]) == (f"{plates}:a", f"{plates}:b")
    assert one["plates"] + other["plates"] == 40 and one["plates"] and other["plates"]
    said = capsys.readouterr().out
    assert f"{plates}:a:" in said and "all 2 together: exact 25.0% (14-40)" in said


def test_generated_plates_are_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["evaluate", "--crops", "--data", "generated", "--count", "3", "--reader", "classical"]
    assert main([*arguments, "--models", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "3 plates: exact 0.0%" in said and "country kr: 1 plates" in said and "tilt" in said


def test_several_readers_need_crops(models_dir: Path, plates: Path, capsys: pytest.CaptureFixture[str]) -> None:
    readers = ["--reader", "classical", "--reader", "crnn_small"]
    assert main(["evaluate", "--data", str(plates), *readers, "--models", str(models_dir)]) == 2
    assert "--crops" in capsys.readouterr().err
    assert main(["evaluate", "--crops", "--data", str(plates), "--reader", "none", "--models", str(models_dir)]) == 2


def test_calibration_is_fitted_and_stored(plates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "models" / "crnn_small"
    folder.mkdir(parents=True)
    (folder / "weights.npz").write_bytes(b"weights")
    write_metadata(folder, {"architecture": "crnn"}, [folder / "weights.npz"])
    command = ["calibrate", "--data", str(plates), "--models", str(folder.parent), "--reader"]
    assert main([*command, "crnn_small"]) == 0
    assert "with grammar: temperature" in capsys.readouterr().out
    stored = read_metadata(folder)["calibration"]["with_grammar"]
    assert stored["after"]["error"] < stored["before"]["error"], "80 % sure and 25 % right before"
    assert main([*command, "crnn_small", "--condition", "asis", "--condition", "dark"]) == 0
    described = read_metadata(folder)["calibration"]["data"]
    assert described == f"{plates}; in the conditions asis, dark, in turn"
    capsys.readouterr()
    assert main([*command, "crnn_small", "--condition", "fog"]) == 2
    assert "no such condition" in capsys.readouterr().err
    assert main([*command, "classical"]) == 2
    assert "no temperature" in capsys.readouterr().err
