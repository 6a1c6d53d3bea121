"""How every figure looks: as wide as a notebook shows it, with letters that can be read there, in safe colours."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from alpr_utils.draw import HANGUL_FONT
from alpr_utils.evaluation.intervals import wilson

WIDTH_PX = 850  # at which notebooks show pictures
_DPI = 100
TEXT_POINTS = 9  # the smallest letters

# The palette of Okabe and Ito (2008), which people with any kind of colour blindness can tell apart.
BLACK, ORANGE, SKY_BLUE, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#777777"
LINE_COLOURS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY_BLUE, BLACK)

Rgb = tuple[int, int, int]


def rgb(colour: str) -> Rgb:
    """``#E69F00`` as three numbers 0..255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@contextmanager
def chart_style() -> Iterator[None]:
    """Everything drawn inside has the letters, lines and colours of our figures."""
    settings: dict[Any, Any] = {
        "font.size": TEXT_POINTS,
        "axes.titlesize": TEXT_POINTS + 1,
        "axes.prop_cycle": cycler(color=LINE_COLOURS),
        "figure.dpi": _DPI,
        "legend.framealpha": 0.6,
    }
    with matplotlib.rc_context(settings):
        yield


class NotebookFigure(Figure):
    """A figure that notebooks show without pyplot: exactly as wide as it was made, the same bytes every time."""

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
        return buffer.getvalue()


def chart_grid(
    count: int, row_height: float, columns: int = 2, share_y: bool = True, share_x: bool = False
) -> tuple[Figure, list[Axes]]:
    """A figure with ``count`` charts, at least one, side by side and in rows; use it inside `chart_style`.

    Args:
        row_height: inches.
        columns: charts a row, at most.
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = NotebookFigure(figsize=(WIDTH_PX / _DPI, rows * row_height), layout="constrained")
    charts = figure.subplots(rows, columns, sharex=share_x, sharey=share_y, squeeze=False).ravel().tolist()
    for axes in charts[count:]:
        figure.delaxes(axes)
    return figure, charts[:count]


def plain_log(axis: Axis) -> None:
    """Numbers such as 0.5 and 20 on a logarithmic axis: 1, 2 and 5 of each power of ten where these are few."""
    low, high = axis.get_view_interval()
    steps = (1, 2, 5) if high < 1000 * low else (1,)
    axis.set_major_locator(LogLocator(subs=steps))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def use_hangul_font(labels: Sequence[Text]) -> None:
    """Give the labels that hold hangul a font that has it."""
    for label in labels:
        if any("가" <= character <= "힣" for character in label.get_text()):
            label.set_fontproperties(FontProperties(fname=HANGUL_FONT, size=label.get_fontsize()))


def left_charts(charts: list[Axes], columns: int = 2) -> list[Axes]:
    """The charts in the left column of a `chart_grid`: those that need a label on their y axis."""
    return charts[:: min(columns, len(charts))]


def wilson_bars(shares: list[float], counts: list[int]) -> np.ndarray:
    """How far the 95 % intervals of ``shares``, 0..1, of so many plates reach down and up: float64 (2, N)."""
    reach = []
    for share, count in zip(shares, counts, strict=True):
        low, high = wilson(round(share * count), count)
        reach.append((max(share - low, 0.0), max(high - share, 0.0)))
    return np.array(reach).reshape(-1, 2).T
