"""The figures of `alpr benchmark`: the time of each stage, and the accuracy of detectors against their time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from alpr_utils.charts.detectors import detector_colour, short_name
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


def draw_accuracy(report: Mapping[str, Any], evaluations: Sequence[Mapping[str, Any]]) -> Figure:
    """AP of detectors against the median time that each needs for a picture; one chart for each data set.

    Args:
        report: as `draw_benchmark` takes it, with the times of the detectors.
        evaluations: what ``evaluate --json`` wrote, one detector on one data set each; those without a time are left
            out.
    """
    times = {t["case"]["detector"]: t["p50_ms"] for t in report["timings"] if t["case"]["stage"] == "detector"}
    sets: dict[str, list[Mapping[str, Any]]] = {}
    for evaluation in evaluations:
        if evaluation["detector"] in times:
            sets.setdefault(evaluation["data"], []).append(evaluation)
    with chart_style():
        figure, charts = chart_grid(max(len(sets), 1), 3.0, share_y=True)
        for axes, (data, found) in zip(charts, sets.items(), strict=False):
            for evaluation in found:
                name = evaluation["detector"]
                axes.scatter(times[name], evaluation["ap"], color=detector_colour(name))
                axes.annotate(short_name(name), (times[name], evaluation["ap"]), (4, 4), textcoords="offset points")
            axes.set(title=data, xlabel="ms a picture, median", ylabel="AP", xscale="log")
            axes.margins(0.25)
            axes.grid(alpha=0.3)
    return figure
