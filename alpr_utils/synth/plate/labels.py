"""The labels of a generated picture, whichever way it was made."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ScenePlate:
    """One plate of a generated scene; all coordinates in pixels of the picture.

    Attributes:
        text: canonical text.
        rows: rows of text.
        country: two-letter code.
        layout: name of its `PlateLayout`.
        box: float32 (4,), ymin, xmin, ymax, xmax, around the plate with its frame, as annotators draw it.
        corners: float32 (4, 2), x, y, clockwise from the plate's top left, without the frame.
        char_boxes: float32 (N, 4), ymin, xmin, ymax, xmax, axis aligned, in reading order.
    """

    text: str
    rows: int
    country: str
    layout: str
    box: np.ndarray
    corners: np.ndarray
    char_boxes: np.ndarray


@dataclass(frozen=True)
class LabelledScene:
    """A picture with everything in it that has a label.

    Attributes:
        image: uint8 (H, W, 3) RGB.
        plates: every plate wholly inside the picture.
        vehicles: float32 (M, 4), ymin, xmin, ymax, xmax in pixels, clipped to the picture.
    """

    image: np.ndarray
    plates: tuple[ScenePlate, ...]
    vehicles: np.ndarray
