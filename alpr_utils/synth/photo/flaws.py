"""Flaws that a far, fast or dark camera adds to a finished picture, each as exactly as it is asked for.

The measures of hard conditions and the training of readers use them; the generator's own camera is in `camera`.
"""

import cv2
import numpy as np

from alpr_utils.images.motion import line_kernel

GAMMA = 2.2
DARKER, BRIGHTENED = 8.0, 3.0  # linear light; the camera gives back less than the lamp has lost
WHITE_PHOTONS, READ_NOISE = 900.0, 0.002


def shrunk(image: np.ndarray, factor: float) -> np.ndarray:
    """uint8 (H, W) or (H, W, 3) -> ``factor`` times as large, by area averaging; nothing is enlarged."""
    if factor >= 1:
        return image
    width, height = (max(1, round(side * factor)) for side in image.shape[1::-1])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def moved(image: np.ndarray, length: float, angle: float) -> np.ndarray:
    """uint8 (H, W) or (H, W, 3) blurred along a line of ``length`` pixels; the edge is repeated outside."""
    return cv2.filter2D(image, -1, line_kernel(length, angle), borderType=cv2.BORDER_REPLICATE)


def darkened(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Less light: shot noise, read noise, then gain; uint8 of any shape, unchanged in shape."""
    light = (image.astype(np.float32) / 255) ** GAMMA / DARKER
    counted = rng.poisson(light * WHITE_PHOTONS).astype(np.float32) / WHITE_PHOTONS
    counted += READ_NOISE * rng.standard_normal(image.shape, np.float32)
    return np.round(255 * np.clip(BRIGHTENED * counted, 0, 1) ** (1 / GAMMA)).astype(np.uint8)
