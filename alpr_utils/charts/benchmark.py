"""The figure of `alpr benchmark`: the time of each stage."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from alpr_utils.charts.style import BLUE, chart_grid, chart_style


def _label(case: Mapping[str, Any]) -> str:
    models = " + ".join(case[name].removeprefix("plate_detector_") for name in ("detector", "reader") if case[name])
    threads = f", {case['threads']} threads" if case["threads"] else ""
    size = f", {case['size']} px" if case["size"] else ""
    return f"{models}{size}\n{case['engine']}{threads}"


def draw_benchmark(report: Mapping[str, Any]) -> Figure:
    """Median time of every case as a bar, with a line to its 95th percentile; one chart a stage.

    Args:
        report: as `alpr_utils.evaluation.benchmark_report.measure` gives it.
    """
    stages: dict[str, list[Mapping[str, Any]]] = {}
    for timing in report["timings"]:
        stages.setdefault(timing["case"]["stage"], []).append(timing)
    most = max(len(timings) for timings in stages.values())
    with chart_style():
        figure, charts = chart_grid(len(stages), 0.9 + 0.5 * most, share_y=False)
        for axes, (stage, timings) in zip(charts, stages.items(), strict=True):
            medians = np.array([timing["p50_ms"] for timing in timings])
            reach = np.maximum([timing["p95_ms"] for timing in timings] - medians, 0)
            places = np.arange(len(timings))
            axes.barh(places, medians, color=BLUE, xerr=(np.zeros(len(timings)), reach), capsize=3)
            axes.set_yticks(places, [_label(timing["case"]) for timing in timings])
            axes.invert_yaxis()
            axes.set(title=stage, xlabel="ms, median and 95 %")
            axes.grid(axis="x", alpha=0.3)
    return figure
