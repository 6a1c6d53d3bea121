"""Small plates in large pictures: the detector runs on overlapping tiles at full resolution, and on the whole.

A detector shrinks a large picture to the size it was trained for, so that small plates vanish.
"""

import numpy as np

from alpr_utils.detect.detector import Detection, Detector
from alpr_utils.detect.windows import LARGE_PLATE, USUAL_LONG_SIDE, Window, detect_in_window, fully_seen, merge

OVERLAP = LARGE_PLATE  # so that every smaller plate is complete in one tile


def _spans(length: int, tile: int, overlap: int) -> list[tuple[int, int]]:
    """Equal spans of at most ``tile`` pixels that cover ``length``, neighbours sharing at least ``overlap``."""
    count = max(1, -(-(length - overlap) // (tile - overlap)))
    side = -(-(length + (count - 1) * overlap) // count)
    starts = np.floor(np.linspace(0, length - side, count)).astype(int)
    return [(int(start), int(start) + side) for start in starts]


def tiles_of(height: int, width: int, tile: int = USUAL_LONG_SIDE, overlap: int = OVERLAP) -> list[Window]:
    """The tiles of a ``height`` x ``width`` picture, all of one size, row by row; none where one would be enough."""
    if max(height, width) <= tile:
        return []
    rows, columns = _spans(height, tile, overlap), _spans(width, tile, overlap)
    return [Window(top, left, bottom, right) for top, bottom in rows for left, right in columns]


class TiledDetector:
    """A detector that also runs on the tiles of large pictures.

    Args:
        inner: finds the plates in a picture or tile.
        tile: longest side of a tile, pixels; None: the largest that the detector does not shrink.
        overlap: shared by neighbouring tiles, pixels, smaller than ``tile``; narrower plates are complete in one tile.
    """

    def __init__(self, inner: Detector, tile: int | None = None, overlap: int = OVERLAP):
        self.name, self.threshold = f"{inner.name} + tiles", inner.threshold
        self._inner, self._tile, self._overlap = inner, tile or fully_seen(inner), overlap

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        """Find plates in ``image: uint8 (H, W, 3) RGB``; best first, at or above ``min_score`` (default: threshold)."""
        found = self._inner.detect(image, min_score)
        windows = tiles_of(image.shape[0], image.shape[1], self._tile, self._overlap)
        if not windows:
            return found
        for window in windows:
            found = found + detect_in_window(self._inner, image, window, min_score)
        return merge(found)
