"""Drawing of glyphs that are given as centre lines of one stroke width, with small changes of shape on request.

Each glyph lives in a unit square: x from 0 (left) to 1, y from 0 (top) to 1. A stroke is a list of pieces: a point
``(x, y)``, an `Arc`, or a `Curve` from the last point.
"""

from dataclasses import dataclass

import cv2
import numpy as np

SUBPIXEL_BITS = 4
_SCALE = 3


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
Strokes = list[list[Piece]]
Lines = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class StrokeStyle:
    """How a set of dies differs from others of the same face.

    Attributes:
        square_ends: strokes end flush with the cell's edge, otherwise round.
        square_corners: right angles are sharp outside, otherwise round.
        squareness: exponent of the round parts: 2 ellipses, above it towards rectangles.
        waist: how much lower the middle of each glyph lies, share of its height.
        lean: how much further right the middle lies, share of its width.
        weight: stroke width relative to the one asked for; film under bright light looks thin, old paint bold.
        choice: which alternative shapes of the characters it has.
    """

    square_ends: bool = True
    square_corners: bool = False
    squareness: float = 2.0
    waist: float = 0.0
    lean: float = 0.0
    weight: float = 1.0
    choice: int = 0


def random_style(rng: np.random.Generator) -> StrokeStyle:
    """A style as it may be seen on the road."""
    return StrokeStyle(
        square_ends=bool(rng.random() < 0.6),
        square_corners=bool(rng.random() < 0.35),
        squareness=float(rng.uniform(1.9, 2.9)),
        waist=float(np.clip(rng.normal(0, 0.018), -0.04, 0.04)),
        lean=float(np.clip(rng.normal(0, 0.012), -0.03, 0.03)),
        weight=float(rng.uniform(0.8, 1.2)),
        choice=int(rng.integers(1, 1 << 30)),
    )


def chosen(alternatives: tuple[Strokes, ...], char: str, style: StrokeStyle) -> Strokes:
    """The alternative of ``char`` that the style uses; the first where ``choice`` is 0."""
    if not style.choice:
        return alternatives[0]
    # Knuth's multiplicative hash: the characters of one style choose independently.
    mixed = (style.choice ^ ord(char) * 2654435761) * 2654435761 % (1 << 32)
    return alternatives[(mixed >> 8) % len(alternatives)]


def _points(piece: Piece, last: np.ndarray, squareness: float) -> np.ndarray:
    if isinstance(piece, Arc):
        angles = np.radians(np.linspace(piece.start, piece.end, 33))
        circle = np.stack([np.cos(angles), np.sin(angles)], 1)
        superellipse = np.sign(circle) * np.abs(circle) ** (2 / squareness)
        return np.array([piece.x, piece.y]) + superellipse * (piece.radius_x, piece.radius_y)
    if isinstance(piece, Curve):
        t = np.linspace(0, 1, 17)[1:, None]
        control, end = np.array([piece.control_x, piece.control_y]), np.array([piece.x, piece.y])
        return (1 - t) ** 2 * last + 2 * t * (1 - t) * control + t**2 * end
    return np.array([piece], float)


def polylines(strokes: Strokes, squareness: float = 2.0) -> Lines:
    """The centre lines of a glyph: each float64 (N, 2), x, y in the unit square."""
    lines = []
    for stroke in strokes:
        points = np.empty((0, 2))
        for piece in stroke:
            last = points[-1] if len(points) else np.zeros(2)
            points = np.concatenate([points, _points(piece, last, squareness)])
        lines.append(points)
    return tuple(lines)


def bent(lines: Lines, style: StrokeStyle) -> Lines:
    """The lines with the style's waist and lean; the edges of the unit square stay where they are."""
    shift = 4 * np.array([style.lean, style.waist])
    return tuple(line + shift * np.clip(line * (1 - line), 0, None) for line in lines)


def _lengthened(line: np.ndarray, pixels: np.ndarray, by: float) -> np.ndarray:
    """``pixels`` with those ends of ``line`` drawn on that run into an edge of the unit square."""
    longer = pixels.copy()
    for end, neighbour in ((0, 1), (-1, -2)):
        direction = pixels[end] - pixels[neighbour]
        direction = direction / np.linalg.norm(direction)
        leaves = ((line[end] <= 1e-6) & (direction < -0.3)) | ((line[end] >= 1 - 1e-6) & (direction > 0.3))
        if leaves.any():
            longer[end] += direction * by
    return longer


def _sharpen_corners(canvas: np.ndarray, line: np.ndarray, pixels: np.ndarray, stroke: float) -> None:
    """Fill the outside of each right angle between an upright and a level piece of ``line``."""
    steps = np.abs(np.diff(line, axis=0)) > 1e-6
    turns = np.flatnonzero((steps[:-1].sum(1) == 1) & (steps[1:].sum(1) == 1) & (steps[:-1, 0] != steps[1:, 0])) + 1
    for x, y in pixels[turns]:
        low, high = (round(x - stroke / 2), round(y - stroke / 2)), (round(x + stroke / 2), round(y + stroke / 2))
        cv2.rectangle(canvas, low, high, 255, -1)


def draw_lines(lines: Lines, width_px: int, height_px: int, stroke_px: float, style: StrokeStyle) -> np.ndarray:
    """Draw the centre lines so that the ink of the unit square fills the cell; ``stroke_px`` times the style's weight.

    Returns:
        float32 (height_px, width_px), 0 paper .. 1 ink, antialiased.
    """
    stroke = max(1.0, stroke_px * style.weight * _SCALE)
    canvas = np.zeros((height_px * _SCALE, width_px * _SCALE), np.uint8)
    span = np.array([canvas.shape[1] - stroke, canvas.shape[0] - stroke])
    for line in lines:
        pixels = stroke / 2 - 0.5 + line * span
        if style.square_corners:
            _sharpen_corners(canvas, line, pixels, stroke)
        if style.square_ends:
            pixels = _lengthened(line, pixels, stroke)
        pixels *= 1 << SUBPIXEL_BITS
        cv2.polylines(canvas, [pixels.round().astype(np.int32)], False, 255, round(stroke), cv2.LINE_AA, SUBPIXEL_BITS)
    return cv2.resize(canvas, (width_px, height_px), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
