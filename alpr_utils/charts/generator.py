"""Charts of generated plates: layouts, letters, and how they differ from real ones."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from alpr_utils.charts.style import BLUE, ORANGE, VERMILION, chart_grid, chart_style, left_charts, use_hangul_font

if TYPE_CHECKING:
    from alpr_utils.plates import PlateLayout


def draw_letters(counts: Mapping[str, int], title: str) -> Figure:
    """Bars of how often each letter occurs."""
    with chart_style():
        figure, (axes,) = chart_grid(1, 2.4)
        axes.bar(list(counts), list(counts.values()), color=ORANGE)
        axes.set_title(title)
    return figure


def draw_layout(picture: np.ndarray, layout: "PlateLayout") -> Figure:
    """``picture: uint8 (H, W, 3)`` of a plate without surroundings, with the measures of its layout in millimetres."""
    width, height = layout.size_mm
    with chart_style():
        figure, (axes,) = chart_grid(1, 5.4)
        axes.imshow(picture, extent=(0, width, height, 0))
        axes.plot(*np.transpose(layout.char_centres_mm), "o", color=VERMILION)
        for box in (layout.emblem_box_mm, layout.oval_box_mm):
            if box:
                ymin, xmin, ymax, xmax = box
                axes.add_patch(Rectangle((xmin, ymin), xmax - xmin, ymax - ymin, fill=False, color=BLUE, lw=2))
        axes.set(xlabel="mm", ylabel="mm", title=f"{layout.name}: character centres, boxes of emblem and oval")
    return figure


def draw_histograms(tables: Mapping[str, Mapping[str, np.ndarray]], titles: Sequence[str]) -> Figure:
    """How crops are spread over some figures, one row a country, one chart a figure.

    Args:
        tables: country, or ``""`` -> kind of crops, such as ``real`` -> float (N, len(titles)), one row a crop.
    """
    columns = len(titles)
    with chart_style():
        figure, charts = chart_grid(columns * len(tables), 2.6, columns, share_y=False)
        for index, (country, kinds) in enumerate(tables.items()):
            row = charts[index * columns : (index + 1) * columns]
            for column, (axes, title) in enumerate(zip(row, titles, strict=True)):
                values = np.concatenate([table[:, column] for table in kinds.values()])
                edges = np.histogram_bin_edges(values, 16).tolist()
                for kind, table in kinds.items():
                    weights = np.full(len(table), 100 / len(table))
                    label = f"{kind} ({len(table)})"
                    axes.hist(table[:, column], edges, weights=weights, alpha=0.6, label=label)
                axes.set_title(f"{country}: {title}" if country else title)
            row[0].set_ylabel("% of the crops")
            row[0].set_ylim(top=1.5 * row[0].get_ylim()[1])  # room for the legend above the bars
            row[0].legend(loc="upper left")
    return figure


def draw_letter_shares(shares: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Figure:
    """Country -> way to draw texts -> letter -> percent of all letters: one chart a country, one colour a way."""
    with chart_style():
        figure, charts = chart_grid(len(shares), 2.2, columns=1, share_y=False)
        for axes, ways in zip(charts, shares.values(), strict=True):
            letters = list(next(iter(ways.values())))
            thickness = 0.8 / len(ways)
            for number, (way, percents) in enumerate(ways.items()):
                places = np.arange(len(letters)) + thickness * (number - (len(ways) - 1) / 2)
                axes.bar(places, [percents[letter] for letter in letters], thickness, label=way)
            axes.set_xticks(range(len(letters)), letters)
            use_hangul_font(axes.get_xticklabels())
        for axes in left_charts(charts, 1):
            axes.set_ylabel("% of all letters")
        charts[0].legend()
    return figure
