"""Figures of the lesson on CTC and recurrence: the trellis, memory, the cells of LSTM and GRU, trainings compared."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alpr_utils.charts.style import BLACK, BLUE, GREEN, GREY, LINE_COLOURS, ORANGE, chart_grid, chart_style

_Point = tuple[float, float]
_CELL_SIZE = (10.4, 6.4)


def draw_trellis(sums: np.ndarray, states: Sequence[str], best: Sequence[int] = ()) -> Figure:
    """CTC's trellis: steps from left to right, places of the text from top to bottom, arrows where a way leads.

    Args:
        sums: float (steps, places), the probability of all ways to each place; 0 is drawn as a dot.
        states: the symbol of each place, the blank as ``-``.
        best: the place that the likeliest single way takes at each step.
    """
    steps, places = sums.shape
    with chart_style():
        figure, (axes,) = chart_grid(1, 0.6 + 0.52 * places)
        for step in range(steps - 1):
            for place in np.flatnonzero(sums[step]).tolist():
                for later in range(place, min(place + 3, places)):
                    if sums[step + 1, later] and _leads(states, place, later):
                        on_way = len(best) > 0 and best[step] == place and best[step + 1] == later
                        colour, width = (ORANGE, 3) if on_way else (GREY, 0.6)
                        axes.plot((step, step + 1), (place, later), color=colour, lw=width, zorder=1)
        for (step, place), value in np.ndenumerate(sums):
            box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": GREY if value else "white"}
            words = f"{value:.3g}" if value >= 0.0001 else "·"
            axes.text(step, place, words, ha="center", va="center", bbox=box, zorder=2)
        axes.set_xticks(range(steps), [f"step {step}" for step in range(1, steps + 1)])
        axes.set_yticks(range(places), states, fontsize=12)
        axes.set(xlim=(-0.5, steps - 0.5), ylim=(places - 0.4, -0.6))
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure


def _leads(states: Sequence[str], place: int, later: int) -> bool:
    """Whether CTC may go from one place to another: to itself, the next, or over a blank to another symbol."""
    return later - place < 2 or (states[later] != "-" and states[later] != states[place])


def draw_probabilities(probabilities: np.ndarray, names: Sequence[str]) -> Figure:
    """``probabilities: float (steps, classes)`` as a table of numbers, darker where they are higher."""
    with chart_style():
        figure, (axes,) = chart_grid(1, 0.6 + 0.45 * len(names))
        axes.imshow(probabilities.T, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for (step, number), value in np.ndenumerate(probabilities):
            axes.text(step, number, f"{value:.2f}", ha="center", va="center", color="white" if value > 0.6 else BLACK)
        axes.set_yticks(range(len(names)), names, fontsize=12)
        axes.set_xticks(range(len(probabilities)), [f"step {step}" for step in range(1, len(probabilities) + 1)])
        axes.tick_params(length=0)
    return figure


def draw_memory(values: Mapping[str, np.ndarray], gate: Sequence[float]) -> Figure:
    """What a memory holds step by step, one curve a name, above how far its gate is open, 0..1, at each step."""
    with chart_style():
        figure, charts = chart_grid(2, 1.9, columns=1, share_y=False, share_x=True)
        steps = np.arange(1, len(gate) + 1)
        for (name, curve), marker in zip(values.items(), "os^D", strict=False):
            charts[0].plot(steps, curve, marker=marker, label=name)
        charts[0].legend(loc="upper right")
        charts[0].set_ylabel("memory")
        charts[0].set_ylim(-0.05, 1.1)
        charts[1].bar(steps, gate, color=GREY)
        charts[1].set(xlabel="step", ylabel="gate", ylim=(0, 1.05))
        for axes in charts:
            axes.grid(alpha=0.3)
    return figure


def _box(axes: Axes, place: _Point, words: str, name: str = "", colour: str = ORANGE) -> None:
    style = {"boxstyle": "round,pad=0.35", "facecolor": colour, "edgecolor": BLACK}
    axes.text(*place, words, ha="center", va="center", fontsize=11, bbox=style, zorder=3)
    if name:
        axes.text(place[0] + 0.55, place[1] + 0.38, name, fontsize=10, va="center", style="italic", zorder=4)


def _knot(axes: Axes, place: _Point, words: str) -> None:
    style = {"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": BLACK}
    axes.text(*place, words, ha="center", va="center", fontsize=11, bbox=style, zorder=3)


def _way(axes: Axes, points: Sequence[_Point], colour: str = BLACK) -> None:
    """A line through the points with an arrow at its end."""
    if len(points) > 2:
        axes.plot(*zip(*points[:-1], strict=True), color=colour, lw=1.6, zorder=1, solid_capstyle="round")
    arrow = {"arrowstyle": "-|>", "color": colour, "lw": 1.6, "shrinkA": 0, "shrinkB": 9}
    axes.annotate("", points[-1], points[-2], arrowprops=arrow, zorder=2)


def _draw_lstm(axes: Axes) -> None:
    axes.set_title("LSTM: three gates, two memories")
    _way(axes, [(0, 5), (2.3, 5)], BLUE)
    _way(axes, [(2.3, 5), (5.1, 5)], BLUE)
    _way(axes, [(5.1, 5), (10.3, 5)], BLUE)
    axes.plot((0, 7.2), (1, 1), color=GREEN, lw=1.6)
    axes.plot((0.9, 0.9), (0, 1), color=BLACK, lw=1.6)
    for x, words, name in ((2.3, "σ", "forget"), (4.2, "σ", "add"), (6.0, "tanh", "new"), (7.8, "σ", "show")):
        _way(axes, [(0.9, 1), (x, 1), (x, 2.2)] if x > 7 else [(x, 1), (x, 2.2)])
        _box(axes, (x, 2.2), words, name, GREEN if words == "tanh" else ORANGE)
    _way(axes, [(2.3, 2.2), (2.3, 5)])
    _way(axes, [(4.2, 2.2), (4.2, 3.7), (5.1, 3.7)])
    _way(axes, [(6.0, 2.2), (6.0, 3.7), (5.1, 3.7)])
    _way(axes, [(5.1, 3.7), (5.1, 5)])
    _way(axes, [(7.8, 2.2), (7.8, 3.1), (9.1, 3.1)])
    _way(axes, [(9.1, 5), (9.1, 4.1)])
    _way(axes, [(9.1, 4.1), (9.1, 3.1)])
    _way(axes, [(9.1, 3.1), (9.1, 1), (10.3, 1)], GREEN)
    _box(axes, (9.1, 4.1), "tanh", "", GREEN)
    for place, words in (((2.3, 5), "×"), ((5.1, 3.7), "×"), ((5.1, 5), "+"), ((9.1, 3.1), "×")):
        _knot(axes, place, words)
    for x, y, words in ((0, 5.4, "$c_{t-1}$"), (9.8, 5.4, "$c_t$"), (0, 1.4, "$h_{t-1}$"), (9.8, 1.4, "$h_t$")):
        axes.text(x, y, words, fontsize=12)
    axes.text(1.1, 0.1, "$x_t$", fontsize=12)


def _draw_gru(axes: Axes) -> None:
    axes.set_title("GRU: two gates, one memory")
    _way(axes, [(0, 5), (6.2, 5)], BLUE)
    _way(axes, [(6.2, 5), (8.6, 5)], BLUE)
    _way(axes, [(8.6, 5), (10.3, 5)], BLUE)
    axes.plot((0.6, 0.6, 6.2), (5, 1, 1), color=GREEN, lw=1.6)
    axes.plot((1.2, 1.2), (0, 1), color=BLACK, lw=1.6)
    for x, name in ((2.4, "reset"), (6.2, "update")):
        _way(axes, [(x, 1), (x, 2.2)])
        _box(axes, (x, 2.2), "σ", name)
    _way(axes, [(2.4, 2.2), (2.4, 3.7)])
    _way(axes, [(2.4, 5), (2.4, 3.7)], BLUE)
    _way(axes, [(2.4, 3.7), (4.3, 3.7)])
    _way(axes, [(4.3, 1), (4.3, 3.7)])
    _way(axes, [(6.2, 2.2), (6.2, 5)])
    _way(axes, [(6.2, 2.9), (8.6, 2.9), (8.6, 3.7)])
    _way(axes, [(4.3, 3.7), (8.6, 3.7)])
    _way(axes, [(8.6, 3.7), (8.6, 5)])
    _box(axes, (4.3, 3.7), "tanh", "new", GREEN)
    for place, words in (((2.4, 3.7), "×"), ((6.2, 5), "×"), ((8.6, 3.7), "×"), ((8.6, 5), "+")):
        _knot(axes, place, words)
    for x, y, words in ((0, 5.4, "$h_{t-1}$"), (9.8, 5.4, "$h_t$"), (6.4, 4.4, "$1 - z$"), (7.3, 3.02, "$z$")):
        axes.text(x, y, words, fontsize=12)
    axes.text(1.4, 0.1, "$x_t$", fontsize=12)


def draw_cells() -> Figure:
    """One step of an LSTM and one of a GRU: what flows from left to right, and which gate lets it through."""
    with chart_style():
        figure, charts = chart_grid(2, 3.4, share_y=False)
        for axes, draw in zip(charts, (_draw_lstm, _draw_gru), strict=True):
            draw(axes)
            axes.set(xlim=(-0.3, _CELL_SIZE[0]), ylim=(-0.2, _CELL_SIZE[1]))
            axes.axis("off")
    return figure


def draw_runs(measures: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Trainings that differ in one thing: one chart a measure, one column a kind, one dot a seed, a bar their mean.

    Args:
        measures: title -> kind of network -> a share, 0..1, for each seed.
    """
    with chart_style():
        figure, charts = chart_grid(len(measures), 3.0, columns=len(measures))
        for axes, (title, kinds) in zip(charts, measures.items(), strict=True):
            for place, ((_, shares), colour) in enumerate(zip(kinds.items(), LINE_COLOURS, strict=False)):
                spread = np.linspace(-0.15, 0.15, len(shares)) if len(shares) > 1 else np.zeros(1)
                axes.plot(place + spread, 100 * np.array(shares), "o", color=colour)
                axes.hlines(100 * np.mean(shares), place - 0.3, place + 0.3, color=colour)
            axes.set_xticks(range(len(kinds)), kinds)
            axes.set_title(title)
            axes.grid(axis="y", alpha=0.3)
        charts[0].set_ylabel("read exactly, %")
    return figure


def draw_strip(strip: np.ndarray, probabilities: np.ndarray, names: Sequence[str], title: str) -> Figure:
    """A picture of some characters, and below it how likely each class is at each step.

    Args:
        strip: uint8 (h, w).
        probabilities: float (steps, classes).
        names: of the classes, the blank first; only classes that reach 10 % are shown.
        title: of the picture.
    """
    shown = [0, *(k for k in range(1, len(names)) if probabilities[:, k].max() > 0.1)]
    colours = matplotlib.colormaps["tab10"]
    with chart_style():
        figure, (picture, curves) = chart_grid(2, 1.7, columns=1, share_y=False)
        extent = (-0.5, len(probabilities) - 0.5, len(strip), 0)
        picture.imshow(strip, cmap="gray", extent=extent, aspect="auto")
        picture.set_title(title)
        picture.axis("off")
        for order, k in enumerate(shown):
            colour, style = (GREY, ":") if k == 0 else (colours(order % 10), "-")
            curves.plot(probabilities[:, k], style, color=colour, lw=2, label="blank" if k == 0 else names[k])
        curves.set(xlim=extent[:2], ylim=(0, 1.05), xlabel="step", ylabel="probability")
        curves.legend(ncols=2, loc="center right")
    return figure


def draw_likelihoods(texts: Sequence[str], probabilities: Sequence[float]) -> Figure:
    """How likely some texts are, as bars with their numbers; the likeliest is orange."""
    with chart_style():
        figure, (axes,) = chart_grid(1, 0.6 + 0.4 * len(texts))
        best = int(np.argmax(probabilities))
        colours = [ORANGE if number == best else BLUE for number in range(len(texts))]
        axes.barh(texts, probabilities, color=colours)
        for place, value in enumerate(probabilities):
            axes.text(value, place, f" {value:.3f}", va="center")
        axes.invert_yaxis()
        axes.set(xlim=(0, 0.65), xlabel="probability of the text")
    return figure
