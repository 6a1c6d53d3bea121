"""Boxes of a slide: on a grid of whole numbers, as shapes, and ranked by their scores."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from alpr_utils.boxes import iou_matrix, shape_iou
from alpr_utils.charts.style import BLACK, BLUE, GREEN, GREY, LINE_COLOURS, ORANGE, VERMILION, chart_grid, chart_style

_DASHES = ("-", "--", ":")


def overlap_words(a: Sequence[float], b: Sequence[float]) -> str:
    """``6 / 10 = 0.60``: shared area, covered area and IoU of two boxes, ymin, xmin, ymax, xmax."""
    boxes = np.array([a, b], float)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    iou = iou_matrix(boxes, boxes)[0, 1]
    shared = iou * areas.sum() / (1 + iou)
    return f"{shared:.3g} / {areas.sum() - shared:.3g} = {iou:.2f}"


def draw_overlaps(pairs: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Figure:
    """A chart a pair of boxes, ymin, xmin, ymax, xmax: the first blue, the second orange, what they share hatched."""
    with chart_style():
        figure, charts = chart_grid(len(pairs), 2.1, columns=3, share_x=True)
        for axes, (a, b) in zip(charts, pairs, strict=True):
            _draw_box(axes, a, BLUE, "-")
            _draw_box(axes, b, ORANGE, "--")
            ymin, xmin = np.maximum(a[:2], b[:2])
            ymax, xmax = np.minimum(a[2:], b[2:])
            if ymax > ymin and xmax > xmin:
                hatch = Rectangle((xmin, ymin), xmax - xmin, ymax - ymin, fill=False, hatch="//", edgecolor=GREY, lw=0)
                axes.add_patch(hatch)
            axes.set_title(f"IoU = {overlap_words(a, b)}")
            _grid(axes, np.array([a, b]))
    return figure


def draw_on_grid(groups: Mapping[str, np.ndarray], height: float = 2.4) -> Figure:
    """Groups of boxes, float (N, 4), ymin, xmin, ymax, xmax, in their colours; those of the last one are numbered."""
    with chart_style():
        figure, (axes,) = chart_grid(1, height)
        for (name, boxes), colour, dashes in zip(groups.items(), LINE_COLOURS, _DASHES, strict=False):
            axes.plot([], [], dashes, color=colour, lw=2, label=name)
            for number, box in enumerate(boxes, start=1):
                _draw_box(axes, box, colour, dashes)
                word = str(number) if name == [*groups][-1] else ""
                axes.text(box[3] - 0.1, box[2] - 0.1, word, ha="right", va="bottom", weight="bold")
        _grid(axes, np.concatenate(list(groups.values())))
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _draw_box(axes: Axes, box: Sequence[float], colour: str, dashes: str) -> None:
    ymin, xmin, ymax, xmax = box
    axes.add_patch(Rectangle((xmin, ymin), xmax - xmin, ymax - ymin, fill=False, edgecolor=colour, lw=2, ls=dashes))
    axes.add_patch(Rectangle((xmin, ymin), xmax - xmin, ymax - ymin, facecolor=colour, alpha=0.12, lw=0))


def _grid(axes: Axes, boxes: np.ndarray) -> None:
    low, high = np.floor(boxes[:, :2].min(axis=0)) - 0.5, np.ceil(boxes[:, 2:].max(axis=0)) + 0.5
    axes.set(xlim=(low[1], high[1]), ylim=(high[0], low[0]), aspect="equal")
    step = 1 if high[1] - low[1] < 16 else 2
    axes.set_xticks(np.arange(np.ceil(low[1]), high[1], step))
    axes.set_yticks(np.arange(np.ceil(low[0]), high[0]))
    axes.grid(alpha=0.3)


def draw_clusters(rounds: Mapping[str, np.ndarray], shapes: np.ndarray, unit: str = "") -> Figure:
    """A chart a round of k-means: ``shapes: float (N, 2)``, width and height, in the colour of their centre, crossed.

    Args:
        rounds: name of a round -> its centres, float (K, 2).
        shapes: of the boxes.
        unit: of both sides.
    """
    with chart_style():
        figure, charts = chart_grid(len(rounds), 2.6, columns=3, share_x=True)
        for axes, (name, centres) in zip(charts, rounds.items(), strict=True):
            fit = shape_iou(shapes, centres)
            for number, centre in enumerate(centres):
                colour = LINE_COLOURS[number % len(LINE_COLOURS)]
                axes.plot(*shapes[fit.argmax(axis=1) == number].T, "o", ms=4, color=colour, alpha=0.7)
                axes.plot(*centre, "X", ms=11, color=colour, mec=BLACK)
            axes.set_title(f"{name}: mean IoU {fit.max(axis=1).mean():.2f}")
            axes.set(xlabel=f"width{unit}", xlim=(0, None), ylim=(0, None))
        charts[0].set_ylabel(f"height{unit}")
    return figure


def draw_fit(fits: Mapping[int, float], chosen: int) -> Figure:
    """Number of anchors -> mean IoU, with the chosen number marked."""
    with chart_style():
        figure, (axes,) = chart_grid(1, 2.6)
        axes.plot(list(fits), list(fits.values()), "o-", color=BLUE)
        axes.plot(chosen, fits[chosen], "o", ms=12, mfc="none", mec=VERMILION, mew=2)
        axes.set(xlabel="number of anchors", ylabel="mean IoU", ylim=(None, 1))
        axes.grid(alpha=0.3)
    return figure


def draw_ranking(precision: np.ndarray, recall: np.ndarray, at: int | None = None) -> Figure:
    """Precision against recall, box by box, and the area that AP is.

    Args:
        precision, recall: float (N,) after each box, the best box first.
        at: how many boxes a threshold keeps; their point is marked.
    """
    best = np.maximum.accumulate(precision[::-1])[::-1]
    with chart_style():
        figure, (axes,) = chart_grid(1, 3.2)
        steps, heights = np.concatenate([[0], recall]), np.concatenate([best[:1], best])
        axes.fill_between(steps, heights, step="pre", color=GREEN, alpha=0.2, label="AP: this area")
        axes.plot(recall, precision, ".-", color=BLUE, label="after each box")
        if at:
            axes.plot(
                recall[at - 1], precision[at - 1], "o", ms=12, mfc="none", mec=VERMILION, mew=2, label="threshold"
            )
        axes.set(xlabel="recall: share of the plates found", ylabel="precision: share of right boxes")
        axes.set(xlim=(0, 1.04), ylim=(0, 1.06))
        axes.grid(alpha=0.3)
        axes.legend(loc="lower left")
    return figure
