"""Two boxes that the mouse drags; their IoU follows."""

import numpy as np
from ipycanvas import Canvas, hold_canvas

from alpr_utils.charts.boxes import overlap_words
from alpr_utils.charts.style import BLUE, GREY, ORANGE

_UNIT_PX = 50
_STEPS = 10  # a unit
_GRID = (6, 12)  # units high and wide


class DraggedBoxes(Canvas):
    """A grid with two boxes, ymin, xmin, ymax, xmax, in units of the grid; the mouse moves them in tenths of a unit."""

    def __init__(self, a: tuple[float, ...], b: tuple[float, ...]) -> None:
        """Boxes that are drawn as soon as a browser shows them; they may lie anywhere in 0..6 and 0..12."""
        super().__init__(width=_GRID[1] * _UNIT_PX, height=_GRID[0] * _UNIT_PX)
        self.boxes = np.array([a, b], float)
        self._held: int | None = None
        self._grip = np.zeros(2)
        self.on_mouse_down(self._take)
        self.on_mouse_move(self._move)
        self.on_mouse_up(self._let_go)
        self.on_mouse_out(self._let_go)
        self.on_client_ready(self._draw)

    def _take(self, x: float, y: float) -> None:
        place = np.array([y, x]) / _UNIT_PX
        inside = ((self.boxes[:, :2] <= place) & (place <= self.boxes[:, 2:])).all(axis=1)
        if inside.any():
            self._held = int(np.flatnonzero(inside)[-1])  # the one on top
            self._grip = place - self.boxes[self._held, :2]

    def _move(self, x: float, y: float) -> None:
        if self._held is None:
            return
        size = self.boxes[self._held, 2:] - self.boxes[self._held, :2]
        corner = np.clip(np.array([y, x]) / _UNIT_PX - self._grip, 0, _GRID - size)
        corner = np.round(corner * _STEPS) / _STEPS
        self.boxes[self._held] = [*corner, *(corner + size)]
        self._draw()

    def _let_go(self, x: float, y: float) -> None:
        self._held = None

    def _draw(self) -> None:
        with hold_canvas():
            self.clear()
            self.stroke_style, self.line_width = GREY, 0.3
            for across in range(_GRID[1] + 1):
                self.stroke_line(across * _UNIT_PX, 0, across * _UNIT_PX, self.height)
            for down in range(_GRID[0] + 1):
                self.stroke_line(0, down * _UNIT_PX, self.width, down * _UNIT_PX)
            self.line_width = 3
            for colour, (ymin, xmin, ymax, xmax) in zip((BLUE, ORANGE), self.boxes * _UNIT_PX, strict=True):
                self.fill_style = self.stroke_style = colour
                self.global_alpha = 0.3
                self.fill_rect(xmin, ymin, xmax - xmin, ymax - ymin)
                self.global_alpha = 1
                self.stroke_rect(xmin, ymin, xmax - xmin, ymax - ymin)
            self.fill_style, self.font = "black", "20px sans-serif"
            self.fill_text(f"IoU = shared / covered = {overlap_words(*self.boxes)}", 10, self.height - 12)
