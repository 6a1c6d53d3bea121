"""Which labelled plate does each found box stand for? The one definition of "found"."""

from collections.abc import Sequence

import numpy as np

from alpr_utils.boxes import iou_matrix, to_pixels
from alpr_utils.detect.detector import Detection

FOUND_IOU = 0.5  # from this overlap on, a plate counts as found
TOUCHED_IOU = 0.1  # from this overlap on, a plate that was not found counts as badly localised
MIN_SCORE_FOR_AP = 0.01  # average precision needs the whole ranking, including boxes far below the operating threshold


def boxes_px(found: Sequence[Detection], height: int, width: int) -> np.ndarray:
    """The boxes of detections in pixels of a ``height`` x ``width`` picture: float64 (N, 4), ymin, xmin, ymax, xmax."""
    return to_pixels([detection.box for detection in found], height, width)


def _assign(ious: np.ndarray, least: float) -> np.ndarray:
    """For each row of ``ious: (M, N)`` the free column of the largest IoU, from ``least`` on; -1 for none."""
    free = ious.copy()
    columns = np.full(len(ious), -1)
    for row in range(len(ious) if ious.shape[1] else 0):
        column = int(free[row].argmax())
        if free[row, column] >= least:
            columns[row] = column
            free[:, column] = -1
    return columns


def match(boxes: np.ndarray, plates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The plate that each box stands for.

    As in COCO's evaluation each box takes the plate that it overlaps most, from IoU 0.5 on, among those that no better
    box has taken. The remaining boxes are then matched with the remaining plates in the same way from IoU 0.1 on.

    Args:
        boxes: float (M, 4), ymin, xmin, ymax, xmax, best first.
        plates: float (N, 4), in the same unit.

    Returns:
        For each box the number of its plate, int (M,), -1 for none, and their IoU, float (M,), 0 for none.
    """
    ious = iou_matrix(boxes, plates)
    found = _assign(ious, FOUND_IOU)
    rest = ious.copy()
    rest[found >= 0] = -1
    rest[:, found[found >= 0]] = -1
    numbers = np.where(found >= 0, found, _assign(rest, TOUCHED_IOU))
    return numbers, np.array([ious[row, number] if number >= 0 else 0.0 for row, number in enumerate(numbers)])
