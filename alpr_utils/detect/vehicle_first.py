"""Small plates in large pictures: vehicles are found first, then plates in each of them at full resolution."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from alpr_utils.boxes import clip, enlarge
from alpr_utils.detect.detector import VEHICLE_DETECTOR, Detection, Detector
from alpr_utils.detect.exported import load_detector
from alpr_utils.detect.windows import Window, detect_in_window, fully_seen, merge
from alpr_utils.errors import ModelError
from alpr_utils.models.paths import default_models_dir
from alpr_utils.runtime.network import DEFAULT_RUNTIME, RuntimeOptions

# As label maps trained on COCO, Pascal VOC, Open Images and our own scenes call them.
VEHICLE_LABELS = ("vehicle", "car", "truck", "bus", "motorcycle", "motorbike", "van")
MARGIN = 0.12  # share of the vehicle's box: plates hang at its lower edge, and boxes are not exact
LEAST_CUT = 480  # pixels; smaller cuts only become blurred when they are enlarged: 320 gave more false boxes
LARGEST_CUT_SHARE = 0.7  # of the picture's longer side; a larger cut shows little more than the whole picture
MOST_CUTS = 24  # vehicles with the highest scores; limits the time for a crowded car park


def check_vehicle_detector(name_or_path: str | Path, models_dir: Path) -> None:
    """Raises `ModelError` when there is no such model."""
    if not (models_dir / name_or_path).exists() and not Path(name_or_path).exists():
        raise ModelError(
            f"no vehicle detector '{name_or_path}' in {models_dir}; train one (docs/training.md) or put an Object "
            "Detection API model trained on COCO there, with its label_map.pbtxt, and give its name or path."
        )


def load_vehicle_detector(
    name_or_path: str | Path = VEHICLE_DETECTOR,
    models_dir: Path | None = None,
    runtime: RuntimeOptions = DEFAULT_RUNTIME,
) -> Detector:
    """Open a vehicle detector, any folder that `load_detector` opens and whose label map names vehicles.

    Raises:
        ModelError: it is missing, damaged, or its label map has no vehicles.
    """
    models_dir = models_dir or default_models_dir()
    check_vehicle_detector(name_or_path, models_dir)
    detector = load_detector(name_or_path, models_dir, runtime)
    if not any(label.lower() in VEHICLE_LABELS for label in detector.labels.values()):
        labels = ", ".join(list(detector.labels.values())[:5])
        raise ModelError(
            f"{name_or_path}: its label_map.pbtxt names {labels} and no vehicle; "
            f"choose a model that finds one of {', '.join(VEHICLE_LABELS)}."
        )
    return detector


def _span(low: float, high: float, limit: int) -> tuple[int, int]:
    """``low`` to ``high`` in whole pixels, at least ``LEAST_CUT`` of them where ``limit`` allows, inside 0..limit."""
    side = min(max(high - low, LEAST_CUT), limit)
    start = min(max((low + high - side) / 2, 0), limit - side)
    return int(start), min(int(np.ceil(start + side)), limit)


def _shows(cut: Window, box: np.ndarray) -> bool:
    """Whether ``cut`` contains ``box`` (4,), ymin, xmin, ymax, xmax, pixels, and is not much larger."""
    ymin, xmin, ymax, xmax = box
    inside = cut.top <= ymin and cut.left <= xmin and cut.bottom >= ymax and cut.right >= xmax
    largest = 2 * max(ymax - ymin, xmax - xmin, LEAST_CUT)
    return bool(inside and max(cut.bottom - cut.top, cut.right - cut.left) <= largest)


def cuts_of(vehicles: Sequence[Detection], height: int, width: int) -> list[Window]:
    """The parts of a ``height`` x ``width`` picture to search: the vehicles with a margin, best first.

    Vehicles that fill the picture, and those that the cut of another one contains, get no cut of their own.
    """
    cuts: list[Window] = []
    for vehicle in vehicles[:MOST_CUTS]:
        box = clip(enlarge(np.array(vehicle.box), MARGIN)) * [height, width, height, width]
        (top, bottom), (left, right) = _span(box[0], box[2], height), _span(box[1], box[3], width)
        too_large = max(bottom - top, right - left) > LARGEST_CUT_SHARE * max(height, width)
        if not too_large and not any(_shows(cut, box) for cut in cuts):
            cuts.append(Window(top, left, bottom, right))
    return cuts


class VehicleFirstDetector:
    """A detector that also runs on each vehicle of large pictures.

    Args:
        inner: finds the plates in a picture or a cut.
        vehicles: finds the vehicles; its detections of other classes are ignored.
    """

    def __init__(self, inner: Detector, vehicles: Detector):
        self.name, self.threshold = f"{inner.name} + {vehicles.name}", inner.threshold
        self._inner, self._vehicles = inner, vehicles

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        """Find plates in ``image: uint8 (H, W, 3) RGB``; best first, at or above ``min_score`` (default: threshold).

        ``min_score`` is for plates; vehicles are always found at their detector's own threshold.
        """
        height, width = image.shape[:2]
        found = self._inner.detect(image, min_score)
        if max(height, width) <= fully_seen(self._inner):
            return found
        vehicles = [v for v in self._vehicles.detect(image) if v.label.lower() in VEHICLE_LABELS]
        cuts = cuts_of(vehicles, height, width)
        if not cuts:
            return found
        for cut in cuts:
            found = found + detect_in_window(self._inner, image, cut, min_score)
        return merge(found)
