"""Figures of the lesson on characters: components, shear, what a small network sees and confuses, the cheapest path."""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from alpr_utils.charts.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, chart_grid, chart_style

_DASHES = ("--", "-.", ":", (0, (1, 1)), (0, (5, 1)), (0, (3, 1, 1, 1)))
_REJECTED = (VERMILION, ORANGE, BLUE, PURPLE, BLACK)
_SIDE = 96  # pixels of a character in a sheet


def draw_components(ink: np.ndarray, groups: Mapping[str, np.ndarray], kept: str) -> Figure:
    """Connected components of ``ink: bool (h, w)``, those of each group with boxes of one colour and one line.

    Args:
        ink: True is ink.
        groups: name of the group, such as why it was rejected -> boxes, (N, 4), ymin, xmin, ymax, xmax in pixels.
        kept: the group that is drawn with solid lines.
    """
    with chart_style():
        figure, (axes,) = chart_grid(1, 4.4)
        figure.set_figwidth(0.85 * figure.get_figwidth())
        axes.imshow(~ink, cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
        lines = []
        for number, (name, boxes) in enumerate(groups.items()):
            colour = GREEN if name == kept else _REJECTED[number % len(_REJECTED)]
            line: Any = "-" if name == kept else _DASHES[number % len(_DASHES)]
            for ymin, xmin, ymax, xmax in np.asarray(boxes).tolist():
                size = (xmax - xmin, ymax - ymin)
                box = Rectangle((xmin - 0.5, ymin - 0.5), *size, fill=False, edgecolor=colour, linestyle=line, lw=2)
                axes.add_patch(box)
            lines.append(Line2D([], [], color=colour, linestyle=line, lw=2, label=f"{name}: {len(boxes)}"))
        axes.axis("off")
        figure.legend(handles=lines, loc="outside right center")
    return figure


def draw_shear(
    pictures: Sequence[np.ndarray], bands: Sequence[slice], leans: np.ndarray, peaks: np.ndarray, best: float
) -> Figure:
    """Ink as it was, with level rows and with upright characters, its columns below, and the search for the shear.

    Args:
        pictures: three, bool (h, w).
        bands: where the rows of text are, of the ink in which the columns are counted.
        leans: float (N,), the shears that were tried, pixels to the right per pixel down.
        peaks: float (N,), the sum of squared column sums of each.
        best: the one that was taken.
    """
    titles = ("as it was", "level", f"level, then sheared by {best:+.2f}")
    with chart_style():
        figure, charts = chart_grid(4, 2.7, share_y=False)
        for axes, ink, title in zip(charts, pictures, titles, strict=False):
            axes.imshow(~ink, cmap="gray", vmin=-1, vmax=1)
            sums = sum(ink[band].sum(axis=0) for band in bands)
            axes.bar(np.arange(ink.shape[1]), -0.4 * len(ink) * sums / sums.max(), 1.0, bottom=1.45 * len(ink))
            axes.set(title=title, ylim=(1.45 * len(ink), 0))
            axes.axis("off")
        charts[3].plot(leans, peaks / peaks.max(), "o-")
        charts[3].axvline(best, color=VERMILION, linestyle="--")
        charts[3].set(title="how peaked the columns are", xlabel="shear", ylabel="share of the highest")
        charts[3].grid(alpha=0.3)
    return figure


def draw_history(history: Mapping[str, Sequence[float]], measure: str = "accuracy") -> Figure:
    """Loss and ``measure`` of a training that ``fit`` gave, epoch by epoch; what it has not seen is dashed."""
    with chart_style():
        figure, charts = chart_grid(2, 2.8, share_y=False)
        for axes, name in zip(charts, ("loss", measure), strict=True):
            epochs = np.arange(1, len(history[name]) + 1)
            axes.plot(epochs, history[name], "o-", color=BLUE, label="training")
            if f"val_{name}" in history:
                axes.plot(epochs, history[f"val_{name}"], "s--", color=VERMILION, label="not seen in training")
            axes.set(title=name, xlabel="epoch")
            axes.set_ylim(0, None if name == "loss" else 1.02)
            axes.grid(alpha=0.3)
            axes.legend()
    return figure


def signed_pictures(weights: np.ndarray, side: int = _SIDE) -> list[np.ndarray]:
    """Filters ``float (rows, columns, N)`` as pictures, uint8 (side, side, 3): blue is negative, red positive."""
    most = np.abs(weights).max()
    colours = matplotlib.colormaps["RdBu_r"](0.5 + weights / max(most, 1e-9) / 2)[..., :3]
    pictures = (255 * colours).round().astype(np.uint8)
    size = (side, side)
    return [cv2.resize(pictures[:, :, n], size, interpolation=cv2.INTER_NEAREST) for n in range(weights.shape[2])]


def saliency_pictures(images: np.ndarray, saliency: np.ndarray, side: int = _SIDE) -> list[np.ndarray]:
    """Characters under how much each pixel matters, uint8 (side, side, 3) each: grey ink, orange where it matters.

    Args:
        images: uint8 (N, h, w).
        saliency: float (N, h, w), at least 0.
    """
    pictures = []
    for image, weight in zip(images, saliency, strict=True):
        share = np.clip(cv2.GaussianBlur(weight, (3, 3), 0) / max(np.quantile(weight, 0.98), 1e-9), 0, 1)[..., None]
        grey = 255 - 0.5 * image[..., None].astype(float) * np.ones(3)
        mixed = (1 - share) * grey + share * np.array((213, 94, 0))
        pictures.append(cv2.resize(mixed.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST))
    return pictures


def draw_matrix(counts: np.ndarray, names: Sequence[str]) -> Figure:
    """A confusion matrix ``int (N, N)``: rows the true class, columns the answer; mistakes carry their number."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with chart_style():
        figure, (axes,) = chart_grid(1, 8.0)
        axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1)
        for row, column in np.argwhere((counts > 0) & ~np.eye(len(counts), dtype=bool)).tolist():
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=BLACK, fontsize=8)
        axes.set_xticks(range(len(names)), names)
        axes.set_yticks(range(len(names)), names)
        for label in axes.get_xticklabels():
            label.set_rotation(90 if len(label.get_text()) > 1 else 0)
        axes.set(xlabel="the network's answer", ylabel="the true character")
    return figure


def draw_paths(costs: np.ndarray, slots: Sequence[str], names: Sequence[str], path: Sequence[int]) -> Figure:
    """The table of a dynamic programme: the cheapest cost of each candidate in each slot, and the cheapest way.

    Args:
        costs: float (slots, candidates), infinite where no way leads.
        slots: what each row stands for.
        names: of the candidates, one a column.
        path: the column of each row that the cheapest way takes.
    """
    with chart_style():
        figure, (axes,) = chart_grid(1, 0.7 + 0.75 * len(slots))
        axes.plot(path, range(len(slots)), "-", color=ORANGE, lw=3, zorder=1)
        for (row, column), cost in np.ndenumerate(costs):
            on_way = path[row] == column
            words = f"{cost:.2f}" if np.isfinite(cost) else "no way"
            box = {"boxstyle": "round", "facecolor": "white", "edgecolor": ORANGE if on_way else GREY}
            axes.text(column, row, words, ha="center", va="center", fontsize=11, bbox=box, zorder=2)
        axes.set_xticks(range(len(names)), names, fontsize=10)
        axes.set_yticks(range(len(slots)), slots, fontsize=10)
        axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(slots) - 0.5, -0.5))
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure


def draw_answer(image: np.ndarray, probabilities: np.ndarray, names: Sequence[str], most: int = 5) -> Figure:
    """A character ``uint8 (h, w)`` as a network sees it, and the ``most`` likeliest of its ``probabilities: (N,)``."""
    order = np.argsort(-probabilities)[:most][::-1]
    with chart_style():
        figure, (picture, bars) = chart_grid(2, 2.2, share_y=False)
        figure.set_figwidth(0.7 * figure.get_figwidth())
        picture.imshow(image, cmap="gray", vmin=0, vmax=255)
        picture.set_title("what the network sees")
        picture.axis("off")
        bars.barh([names[k] for k in order], probabilities[order], color=BLUE)
        bars.set(xlim=(0, 1), xlabel="probability")
    return figure
