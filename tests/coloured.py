"""A detector and a reader of coloured boxes on grey, so that tests know what a clip shows."""

from collections.abc import Sequence

import cv2
import numpy as np

from alpr_utils import ALPR
from alpr_utils.detect.detector import Detection
from alpr_utils.read.reading import Reading

TEXTS = {0: "1234УБА", 1: "5678УНБ", 2: "9012УАВ"}  # by the colour channel of a box
ROAD_SIZE = (180, 320)


def road(*boxes: tuple[int, int, int]) -> np.ndarray:
    """A grey picture with a striped box of 40x20 pixels at each (channel, top, left)."""
    image = np.full((*ROAD_SIZE, 3), 90, np.uint8)
    for channel, top, left in boxes:
        window = image[max(top, 0) : max(top + 20, 0), max(left, 0) : max(left + 40, 0)]
        window[:] = 0
        window[..., channel] = 255
        window[4:16, 4::6, :] = 120
    return image


class ColourDetector:
    """Finds boxes that are black in two channels."""

    name = "colour"
    threshold = 0.5

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        mask = cv2.morphologyEx((image.min(-1) < 60).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
        height, width = image.shape[:2]
        found = []
        for left, top, wide, high, _ in cv2.connectedComponentsWithStats(mask)[2][1:]:
            if wide > 15 and high > 8:
                box = (top / height, left / width, (top + high) / height, (left + wide) / width)
                found.append(Detection(tuple(map(float, box)), 0.9))  # type: ignore[arg-type]
        return found


class ColourReader:
    """Reads the colour; grey or small crops give nothing."""

    name = "colour"
    weight_count = 0

    def read(self, crops: Sequence[np.ndarray], grammar: bool = True) -> list[Reading]:
        texts = [TEXTS[int(np.argmax(crop.reshape(-1, 3).astype(int).sum(0)))] for crop in crops]
        return [Reading(text, 0.9, (0.9,) * len(text), 1, "mn") for text in texts]


def coloured_alpr() -> ALPR:
    """A facade of both."""
    return ALPR(ColourDetector(), ColourReader())
