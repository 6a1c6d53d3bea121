"""How an SSD, a Faster R-CNN and a YOLOv3 are built, side by side."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from alpr_utils.charts.style import BLACK, GREEN, ORANGE, SKY_BLUE, YELLOW, chart_grid, chart_style


class _Block(NamedTuple):
    """A box of a drawing: where it begins, how wide it is, how high, what stands in it and its colour."""

    x: float
    width: float
    height: float
    words: str
    colour: str


_PICTURE = _Block(0, 1.0, 2.6, "picture", "white")
_BACKBONE = (
    _Block(1.5, 0.55, 2.6, "/ 4", SKY_BLUE),
    _Block(2.2, 0.55, 2.0, "/ 8", SKY_BLUE),
    _Block(2.9, 0.55, 1.5, "/ 16", SKY_BLUE),
    _Block(3.6, 0.55, 1.1, "/ 32", SKY_BLUE),
)
_PYRAMID = _Block(4.55, 1.4, 2.0, "coarse maps\nhelp the\nfine ones", GREEN)
_DRAWINGS: tuple[tuple[str, tuple[_Block, ...]], ...] = (
    (
        "SSD: every anchor of three maps is asked once",
        (_PYRAMID, _Block(6.3, 1.9, 1.6, "for each anchor:\nplate? offsets?", ORANGE)),
    ),
    (
        "Faster R-CNN: regions are proposed, cut out of the maps, and looked at again",
        (
            _PYRAMID,
            _Block(6.3, 1.35, 1.6, "RPN:\nobject?\noffsets?", ORANGE),
            _Block(8.1, 1.25, 1.2, "RoI align:\none grid\nper region", YELLOW),
            _Block(9.8, 1.25, 1.6, "head:\nplate?\noffsets?", ORANGE),
        ),
    ),
    (
        "YOLOv3: three scales, few anchors; the cell in which the centre lies answers",
        (_PYRAMID, _Block(6.3, 1.9, 1.6, "object? class?\nplace and size", ORANGE)),
    ),
)
_NMS = _Block(11.6, 0.9, 1.2, "NMS", "white")


def _draw(axes: Axes, blocks: Sequence[_Block]) -> None:
    for block in blocks:
        corner, size = (block.x, -block.height / 2), (block.width, block.height)
        axes.add_patch(Rectangle(corner, *size, facecolor=block.colour, edgecolor=BLACK))
        axes.text(block.x + block.width / 2, 0, block.words, ha="center", va="center", fontsize=9)
    for left, right in pairwise(blocks):
        arrow = {"arrowstyle": "-|>", "color": BLACK, "lw": 1.3, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (right.x, 0), (left.x + left.width, 0), arrowprops=arrow)


def draw_architectures() -> Figure:
    """Picture, backbone, pyramid, the questions that each network asks, and non-maximum suppression."""
    with chart_style():
        figure, charts = chart_grid(len(_DRAWINGS), 1.75, columns=1, share_y=False)
        for axes, (title, blocks) in zip(charts, _DRAWINGS, strict=True):
            _draw(axes, (_PICTURE, *_BACKBONE, *blocks, _NMS))
            axes.set(xlim=(-0.2, 12.7), ylim=(-1.6, 1.6), title=title)
            axes.axis("off")
    return figure
