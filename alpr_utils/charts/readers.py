"""Tables and charts of what readers can do: exact readings, confusions, calibration, learning."""

from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alpr_utils.charts.logs import logged_values, read_log
from alpr_utils.charts.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY_BLUE,
    VERMILION,
    chart_grid,
    chart_style,
    left_charts,
    use_hangul_font,
    wilson_bars,
)
from alpr_utils.evaluation.crops import CropEvaluation
from alpr_utils.evaluation.hard_conditions import width_of
from alpr_utils.evaluation.intervals import with_interval
from alpr_utils.evaluation.readers import Calibration, Confusion, GroupFigures

_NOTHING = "-"
# The same colour in every chart, whichever readers are in it.
_COLOURS = {
    "classical": BLACK,
    "crnn_small": ORANGE,
    "crnn_gru": SKY_BLUE,
    "crnn_lstm": BLUE,
    "char_detector": GREEN,
    "voting": VERMILION,
}
_LEAST_PROBABILITY = 0.1  # from which on a character is shown at all


def reader_colour(name: str) -> str:
    """The colour of a reader in all charts."""
    return _COLOURS.get(name, PURPLE)


def figures_table(evaluations: Sequence[CropEvaluation]) -> str:
    """The figures of readers as a Markdown table, one row a reader; in brackets 95 % intervals."""
    lines = [
        "| reader | plates | exact (95 %) | without grammar (95 %) | CER | CER without grammar | parameters |",
        "|---" * 7 + "|",
    ]
    for figures in evaluations:
        shares = (figures.exact, figures.exact_without_grammar)
        exact = " | ".join(with_interval(round(share * figures.plates), figures.plates) for share in shares)
        errors = f"{figures.cer:.1%} | {figures.cer_without_grammar:.1%}"
        lines.append(f"| {figures.reader} | {figures.plates} | {exact} | {errors} | {figures.parameters:,} |")
    return "\n".join(lines)


def draw_groups(evaluations: Sequence[CropEvaluation], measures: Sequence[str]) -> Figure:
    """Bars of exact by group with 95 % intervals, one chart a measure of `GroupFigures`, one colour a reader."""
    with chart_style():
        figure, charts = chart_grid(len(measures), 2.6)
        for axes, measure in zip(charts, measures, strict=True):
            groups = {
                figures.reader: [group for group in figures.groups if group.measure == measure]
                for figures in evaluations
            }
            _draw_group(axes, groups)
            axes.set_title(measure)
        for axes in left_charts(charts):
            axes.set_ylabel("exact, %")
        figure.legend(*charts[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
    return figure


def _draw_group(axes: Axes, readers: Mapping[str, Sequence[GroupFigures]]) -> None:
    thickness = 0.8 / max(len(readers), 1)
    for number, (name, groups) in enumerate(readers.items()):
        places = np.arange(len(groups)) + thickness * (number - (len(readers) - 1) / 2)
        shares = [group.exact for group in groups]
        reach = 100 * wilson_bars(shares, [group.plates for group in groups])
        lines = {"elinewidth": 0.8, "ecolor": GREY}
        heights = [100 * share for share in shares]
        axes.bar(places, heights, thickness, label=name, color=reader_colour(name), yerr=reach, error_kw=lines)
    groups = next(iter(readers.values()), ())
    axes.set_xticks(range(len(groups)), [f"{group.group}\n({group.plates})" for group in groups])
    axes.set_ylim(0, 104)
    axes.grid(axis="y", alpha=0.3)


def draw_widths(evaluations: Sequence[CropEvaluation]) -> Figure:
    """Curves of exact against the width of the plates, those evaluated as ``w80``, ``w40`` and so on.

    With the grammar solid, without dotted.
    The shade around a solid curve is its 95 % interval.
    """
    with chart_style():
        figure, (axes,) = chart_grid(1, 4.0)
        for reader in dict.fromkeys(figures.reader for figures in evaluations):
            of_reader = [found for found in evaluations if found.reader == reader and width_of(found.condition)]
            of_reader.sort(key=lambda figures: width_of(figures.condition))
            widths, colour = [width_of(figures.condition) for figures in of_reader], reader_colour(reader)
            shares = [figures.exact for figures in of_reader]
            free = [100 * figures.exact_without_grammar for figures in of_reader]
            axes.plot(widths, [100 * share for share in shares], "o-", label=reader, color=colour)
            axes.plot(widths, free, ":", color=colour)
            below, above = wilson_bars(shares, [figures.plates for figures in of_reader])
            axes.fill_between(widths, 100 * (shares - below), 100 * (shares + above), color=colour, alpha=0.1)
        if evaluations:
            axes.legend()
        axes.set(xlabel="width of the plate, pixels", ylabel="exact, %", ylim=(0, 104))
        axes.grid(alpha=0.3)
    return figure


def draw_confusions(readers: Mapping[str, Sequence[Confusion]], most: int = 14) -> Figure:
    """One matrix a reader: rows the true character, columns what was read, of the characters confused most by any.

    The diagonal, right readings, is left white, so that mistakes can be seen; ``-`` marks what is missing.
    """
    wrong = {name: [item for item in found if item.true != item.read] for name, found in readers.items()}
    mistakes: dict[str, int] = {}
    for item in (item for found in wrong.values() for item in found):
        for character in (item.true, item.read):
            mistakes[character] = mistakes.get(character, 0) + item.count
    shown = sorted(sorted(mistakes, key=lambda character: -mistakes[character])[:most])
    most_frequent = max((item.count for found in wrong.values() for item in found), default=1)
    with chart_style():
        figure, charts = chart_grid(len(readers), 4.2, share_y=False)
        for axes, (name, found) in zip(charts, wrong.items(), strict=True):
            axes.set_title(name)
            if shown:
                _draw_confusion(axes, found, shown, most_frequent)
            else:
                axes.axis("off")
    return figure


def _draw_confusion(axes: Axes, found: Sequence[Confusion], shown: Sequence[str], most_frequent: int) -> None:
    matrix = np.zeros((len(shown), len(shown)))
    for item in found:
        if item.true in shown and item.read in shown:
            matrix[shown.index(item.true), shown.index(item.read)] = item.count
    axes.imshow(matrix, cmap="Blues", vmin=0, vmax=most_frequent)
    for row, column in np.argwhere(matrix > 0):
        colour = "white" if matrix[row, column] > most_frequent / 2 else "black"
        axes.text(column, row, f"{matrix[row, column]:.0f}", ha="center", va="center", color=colour)
    labels = [character or _NOTHING for character in shown]
    axes.set_xticks(range(len(shown)), labels)
    axes.set_yticks(range(len(shown)), labels)
    use_hangul_font([*axes.get_xticklabels(), *axes.get_yticklabels()])
    axes.set(xlabel="read", ylabel="true")


def draw_calibration(calibrations: Mapping[str, Calibration]) -> Figure:
    """One reliability diagram a name: the share read exactly over the score; on the dashed line both are the same.

    The number of plates stands in each bar, its line is the 95 % interval of the share.
    """
    with chart_style():
        figure, charts = chart_grid(len(calibrations), 3.2, columns=3)
        for axes, (name, calibration) in zip(charts, calibrations.items(), strict=True):
            axes.plot((0, 1), (0, 1), "--", color=GREY, linewidth=1)
            for scores in calibration.bins:
                middle, width = (scores.low + scores.high) / 2, scores.high - scores.low
                reach = wilson_bars([scores.exact], [scores.plates])
                axes.bar(middle, scores.exact, width, yerr=reach, color=SKY_BLUE, alpha=0.7, ecolor=GREY)
                axes.plot(scores.score, scores.exact, "o", color=VERMILION, markersize=4)
                axes.text(middle, 0.02, str(scores.plates), ha="center", rotation=90, va="bottom")
            title = f"{name}\nerror {calibration.error:.1%}"
            axes.set(title=title, xlabel="score", xlim=(0, 1), ylim=(0, 1.02))
        for axes in left_charts(charts, 3):
            axes.set_ylabel("share read exactly")
    return figure


def draw_learning(logs: Mapping[str, Path], averaged: Mapping[str, int] | None = None) -> Figure:
    """Learning curves from ``log.csv`` files: losses, and validation plates read exactly where that was logged.

    A vertical line stands where another stage of a training begins.

    Args:
        logs: name -> file.
        averaged: name -> how many of the last stages began side by side; the model is the mean of their weights.
    """
    with chart_style():
        figure, (losses, exact) = chart_grid(2, 3.4, share_y=False)
        for name, log in logs.items():
            for number, (start, rows) in enumerate(_branches(read_log(log), (averaged or {}).get(name, 1))):
                _draw_branch(losses, exact, name if number == 0 else None, reader_colour(name), start, rows)
        losses.set(title="loss, of validation dotted", xlabel="epoch", yscale="log")
        exact.set(title="validation plates read exactly", xlabel="epoch", ylim=(0, 1.04))
        for axes in (losses, exact):
            axes.grid(alpha=0.3)
        if logs:
            figure.legend(*losses.get_legend_handles_labels(), loc="outside lower center", ncols=len(logs))
    return figure


def _branches(rows: Sequence[dict[str, str]], averaged: int) -> list[tuple[int, list[dict[str, str]]]]:
    """The stages that follow each other as one, then those side by side; each after the epochs before it."""
    stages = [list(group) for _, group in groupby(rows, key=lambda row: row.get("stage"))]
    if averaged < 2:
        return [(0, list(rows))]
    before = [row for stage in stages[:-averaged] for row in stage]
    return [(0, before), *((len(before), stage) for stage in stages[-averaged:])]


def _draw_branch(
    losses: Axes, exact: Axes, label: str | None, colour: str, start: int, rows: Sequence[dict[str, str]]
) -> None:
    for axes, column, style in ((losses, "loss", "-"), (losses, "val_loss", ":"), (exact, "val_exact", "-")):
        epochs, values = logged_values(rows, column)
        if epochs:
            places = [start + epoch for epoch in epochs]
            axes.plot(places, values, style, color=colour, label=label if style == "-" else None)
    new = [epoch for epoch, (a, b) in enumerate(pairwise(rows), start=1) if a.get("stage") != b.get("stage")]
    for epoch in [start, *new] if start else new:
        for axes in (losses, exact):
            axes.axvline(epoch + 0.5, color=colour, linewidth=0.8, alpha=0.3)


def draw_bands(view: np.ndarray, probabilities: np.ndarray, names: Sequence[str]) -> Figure:
    """What a CRNN sees and how likely it finds each character at each step, upper band left, lower band right.

    Args:
        view: uint8 (64, 160, 1).
        probabilities: float (80, classes), the upper band's 40 steps first, see `CRNNReader.step_probabilities`.
        names: of the classes, the blank first.
    """
    shown = [k for k in range(1, len(names)) if probabilities[:, k].max() > _LEAST_PROBABILITY]
    steps, height = len(probabilities) // 2, len(view) // 2
    with chart_style():
        figure, charts = chart_grid(4, 2.0, share_y=False)
        pictures, heat = charts[:2], charts[2:]
        for band, name in enumerate(("upper band", "lower band")):
            # The picture is stretched to the steps, so that what stands above a step is what the network sees there.
            extent = (-0.5, steps - 0.5, height, 0)
            pictures[band].imshow(view[band * height :][:height, :, 0], cmap="gray", extent=extent, aspect="auto")
            pictures[band].set_title(name)
            pictures[band].axis("off")
            likely = probabilities[band * steps :][:steps, shown].T
            heat[band].imshow(likely, aspect="auto", cmap="magma", vmin=0, vmax=1)
            heat[band].set_xlabel("step")
            heat[band].set_yticks(range(len(shown)), [names[k] for k in shown])
            use_hangul_font(heat[band].get_yticklabels())
    return figure


def draw_size_exact(evaluations: Mapping[str, Sequence[CropEvaluation]]) -> Figure:
    """Title -> figures of readers: exact with its 95 % interval over the number of parameters, one chart a title."""
    with chart_style():
        figure, charts = chart_grid(len(evaluations), 3.2)
        for axes, (title, group) in zip(charts, evaluations.items(), strict=True):
            for figures in group:
                place = figures.parameters / 1e6, 100 * figures.exact
                reach = 100 * wilson_bars([figures.exact], [figures.plates])
                axes.errorbar(*place, reach, fmt="o", color=reader_colour(figures.reader), label=figures.reader)
            axes.set(title=title, xlabel="parameters, millions", ylim=(0, 104))
            axes.grid(alpha=0.3)
        for axes in left_charts(charts):
            axes.set_ylabel("exact, %")
        figure.legend(*charts[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
    return figure


def draw_rectified(plate: np.ndarray, corners: np.ndarray, rectified: np.ndarray) -> Figure:
    """A plate with its corners joined by a line, and the same plate rectified.

    Args:
        plate: uint8 (H, W, 3) RGB.
        corners: (4, 2), x, y as shares of ``plate``.
        rectified: uint8 (64, 160).
    """
    outline = corners[[0, 1, 2, 3, 0]] * plate.shape[1::-1] - 0.5
    with chart_style():
        figure, (left, right) = chart_grid(2, 2.6, share_y=False)
        left.imshow(plate)
        left.plot(*outline.T, color=SKY_BLUE, linewidth=2)
        right.imshow(rectified, cmap="gray")
        for axes, title in ((left, "corners"), (right, f"rectified, {rectified.shape[0]} x {rectified.shape[1]}")):
            axes.set_title(title)
            axes.axis("off")
    return figure


def draw_steps(probabilities: np.ndarray, names: Sequence[str]) -> Figure:
    """How likely a CRNN finds each character at each step.

    Args:
        probabilities: float (steps, classes).
        names: of the classes, the blank first.
    """
    shown = [k for k in range(1, len(names)) if probabilities[:, k].max() > _LEAST_PROBABILITY]
    with chart_style():
        figure, (axes,) = chart_grid(1, 3.2)
        axes.imshow(probabilities[:, shown].T, aspect="auto", cmap="magma", vmin=0, vmax=1)
        axes.set_yticks(range(len(shown)), [names[k] for k in shown])
        use_hangul_font(axes.get_yticklabels())
        axes.set(xlabel="step", title="probability of each character")
    return figure
