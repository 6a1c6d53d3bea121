"""Tables and charts of what readers can do: exact readings, confusions, calibration, learning."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
from alpr_utils.evaluation.readers import Calibration, Confusion

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
            title = f"{name}\nerror {calibration.error:.1%}, by chance {calibration.by_chance:.1%}"
            axes.set(title=title, xlabel="score", xlim=(0, 1), ylim=(0, 1.02))
        for axes in left_charts(charts, 3):
            axes.set_ylabel("share read exactly")
    return figure


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
