"""Events on disk and their way to webhooks: nothing is lost, the order stays, ids tell repeats."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from alpr_utils.errors import AlprError, OutputError
from alpr_utils.video.store import EVENT_COLUMNS, EventStore, VehicleEvent, event_row
from alpr_utils.video.webhooks import Webhook, check_url


def _event(number: int, text: str = "1234УБА", picture: str = "") -> VehicleEvent:
    return VehicleEvent(f"id{number}", "2026-01-02T03:04:05", "0", text, 0.9, "mn", "", 1.5, (1, 2, 3, 4), picture)


class Target:
    """A webhook's receiver on the loopback; ``fails`` answers are 503 first."""

    def __init__(self, port: int = 0, fails: int = 0):
        got: list[dict] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["X-Event-Id"] == body["id"]
                got.append(body)
                self.send_response(503 if len(got) <= fails else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.got, self._server = got, HTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/events"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()
    yield made
    made.close()


def _wait(until: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_events_are_found_again_with_tolerance(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "new" / "e.sqlite")
    for number, text in enumerate(("1234УБА", "5678УНБ", "28로3700")):
        store.add(_event(number, text), time.time())
    store.close()
    store = EventStore(tmp_path / "new" / "e.sqlite")
    assert [event.text for event in store.events()] == ["28로3700", "5678УНБ", "1234УБА"]
    assert [event.text for event in store.events("28하 3700")] == ["28로3700"]
    assert [event.text for event in store.events("567")] == ["5678УНБ"]
    assert store.events("9999") == []
    assert len(store.events(count=2)) == 2
    event = store.events("1234УБА")[0]
    assert event == _event(0)
    assert dict(zip(EVENT_COLUMNS, event_row(event), strict=True))["ymax"] == 4
    assert json.loads(event.json())["text"] == "1234УБА"


def test_old_events_are_forgotten_with_their_pictures(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "e.sqlite", ["http://x/"])
    for number, age_days in enumerate((40, 1)):
        (tmp_path / f"{number}.jpg").write_bytes(b"x")
        store.add(_event(number, picture=f"{number}.jpg"), time.time() - age_days * 86400)
    assert store.forget(30, tmp_path) == 1
    assert [event.id for event in store.events()] == ["id1"]
    assert [path.name for path in tmp_path.glob("*.jpg")] == ["1.jpg"]
    assert store.next_for("http://x/")[1] == "id1"  # type: ignore[index]


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "e.sqlite").write_text("something else " * 100)
    with pytest.raises(OutputError, match=r"e\.sqlite: cannot be opened as a file of events"):
        EventStore(tmp_path / "e.sqlite")
    with pytest.raises(AlprError, match="is no address of a webhook"):
        check_url("ftp://x")


def test_an_outage_loses_nothing_and_keeps_the_order(tmp_path: Path) -> None:
    target = Target(fails=2)
    store = EventStore(tmp_path / "e.sqlite", [target.url])
    problems: list[str] = []
    sender = Webhook(store, target.url, problems.append, first_pause_s=0.05)
    for number in range(3):
        store.add(_event(number), time.time())
    _wait(lambda: store.next_for(target.url) is None)
    assert [event["id"] for event in target.got] == ["id0", "id0", "id0", "id1", "id2"]
    target.close()
    for number in range(3, 5):
        store.add(_event(number), time.time())
    _wait(lambda: len(problems) == 2)
    again = Target(target.port)
    _wait(lambda: store.next_for(target.url) is None)
    assert [event["id"] for event in again.got] == ["id3", "id4"]
    assert "takes no events" in problems[0]
    sender.stop()
    again.close()


_RUN = """
import sys, time
from pathlib import Path
from alpr_utils.video.store import EventStore, VehicleEvent
from alpr_utils.video.webhooks import Webhook
store = EventStore(Path(sys.argv[1]), [sys.argv[2]])
Webhook(store, sys.argv[2], lambda sentence: None, first_pause_s=0.05)
for number in range(int(sys.argv[3]), int(sys.argv[4])):
    event = VehicleEvent(f"id{number}", "", "0", "1234УБА", 0.9, "mn", "", 1.5, (1, 2, 3, 4))
    store.add(event, time.time())
    print(event.id, flush=True)
time.sleep(60)
"""


def test_kills_lose_nothing(tmp_path: Path, target: Target) -> None:
    def run_and_kill(first: int, last: int, url: str, until: Callable[[], bool]) -> None:
        arguments = [sys.executable, "-c", _RUN, str(tmp_path / "e.sqlite"), url, str(first), str(last)]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout
            for number in range(first, last):
                assert process.stdout.readline().strip() == f"id{number}"
            _wait(until)
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()

    url = target.url
    target.close()
    run_and_kill(0, 3, url, lambda: True)  # while the target is down
    run_and_kill(3, 5, url, lambda: True)
    again = Target(target.port)
    run_and_kill(5, 6, url, lambda: len({event["id"] for event in again.got}) == 6)
    ids = [event["id"] for event in again.got]
    assert list(dict.fromkeys(ids)) == [f"id{number}" for number in range(6)]
    again.close()
