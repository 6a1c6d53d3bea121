"""The page of ``watch``: live picture, events, search, table, and who may look at it."""

import codecs
import csv
import io
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import cv2
import numpy as np
import pytest
from coloured import TEXTS, coloured_alpr, road

from alpr_utils.errors import OutputError
from alpr_utils.video.frames import VideoWriter
from alpr_utils.video.page import page_of, serve_page
from alpr_utils.video.sources import LiveSource
from alpr_utils.video.store import EVENT_COLUMNS, EventStore
from alpr_utils.video.watch import Watch, WatchOptions

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[Watch, EventStore, Path]]:
    """A clip that goes on and on, two vehicles in it, watched in a thread."""
    clip = tmp_path / "clip.mp4"
    with VideoWriter(clip, 10) as writer:
        for number in range(50):
            writer.add(road((0, number * 10 - 30, 40), (2, number * 10 - 250, 200)), number / 10)
    store = EventStore(tmp_path / "e.sqlite")
    source = LiveSource(str(clip), 10, every_frame=True, loop=True)
    options = WatchOptions(again_s=1e6, keep_pictures="crop", pictures=tmp_path / "pictures")
    watching = Watch(coloured_alpr(), source, store, options)
    thread = threading.Thread(target=lambda: list(watching.events()))
    thread.start()
    end = time.monotonic() + 10
    while len(store.events()) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    yield watching, store, tmp_path / "pictures"
    watching.stop()
    thread.join(10)
    assert not thread.is_alive(), "watching does not end"
    store.close()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def _served(watched: tuple[Watch, EventStore, Path], host: str = "127.0.0.1") -> Iterator[str]:
    """The address of the page."""
    port = _free_port()
    stop = serve_page(page_of(*watched, coloured_alpr().draw, host), "127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop()


def _get(url: str, host: str = "localhost") -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Host": host}), timeout=5) as answer:
        return answer.read()


def _status(url: str, host: str = "localhost") -> int:
    try:
        return 200 if _get(url, host) else 0
    except urllib.error.HTTPError as error:
        return error.code


def test_events_search_table_and_pictures(watched: tuple[Watch, EventStore, Path]) -> None:
    with _served(watched) as page:
        assert b'<img id="live"' in _get(page)
        events = json.loads(_get(f"{page}/events"))
        assert [event["text"] for event in events] == [TEXTS[2], TEXTS[0]]
        near = json.loads(_get(f"{page}/events?{urlencode({'text': '1235УБА'})}"))
        assert [event["text"] for event in near] == [TEXTS[0]]
        assert json.loads(_get(f"{page}/events?text=7777")) == []
        watched[1].add(replace(watched[1].events("", 1)[0], id="f", known_as="=cmd|' /C calc'!A0"), time.time())
        content = _get(f"{page}/events.csv")
        assert content.startswith(codecs.BOM_UTF8), "Excel would show other letters"
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        assert rows[0] == list(EVENT_COLUMNS) and len(rows) == 4
        assert "'=cmd|' /C calc'!A0" in rows[1]
        picture = _get(f"{page}/pictures/{events[0]['picture']}")
        assert cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR).shape[1] < 80
        assert _status(f"{page}/pictures/nothing.jpg") == 404
        assert _status(f"{page}/pictures/..%2Fe.sqlite") == 404


def test_others_may_not_look(watched: tuple[Watch, EventStore, Path]) -> None:
    with _served(watched) as page:
        assert _status(f"{page}/events", "evil.example") == 400
        assert _status(f"{page}/events", "localhost:8000") == 200
    with _served(watched, "0.0.0.0") as page:
        assert _status(f"{page}/events", "gate.local") == 200


def test_the_live_picture_moves_and_has_boxes(watched: tuple[Watch, EventStore, Path]) -> None:
    with _served(watched) as page, urllib.request.urlopen(f"{page}/live", timeout=5) as answer:
        assert answer.headers["Content-Type"].startswith("multipart/x-mixed-replace")
        content = b""
        while content.count(b"--picture") < 12:
            content += answer.read1(65536)
    parts = [part.split(b"\r\n\r\n", 1)[1] for part in content.split(b"--picture")[1:-1]]
    pictures = [cv2.imdecode(np.frombuffer(part, np.uint8), cv2.IMREAD_COLOR) for part in parts]
    assert {picture.shape for picture in pictures} == {(180, 320, 3)}
    assert any(not np.array_equal(pictures[0], picture) for picture in pictures)
    green = [((p[..., 1] > 140) & (p[..., 0] < 120) & (p[..., 2] < 80)).sum() for p in pictures]
    assert max(green) > 30


def test_a_port_that_is_taken(watched: tuple[Watch, EventStore, Path]) -> None:
    app = page_of(*watched, coloured_alpr().draw, "127.0.0.1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OutputError, match="cannot be used for the page"):
            serve_page(app, "127.0.0.1", taken.getsockname()[1])


@pytest.mark.slow
def test_chromium_shows_the_events(watched: tuple[Watch, EventStore, Path], chromium_page: "Page") -> None:
    with _served(watched) as page:
        chromium_page.goto(page)
        rows = chromium_page.locator("#events tr")
        rows.nth(1).wait_for()
        assert TEXTS[2] in rows.nth(0).inner_text() and TEXTS[0] in rows.nth(1).inner_text()
        picture = rows.nth(0).locator("img")
        chromium_page.wait_for_function("image => image.naturalWidth > 0", arg=picture.element_handle())
        assert picture.get_attribute("src").startswith("pictures/")
        live = chromium_page.locator("#live").element_handle()
        chromium_page.wait_for_function("image => image.naturalWidth == 320", arg=live)
        chromium_page.fill("#text", "1235УБА")  # one wrong character
        rows.nth(1).wait_for(state="detached")
        assert TEXTS[0] in rows.nth(0).inner_text()
