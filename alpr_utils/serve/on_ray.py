"""The parts of an archive on the workers of Ray: this machine's, or a cluster's.

Plain actors, not Ray Data: parts are only handed out here, because workers fetch their pictures and write their results
themselves. Ray Data would carry both through its store of objects, needs pandas, and tries a part again for ever.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import cv2
import ray
from ray.exceptions import RayActorError, RayTaskError

from alpr_utils.alpr import ALPR
from alpr_utils.serve.archive import Archive, read_part
from alpr_utils.serve.sources import Part

_TRIES = 3  # of a part whose worker dies


class _Reader:
    """A worker, in which models are opened once."""

    def __init__(self, place: str, opened: Callable[[], ALPR], crops: bool, cores: int):
        self._archive, self._opened, self._crops = Archive(place), opened, crops
        cv2.setNumThreads(cores)

    @cached_property
    def _alpr(self) -> ALPR:
        alpr = self._opened()
        alpr.load(self._crops)
        return alpr

    def start(self) -> None:
        assert self._alpr

    def read(self, part: Part) -> tuple[int, str]:
        return read_part(self._archive, part, self._alpr, self._crops)


def read_parts_on_ray(
    archive: Archive, parts: Sequence[Part], opened: Callable[[], ALPR], crops: bool, workers: int, cores: int
) -> Iterator[tuple[Part, int, str]]:
    """As `read_parts`, by ``workers`` of ``cores`` each, in whatever order parts are done.

    ``opened`` gives an `ALPR` with as many threads as a worker has cores. A worker has one part at a time; when it
    dies, another one is started and reads that part again. The environment variable ``RAY_ADDRESS`` names a cluster,
    all of whose machines have to reach sources and results; without it Ray starts on this machine. Workers for which
    there are no cores yet wait, and the others read.
    """
    with ray.init(log_to_driver=False):
        reader = ray.remote(num_cpus=cores, max_restarts=-1, max_task_retries=_TRIES - 1)(_Reader)
        started = [reader.remote(archive.place, opened, crops, cores) for _ in range(workers)]
        running: dict[Any, tuple[Any, Part | None]] = {worker.start.remote(): (worker, None) for worker in started}
        del started
        waiting = deque(parts)
        while waiting or any(part for _, part in running.values()):
            (answer,), _ = ray.wait(list(running))
            worker, part = running.pop(answer)
            outcome = _outcome(answer)
            if waiting:
                coming = waiting.popleft()
                running[worker.read.remote(coming)] = worker, coming
            del worker  # without work it ends, and its cores may start one again that died
            if part:
                yield part, *outcome


def _outcome(answer: Any) -> tuple[int, str]:
    try:
        return ray.get(answer)
    except RayTaskError as error:
        raise error.cause from None
    except RayActorError:
        return 0, f"its worker died {_TRIES} times; memory may be short, or a picture breaks a model."
