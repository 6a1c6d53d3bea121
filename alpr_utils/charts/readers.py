"""Charts of what readers can do: tables, bars, curves, confusions, calibration. Each returns a matplotlib figure."""

import csv
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text

from alpr_utils.draw import HANGUL_FONT
from alpr_utils.evaluation.crops import CropEvaluation
from alpr_utils.evaluation.readers import Calibration, Confusion, GroupFigures

_NOTHING = "-"
# The same colour in every chart, whichever readers are in it.
_COLOURS = {
    "classical": "C0",
    "crnn_small": "C1",
    "crnn_gru": "C2",
    "crnn_lstm": "C3",
    "char_detector": "C4",
    "voting": "C5",
}
_OTHER_COLOUR = "C7"
_SEEN = 0.1  # probability from which a character is shown at all


def reader_colour(name: str) -> str:
    """The colour of a reader in all charts."""
    return _COLOURS.get(name, _OTHER_COLOUR)


def figures_table(evaluations: Sequence[CropEvaluation]) -> str:
    """The figures of readers as a Markdown table, one row a reader."""
    lines = [
        "| reader | plates | exact | without grammar | CER | CER without grammar | parameters | ms | processor ms |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in evaluations:
        rates = f"{one.exact:.1%} | {one.exact_without_grammar:.1%} | {one.cer:.1%} | {one.cer_without_grammar:.1%}"
        cost = f"{one.parameters:,} | {one.milliseconds:.0f} | {one.processor_milliseconds:.0f}"
        lines.append(f"| {one.reader} | {one.plates} | {rates} | {cost} |")
    return "\n".join(lines)


def draw_groups(evaluations: Sequence[CropEvaluation], measures: Sequence[str]) -> Figure:
    """Bars of exact by group, one chart a measure of `GroupFigures`, one colour a reader."""
    figure = Figure(figsize=(12, 2.5 * -(-len(measures) // 3)), layout="constrained")
    charts = figure.subplots(-(-len(measures) // 3), min(len(measures), 3), sharey=True, squeeze=False).ravel()
    for axes, measure in zip(charts, measures, strict=False):
        _draw_group(axes, {one.reader: [g for g in one.groups if g.measure == measure] for one in evaluations})
        axes.set_title(measure)
    for axes in charts[len(measures) :]:
        axes.axis("off")
    charts[0].set_ylabel("exact, %")
    charts[0].legend(fontsize=7, loc="lower left")
    return figure


def _draw_group(axes: Axes, readers: Mapping[str, Sequence[GroupFigures]]) -> None:
    thickness = 0.8 / max(len(readers), 1)
    for number, (name, found) in enumerate(readers.items()):
        places = np.arange(len(found)) + thickness * (number - (len(readers) - 1) / 2)
        axes.bar(places, [100 * group.exact for group in found], thickness, label=name, color=reader_colour(name))
    shown = next(iter(readers.values()), ())
    axes.set_xticks(range(len(shown)), [f"{group.group}\n({group.plates})" for group in shown], fontsize=8)
    axes.set_ylim(0, 100)
    axes.grid(axis="y", alpha=0.3)


def draw_widths(evaluations: Sequence[CropEvaluation]) -> Figure:
    """Curves of exact against the width of the plates, with the grammar (solid) and without (dotted)."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="width of the plate, pixels", ylabel="exact, %", ylim=(0, 100))
    for reader in dict.fromkeys(one.reader for one in evaluations):
        points = sorted((one.width, one) for one in evaluations if one.reader == reader and one.width)
        widths = [width for width, _ in points]
        (line,) = axes.plot(
            widths, [100 * one.exact for _, one in points], "o-", label=reader, color=reader_colour(reader)
        )
        free = [100 * one.exact_without_grammar for _, one in points]
        axes.plot(widths, free, ":", color=line.get_color())
    if evaluations:
        axes.legend()
    axes.grid(alpha=0.3)
    return figure


def _use_hangul_font(labels: Sequence[Text]) -> None:
    for label in labels:
        if any("가" <= character <= "힣" for character in label.get_text()):
            label.set_fontproperties(FontProperties(fname=HANGUL_FONT, size=label.get_fontsize()))


def draw_confusions(readers: Mapping[str, Sequence[Confusion]], most: int = 20) -> Figure:
    """One matrix a reader: rows what stands there, columns what was read, of the characters confused most by any.

    The diagonal, right readings, is left white, so that mistakes can be seen; ``-`` marks what is missing.
    """
    figure = Figure(figsize=(4.2 * len(readers), 4.4), layout="constrained")
    charts = figure.subplots(1, len(readers), squeeze=False)[0]
    wrong = {name: [one for one in found if one.true != one.read] for name, found in readers.items()}
    blamed: dict[str, int] = {}
    for one in (one for found in wrong.values() for one in found):
        for character in (one.true, one.read):
            blamed[character] = blamed.get(character, 0) + one.count
    shown = sorted(sorted(blamed, key=lambda character: -blamed[character])[:most])
    darkest = max((one.count for found in wrong.values() for one in found), default=1)
    for axes, (name, found) in zip(charts, wrong.items(), strict=True):
        matrix = np.zeros((len(shown), len(shown)))
        for one in found:
            if one.true in shown and one.read in shown:
                matrix[shown.index(one.true), shown.index(one.read)] = one.count
        axes.set_title(name)
        if not shown:
            axes.axis("off")
            continue
        axes.imshow(matrix, cmap="Reds", vmin=0, vmax=darkest)
        for row, column in np.argwhere(matrix > 0):
            dark = matrix[row, column] > darkest / 2
            text = f"{matrix[row, column]:.0f}"
            axes.text(column, row, text, ha="center", va="center", fontsize=6, color="white" if dark else "black")
        labels = [character or _NOTHING for character in shown]
        axes.set_xticks(range(len(shown)), labels, fontsize=8)
        axes.set_yticks(range(len(shown)), labels, fontsize=8)
        _use_hangul_font([*axes.get_xticklabels(), *axes.get_yticklabels()])
        axes.set(xlabel="read", ylabel="stands there")
    return figure


def draw_calibration(calibrations: Mapping[str, Calibration]) -> Figure:
    """One reliability diagram a name: the share read exactly over the score; on the dashed line both are the same."""
    figure = Figure(figsize=(2.9 * len(calibrations), 3.2), layout="constrained")
    charts = figure.subplots(1, len(calibrations), sharey=True, squeeze=False)[0]
    for axes, (name, found) in zip(charts, calibrations.items(), strict=True):
        axes.plot((0, 1), (0, 1), "--", color="grey", linewidth=1)
        for one in found.bins:
            axes.bar((one.low + one.high) / 2, one.exact, one.high - one.low, color="tab:blue", alpha=0.5)
            axes.plot(one.score, one.exact, "o", color="tab:red", markersize=3)
            axes.text((one.low + one.high) / 2, 0.02, str(one.plates), ha="center", fontsize=6)
        axes.set(title=f"{name}\nerror {found.error:.1%}", xlabel="score", xlim=(0, 1), ylim=(0, 1.02))
    charts[0].set_ylabel("share read exactly")
    return figure


def draw_learning(logs: Mapping[str, Path]) -> Figure:
    """Learning curves from ``log.csv`` files: losses, and validation plates read exactly where that was logged.

    A vertical line stands where another stage of a training begins.
    """
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    losses, exact = figure.subplots(1, 2)
    for name, log in logs.items():
        with log.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for axes, column, style in ((losses, "loss", "-"), (losses, "val_loss", ":"), (exact, "val_exact", "-")):
            known = [epoch for epoch, row in enumerate(rows) if row.get(column) not in (None, "", "NA")]
            if known:
                label = name if style == "-" else f"{name}, validation"
                values = [float(rows[epoch][column]) for epoch in known]
                axes.plot([epoch + 1 for epoch in known], values, style, color=reader_colour(name), label=label)
        for epoch, (before, after) in enumerate(pairwise(rows), start=1):
            if before.get("stage") != after.get("stage"):
                losses.axvline(epoch + 0.5, color=reader_colour(name), linewidth=0.5)
                exact.axvline(epoch + 0.5, color=reader_colour(name), linewidth=0.5)
    losses.set(title="loss", xlabel="epoch", yscale="log")
    exact.set(title="validation plates read exactly", xlabel="epoch", ylim=(0, 1))
    for axes in (losses, exact):
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=7)
    return figure


def draw_bands(view: np.ndarray, probabilities: np.ndarray, names: Sequence[str]) -> Figure:
    """What a CRNN sees and what it says at each step, upper band left, lower band right.

    Args:
        view: uint8 (64, 160, 1).
        probabilities: float (80, classes), the upper band's 40 steps first, see `CRNNReader.step_probabilities`.
        names: of the classes, the blank first.
    """
    figure = Figure(figsize=(12, 4.2), layout="constrained")
    pictures, heat = figure.subplots(2, 2, height_ratios=(1, 2.4), sharey="row")
    shown = [k for k in range(1, len(names)) if probabilities[:, k].max() > _SEEN]
    steps, half = len(probabilities) // 2, len(view) // 2
    for band, name in enumerate(("upper band", "lower band")):
        # The picture is stretched to the steps, so that what stands above a step is what it sees.
        extent = (-0.5, steps - 0.5, half, 0)
        pictures[band].imshow(view[band * half :][:half, :, 0], cmap="gray", extent=extent, aspect="auto")
        pictures[band].set_title(name)
        pictures[band].axis("off")
        says = probabilities[band * steps :][:steps, shown].T
        heat[band].imshow(says, aspect="auto", cmap="magma", vmin=0, vmax=1)
        heat[band].set_xlabel("step")
    heat[0].set_yticks(range(len(shown)), [names[k] for k in shown])
    _use_hangul_font(heat[0].get_yticklabels())
    return figure
