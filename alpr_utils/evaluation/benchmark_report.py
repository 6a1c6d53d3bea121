"""The report of `alpr benchmark`: everything measured in one run, as JSON and as Markdown tables."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alpr_utils.evaluation.benchmark import BenchmarkSettings, benchmark, sized_pictures
from alpr_utils.evaluation.machine import machine, sgemm_gflops
from alpr_utils.evaluation.network_speed import network_speeds
from alpr_utils.evaluation.start_up import StartUp, start_up
from alpr_utils.images import write_image
from alpr_utils.models.paths import default_models_dir

Report = dict[str, Any]  # what JSON can hold


def measure(settings: BenchmarkSettings, networks: bool) -> Report:
    """Measure everything; ``networks``: also each network of the models folder alone.

    Raises:
        AlprError: a model cannot be opened, or a picture cannot be read.
    """
    limit = sgemm_gflops()
    timings, ratios = benchmark(settings)
    models = settings.models_dir or default_models_dir()
    speeds = network_speeds(models, limit, settings.rounds) if networks else []
    return {
        "machine": {**machine(), "sgemm_gflops": limit},
        "pictures": settings.count,
        "rounds": settings.rounds,
        "timings": [asdict(timing) for timing in timings],
        "ratios": [asdict(ratio) for ratio in ratios],
        "start_up": [asdict(start) for start in _start_ups(settings)],
        "networks": [asdict(speed) for speed in speeds],
    }


def _start_ups(settings: BenchmarkSettings) -> list[StartUp]:
    """Of each pair of models with the first picture in the first size."""
    with TemporaryDirectory() as folder:
        picture = Path(folder) / "one.jpg"
        write_image(picture, sized_pictures(settings, settings.sizes[0])[0])
        pairs = product(settings.detectors, settings.readers)
        return [start_up(picture, *pair, settings.models_dir, settings.rounds) for pair in pairs]


def markdown(report: Report) -> str:
    """The report as a sentence about the machine and one table for each kind of figure."""
    tables = (_timings(report["timings"]), _ratios(report["ratios"]), _start(report["start_up"]))
    parts = (_machine(report), *tables, _networks(report["networks"]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _machine(report: Report) -> str:
    told = report["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in told["versions"].items())
    return (
        f"{told['processor']}, {told['physical_cores']} cores ({', '.join(told['instructions'])}), "
        f"{told['memory_gb']} GB, {told['system']}; {told['sgemm_gflops']:.0f} GFLOP/s with NumPy's float32 matrix "
        f"product; {versions}. {report['pictures']} pictures, {report['rounds']} rounds."
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (header, *rows)]
    return "\n".join([lines[0], "|---" * len(header) + "|", *lines[1:]]) if lines[1:] else ""


def _models(case: dict[str, Any]) -> str:
    return " + ".join(f"`{name}`" for name in (case["detector"], case["reader"]) if name)


def _conditions(case: dict[str, Any]) -> tuple[str, str, str]:
    threads = str(case["threads"] or "all cores")
    return case["engine"], threads, f"{case['size']} px" if case["size"] else "one plate"


def _timings(timings: Sequence[dict[str, Any]]) -> str:
    header = ("stage", "models", "runtime", "threads", "input", "p50, ms", "p95, ms", "a second")
    rows = []
    for timing in timings:
        case, speeds = timing["case"], (timing["p50_ms"], timing["p95_ms"], timing["per_second"])
        rows.append((case["stage"], _models(case), *_conditions(case), *(f"{speed:.1f}" for speed in speeds)))
    return _table(header, rows)


def _ratios(ratios: Sequence[dict[str, Any]]) -> str:
    header = ("stage", "first", "second", "runtime", "threads", "input", "first is faster (of single rounds)")
    rows = []
    for ratio in ratios:
        first, second = ratio["first"], ratio["second"]
        times = f"{ratio['median']:.2f} x ({ratio['low']:.2f} to {ratio['high']:.2f})"
        rows.append((first["stage"], _models(first), _models(second), *_conditions(first), times))
    return _table(header, rows)


def _start(starts: Sequence[dict[str, Any]]) -> str:
    header = ("`alpr read` of one picture, start to end", "median, s", "longest, s", "peak memory, MB")
    rows = [
        (_models(start), f"{start['seconds']:.2f}", f"{start['longest_s']:.2f}", f"{start['peak_mb']:.0f}")
        for start in starts
    ]
    return _table(header, rows)


def _networks(speeds: Sequence[dict[str, Any]]) -> str:
    header = ("network", "input", "GFLOP", "p50, ms", "GFLOP/s", "share of the matrix product")
    rows = [
        (
            f"`{speed['model']}`",
            " x ".join(str(length) for length in speed["shape"][1:]),
            f"{speed['gflop']:.3g}",
            f"{speed['p50_ms']:.1f}",
            f"{speed['gflops']:.0f}",
            f"{speed['share']:.0%}",
        )
        for speed in speeds
    ]
    return _table(header, rows)
