"""The command ``generate clips``."""

import csv
import json
import re
from pathlib import Path

import pytest
from conftest import BrightBoxDetector, FixedReader

from alpr_utils import ALPR
from alpr_utils.cli.app import main
from alpr_utils.video.frames import FrameReader


def test_clips_come_with_their_truth(tmp_path: Path) -> None:
    command = ["generate", "clips", "--out", str(tmp_path), "--count", "2", "--kind", "two", "--fps", "5"]
    assert main([*command, "--width", "320"]) == 0
    with (tmp_path / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["video"], row["vehicle"]) for row in rows] == [
        (name, number) for name in ("000_two.mp4", "001_two.mp4") for number in "12"
    ]
    truth = json.loads((tmp_path / "000_two.json").read_text("utf-8"))
    first = truth["vehicles"][0]
    assert first["text"] == rows[0]["text"] and first["frames"] == len(first["boxes"])
    with FrameReader(tmp_path / "000_two.mp4") as reader:
        frames = list(reader.frames())
        assert reader.fps == 5
    assert frames[-1].time_s > first["last_s"]
    stamp = (tmp_path / "000_two.mp4").stat().st_mtime_ns
    assert main([*command, "--width", "320"]) == 0
    assert (tmp_path / "000_two.mp4").stat().st_mtime_ns == stamp  # what is there is kept
    assert main([*command[:6], "--kind", "flying"]) == 2


def test_clips_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    size = ["--fps", "5", "--width", "320"]
    assert main(["generate", "clips", "--out", str(tmp_path), "--count", "1", "--kind", "stopping", *size]) == 0
    text = json.loads((tmp_path / "000_stopping.json").read_text("utf-8"))["vehicles"][0]["text"]
    monkeypatch.setattr("alpr_utils.cli.clips.alpr_of", lambda options: ALPR(BrightBoxDetector(), FixedReader(text)))
    capsys.readouterr()
    assert main(["evaluate-clips", str(tmp_path), "--every", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["stopping", "all"]
    assert re.fullmatch(
        r"\d of \d rows are right, by their scores \d\.\d; calibration error \d+\.\d% \(by chance \d+\.\d%\)", lines[2]
    )
    assert re.fullmatch(r"\d+ frames in .* s: .* a second, with --threads 0", lines[-1])
    assert lines[1].startswith("all: 1 vehicles, ")
    assert main(["evaluate-clips", str(tmp_path / "nowhere")]) == 2
