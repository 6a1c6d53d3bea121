"""Possible characters inside one levelled text row: whole components, cut wide ones, merged broken ones."""

from itertools import combinations

import cv2
import numpy as np

from alpr_utils.read.rows import PixelBox, Row

# All lengths in units of the row's character height.
BAND_MARGIN = 0.14  # room for feet (Д, Ц) and perspective
TIGHT_MARGIN = 0.03  # for what reaches further, so that frames and bolts let go of the characters
MIN_HEIGHT = 0.6
MIN_PIECE_HEIGHT = 0.2
MAX_WIDTH = 1.0
MIN_WIDTH = 0.1
CUT_ABOVE_WIDTH = 0.72  # wider than most single characters: may be two, or one with a bolt
MAX_CUTS = 4
MAX_CANDIDATES = 48  # of one row; only clutter makes more, whole components come first
MIN_CUT_PIECE = 0.18
MAX_CUT_INK = 0.6  # of the band; a cut goes through a thin joint, never through a stem
MERGE_GAP = 0.2


def _band_ink(ink: np.ndarray, row: Row) -> np.ndarray:
    """The ink of one row, bool like ``ink``; what crosses the wider band's edge keeps only its inner part."""
    wide, tight = (
        [max(0, round(row.top - margin * row.height)), max(0, round(row.bottom + margin * row.height))]
        for margin in (BAND_MARGIN, TIGHT_MARGIN)
    )
    band = np.zeros_like(ink)
    band[wide[0] : wide[1]] = ink[wide[0] : wide[1]]
    _, labels = cv2.connectedComponents(band.astype(np.uint8), connectivity=8)
    edges = labels[[min(edge, len(labels) - 1) for edge in (wide[0], wide[1] - 1)]]
    crossing = np.isin(labels, edges[edges > 0])
    inside = np.zeros_like(ink)
    inside[tight[0] : tight[1]] = True
    return band & (inside | ~crossing)


def _tight(ink: np.ndarray, xmin: int, xmax: int) -> PixelBox | None:
    """Box around the ink of columns xmin..xmax; None when there is none."""
    part = ink[:, xmin:xmax]
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    if rows.size == 0:
        return None
    return int(rows[0]), xmin + int(columns[0]), int(rows[-1]) + 1, xmin + int(columns[-1]) + 1


def _cut_columns(ink: np.ndarray, height: float) -> list[int]:
    """Columns where a wide component is thin: the middles of its vertical projection's valleys, thinnest first."""
    profile = np.convolve(np.pad(ink.sum(axis=0).astype(float), 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    reach = max(2, round(0.06 * height))
    lowest = cv2.erode(profile[None], np.ones((1, 2 * reach + 1), np.uint8))[0]
    valleys = (profile <= lowest) & (profile < MAX_CUT_INK * height)
    ends = np.flatnonzero(np.diff(valleys, prepend=False, append=False)).reshape(-1, 2)  # first column, one after last
    middles = [round((first + after - 1) / 2) for first, after in ends.tolist()]
    inner = [column for column in middles if reach <= column < len(profile) - reach]
    return sorted(sorted(inner, key=lambda column: profile[column])[:MAX_CUTS])


def _cut(component: np.ndarray, box: PixelBox, height: float) -> list[PixelBox]:
    """Every stretch between two cut columns (or ends) that has the size of a character; component: bool (h, w)."""
    ends = [box[1], *(box[1] + c for c in _cut_columns(component[:, box[1] : box[3]], height)), box[3]]
    pieces = []
    for xmin, xmax in combinations(ends, 2):
        if (xmin, xmax) == (ends[0], ends[-1]) or not MIN_CUT_PIECE * height <= xmax - xmin <= MAX_WIDTH * height:
            continue
        piece = _tight(component, xmin, xmax)
        if piece is not None and piece[2] - piece[0] >= MIN_HEIGHT * height:
            pieces.append(piece)
    return pieces


def _union(a: PixelBox, b: PixelBox) -> PixelBox:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _merge(pieces: list[PixelBox], height: float) -> list[PixelBox]:
    """Unions of two neighbouring components, one of them too low to be a character, that make one together."""
    merged = []
    pieces = sorted(pieces, key=lambda box: box[1])
    for index, first in enumerate(pieces):
        for second in pieces[index + 1 : index + 3]:
            both = _union(first, second)
            broken = min(first[2] - first[0], second[2] - second[0]) < 0.8 * height
            if (
                broken
                and second[1] - first[3] < MERGE_GAP * height
                and both[3] - both[1] <= 0.85 * height
                and both[2] - both[0] >= 0.75 * height
            ):
                merged.append(both)
    return merged


def find_candidates(ink: np.ndarray, row: Row) -> list[tuple[PixelBox, bool]]:
    """Possible characters of one row, left to right; they may overlap.

    Args:
        ink: bool (h, w), the levelled picture's ink mask.
        row: where the row lies in it.

    Returns:
        ``(box, whole)``: ymin, xmin, ymax, xmax in pixels of ``ink``; whole is False for cut and merged ones.
    """
    if row.height < 4:
        return []
    band = _band_ink(ink, row)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(band.astype(np.uint8), connectivity=8)
    whole: list[PixelBox] = []
    derived: list[PixelBox] = []
    pieces: list[PixelBox] = []
    for index in range(1, count):
        xmin, ymin, width, height = (int(v) for v in stats[index, :4])
        box = (ymin, xmin, ymin + height, xmin + width)
        if MIN_PIECE_HEIGHT * row.height <= height and width <= MAX_WIDTH * row.height:
            pieces.append(box)
        if height < MIN_HEIGHT * row.height or width < MIN_WIDTH * row.height:
            continue
        if width <= MAX_WIDTH * row.height:
            whole.append(box)
        if width > CUT_ABOVE_WIDTH * row.height:
            derived.extend(_cut(labels == index, box, row.height))
    derived.extend(box for box in _merge(pieces, row.height) if box not in whole)
    found = dict.fromkeys(whole, True) | {box: False for box in derived if box not in whole}
    return sorted(list(found.items())[:MAX_CANDIDATES], key=lambda item: item[0][1])
