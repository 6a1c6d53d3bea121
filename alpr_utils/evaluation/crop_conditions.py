"""How hard is a plate to read: how blurred, tilted, dark and small it is in its crop."""

from dataclasses import dataclass

import cv2
import numpy as np

_FAINT = 4.0  # grey levels; a crop with less contrast than this has no edge to measure


@dataclass(frozen=True)
class Conditions:
    """What a camera made of a plate.

    Attributes:
        blur: pixels that its steepest edges take from dark to light; 2 and less is sharp.
        tilt: angle of its rows against the horizontal, 0..90 degrees; None where its corners are not known.
        darkness: 0 where its lightest part is white, 1 where it is black, whatever the colour of its ground.
        width: of its crop, in pixels.
    """

    blur: float
    tilt: float | None
    darkness: float
    width: int


def blur(crop: np.ndarray) -> float:
    """`Conditions.blur` of ``crop: uint8 (H, W, 3)`` RGB; the crop's width where it has no contrast at all."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    darkest, lightest = np.percentile(grey, (5, 95))
    # Sobel's kernels add up to eight times the step from one pixel to the next.
    steps = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 8
    contrast, steepest = float(lightest - darkest), float(np.percentile(steps, 99))
    if contrast < _FAINT or steepest == 0:
        return float(crop.shape[1])
    return min(contrast / steepest, float(crop.shape[1]))


def darkness(crop: np.ndarray) -> float:
    """`Conditions.darkness` of ``crop: uint8 (H, W, 3)`` RGB."""
    return 1 - float(np.percentile(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), 95)) / 255


def tilt(corners: np.ndarray) -> float:
    """`Conditions.tilt` of ``corners: (4, 2)``, x, y in pixels, clockwise from the top left."""
    along = corners[1] - corners[0] + corners[2] - corners[3]
    return float(np.degrees(np.arctan2(abs(along[1]), abs(along[0]))))


def conditions_of(crop: np.ndarray, corners: np.ndarray | None) -> Conditions:
    """The conditions of ``crop: uint8 (H, W, 3)`` RGB.

    ``corners: (4, 2)``, x, y in pixels, clockwise from the plate's top left; None where they are not known.
    """
    angle = None if corners is None else round(tilt(corners), 2)
    return Conditions(round(blur(crop), 2), angle, round(darkness(crop), 3), crop.shape[1])
