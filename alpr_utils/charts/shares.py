"""Counted shares with their 95 % intervals (Wilson's): one row a thing, or curves over an axis."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from alpr_utils.charts.style import LINE_COLOURS, chart_grid, chart_style, use_hangul_font
from alpr_utils.evaluation.intervals import wilson

Counted = tuple[int, int]  # how many of how many


def draw_forest(
    groups: Mapping[str, Mapping[str, Counted]], xlabel: str, colours: Mapping[str, str] | None = None
) -> Figure:
    """One chart a group, side by side, with one row a name: the share as a dot, its interval as a line and in words.

    Args:
        groups: title -> name -> how many of how many.
        colours: of names; the others are blue.
    """
    longest = max(map(len, groups.values()))
    with chart_style():
        figure, charts = chart_grid(len(groups), 0.9 + 0.28 * longest, share_y=False)
        for axes, (title, rows) in zip(charts, groups.items(), strict=True):
            for place, (name, (right, count)) in enumerate(rows.items()):
                low, high = (100 * edge for edge in wilson(right, count))
                colour = (colours or {}).get(name, LINE_COLOURS[0])
                axes.plot((low, high), (place, place), color=colour, linewidth=2)
                axes.plot(100 * right / max(count, 1), place, "o", color=colour)
                axes.text(107, place, f"{right / max(count, 1):.0%} ({low:.0f}-{high:.0f}) of {count}", va="center")
            axes.set_yticks(range(len(rows)), list(rows))
            use_hangul_font(axes.get_yticklabels())
            # To the right of 100 % is room for the words, which take more of a narrow chart.
            axes.set(title=title, xlabel=xlabel, xlim=(-3, 225 if len(groups) > 1 else 140), ylim=(longest - 0.4, -0.6))
            axes.set_xticks(range(0, 101, 25))
            axes.grid(axis="x", alpha=0.3)
            axes.spines[["top", "right"]].set_visible(False)
    return figure


def draw_curves(
    curves: Mapping[str, Mapping[float, Counted]],
    xlabel: str,
    ylabel: str,
    colours: Mapping[str, str] | None = None,
    log: bool = False,
) -> Figure:
    """Name -> place on the x axis -> how many of how many: lines of shares, with their intervals as shades.

    Each curve has a mark of its own, so that they can be told apart without colours.
    """
    with chart_style():
        figure, (axes,) = chart_grid(1, 3.6)
        for number, (name, points) in enumerate(curves.items()):
            places = sorted(points)
            shares = [100 * points[place][0] / max(points[place][1], 1) for place in places]
            below, above = 100 * np.transpose([wilson(*points[place]) for place in places])
            colour = (colours or {}).get(name, LINE_COLOURS[number % len(LINE_COLOURS)])
            axes.plot(places, shares, "osD^vP*"[number % 7] + "-", color=colour, label=name)
            axes.fill_between(places, below, above, color=colour, alpha=0.13, linewidth=0)
        axes.set(xlabel=xlabel, ylabel=ylabel, ylim=(-3, 103), xscale="log" if log else "linear")
        every = sorted({place for points in curves.values() for place in points})
        axes.set_xticks(every, [f"{place:g}" for place in every])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
        if len(curves) > 1:
            axes.legend()
    return figure


def draw_bars(values: Mapping[str, float], xlabel: str) -> Figure:
    """One bar a name, with its value behind it."""
    with chart_style():
        figure, (axes,) = chart_grid(1, 0.8 + 0.35 * len(values))
        bars = axes.barh(list(values), list(values.values()), color=LINE_COLOURS[: len(values)])
        axes.bar_label(bars, fmt="{:.3g}", padding=4)
        axes.invert_yaxis()
        axes.margins(x=0.15)
        axes.set(xlabel=xlabel)
    return figure
