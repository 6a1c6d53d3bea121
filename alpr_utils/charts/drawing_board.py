"""A board to draw on with the mouse or a finger, and an answer to what stands there after each stroke."""

from collections.abc import Callable, Sequence

import cv2
import ipywidgets
import numpy as np
from ipycanvas import Canvas, hold_canvas

from alpr_utils.charts.lesson import Picture, jpeg

_SIDE, _LINE = 220, 18  # pixels
_INK, _GROUND = 20, 255

Stroke = Sequence[tuple[float, float]]


def drawn(strokes: Sequence[Stroke]) -> np.ndarray:
    """What the board holds after these strokes: uint8 (220, 220), dark on light.

    Args:
        strokes: the points, x, y in pixels, that the mouse went through.
    """
    board = np.full((_SIDE, _SIDE), _GROUND, np.uint8)
    for stroke in strokes:
        points = np.round(stroke).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(board, [points], isClosed=False, color=_INK, thickness=_LINE, lineType=cv2.LINE_AA)
    return board


class _Board:
    """The strokes so far, the canvas that shows them, and the answer beside it."""

    def __init__(self, answer: Callable[[np.ndarray], Picture]) -> None:
        self.answer, self.strokes, self.drawing = answer, list[list[tuple[float, float]]](), False
        self.canvas = Canvas(width=_SIDE, height=_SIDE)
        self.picture = ipywidgets.Image(format="jpeg")
        self.canvas.on_client_ready(self.clear)
        self.canvas.on_mouse_down(self.begin)
        self.canvas.on_mouse_move(self.go_on)
        self.canvas.on_mouse_up(self.end)
        self.canvas.on_mouse_out(self.end)
        self.canvas.on_touch_start(lambda places: self.begin(*places[0]))
        self.canvas.on_touch_move(lambda places: self.go_on(*places[0]))
        self.canvas.on_touch_end(lambda _: self.end())

    def clear(self, *_: object) -> None:
        self.strokes.clear()
        self.picture.value = b""
        with hold_canvas():
            self.canvas.clear()
            self.canvas.stroke_rect(0, 0, _SIDE, _SIDE)

    def begin(self, x: float, y: float) -> None:
        self.drawing = True
        self.strokes.append([(x, y), (x + 0.1, y)])

    def go_on(self, x: float, y: float) -> None:
        if self.drawing:
            before = self.strokes[-1][-1]
            self.strokes[-1].append((x, y))
            self.canvas.line_width, self.canvas.line_cap = _LINE, "round"
            self.canvas.stroke_line(*before, x, y)
            self.canvas.line_width = 1

    def end(self, *_: float) -> None:
        if self.drawing:
            self.drawing = False
            self.picture.value = jpeg(self.answer(drawn(self.strokes)))


def drawing_board(answer: Callable[[np.ndarray], Picture]) -> ipywidgets.Widget:
    """A canvas, a button that empties it, and beside them what ``answer`` makes of it after each stroke.

    Args:
        answer: uint8 (220, 220), dark on light, at least one stroke -> a picture.
    """
    board = _Board(answer)
    button = ipywidgets.Button(description="clear")
    button.on_click(board.clear)
    return ipywidgets.HBox([ipywidgets.VBox([board.canvas, button]), board.picture])
