"""How the training samples of a detector differ from the photos that they come from."""

from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.detect.scaling import LONG_SIDES


@dataclass(frozen=True)
class PhotoAugmentation:
    """How far a training sample may differ from its photo.

    Attributes:
        long_side: pixels of the photo's long side at which the exported model looks; scales are relative to it.
        zoom: factor around that scale, smallest and largest (log-uniform).
        free_scale: share of samples whose plate width is drawn from ``plate_width`` instead.
        plate_width: pixels (log-uniform).
        stretch: largest factor between horizontal and vertical zoom.
        anywhere: share of windows that are not centred on a plate.
        low_res: share of samples that show the photo as small as its reduced copy, so that the network learns what is
            not a plate there: houses, for example, with their rows of windows.
        low_res_side: pixels of the long side of that copy; 0: there is none.
        grey, blur, noise, jpeg, shade: share of samples so degraded.
    """

    long_side: int = LONG_SIDES[0]
    zoom: tuple[float, float] = (0.55, 1.7)
    free_scale: float = 0.3
    plate_width: tuple[float, float] = (20.0, 340.0)
    stretch: float = 1.25
    anywhere: float = 0.3
    low_res: float = 0.15
    low_res_side: int = 0
    grey: float = 0.2
    blur: float = 0.25
    noise: float = 0.25
    jpeg: float = 0.15
    shade: float = 0.25


def degraded_photo(image: np.ndarray, rules: PhotoAugmentation, rng: np.random.Generator) -> np.ndarray:
    """Change light, colour and sharpness of ``image: uint8 (H, W, 3)``."""
    if rng.random() < rules.blur:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.4))
    values = image.astype(np.float32)
    if rng.random() < rules.grey:
        values[:] = values.mean(axis=2, keepdims=True)
    else:
        values *= rng.uniform(0.85, 1.15, 3).astype(np.float32)
    if rng.random() < rules.shade:
        values *= _shade(image.shape[:2], rng)
    mean = values.mean()
    values = (values - mean) * rng.uniform(0.6, 1.4) + mean * rng.uniform(0.5, 1.4)
    if rng.random() < rules.noise:
        values += rng.normal(0, rng.uniform(2, 12), image.shape[:2])[..., None]
    image = np.clip(values, 0, 255).astype(np.uint8)
    if rng.random() < rules.jpeg:
        encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])[1]
        image = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))
    return image


def _shade(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A light or shadow edge in any direction: float32 (H, W, 1) factors."""
    y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32) / max(size)
    angle, offset, softness = rng.uniform(0, 2 * np.pi), rng.uniform(-0.3, 0.3), rng.uniform(0.01, 0.5)
    distance = (x - 0.5) * np.cos(angle) + (y - 0.4) * np.sin(angle) + offset
    return (1 + rng.uniform(-0.5, 0.5) * np.clip(distance / softness, -1, 1))[..., None]
