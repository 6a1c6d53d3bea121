"""From linear light to the JPEG of a phone: stray pixels, glow, exposure, white balance, softness, noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Glow:
    """A lamp that shines into the camera; ``light`` is linear RGB where 1 is almost white."""

    x_px: float
    y_px: float
    radius_px: float
    light: tuple[float, float, float]


def _without_fireflies(light: np.ndarray) -> np.ndarray:
    """Replace single pixels that a rare bright ray has hit; lamps, which are larger, stay."""
    median = cv2.medianBlur(light, 3)
    stray = light.max(2) > 2.5 * median.max(2) + 0.02 * float(np.mean(light))
    return np.where(stray[..., None], median, light)


def _add_glow(light: np.ndarray, glow: Glow) -> None:
    """A white-hot disc with a halo, in place."""
    y, x = np.ogrid[: light.shape[0], : light.shape[1]]
    away = np.hypot(x - glow.x_px, y - glow.y_px).astype(np.float32) / max(glow.radius_px, 1.0)
    strength = np.clip(1.5 - away, 0, 1) + 0.35 / (1 + away**2) + 0.02 / (1 + (away / 7) ** 2)
    light += strength[..., None] * np.array(glow.light, np.float32)


def develop(
    light: np.ndarray, middle_grey: float, warmth: float, glows: Sequence[Glow], rng: np.random.Generator
) -> np.ndarray:
    """Make a picture of ``light: float32 (H, W, 3)``, linear.

    Args:
        middle_grey: brightness that the picture's typical pixel gets, 0..1.
        warmth: gain of red against blue.
        glows: lamps that burn in the picture.

    Returns:
        uint8 (H, W, 3) RGB.
    """
    light = _without_fireflies(light)
    grey = light.mean(2)
    typical = float(np.exp(np.log(np.clip(grey, 1e-4, 4)).mean()))
    exposed = light * np.array([1 + warmth / 2, 1, 1 - warmth / 2], np.float32) * (middle_grey**2.2 / typical)
    for glow in glows:
        _add_glow(exposed, glow)
    shown = (1 - np.exp(-1.15 * exposed)) ** (1 / 2.2)
    pixels = np.clip(shown * 255, 0, 255).astype(np.uint8)
    pixels = cv2.fastNlMeansDenoisingColored(pixels, None, 4, 6, 5, 13)
    soft = cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), float(rng.uniform(0.4, 0.8)))
    noise = rng.normal(0, rng.uniform(0.5, 1.8), soft.shape)
    return np.clip(soft + noise, 0, 255).astype(np.uint8)
