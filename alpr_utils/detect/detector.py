"""The interface of every plate detector."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

DEFAULT_DETECTOR = "plate_detector_two_looks"
VEHICLE_DETECTOR = "vehicle_detector_ssd"


@dataclass(frozen=True)
class Detection:
    """One found object.

    Attributes:
        box: ymin, xmin, ymax, xmax, normalised to 0..1.
        score: confidence, 0..1.
        label: class name of the label map, e.g. ``plate``.
    """

    box: tuple[float, float, float, float]
    score: float
    label: str = "plate"


class Detector(Protocol):
    """Anything with a name, an operating threshold and a ``detect`` method."""

    name: str
    threshold: float

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        """Find plates in ``image: uint8 (H, W, 3) RGB``; best first, at or above ``min_score`` (default: threshold)."""
        ...
