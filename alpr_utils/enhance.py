"""Light and colour correction: each step a pure function from picture to picture, usable on photos and on plates.

Every function takes and returns ``uint8``, ``(H, W)`` grey or ``(H, W, 3)`` RGB, of unchanged shape.
"""

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np

Enhance: TypeAlias = Callable[[np.ndarray], np.ndarray]  # uint8 (H, W, 3) RGB -> the same

_DARKEST_GROUND = 40  # below this a ground is black, and dividing by it would only raise noise


def _odd(size: int) -> int:
    return max(3, size | 1)


def _stretch(channel: np.ndarray) -> np.ndarray:
    """Stretch one channel to 0..255; a channel without any contrast is left as it is."""
    low, high = int(channel.min()), int(channel.max())
    if high == low:
        return channel.copy()
    return np.asarray(cv2.normalize(channel, None, 0, 255, cv2.NORM_MINMAX), np.uint8)  # type: ignore[call-overload]


def estimate_background(image: np.ndarray, dilation_size: int = 7, median_size: int = 21) -> np.ndarray:
    """The picture without its dark strokes: dilation wipes thin dark marks away, the median smooths what is left.

    Args:
        image: uint8 (H, W) or (H, W, 3).
        dilation_size: side of the dilation square in pixels; larger than a stroke is wide.
        median_size: side of the median window in pixels; about three times as large.
    """
    size = _odd(dilation_size)
    return cv2.medianBlur(cv2.dilate(image, np.ones((size, size), np.uint8)), _odd(median_size))


def remove_shadows(image: np.ndarray, dilation_size: int = 7, median_size: int = 21) -> np.ndarray:
    """Flatten uneven light: what differs from the estimated background stays dark, all else turns white.

    The absolute difference is divided by the background, because a stroke in the shade differs less in grey levels but
    by the same share of the light. Works on each channel alone, so coloured shadows go too. Sizes as in
    :func:`estimate_background`.
    """
    if image.size == 0:
        return image.copy()
    background = estimate_background(image, dilation_size, median_size)
    light = np.maximum(background, _DARKEST_GROUND).astype(np.float32)
    flat = np.clip(255 - 255 * (cv2.absdiff(image, background) / light), 0, 255).astype(np.uint8)
    if flat.ndim == 2:
        return _stretch(flat)
    return np.dstack([_stretch(flat[..., channel]) for channel in range(flat.shape[2])])


def equalise_contrast(image: np.ndarray, clip_limit: float = 2.0, tiles: int = 8) -> np.ndarray:
    """CLAHE (Zuiderveld 1994): equalise brightness tile by tile, with limited gain, on L of LAB so that colours stay.

    Args:
        image: uint8 (H, W) or (H, W, 3) RGB.
        clip_limit: how often the mean bin height may be exceeded; higher means stronger.
        tiles: number of tiles along each side.
    """
    if image.size == 0:
        return image.copy()
    clahe = cv2.createCLAHE(clip_limit, (tiles, tiles))
    if image.ndim == 2:
        return clahe.apply(image)
    lightness, a, b = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2LAB))
    return cv2.cvtColor(cv2.merge([clahe.apply(lightness), a, b]), cv2.COLOR_LAB2RGB)


def balance_colours(image: np.ndarray) -> np.ndarray:
    """Grey world (Buchsbaum 1980): scale each channel so that all have the same mean; grey pictures stay as is."""
    if image.ndim == 2 or image.size == 0:
        return image.copy()
    means = image.reshape(-1, 3).mean(axis=0)
    gains = means.mean() / np.maximum(means, 1.0)
    scaled = np.clip(np.rint(np.arange(256)[:, None] * gains), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, scaled[None]), np.uint8)  # the product itself would take 8 times the memory


def enhance(image: np.ndarray, *, colours: bool = True, contrast: bool = True, shadows: bool = False) -> np.ndarray:
    """Apply the chosen steps in the order colour balance, contrast, shadow removal.

    Shadow removal flattens everything larger than a pen stroke, so it belongs to reading, not to finding plates, and
    is off by default.

    Args:
        image: uint8 (H, W, 3) RGB.
        colours: grey-world colour balance.
        contrast: CLAHE.
        shadows: background estimate, difference, normalisation.
    """
    if colours:
        image = balance_colours(image)
    if contrast:
        image = equalise_contrast(image)
    if shadows:
        image = remove_shadows(image)
    return image
