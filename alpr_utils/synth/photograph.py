"""From linear light to the JPEG of a phone: stray pixels, glow, exposure, white balance, softness, noise."""

import cv2
import numpy as np


def _without_fireflies(light: np.ndarray) -> np.ndarray:
    """Replace single pixels that a rare bright ray has hit; lamps, which are larger, stay."""
    median = cv2.medianBlur(light, 3)
    stray = light.max(2) > 2.5 * median.max(2) + 0.02 * float(np.mean(light))
    return np.where(stray[..., None], median, light)


def _bloom(light: np.ndarray) -> np.ndarray:
    bright = np.clip(light - 3, 0, 30)
    if not bright.any():
        return light
    return light + 0.10 * cv2.GaussianBlur(bright, (0, 0), 7) + 0.06 * cv2.GaussianBlur(bright, (0, 0), 28)


def develop(light: np.ndarray, middle_grey: float, warmth: float, rng: np.random.Generator) -> np.ndarray:
    """Make a picture of ``light: float32 (H, W, 3)``, linear.

    Args:
        middle_grey: brightness that the picture's typical pixel gets, 0..1.
        warmth: gain of red against blue.

    Returns:
        uint8 (H, W, 3) RGB.
    """
    light = _without_fireflies(light)
    grey = light.mean(2)
    typical = float(np.exp(np.log(np.clip(grey, 1e-4, 4)).mean()))
    exposed = _bloom(light * (middle_grey**2.2 / typical)) * np.array([1 + warmth / 2, 1, 1 - warmth / 2], np.float32)
    shown = (1 - np.exp(-1.15 * exposed)) ** (1 / 2.2)
    pixels = np.clip(shown * 255, 0, 255).astype(np.uint8)
    pixels = cv2.bilateralFilter(pixels, 5, 22, 2)
    soft = cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), float(rng.uniform(0.4, 0.8)))
    noise = rng.normal(0, rng.uniform(1.0, 2.5), soft.shape)
    return np.clip(soft + noise, 0, 255).astype(np.uint8)
