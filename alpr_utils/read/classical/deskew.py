"""Straightening a plate by shears: rows level, characters upright."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.read.rows import Row

_LEANS = tuple(float(lean) for lean in np.linspace(-0.45, 0.45, 19))
_MIN_GAIN = 1.04  # diagonals (7, У, Л) favour small leans; only a clear gain counts


@dataclass(frozen=True)
class Deskew:
    """A vertical shear about the centre column, then a horizontal one about the centre row.

    Attributes:
        slope: fall of the rows in the picture, pixels down per pixel to the right; taken away by the first shear.
        lean: shift of the second shear, pixels to the right per pixel down.
    """

    slope: float
    lean: float

    def picture(self, picture: np.ndarray) -> np.ndarray:
        """Straighten ``picture: uint8 (h, w)``; the size stays, the edges are continued outwards."""
        height, width = picture.shape
        level = np.array([[1, 0, 0], [-self.slope, 1, self.slope * width / 2], [0, 0, 1]])
        upright = np.array([[1, self.lean, -self.lean * height / 2], [0, 1, 0], [0, 0, 1]])
        matrix = (upright @ level)[:2]
        return cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def undo(self, boxes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Move boxes of the straightened picture (``shape``: h, w) back by their centres: float (N, 4), pixels."""
        centre_y, centre_x = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
        shift_x = -self.lean * (centre_y - shape[0] / 2)
        shift_y = self.slope * (centre_x + shift_x - shape[1] / 2)
        return boxes + np.stack([shift_y, shift_x, shift_y, shift_x], axis=1).astype(boxes.dtype)


def _sharpness(band: np.ndarray, lean: float) -> float:
    """How peaked the column sums are after a horizontal shear; upright stems make high peaks. band: (h, w), 0 or 1."""
    rows, columns = np.nonzero(band)
    shifted = columns + lean * (rows - band.shape[0] / 2)
    sums = np.bincount(np.rint(shifted).astype(int) + band.shape[0], minlength=band.shape[1] + 2 * band.shape[0])
    return float((sums.astype(float) ** 2).sum())


def estimate_lean(level_ink: np.ndarray, rows: Sequence[Row]) -> float:
    """The horizontal shear that sets the characters upright, from the column projection (deslanting).

    Args:
        level_ink: uint8 (h, w), 1 is ink, rows already level.
        rows: where the text is; other ink does not count.
    """
    bands = [level_ink[max(0, round(row.top)) : max(0, round(row.bottom))] for row in rows]
    totals = [sum(_sharpness(band, lean) for band in bands) for lean in _LEANS]
    best = int(np.argmax(totals))
    return _LEANS[best] if totals[best] > _MIN_GAIN * totals[len(_LEANS) // 2] else 0.0
