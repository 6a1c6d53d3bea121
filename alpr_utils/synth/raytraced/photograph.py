"""From linear light to the picture of a phone: exposure, white balance, plates, glowing lamps, softness, noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.synth.photo.view import warp_plate
from alpr_utils.synth.plate.render import RenderedPlate

_GAMMA, _SHOULDER = 2.2, 1.15
_DENOISE_STRENGTH = 6


@dataclass(frozen=True)
class Glow:
    """A lamp that shines into the camera; ``light`` is linear RGB, (3,), where 1 is almost white."""

    x_px: float
    y_px: float
    radius_px: float
    light: np.ndarray


@dataclass(frozen=True)
class LaidPlate:
    """A plate to be laid on its blank; ``homography`` (3, 3) from its pixels to the picture's."""

    plate: RenderedPlate
    homography: np.ndarray


@dataclass(frozen=True)
class Exposure:
    """How the camera is set: brightness of the typical pixel, 0..1, and gain of red against blue."""

    middle_grey: float
    warmth: float


def _shown(light: np.ndarray) -> np.ndarray:
    """Film curve: linear light to brightness 0..1."""
    return (1 - np.exp(-_SHOULDER * light)) ** (1 / _GAMMA)


def _exposed(shown: np.ndarray) -> np.ndarray:
    """The light that gave this brightness, the inverse of `_shown`."""
    return -np.log(1 - np.minimum(shown, 0.995) ** _GAMMA) / _SHOULDER


def _without_fireflies(light: np.ndarray) -> np.ndarray:
    """Replace single pixels that a rare bright ray has hit."""
    median = cv2.medianBlur(light, 3)
    stray = light.max(2) > 2.5 * median.max(2) + 0.02 * float(np.mean(light))
    return np.where(stray[..., None], median, light)


def _clean(light: np.ndarray, exposure: Exposure, size: tuple[int, int]) -> np.ndarray:
    """Exposed, denoised and enlarged to ``size`` width, height: float32, linear."""
    light = _without_fireflies(light)
    typical = float(np.exp(np.log(np.clip(light.mean(2), 1e-4, 4)).mean()))
    gains = np.array([1 + exposure.warmth / 2, 1, 1 - exposure.warmth / 2], np.float32)
    shown = _shown(light * gains * (exposure.middle_grey**_GAMMA / typical))
    pixels = (shown * 255).astype(np.uint8)
    smooth = cv2.fastNlMeansDenoisingColored(pixels, None, _DENOISE_STRENGTH, _DENOISE_STRENGTH, 5, 15)
    enlarged = cv2.resize(smooth, size, interpolation=cv2.INTER_CUBIC)
    return _exposed(enlarged.astype(np.float32) / 255)


def _lay_plate(light: np.ndarray, laid: LaidPlate, blank: float) -> None:
    """Print the plate on its blank, in place; the blank reflects the share ``blank`` of the light that falls on it."""
    front, cover = warp_plate(laid.plate, laid.homography, (light.shape[1], light.shape[0]))
    printed = light / blank * (front.astype(np.float32) / 255) ** _GAMMA
    light += cover * (printed - light)


def _add_glow(light: np.ndarray, glow: Glow) -> None:
    """A white-hot disc with a halo, in place."""
    y, x = np.ogrid[: light.shape[0], : light.shape[1]]
    away = np.hypot(x - glow.x_px, y - glow.y_px).astype(np.float32) / max(glow.radius_px, 1.0)
    strength = np.clip(1.5 - away, 0, 1) + 0.35 / (1 + away**2) + 0.012 / (1 + (away / 7) ** 2)
    light += strength[..., None] * glow.light.astype(np.float32)


def develop(
    light: np.ndarray,
    size: tuple[int, int],
    exposure: Exposure,
    plates: Sequence[LaidPlate],
    blank: float,
    glows: Sequence[Glow],
    rng: np.random.Generator,
) -> np.ndarray:
    """Make a picture of ``size`` width, height.

    Args:
        light: float32 (h, w, 3), linear; may be smaller than the picture, since plates are printed at full size.
        plates: the plates in the picture.
        blank: share of light that the blanks under them throw back.
        glows: lamps that burn in the picture.

    Returns:
        uint8 (H, W, 3) RGB.
    """
    exposed = _clean(light, exposure, size)
    for laid in plates:
        _lay_plate(exposed, laid, blank)
    for glow in glows:
        _add_glow(exposed, glow)
    soft = cv2.GaussianBlur(_shown(exposed) * 255, (0, 0), float(rng.uniform(0.4, 0.8)))
    noise = rng.standard_normal(soft.shape, np.float32) * float(rng.uniform(0.6, 2.0))
    return np.clip(soft + noise, 0, 255).astype(np.uint8)
