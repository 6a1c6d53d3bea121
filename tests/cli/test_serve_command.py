"""The command ``serve``, in a process of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest
from coloured import TEXTS, road

from alpr_utils.cli.app import main

_SERVE = """
import sys
from coloured import coloured_alpr
from alpr_utils.cli import app, serve
serve.alpr_of = lambda options: coloured_alpr()
sys.exit(app.main(["serve", *sys.argv[1:]]))
"""
PICTURE = cv2.imencode(".png", road((0, 40, 60))[..., ::-1])[1].tobytes()


@contextmanager
def _served(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and the address that it says."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    command = [sys.executable, "-c", _SERVE, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr
        said = process.stderr.readline()
        while "http://" not in said:
            assert said, "it ended"
            said = process.stderr.readline()
        yield process, re.findall(r"http://\S+:\d+", said)[0]
    finally:
        process.kill()
        process.communicate()


def _texts(address: str) -> list[str]:
    with urllib.request.urlopen(urllib.request.Request(f"{address}/v1/read", PICTURE), timeout=20) as answer:
        return [plate["text"] for plate in json.load(answer)["plates"]]


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_it_ends_cleanly_and_comes_back_after_a_kill() -> None:
    with _served("--port", "0") as (process, address):
        assert _texts(address) == [TEXTS[0]]
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=30)
        assert (process.returncode, error) == (0, "")
        (line,) = map(json.loads, out.splitlines())
        assert (line["status"], line["plates"], "texts" in line) == (200, 1, False)
    port = address.rpartition(":")[2]
    with _served("--port", port) as (process, _):
        assert _texts(address) == [TEXTS[0]]
        process.kill()
        process.wait()
        with pytest.raises(OSError, match="refused"):
            _texts(address)
    with _served("--port", port):
        assert _texts(address) == [TEXTS[0]]


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--api-key-file", "nowhere.key"], 2, "nowhere.key: cannot be read as a key"),
        (["--api-key-file", "empty.key"], 2, "empty.key: is empty"),
        (["--detector", "nonsense"], 2, "no detector 'nonsense'"),
        (["--port", "TAKEN"], 1, "choose another port or host"),
    ],
)
def test_wrong_usage(
    options: list[str], status: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.key").write_text("\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        options = [option.replace("TAKEN", str(taken.getsockname()[1])) for option in options]
        assert main(["serve", *options]) == status
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())
