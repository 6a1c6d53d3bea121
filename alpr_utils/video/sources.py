"""Cameras, streams and files as if they were live: the newest frame, and another try after every interruption."""

import re
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Condition, Event, Thread

from alpr_utils.errors import PictureError
from alpr_utils.video.frames import Frame, FrameReader

_WAITING = 2  # frames that may wait to be looked at; when one more comes, the oldest is dropped
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0  # before connecting again; doubled each time
_SILENCE_S = 10.0  # a stream that sends nothing for so long is connected again
_STREAM = re.compile(r"^[a-z][a-z0-9+]*://", re.IGNORECASE)
_CAMERAS = {"linux": ("v4l2", "/dev/video{}"), "darwin": ("avfoundation", "{}"), "win32": ("dshow", "video={}")}


def shown_name(source: str) -> str:
    """A source without the password that its address may hold."""
    return re.sub(r"//[^/@]+@", "//", source)


def is_file(source: str) -> bool:
    """Whether a source is a file: neither an address nor the number of a camera."""
    return not _STREAM.match(source) and not source.isdecimal()


def open_source(source: str) -> FrameReader:
    """The frames of a camera (its number), an address such as ``rtsp://`` or ``http://``, or a file.

    Raises:
        PictureError: it cannot be opened, or holds no video.
    """
    if source.isdecimal():
        form, device = _CAMERAS.get(sys.platform, _CAMERAS["linux"])
        return FrameReader(device.format(source), form=form, name=f"camera {source}")
    if is_file(source):
        return FrameReader(Path(source))
    options = {"rtsp_flags": "prefer_tcp"} if source.lower().startswith("rtsp") else {}
    return FrameReader(source, options, name=shown_name(source), silence_s=_SILENCE_S)


class LiveSource:
    """The frames of a source while it runs, decoded in a thread of its own; the newest ones, when all are too many.

    Args:
        source: as in `open_source`.
        looks_per_s: about how many frames a second are wanted.
        every_frame: of a file, drop none and do not wait for the time when they are shown.
        loop: begin a file again at its end.
        problem: is told, in a sentence, why a source has to be connected again.

    Attributes:
        dropped: frames that nobody had time for.
    """

    def __init__(
        self, source: str, looks_per_s: float, every_frame: bool = False, loop: bool = False,
        problem: Callable[[str], None] = lambda sentence: None,
    ):  # fmt: skip
        self.source, self.dropped = source, 0
        self._looks_per_s, self._every_frame, self._loop = looks_per_s, every_frame, loop
        self._problem = problem
        self._waiting: deque[Frame] = deque()
        self._changed, self._stopped = Condition(), Event()
        self._ended, self._count = False, 0
        self._start_s, self._last_s = time.monotonic(), -1.0

    @property
    def stopped(self) -> bool:
        """Whether `frames` has ended or soon will."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Let `frames` end soon; may be called from anywhere."""
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()

    def frames(self) -> Iterator[Frame]:
        """Frames, numbered as they come; ``time_s`` since this call, or, with ``every_frame``, as the file says.

        Raises:
            PictureError: the source is a file that cannot be read.
        """
        failed: list[PictureError] = []
        self._start_s = time.monotonic()
        thread = Thread(target=self._decode, args=(failed,), daemon=True)
        thread.start()
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting or self._ended or self._stopped.is_set(), timeout=0.2)
                    frame = self._waiting.popleft() if self._waiting else None
                    self._changed.notify_all()
                if self._stopped.is_set() or (frame is None and self._ended):
                    break
                if frame is not None:
                    yield frame
        finally:
            self.stop()
            thread.join(1.0)
        if failed:
            raise failed[0]

    def _decode(self, failed: list[PictureError]) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stopped.is_set():
            seen = self._count
            try:
                self._decode_once()
                sentence = f"{shown_name(self.source)}: the stream ended."
            except PictureError as error:
                sentence = str(error)
                if is_file(self.source):
                    failed.append(error)
                    break
            if is_file(self.source):
                if self._loop:
                    continue
                break
            pause_s = _FIRST_PAUSE_S if self._count > seen else min(2 * pause_s, _LONGEST_PAUSE_S)
            if not self._stopped.is_set():
                self._problem(f"{sentence.removesuffix('.')}; connecting again in {pause_s:g} s.")
            self._stopped.wait(pause_s)
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _decode_once(self) -> None:
        """Hand out frames until the source ends or fails."""
        offset_s = self._last_s + 0.04 if self._every_frame else time.monotonic() - self._start_s
        offset_s = max(offset_s, 0.0)
        with open_source(self.source) as reader:
            every = max(1, round(reader.fps / self._looks_per_s))
            for frame in reader.frames(every):
                time_s = offset_s + frame.time_s
                if is_file(self.source) and not self._every_frame:
                    self._stopped.wait(max(0.0, self._start_s + time_s - time.monotonic()))
                elif not is_file(self.source):
                    time_s = time.monotonic() - self._start_s
                if self._stopped.is_set():
                    return
                self._hand_out(Frame(self._count, max(time_s, self._last_s + 1e-6), frame.image))

    def _hand_out(self, frame: Frame) -> None:
        self._count, self._last_s = self._count + 1, frame.time_s
        with self._changed:
            if self._every_frame:
                self._changed.wait_for(lambda: len(self._waiting) < _WAITING or self._stopped.is_set())
            while len(self._waiting) >= _WAITING:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(frame)
            self._changed.notify_all()
