"""Charts about light: what a threshold sees, and how shadow removal works on one row of pixels."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from alpr_utils.charts.style import BLACK, BLUE, GREY, VERMILION, chart_grid, chart_style


def draw_threshold(grey: np.ndarray, variance: np.ndarray, threshold: float) -> Figure:
    """The histogram of a picture with the variance of every threshold, and the ink below one of them.

    Args:
        grey: uint8 (H, W).
        variance: float (256,) between the two classes, for each threshold.
        threshold: grey values below it are ink, drawn black.
    """
    with chart_style():
        figure, (left, right) = chart_grid(2, 2.7, share_y=False)
        left.hist(grey.ravel(), bins=64, range=(0, 256), color=GREY, alpha=0.6)
        left.axvline(threshold, color=VERMILION, ls="--", label=f"threshold {threshold:.0f}")
        left.plot([], [], color=BLUE, label="variance between")
        left.set(xlabel="grey value", ylabel="pixels", xlim=(0, 256))
        left.set_ylim(top=1.4 * left.get_ylim()[1])  # room for the legend above the bars
        left.legend(loc="upper right")
        between = left.twinx()
        between.plot(np.arange(256), variance, color=BLUE)
        between.set(yticks=[], ylim=(0, 1.4 * max(variance.max(), 1)))
        right.imshow(np.where(grey < threshold, 0, 255), cmap="gray", vmin=0, vmax=255)
        right.set_title("ink is black")
        right.axis("off")
    return figure


def draw_pixel_rows(rows: Mapping[str, Sequence[float]]) -> Figure:
    """Rows of grey values as steps, one chart each, with their numbers."""
    with chart_style():
        figure, charts = chart_grid(len(rows), 1.7, share_x=True)
        for axes, (name, values) in zip(charts, rows.items(), strict=True):
            axes.bar(range(len(values)), values, width=1, color=GREY, edgecolor="white")
            for place, value in enumerate(values):
                axes.text(place, value + 6, f"{value:.0f}", ha="center", va="bottom", color=BLACK)
            axes.set(title=name, ylim=(0, 310), xticks=[], yticks=[0, 255])
    return figure
