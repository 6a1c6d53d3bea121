"""The face of Mongolian plates as centre lines of one stroke width, drawn by us.

Each glyph lives in a unit square: x from 0 (left) to 1, y from 0 (top) to 1. A stroke is a list of pieces: a point
``(x, y)``, an `Arc`, or a `Curve` from the last point.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class Arc:
    """Part of an ellipse, angles in degrees, clockwise from 3 o'clock; ``end < start`` runs anticlockwise."""

    x: float
    y: float
    radius_x: float
    radius_y: float
    start: float
    end: float


@dataclass(frozen=True)
class Curve:
    """A quadratic Bezier curve from the last point to ``x, y`` with one control point."""

    control_x: float
    control_y: float
    x: float
    y: float


Piece = tuple[float, float] | Arc | Curve

_BOWL = 0.27  # vertical radius of a round end: a half circle in a cell of the usual width
_TOP, _BOTTOM = (0.5, _BOWL, 0.5, _BOWL), (0.5, 1 - _BOWL, 0.5, _BOWL)
_ROUND: list[Piece] = [Arc(*_TOP, 180, 360), Arc(*_BOTTOM, 0, 180), (0, _BOWL)]

STROKES: dict[str, list[list[Piece]]] = {
    "0": [_ROUND],
    "1": [[(0, 0.25), (1, 0), (1, 1)]],
    "2": [[Arc(*_TOP, 185, 385), (0, 1), (1, 1)]],
    "3": [[Arc(0.5, 0.24, 0.46, 0.24, 195, 450)], [Arc(0.5, 0.74, 0.5, 0.26, 270, 525)]],
    "4": [[(0.58, 0), (0, 0.73), (1, 0.73)], [(0.72, 0.44), (0.72, 1)]],
    "5": [[(0.93, 0), (0.12, 0), (0.06, 0.46), Arc(0.48, 0.68, 0.52, 0.32, 225, 510)]],
    "6": [[Arc(0.53, 0.34, 0.53, 0.34, 312, 180), (0, 0.68)], [Arc(0.5, 0.69, 0.5, 0.31, 0, 360)]],
    "7": [[(0, 0), (1, 0), Curve(0.5, 0.45, 0.36, 1)]],
    "8": [[Arc(0.5, 0.24, 0.43, 0.24, 0, 360)], [Arc(0.5, 0.735, 0.5, 0.265, 0, 360)]],
    "9": [[Arc(0.47, 0.66, 0.53, 0.34, 132, 0), (1, 0.32)], [Arc(0.5, 0.31, 0.5, 0.31, 0, 360)]],
    "А": [[(0, 1), (0.5, 0), (1, 1)], [(0.17, 0.69), (0.83, 0.69)]],
    "Б": [[(0.9, 0), (0, 0), (0, 1), (0.5, 1), Arc(0.55, 0.71, 0.45, 0.29, 90, -90), (0, 0.42)]],
    "В": [
        [(0, 0.48), (0, 0), (0.5, 0), Arc(0.55, 0.24, 0.37, 0.24, -90, 90), (0, 0.48)],
        [(0, 0.48), (0, 1), (0.5, 1), Arc(0.55, 0.74, 0.45, 0.26, 90, -90)],
    ],
    "Г": [[(1, 0), (0, 0), (0, 1)]],
    "Д": [[(0, 1), (0, 0.87), (1, 0.87), (1, 1)], [(0.12, 0.87), (0.5, 0), (0.88, 0.87)]],
    "Е": [[(1, 0), (0, 0), (0, 1), (1, 1)], [(0, 0.48), (0.88, 0.48)]],
    "Ж": [[(0.5, 0), (0.5, 1)], [(0, 0), (1, 1)], [(1, 0), (0, 1)]],
    "З": [[(0.04, 0), (0.96, 0), (0.44, 0.42), Arc(0.48, 0.71, 0.52, 0.29, -90, 155)]],
    "И": [[(0, 0), (0, 1), (1, 0), (1, 1)]],
    "К": [[(0, 0), (0, 1)], [(0.95, 0), (0, 0.57)], [(0.33, 0.38), (1, 1)]],
    "Л": [[(0, 1), (0.5, 0), (1, 1)]],
    "М": [[(0, 1), (0, 0), (0.5, 0.62), (1, 0), (1, 1)]],
    "Н": [[(0, 0), (0, 1)], [(1, 0), (1, 1)], [(0, 0.48), (1, 0.48)]],
    "О": [_ROUND],
    "Ө": [_ROUND, [(0, 0.5), (1, 0.5)]],
    "П": [[(0, 1), (0, 0), (1, 0), (1, 1)]],
    "Р": [[(0, 1), (0, 0), (0.5, 0), Arc(0.52, 0.27, 0.48, 0.27, -90, 90), (0, 0.54)]],
    "С": [[Arc(*_TOP, 350, 180), Arc(*_BOTTOM, 180, 10)]],
    "Т": [[(0, 0), (1, 0)], [(0.5, 0), (0.5, 1)]],
    "У": [[(0, 0), (0.53, 0.62)], [(1, 0), (0.2, 1)]],
    "Ү": [[(0, 0), (0.5, 0.5), (1, 0)], [(0.5, 0.5), (0.5, 1)]],
    "Х": [[(0, 0), (1, 1)], [(1, 0), (0, 1)]],
    "Ц": [[(0, 0), (0, 0.84), (1, 0.84), (1, 1)], [(0.84, 0), (0.84, 0.84)]],
    "Ч": [[(0, 0), (0, 0.3), Curve(0, 0.57, 0.45, 0.57), (1, 0.57)], [(1, 0), (1, 1)]],
    "Э": [[Arc(*_TOP, 190, 360), Arc(*_BOTTOM, 0, 170)], [(0.35, 0.5), (1, 0.5)]],
    "M": [[(0, 1), (0, 0), (0.5, 0.62), (1, 0), (1, 1)]],
    "N": [[(0, 1), (0, 0), (1, 1), (1, 0)]],
    "G": [[Arc(*_TOP, 350, 180), Arc(*_BOTTOM, 180, 0), (1, 0.55), (0.6, 0.55)]],
    "L": [[(0, 0), (0, 1), (1, 1)]],
    "Я": [[(1, 1), (1, 0), (0.5, 0), Arc(0.48, 0.27, 0.48, 0.27, 270, 90), (1, 0.54)], [(0.5, 0.54), (0, 1)]],
}


def _points(piece: Piece, last: np.ndarray) -> np.ndarray:
    if isinstance(piece, Arc):
        angles = np.radians(np.linspace(piece.start, piece.end, 33))
        return np.stack([piece.x + piece.radius_x * np.cos(angles), piece.y + piece.radius_y * np.sin(angles)], 1)
    if isinstance(piece, Curve):
        t = np.linspace(0, 1, 17)[1:, None]
        control, end = np.array([piece.control_x, piece.control_y]), np.array([piece.x, piece.y])
        return (1 - t) ** 2 * last + 2 * t * (1 - t) * control + t**2 * end
    return np.array([piece], float)


def polylines(strokes: list[list[Piece]]) -> tuple[np.ndarray, ...]:
    """The centre lines of a glyph: each float64 (N, 2), x, y in the unit square."""
    lines = []
    for stroke in strokes:
        points = np.empty((0, 2))
        for piece in stroke:
            last = points[-1] if len(points) else np.zeros(2)
            points = np.concatenate([points, _points(piece, last)])
        lines.append(points)
    return tuple(lines)


@cache
def _char_lines(char: str) -> tuple[np.ndarray, ...]:
    return polylines(STROKES[char])


def _lengthened(pixels: np.ndarray, by: float, at_start: bool, at_end: bool) -> np.ndarray:
    longer = pixels.copy()
    for wanted, end, neighbour in ((at_start, 0, 1), (at_end, -1, -2)):
        if wanted:
            direction = pixels[end] - pixels[neighbour]
            longer[end] += direction / np.linalg.norm(direction) * by
    return longer


def draw_strokes(char: str, width_px: int, height_px: int, stroke_px: float, square_ends: bool) -> np.ndarray:
    """Draw one character so that its ink fills the cell; strokes end round, or flush with the cell's edge.

    Returns:
        float32 (height_px, width_px), 0 paper .. 1 ink, antialiased.

    Raises:
        KeyError: the face has no such character.
    """
    return draw_lines(_char_lines(char), width_px, height_px, stroke_px, square_ends)


def draw_lines(
    lines: tuple[np.ndarray, ...], width_px: int, height_px: int, stroke_px: float, square_ends: bool
) -> np.ndarray:
    """Draw the centre lines of `polylines` with one stroke width; the result is that of `draw_strokes`."""
    scale = 3
    stroke = max(1.0, stroke_px * scale)
    canvas = np.zeros((height_px * scale, width_px * scale), np.uint8)
    span = np.array([canvas.shape[1] - stroke, canvas.shape[0] - stroke])
    for line in lines:
        pixels = stroke / 2 - 0.5 + line * span
        if square_ends:
            at_start, at_end = (bool(np.any((line[i] <= 0) | (line[i] >= 1))) for i in (0, -1))
            pixels = _lengthened(pixels, stroke, at_start, at_end)
        pixels *= 1 << SUBPIXEL_BITS
        cv2.polylines(canvas, [pixels.round().astype(np.int32)], False, 255, round(stroke), cv2.LINE_AA, SUBPIXEL_BITS)
    return cv2.resize(canvas, (width_px, height_px), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
