"""The command ``watch``."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import cv2
import pytest
from coloured import TEXTS, coloured_alpr, road

from alpr_utils.cli.app import main
from alpr_utils.video.frames import VideoWriter

_WATCH = """
import sys
from coloured import coloured_alpr
from alpr_utils.cli import app, watch
watch.alpr_of = lambda options: coloured_alpr()
sys.exit(app.main(["watch", *sys.argv[1:]]))
"""


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, 10) as writer:
        for number in range(30):
            writer.add(road((0, number * 10 - 30, 40)), number / 10)
    return path


def test_events_are_lines_of_json(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("alpr_utils.cli.watch.alpr_of", lambda options: coloured_alpr())
    (tmp_path / "known.csv").write_text("1234УБА,Bat\n", encoding="utf-8")
    options = ["--known", str(tmp_path / "known.csv"), "--keep-pictures", "crop", "--retention", "30d"]
    command = ["watch", str(clip), "--every-frame", "--database", str(tmp_path / "e.sqlite"), *options]
    assert main(command) == 0
    (line,) = capsys.readouterr().out.splitlines()
    event = json.loads(line)
    assert (event["text"], event["known_as"]) == (TEXTS[0], "Bat")
    assert (tmp_path / "e_pictures" / event["picture"]).exists()
    clip.unlink()
    assert main(command) == 1
    assert "clip.mp4: does not exist" in capsys.readouterr().err


def test_the_page_is_the_service(clip: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    command = [sys.executable, "-c", _WATCH, str(clip), "--loop", "--page", str(port)]
    process = subprocess.Popen(
        [*command, "--database", str(tmp_path / "e.sqlite")], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert process.stdout
        assert process.stdout.readline()
        content = cv2.imencode(".png", road((2, 40, 60))[..., ::-1])[1].tobytes()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/read", content, timeout=20) as answer:
            assert [plate["text"] for plate in json.load(answer)["plates"]] == [TEXTS[2]]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/events", timeout=20) as answer:
            assert [event["text"] for event in json.load(answer)] == [TEXTS[0]]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
            assert "<html" in answer.read().decode()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_ctrl_c_ends_it_cleanly(clip: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    command = [sys.executable, "-c", _WATCH, str(clip), "--loop", "--database", str(tmp_path / "e.sqlite")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    )
    assert process.stdout
    assert json.loads(process.stdout.readline())["text"] == TEXTS[0]
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=20)
    assert (process.returncode, out, error) == (0, "", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--keep-pictures", "all"], "choose one of none, crop, frame"),
        (["--retention", "soon"], "is no time to keep events"),
        (["--region", "1 2 3"], "is no polygon"),
        (["--webhook", "example.org"], "is no address of a webhook"),
        (["--known", "nowhere.csv"], "nowhere.csv: cannot be opened"),
        (["--detector", "nonsense"], "no detector 'nonsense'"),
    ],
)
def test_wrong_usage(
    options: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["watch", "0", *options]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "alpr_events.sqlite").exists()
