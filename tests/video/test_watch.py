"""A source that is watched: one event a vehicle, through cuts of the stream, with what is to be kept."""

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from coloured import TEXTS, coloured_alpr, road

from alpr_utils.errors import AlprError, PictureError
from alpr_utils.images import read_image
from alpr_utils.video import sources
from alpr_utils.video.frames import VideoWriter
from alpr_utils.video.known import KnownPlates
from alpr_utils.video.sources import LiveSource, shown_name
from alpr_utils.video.store import EventStore, VehicleEvent
from alpr_utils.video.watch import Watch, WatchOptions, parse_days, parse_region


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two vehicles, one after the other, on different sides; five seconds."""
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, 10) as writer:
        for number in range(50):
            writer.add(road((0, number * 10 - 30, 40), (2, number * 10 - 250, 200)), number / 10)
    return path


def _watched(source: LiveSource, folder: Path, **options: object) -> list[VehicleEvent]:
    store = EventStore(folder / "events.sqlite")
    watching = Watch(coloured_alpr(), source, store, WatchOptions(**options))  # type: ignore[arg-type]
    events = list(watching.events())
    assert list(reversed(store.events())) == events
    store.close()
    return events


def test_a_file_gives_one_event_a_vehicle_and_keeps_nothing_else(clip: Path, tmp_path: Path) -> None:
    known = KnownPlates({"1234УВА": "Bat"})
    first, second = _watched(LiveSource(str(clip), 10, every_frame=True), tmp_path, known=known)
    assert (first.text, second.text) == (TEXTS[0], TEXTS[2])
    assert (first.known_as, second.known_as) == ("Bat", "")
    assert first.id != second.id
    assert first.seen_s < 0.6  # sure long before it leaves
    assert not list(tmp_path.glob("**/*.jpg"))


def test_the_same_vehicle_again(clip: Path, tmp_path: Path) -> None:
    def texts(again_s: float) -> list[str]:
        """Of the clip, played three times."""
        source = LiveSource(str(clip), 10, every_frame=True, loop=True)
        store = EventStore(tmp_path / f"{again_s}.sqlite")
        watching = Watch(coloured_alpr(), source, store, WatchOptions(again_s=again_s))
        played = lambda: watching.latest is not None and watching.latest.frame.number >= 150  # noqa: E731
        threading.Thread(target=_stop_when, args=(played, watching.stop)).start()
        found = [event.text for event in watching.events()]
        store.close()
        return found

    assert texts(1000.0) == [TEXTS[0], TEXTS[2]]
    assert len(texts(0.5)) >= 6


def test_pictures_are_kept_where_that_is_wanted(clip: Path, tmp_path: Path) -> None:
    for kept, largest in (("crop", 60), ("frame", 320)):
        folder = tmp_path / kept
        events = _watched(
            LiveSource(str(clip), 10, every_frame=True), folder, keep_pictures=kept, pictures=folder / "pictures"
        )
        image = read_image(folder / "pictures" / events[0].picture)
        assert 40 <= image.shape[1] <= largest
        assert len(list((folder / "pictures").iterdir())) == 2


def test_only_the_region_counts(clip: Path, tmp_path: Path) -> None:
    region = parse_region("0.5,0 1,0 1,1 0.5,1")
    (event,) = _watched(LiveSource(str(clip), 10, every_frame=True), tmp_path, region=region)
    assert event.text == TEXTS[2]


def test_regions_and_times_are_parsed() -> None:
    assert parse_region("0,0 1,0 1,1").tolist() == [[0, 0], [1, 0], [1, 1]]
    assert [parse_days(text) for text in ("30d", "12h", "36m")] == [30, 0.5, 0.025]
    for text in ("0,0 1,1", "a,b c,d e,f", "0,0 2,0 1,1", "0 1 2"):
        with pytest.raises(AlprError, match="is no polygon"):
            parse_region(text)
    for text in ("30", "d", "30y"):
        with pytest.raises(AlprError, match="is no time to keep"):
            parse_days(text)


def test_passwords_are_not_shown() -> None:
    assert shown_name("rtsp://admin:secret@10.0.0.5:554/1") == "rtsp://10.0.0.5:554/1"
    problems: list[str] = []
    source = LiveSource("http://user:secret@127.0.0.1:9/x", 10, problem=problems.append)
    threading.Timer(0.5, source.stop).start()
    assert list(source.frames()) == []
    assert problems and "secret" not in problems[0] and "127.0.0.1:9" in problems[0]
    assert "check the address; connecting again in " in problems[0] and "MP4" not in problems[0]


def test_frames_are_dropped_and_time_goes_on_when_the_work_is_slow(clip: Path) -> None:
    source = LiveSource(str(clip), 10)
    begun = time.monotonic()
    times = []
    for frame in source.frames():
        times.append(frame.time_s)
        time.sleep(0.4)
    assert time.monotonic() - begun > 4
    assert source.dropped > 20
    assert times == sorted(times) and times[-1] > 4


def test_a_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"no\.mp4: does not exist"):
        list(LiveSource(str(tmp_path / "no.mp4"), 10).frames())


@pytest.fixture
def stream(clip: Path) -> Iterator[tuple[str, list[int]]]:
    """An address that sends the clip, cut off after two thirds five times, then whole; and its calls."""
    content, calls = clip.read_bytes(), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            calls.append(len(calls))
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4")
            self.end_headers()
            sent = content[: len(content) * 2 // 3] if len(calls) <= 5 else content
            try:
                for start in range(0, len(sent), 300):
                    self.wfile.write(sent[start : start + 300])
                    time.sleep(0.02)
            except OSError:
                pass

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/live.mp4", calls
    server.shutdown()
    server.server_close()


def test_cuts_of_a_stream_lose_and_double_no_event(
    stream: tuple[str, list[int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_FIRST_PAUSE_S", 0.05)
    url, calls = stream
    problems: list[str] = []
    source = LiveSource(url, 10, problem=problems.append)
    store = EventStore(tmp_path / "e.sqlite")
    watching = Watch(coloured_alpr(), source, store, WatchOptions())
    enough = lambda: len(calls) >= 8 and len(store.events()) >= 2  # noqa: E731
    thread = threading.Thread(target=_stop_when, args=(enough, watching.stop))
    thread.start()
    texts = [event.text for event in watching.events()]
    thread.join()
    assert sorted(texts) == sorted([TEXTS[0], TEXTS[2]])
    assert len(problems) >= 6
    store.close()


def _stop_when(condition: Callable[[], bool], stop: Callable[[], None]) -> None:
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    stop()


def test_the_picture_of_the_moment_can_be_asked_for(clip: Path, tmp_path: Path) -> None:
    store = EventStore(tmp_path / "e.sqlite")
    watching = Watch(coloured_alpr(), LiveSource(str(clip), 10, every_frame=True), store, WatchOptions())
    assert watching.latest is None
    list(watching.events())
    assert watching.latest is not None and isinstance(watching.latest.frame.image, np.ndarray)
    store.close()
