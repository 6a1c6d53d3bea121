"""Text rows: which components stand on one line, and how much that line falls."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

PixelBox = tuple[int, int, int, int]

MAX_SLOPE = 0.36  # tan 20 degrees: 12 of tilt plus what perspective adds
MAX_ROWS = 3  # two rows of a plate and one line of dealer's advertising
MAX_SLOPE_DIFFERENCE = 0.09  # between the rows of one plate
CENTRE_TOLERANCE = 0.17  # of the character height; feet of Д and Ц and bolts shift a centre by about 0.1
MAX_SHARED = 0.3  # of the lower row's height; rows that overlap more are one row seen twice
HEIGHT_RATIO = 1.3  # between characters of one row


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


@dataclass(frozen=True)
class _Line:
    slope: float
    members: np.ndarray
    residual: float


def _best_line(boxes: np.ndarray, around: float | None) -> _Line | None:
    """The line through two box centres that most boxes of like height share; boxes: float (N, 4)."""
    centre_y, centre_x = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    heights = boxes[:, 2] - boxes[:, 0]
    best: _Line | None = None
    for first, second in combinations(range(len(boxes)), 2):
        run, height = centre_x[second] - centre_x[first], (heights[first] + heights[second]) / 2
        if abs(run) < 0.2 * height or not 1 / HEIGHT_RATIO < heights[first] / heights[second] < HEIGHT_RATIO:
            continue
        slope = (centre_y[second] - centre_y[first]) / run
        if abs(slope) > MAX_SLOPE or (around is not None and abs(slope - around) > MAX_SLOPE_DIFFERENCE):
            continue
        offsets = np.abs(centre_y - centre_y[first] - slope * (centre_x - centre_x[first])) / height
        ratio = heights / height
        members = np.flatnonzero((offsets < CENTRE_TOLERANCE) & (ratio > 1 / HEIGHT_RATIO) & (ratio < HEIGHT_RATIO))
        line = _Line(float(slope), members, float(offsets[members].sum()))
        if best is None or (len(members), -line.residual) > (len(best.members), -best.residual):
            best = line
    return best


def _fitted_slope(boxes: np.ndarray) -> float:
    """Least-squares slope through the upper and lower edges, each about its own mean."""
    x = (boxes[:, 1] + boxes[:, 3]) / 2
    x = np.concatenate([x, x]) - x.mean()
    y = np.concatenate([boxes[:, 0] - boxes[:, 0].mean(), boxes[:, 2] - boxes[:, 2].mean()])
    return float((x * y).sum() / max((x * x).sum(), 1e-6))


def find_rows(components: tuple[PixelBox, ...], width: int) -> tuple[float, tuple[Row, ...]]:
    """Group components into text rows.

    Args:
        components: ymin, xmin, ymax, xmax in pixels of the picture that is not deskewed.
        width: of that picture, in pixels; the deskewing shear turns about its centre column.

    Returns:
        The slope of the longest row, and the rows from top to bottom after a shear by that slope; ``(0.0, ())`` when
        no two components stand on a line.
    """
    boxes = np.array(components, float).reshape(-1, 4)
    slope: float | None = None
    rows: list[Row] = []
    while len(boxes) >= 2 and len(rows) < MAX_ROWS:
        line = _best_line(boxes, slope)
        if line is None:
            break
        members = boxes[line.members]
        if slope is None:
            slope = _fitted_slope(members)
        shift = slope * ((members[:, 1] + members[:, 3]) / 2 - width / 2)
        row = Row(float(np.median(members[:, 0] - shift)), float(np.median(members[:, 2] - shift)))
        if all(row.shared_with(other) < MAX_SHARED for other in rows):
            rows.append(row)
        boxes = np.delete(boxes, line.members, axis=0)
    return slope or 0.0, tuple(sorted(rows, key=lambda row: row.top))
