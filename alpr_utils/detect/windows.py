"""A detector run on parts of a picture at full resolution, and its detections merged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from alpr_utils.boxes import area, intersection
from alpr_utils.detect.detector import Detection, Detector

# For detectors whose metadata gives no size. With the SSD, tiles of 640 found no more CCTV plates in twice the time.
USUAL_LONG_SIDE = 960
# Pixels. Wider plates are found in the whole picture; a detection that is wider in a part of it is mostly wrong.
LARGE_PLATE = 160
SAME_PLATE_IOU = 0.4
# Of a loose and a tight box around one plate, or of a plate and a piece of it, only the better one is kept.
SAME_PLATE_CONTAINED = 0.7
_TOUCHING = 0.01  # share of the window's side


@dataclass(frozen=True)
class Window:
    """A part of a picture in whole pixels; ``bottom`` and ``right`` are the first row and column outside."""

    top: int
    left: int
    bottom: int
    right: int


def fully_seen(detector: Detector) -> int:
    """Long side in pixels of the largest pictures that ``detector`` does not shrink; parts of them show nothing new."""
    sides = getattr(detector, "metadata", {}).get("input_long_sides") or (USUAL_LONG_SIDE,)
    return int(sides[0])


def detect_in_window(detector: Detector, image: np.ndarray, window: Window, min_score: float | None) -> list[Detection]:
    """What ``detector`` finds in one part of ``image: uint8 (H, W, 3)`` RGB, boxes in 0..1 of the whole picture.

    Boxes that touch an edge of the window inside the picture are left out, because they show a piece of a plate, and
    so are those wider than ``LARGE_PLATE``.
    """
    height, width = image.shape[:2]
    part = np.ascontiguousarray(image[window.top : window.bottom, window.left : window.right])
    # Only the edges of the picture itself may cut plates.
    low = [_TOUCHING if window.top > 0 else -1.0, _TOUCHING if window.left > 0 else -1.0]
    high = [1 - _TOUCHING if window.bottom < height else 2.0, 1 - _TOUCHING if window.right < width else 2.0]
    scale = np.array([part.shape[0] / height, part.shape[1] / width] * 2)
    offset = np.array([window.top / height, window.left / width] * 2)
    found = []
    for detection in detector.detect(part, min_score):
        box = np.array(detection.box, np.float64)
        whole = (box[:2] > low).all() and (box[2:] < high).all()
        if whole and (box[3] - box[1]) * part.shape[1] <= LARGE_PLATE:
            ymin, xmin, ymax, xmax = (float(side) for side in box * scale + offset)
            found.append(replace(detection, box=(ymin, xmin, ymax, xmax)))
    return found


def merge(detections: Sequence[Detection]) -> list[Detection]:
    """``detections`` without repetitions, best first: of boxes that overlap or contain each other the best is kept.

    Two boxes are one plate when their IoU is above ``SAME_PLATE_IOU``, or when they share more than
    ``SAME_PLATE_CONTAINED`` of the smaller one.
    """
    ordered = sorted(detections, key=lambda detection: -detection.score)
    if not ordered:
        return []
    boxes = np.array([detection.box for detection in ordered], np.float64)
    areas = np.maximum(area(boxes), 1e-12)
    shared = intersection(boxes, boxes)
    iou = shared / (areas[:, None] + areas[None, :] - shared)
    contained = shared / np.minimum(areas[:, None], areas[None, :])
    same = (iou > SAME_PLATE_IOU) | (contained > SAME_PLATE_CONTAINED)
    kept: list[int] = []
    for index in range(len(ordered)):
        if not same[index, kept].any():
            kept.append(index)
    return [ordered[index] for index in kept]
