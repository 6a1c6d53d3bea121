"""Times of the stages of a work that is done picture by picture."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


class Stopwatch:
    """Collects the times of each stage: of the clock, and of all processor cores, which other programs do not spoil."""

    def __init__(self) -> None:
        self._seconds: dict[str, list[tuple[float, float]]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done inside as one entry of the stage ``name``."""
        clock, processor = time.perf_counter(), time.process_time()
        yield
        seconds = time.perf_counter() - clock, time.process_time() - processor
        self._seconds.setdefault(name, []).append(seconds)

    def medians(self) -> dict[str, tuple[float, float]]:
        """Stage -> median milliseconds of an entry, by the clock and of the processor cores."""
        medians = {name: 1000 * np.median(seconds, axis=0) for name, seconds in self._seconds.items()}
        return {name: (float(clock), float(processor)) for name, (clock, processor) in medians.items()}
