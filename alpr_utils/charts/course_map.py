"""The map of the course: one card a lesson, with what its notebook says about itself and a picture out of it."""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from alpr_utils.charts.style import BLACK, GREY, LINE_COLOURS, WIDTH_PX, NotebookFigure, chart_style

_COLUMNS = 5
_CARD_PX = 150  # height
_TIME = re.compile(r"\*\*Time:\*\* (\d+) minutes to work through, (.*?) to run")
_COVER_PX = (240, 150)


@dataclass(frozen=True)
class Lesson:
    """What a notebook says about itself.

    Attributes:
        question: its title.
        minutes: to work through; 0 where it does not say so.
        run: how long it runs, in words.
        cover: uint8 (H, W, 3) RGB, the picture of the cell with the tag ``cover``, else its first one; None without.
    """

    question: str
    minutes: int
    run: str
    cover: np.ndarray | None


def read_lesson(path: Path) -> Lesson:
    """What the notebook ``path`` says about itself."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    header = "".join(cells[0]["source"])
    time = _TIME.search(header)
    minutes, run = (int(time[1]), time[2]) if time else (0, "")
    question = header.splitlines()[0].lstrip("# ")
    return Lesson(question, minutes, run, _cover(cells))


def _cover(cells: Sequence[dict[str, Any]]) -> np.ndarray | None:
    tagged = [cell for cell in cells if "cover" in cell["metadata"].get("tags", ())]
    for cell in [*tagged, *cells]:
        for output in cell.get("outputs", ()):
            for kind, data in output.get("data", {}).items():
                if kind.startswith("image/"):
                    image = Image.open(BytesIO(base64.b64decode("".join(data)))).convert("RGB")
                    image.thumbnail(_COVER_PX)
                    return np.array(image)
    return None


def draw_map(parts: dict[str, dict[str, Lesson]]) -> Figure:
    """Part -> short title -> lesson: cards in the order of the course, part by part in one colour."""
    cards = [(part, title, lesson) for part, lessons in parts.items() for title, lesson in lessons.items()]
    rows = -(-len(cards) // _COLUMNS)
    colours = dict(zip(parts, LINE_COLOURS, strict=False))
    with chart_style():
        figure = NotebookFigure(figsize=(WIDTH_PX / 100, rows * _CARD_PX / 100))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, _COLUMNS), ylim=(rows, 0))
        axes.axis("off")
        for number, (part, title, lesson) in enumerate(cards):
            row, column = divmod(number, _COLUMNS)
            _draw_card(axes, column, row, title, f"{number + 1} · {part}", colours[part])
            if lesson.cover is not None:
                place = ((column + 0.06) / _COLUMNS, 1 - (row + 0.91) / rows, 0.88 / _COLUMNS, 0.58 / rows)
                picture = figure.add_axes(place)
                picture.imshow(lesson.cover)
                picture.axis("off")
    return figure


def _draw_card(axes: Axes, x: float, y: float, title: str, part: str, colour: str) -> None:
    axes.add_patch(Rectangle((x + 0.03, y + 0.03), 0.94, 0.92, facecolor="white", edgecolor=GREY))
    axes.add_patch(Rectangle((x + 0.03, y + 0.03), 0.94, 0.03, facecolor=colour, edgecolor="none"))
    axes.text(x + 0.07, y + 0.15, title, color=BLACK, va="center")
    axes.text(x + 0.07, y + 0.26, part, color="#444444", va="center")
