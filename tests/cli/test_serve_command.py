"""The command ``serve``, in a process of its own."""

import http.client
import json
import re
import signal
import socket
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from coloured import TEXTS
from served import PICTURE, served

from alpr_utils.cli.app import main


def _texts(address: str) -> list[str]:
    with urllib.request.urlopen(urllib.request.Request(f"{address}/v1/read", PICTURE), timeout=20) as answer:
        return [plate["text"] for plate in json.load(answer)["plates"]]


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_it_ends_cleanly_and_comes_back_after_a_kill() -> None:
    with served("--port", "0") as (process, address):
        assert _texts(address) == [TEXTS[0]]
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=30)
        assert (process.returncode, error) == (0, "")
        (line,) = map(json.loads, out.splitlines())
        assert (line["status"], line["plates"], "texts" in line) == (200, 1, False)
    port = address.rpartition(":")[2]
    with served("--port", port) as (process, _):
        assert _texts(address) == [TEXTS[0]]
        process.kill()
        process.wait()
        with pytest.raises(OSError, match="refused"):
            _texts(address)
    with served("--port", port):
        assert _texts(address) == [TEXTS[0]]


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_clients_see_broken_connections_only_when_it_is_killed_under_load() -> None:
    ended = threading.Event()

    def ask(address: str) -> tuple[int, int]:
        """Answers and broken connections of one client; anything else is raised."""
        answered = broken = 0
        while not ended.is_set():
            try:
                assert _texts(address) == [TEXTS[0]]
                answered += 1
            except urllib.error.HTTPError:
                raise
            except (OSError, http.client.HTTPException):
                broken += 1
                ended.wait(0.05)
        return answered, broken

    with ThreadPoolExecutor(8) as pool:
        try:
            with served("--port", "0") as (process, address):
                clients = [pool.submit(ask, address) for _ in range(8)]
                ended.wait(1)
                process.kill()
                process.wait()
            with served("--port", address.rpartition(":")[2]):
                before = _requests(address)
                while _requests(address) < before + 20 and not any(client.done() for client in clients):
                    ended.wait(0.1)
                ended.set()
                counts = [client.result(30) for client in clients]
        finally:
            ended.set()
    assert sum(broken for _, broken in counts) >= 1
    assert all(answered > 0 for answered, _ in counts)


def _requests(address: str) -> float:
    """How many were answered with 200, as the service counts them."""
    with urllib.request.urlopen(f"{address}/metrics", timeout=20) as answer:
        found = re.findall(r'^alpr_requests_total{status="200"} (\S+)', answer.read().decode(), re.MULTILINE)
    return float(found[0]) if found else 0.0


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
