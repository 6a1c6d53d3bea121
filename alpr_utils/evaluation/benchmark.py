"""How fast plates are found and read, on generated pictures or given ones.

Everything that is compared takes turns, picture by picture, so that whatever else slows the machine down slows all of
it alike.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from alpr_utils.alpr import ALPR
from alpr_utils.detect.exported import load_detector
from alpr_utils.evaluation.crops import fresh_crops
from alpr_utils.images import find_pictures, read_image, to_rgb, write_image
from alpr_utils.plates import COUNTRIES
from alpr_utils.read.load import ReaderOptions, load_reader
from alpr_utils.results import PLATE_COLUMNS, CsvTable, plate_rows
from alpr_utils.runtime.network import RuntimeOptions
from alpr_utils.synth.files.recipe import Recipe

STAGES = ("detector", "reader", "pixels to text", "files to table")
_SEED = 16
_Work = Callable[[], int]  # does something with so many pictures or plates
_Seconds = list[list[float]]  # of each round, for each picture or plate


@dataclass(frozen=True)
class BenchmarkSettings:
    """What is measured; everything given twice is compared.

    Attributes:
        detectors: names or paths.
        readers: names.
        engines, threads: what computes the networks, as in `RuntimeOptions`.
        sizes: longer sides of the pictures in pixels.
        pictures: files and folders; none: ``count`` generated scenes.
        count: pictures, and generated plates for the readers.
        rounds: how often everything is repeated.
        models_dir: None: the models of this package.
    """

    detectors: tuple[str, ...]
    readers: tuple[str, ...]
    engines: tuple[str, ...] = ("auto",)
    threads: tuple[int, ...] = (0,)
    sizes: tuple[int, ...] = (1920,)
    pictures: tuple[Path, ...] = ()
    count: int = 8
    rounds: int = 5
    models_dir: Path | None = None


@dataclass(frozen=True)
class Case:
    """One thing that is timed.

    Attributes:
        stage: one of ``STAGES``.
        detector, reader: ``""`` where the stage has none.
        engine, threads: see `RuntimeOptions`.
        size: longer side of the pictures, 0 for plates.
    """

    stage: str
    detector: str
    reader: str
    engine: str
    threads: int
    size: int


@dataclass(frozen=True)
class Timing:
    """The times of one case, for each picture or plate.

    Attributes:
        p50_ms, p95_ms: median and 95th percentile; ``files to table`` is timed folder by folder, so of their means.
        per_second: pictures or plates.
        count: how many times were measured.
    """

    case: Case
    p50_ms: float
    p95_ms: float
    per_second: float
    count: int


@dataclass(frozen=True)
class Ratio:
    """How many times faster the first of two models is; ``low`` and ``high``: the extremes of single rounds."""

    first: Case
    second: Case
    median: float
    low: float
    high: float


def benchmark(settings: BenchmarkSettings) -> tuple[list[Timing], list[Ratio]]:
    """Time all stages of all models; ratios for each pair of models under the same conditions.

    Raises:
        ModelError: a model cannot be opened.
        PictureError: a picture cannot be read.
    """
    with TemporaryDirectory() as folder:
        seconds = _in_turns(_cases(settings, Path(folder)), settings.rounds)
    return [_timing(case, times) for case, times in seconds.items()], list(_ratios(seconds))


def sized_pictures(settings: BenchmarkSettings, size: int) -> list[np.ndarray]:
    """The pictures, their longer side ``size`` pixels."""
    if settings.pictures:
        paths, problems = find_pictures(settings.pictures)
        if problems:
            raise problems[0]
        found = [read_image(path) for path in paths[: settings.count]]
    else:
        recipes = [Recipe("scenes", country, seed=_SEED) for country in COUNTRIES]
        found = [to_rgb(recipes[index % len(recipes)].picture(index).jpeg) for index in range(settings.count)]
    return [_resized(image, size) for image in found]


def _resized(image: np.ndarray, size: int) -> np.ndarray:
    scale = size / max(image.shape[:2])
    shape = round(image.shape[1] * scale), round(image.shape[0] * scale)
    return cv2.resize(image, shape, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def _cases(settings: BenchmarkSettings, folder: Path) -> dict[Case, list[_Work]]:
    """What is timed, with the work for each picture or plate."""
    plates = [crop.image for crop in fresh_crops(settings.count, _SEED)]
    pictures = {size: sized_pictures(settings, size) for size in settings.sizes}
    for size, images in pictures.items():
        for number, image in enumerate(images):
            write_image(folder / str(size) / f"{number}.jpg", image)
    cases: dict[Case, list[_Work]] = {}
    runtimes = [RuntimeOptions(*how) for how in product(settings.engines, settings.threads)]
    for detector, reader, runtime in product(settings.detectors, settings.readers, runtimes):
        alpr = _opened(detector, reader, runtime, settings.models_dir)
        how = runtime.engine, runtime.threads
        if alpr.reader:
            cases.setdefault(Case("reader", "", reader, *how, 0), [_reading(alpr, plate) for plate in plates])
        for size, images in pictures.items():
            finding = [_finding(alpr, image) for image in images]
            cases.setdefault(Case("detector", detector, "", *how, size), finding)
            both = [_finding_and_reading(alpr, image) for image in images]
            cases[Case("pixels to text", detector, reader, *how, size)] = both
            cases[Case("files to table", detector, reader, *how, size)] = [_whole_folder(alpr, folder / str(size))]
    return cases


def _opened(detector: str, reader: str, runtime: RuntimeOptions, models_dir: Path | None) -> ALPR:
    options = ReaderOptions(models_dir=models_dir, runtime=runtime)
    opened = load_reader(reader, options) if reader != "none" else None
    return ALPR(load_detector(detector, models_dir, runtime), opened)


def _finding(alpr: ALPR, image: np.ndarray) -> _Work:
    def find() -> int:
        alpr.detector.detect(image)
        return 1

    return find


def _reading(alpr: ALPR, plate: np.ndarray) -> _Work:
    def read() -> int:
        alpr.read_crop(plate)
        return 1

    return read


def _finding_and_reading(alpr: ALPR, image: np.ndarray) -> _Work:
    def read() -> int:
        alpr.read(image)
        return 1

    return read


def _whole_folder(alpr: ALPR, folder: Path) -> _Work:
    def read() -> int:
        with CsvTable(folder / "plates.csv", PLATE_COLUMNS) as table:
            rows = [plate_rows(result) for result in alpr.read_many([folder])]
            table.add([row for of_picture in rows for row in of_picture])
        return len(rows)

    return read


def _in_turns(cases: Mapping[Case, Sequence[_Work]], rounds: int) -> dict[Case, _Seconds]:
    """The seconds of each case; models are opened and warmed up before the first round."""
    groups: dict[tuple[str, int], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.stage, case.size), []).append(case)
    seconds: dict[Case, _Seconds] = {case: [] for case in cases}
    for group in groups.values():
        for case in group:
            cases[case][0]()
        for number in range(rounds):
            for case in group:
                seconds[case].append([])
            turns = group if number % 2 == 0 else group[::-1]
            for place in range(len(cases[group[0]])):
                for case in turns:
                    start = time.perf_counter()
                    count = cases[case][place]()
                    seconds[case][-1].append((time.perf_counter() - start) / count)
    return seconds


def _timing(case: Case, seconds: _Seconds) -> Timing:
    every = np.concatenate(seconds)
    p50, p95 = 1000 * np.percentile(every, (50, 95))
    return Timing(case, float(p50), float(p95), float(1 / every.mean()), len(every))


def _ratios(seconds: Mapping[Case, _Seconds]) -> Iterator[Ratio]:
    """Each pair of cases that differ in their detector or reader alone; the one that was named first is the first."""
    for first, second in combinations(seconds, 2):
        alike = replace(first, detector="", reader="") == replace(second, detector="", reader="")
        if alike and (first.detector == second.detector or first.reader == second.reader):
            totals = [np.sum(seconds[case], axis=1) for case in (first, second)]
            of_rounds = totals[1] / totals[0]
            yield Ratio(first, second, float(np.median(of_rounds)), float(of_rounds.min()), float(of_rounds.max()))
