"""How fast pictures are generated and encoded, and whether memory use stays constant."""

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import cv2

from alpr_utils.plates import COUNTRIES
from alpr_utils.runtime.memory import peak_mb
from alpr_utils.synth.files.recipe import Recipe, presets

WARM_UP = {"plates": 50, "scenes": 5}


@dataclass(frozen=True)
class Speed:
    """The figures of one kind of picture.

    Attributes:
        name: kind, country and preset.
        per_second: pictures a second of all workers together.
        per_core_second: pictures a second of processor time, which other programs do not disturb as much.
        peak_mb: the largest memory that a worker ever held, in megabytes.
        growth_mb: how much of it was added while measuring, after the warm-up.
    """

    name: str
    per_second: float
    per_core_second: float
    peak_mb: float
    growth_mb: float


def _measure(recipe: Recipe, worker: int, seconds: float) -> tuple[float, float, float, float]:
    """Pictures a second, the same of processor time, peak memory and its growth, of one process."""
    cv2.setNumThreads(1)
    first = worker * 1_000_000  # every worker makes other pictures
    warm_up = WARM_UP[recipe.kind]
    for index in range(warm_up):
        recipe.picture(first + index)
    before, start, processor, made = peak_mb(), time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - start < seconds:
        recipe.picture(first + warm_up + made)
        made += 1
    used = time.process_time() - processor
    return made / (time.perf_counter() - start), made / used, peak_mb(), peak_mb() - before


def benchmark(seconds: float, workers: int) -> Iterator[Speed]:
    """Measure plates of every country and fast scenes of every preset, one after the other."""
    recipes = [Recipe("plates", country) for country in COUNTRIES]
    recipes += [Recipe("scenes", next(iter(COUNTRIES)), preset) for preset in presets("scenes")]
    for recipe in recipes:
        # Fresh processes for each: the peak of one kind would hide the growth of the next.
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
            futures = [pool.submit(_measure, recipe, worker, seconds) for worker in range(workers)]
            rates, core_rates, peaks, growths = zip(*(future.result() for future in futures), strict=True)
        name = f"{recipe.kind} {recipe.country} {recipe.preset}"
        yield Speed(name, sum(rates), sum(core_rates) / workers, max(peaks), max(growths))
