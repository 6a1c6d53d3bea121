"""One queue of pictures to read, and the thread that hands them to `ALPR`."""

import logging
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Thread

from alpr_utils.alpr import ALPR
from alpr_utils.results import PictureResult

_NAME = "picture"  # what errors and logs call each one; a client's name for it is the client's
_LAST_PICTURES_S = 10.0  # how long the end waits for what is in work

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Job:
    content: bytes
    answer: "Future[PictureResult]" = field(default_factory=Future)


class _Run:
    """One call of `ALPR.read_contents`: takes jobs from the queue and remembers their order."""

    def __init__(self, queue: "SimpleQueue[_Job | None]"):
        self._queue, self._ended = queue, Event()
        self.jobs: deque[_Job] = deque()

    def contents(self) -> Iterator[tuple[str, bytes]]:
        while True:
            job = self._queue.get()
            if self._ended.is_set():
                self._queue.put(job)  # for the run after this one
                return
            if job is None:
                return
            if job.answer.set_running_or_notify_cancel():  # else nobody waits for it any longer
                self.jobs.append(job)
                yield _NAME, job.content

    def end(self, error: Exception) -> None:
        self._ended.set()
        while self.jobs:
            self.jobs.popleft().answer.set_exception(error)


class Lane:
    """Reads pictures in the order in which they come; several are in work at once, in the stages of `ALPR`.

    Args:
        alpr: finds and reads; other lanes may use it, too.
        crops: every picture is one plate.
        most_pixels: larger pictures are refused.
    """

    def __init__(self, alpr: ALPR, crops: bool, most_pixels: int):
        self._alpr, self._crops, self._most_pixels = alpr, crops, most_pixels
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = Thread(target=self._work, daemon=True, name="crops" if crops else "pictures")
        self._thread.start()

    def submit(self, content: bytes) -> "Future[PictureResult]":
        """The result of a picture, to come; when cancelled, it is not read unless it is in work already."""
        job = _Job(content)
        self._queue.put(job)
        return job.answer

    @property
    def alive(self) -> bool:
        """Whether pictures are still read."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End after what is waiting now."""
        self._queue.put(None)
        self._thread.join(_LAST_PICTURES_S)

    def _work(self) -> None:
        while True:
            run = _Run(self._queue)
            try:
                for result in self._alpr.read_contents(
                    run.contents(), crops=self._crops, most_pixels=self._most_pixels
                ):
                    run.jobs.popleft().answer.set_result(result)
                return
            except Exception as error:  # a picture that breaks a model must not end the service
                _log.error("reading was interrupted by %s and goes on.", type(error).__name__)
                run.end(error)
