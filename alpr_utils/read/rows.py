"""Text rows: which components stand on one line, and how much that line falls."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PixelBox = tuple[int, int, int, int]

MAX_SLOPE = 0.36  # tan 20 degrees: 12 of tilt plus what perspective adds
MAX_ROWS = 3  # two rows of a plate and one line of dealer's advertising
LINE_SPREAD = 0.06  # of the character height: how far centres of one row scatter about its line
HEIGHT_SPREAD = 0.12  # how much the heights of one row scatter, as a share
CENTRE_TOLERANCE = 0.17  # of the character height; feet of Д and Ц and bolts shift a centre by about 0.1
MAX_SHARED = 0.3  # of the lower row's height; rows that overlap more are the same row, found twice
HEIGHT_RATIO = 1.3  # between characters of one row


# Two-row plates, from one row to the other, in units of the height of the row that was found.
LETTERS_BELOW = (0.14, 0.76)  # gap, height
DIGITS_ABOVE = (0.19, 1.31)


@dataclass(frozen=True)
class Row:
    """One text row of the deskewed picture: its upper and lower edge and its character height in pixels."""

    top: float
    bottom: float

    @property
    def height(self) -> float:
        """Height of the row's characters in pixels."""
        return self.bottom - self.top

    def shared_with(self, other: "Row") -> float:
        """Overlap of two rows' heights as a share of the lower one."""
        return (min(self.bottom, other.bottom) - max(self.top, other.top)) / min(self.height, other.height)


def _alignment(boxes: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """How well the boxes stand on common lines of each slope: float (len(slopes),); boxes: float (N, 4).

    Every pair of boxes counts by how close its centres come to one line and its heights to each other.
    """
    centre_y, centre_x = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    heights = boxes[:, 2] - boxes[:, 0]
    mean_height = (heights[:, None] + heights[None]) / 2
    alike = np.exp(-(((heights[:, None] - heights[None]) / mean_height / HEIGHT_SPREAD) ** 2))
    offsets = centre_y[None] - slopes[:, None] * centre_x[None]
    misses = (offsets[:, :, None] - offsets[:, None, :]) / mean_height
    return (np.exp(-((misses / LINE_SPREAD) ** 2)) * alike).sum(axis=(1, 2))


def _common_slope(boxes: np.ndarray) -> float | None:
    """The slope, among those of all pairs of like boxes, that lines up the most; None when no pair qualifies."""
    centre_y, centre_x = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    heights = boxes[:, 2] - boxes[:, 0]
    first, second = np.triu_indices(len(boxes), 1)
    run = centre_x[second] - centre_x[first]
    slopes = (centre_y[second] - centre_y[first]) / np.where(run == 0, np.inf, run)
    ratio = heights[first] / heights[second]
    usable = (np.abs(run) > 0.2 * heights[first]) & (np.abs(slopes) <= MAX_SLOPE)
    slopes = slopes[usable & (ratio < HEIGHT_RATIO) & (ratio > 1 / HEIGHT_RATIO)]
    return float(slopes[_alignment(boxes, slopes).argmax()]) if slopes.size else None


def _members(boxes: np.ndarray, slope: float) -> list[np.ndarray]:
    """Indices of the boxes of each row, the longest row first; rows have two boxes or more."""
    offsets = (boxes[:, 0] + boxes[:, 2]) / 2 - slope * (boxes[:, 1] + boxes[:, 3]) / 2
    heights = boxes[:, 2] - boxes[:, 0]
    ratio = heights[None] / heights[:, None]
    near = np.abs(offsets[None] - offsets[:, None]) < CENTRE_TOLERANCE * heights[:, None]
    near &= (ratio < HEIGHT_RATIO) & (ratio > 1 / HEIGHT_RATIO)
    rows: list[np.ndarray] = []
    while len(rows) < MAX_ROWS:
        longest = int(near.sum(axis=1).argmax())
        members = np.flatnonzero(near[longest])
        if len(members) < 2:
            break
        rows.append(members)
        near[:, members] = False
    return rows


def _fitted_slope(boxes: np.ndarray, rows: list[np.ndarray]) -> float:
    """Least-squares slope through the upper and lower edges of all rows, each edge about its own mean."""
    x, y = [], []
    for members in rows:
        row = boxes[members]
        centre = (row[:, 1] + row[:, 3]) / 2
        for side in (0, 2):
            x.append(centre - centre.mean())
            y.append(row[:, side] - row[:, side].mean())
    run, rise = np.concatenate(x), np.concatenate(y)
    return float((run * rise).sum() / max((run * run).sum(), 1e-6))


def find_rows(components: Sequence[Sequence[float]], width: int) -> tuple[float, tuple[Row, ...]]:
    """Group components into text rows.

    Args:
        components: ymin, xmin, ymax, xmax in pixels of the picture that is not deskewed.
        width: of that picture, in pixels; the deskewing shear turns about its centre column.

    Returns:
        The slope of the rows, and the rows from top to bottom after a shear by that slope; ``(0.0, ())`` when no two
        components stand on a line.
    """
    boxes = np.array(components, float).reshape(-1, 4)
    slope = _common_slope(boxes)
    if slope is None:
        return 0.0, ()
    groups = _members(boxes, slope)
    if not groups:
        return 0.0, ()
    slope = _fitted_slope(boxes, groups)
    rows: list[Row] = []
    for members in groups:
        shift = slope * ((boxes[members, 1] + boxes[members, 3]) / 2 - width / 2)
        row = Row(float(np.median(boxes[members, 0] - shift)), float(np.median(boxes[members, 2] - shift)))
        if all(row.shared_with(other) < MAX_SHARED for other in rows):
            rows.append(row)
    return slope, tuple(sorted(rows, key=lambda row: row.top))


def add_missing_row(rows: tuple[Row, ...], height: int) -> tuple[Row, ...]:
    """On a two-row plate of which one row was found, add where the other must be: above, below or, in doubt, both.

    Args:
        rows: rows found; anything but one row is returned as it is.
        height: of the picture in pixels; a row that does not fit in is not added.
    """
    if len(rows) != 1:
        return rows
    (row,) = rows
    top = row.bottom + LETTERS_BELOW[0] * row.height
    letters = Row(top, top + LETTERS_BELOW[1] * row.height)
    bottom = row.top - DIGITS_ABOVE[0] * row.height
    digits = Row(bottom - DIGITS_ABOVE[1] * row.height, bottom)
    added = [other for other in (digits, letters) if other.top >= 0 and other.bottom <= height]
    return tuple(sorted((row, *added), key=lambda row: row.top))
