"""What a camera makes of a painted scene: glaring lamps, blur, noise, tones, JPEG."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from alpr_utils.synth.photo.camera import motion_kernel, through_jpeg
from alpr_utils.synth.plate.ranges import Range

_TILE = (848, 1408)  # larger than the picture, so that its noise never repeats at the same place


@dataclass(frozen=True)
class SceneCameraRanges:
    """Ranges that the faults of a camera are drawn from.

    Attributes:
        defocus_px: standard deviation of the blur, pixels.
        motion: probability of motion blur of ``motion_px`` pixels.
        noise: standard deviation of the sensor noise, 0..255; ``dark_noise`` where lamps burn.
        resample: probability that the picture was stored smaller, by ``resample_factor``, and enlarged again.
        contrast, brightness: factor around the middle tone, and shift of all tones, 0..255.
        tint: standard deviation of each colour's gain.
        grey: probability of a grey picture by daylight.
        sharpen: probability of halos.
        jpeg_quality: quality of the stored picture.
    """

    defocus_px: Range = (0.35, 1.3)
    motion: float = 0.15
    motion_px: Range = (2, 7)
    noise: Range = (0.5, 5)
    dark_noise: Range = (2, 10)
    resample: float = 0.2
    resample_factor: Range = (0.5, 0.85)
    contrast: Range = (0.8, 1.25)
    brightness: Range = (-18, 18)
    tint: float = 0.04
    grey: float = 0.05
    sharpen: float = 0.3
    jpeg_quality: Range = (45, 95)


def add_lamp(canvas: np.ndarray, x: float, y: float, radius: float, colour: tuple[float, float, float]) -> None:
    """A burning lamp with its halo on ``canvas: uint8``, in place; ``colour`` 0..255."""
    reach = int(np.ceil(8 * radius)) + 2
    x0, y0 = max(round(x) - reach, 0), max(round(y) - reach, 0)
    window = canvas[y0 : max(round(y) + reach, 0), x0 : max(round(x) + reach, 0)]
    if not window.size:
        return
    rows, columns = np.ogrid[y0 : y0 + window.shape[0], x0 : x0 + window.shape[1]]
    away = np.hypot(columns - x, rows - y).astype(np.float32) / np.float32(max(radius, 0.8))
    strength = np.clip(1.5 - away, 0, 1) + 0.5 / (1 + away**2) * np.clip(1 - away / 8, 0, 1)
    window[:] = np.clip(window + strength[..., None] * np.array(colour, np.float32), 0, 255).astype(np.uint8)


@cache
def _noise_tile() -> np.ndarray:
    """Grain of a sensor of unit strength, float32 (H, W, 3); the same in every process."""
    return np.random.default_rng(0).standard_normal((*_TILE, 3), np.float32)


def _blurred(image: np.ndarray, ranges: SceneCameraRanges, rng: np.random.Generator) -> np.ndarray:
    image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(*ranges.defocus_px)))
    if rng.random() < ranges.motion:
        length = max(2, round(float(rng.uniform(*ranges.motion_px))))
        angle = float(rng.normal(0, 0.5)) + (np.pi / 2 if rng.random() < 0.25 else 0)
        image = cv2.filter2D(image, -1, motion_kernel(length, angle, length // 2 + 1))
    if rng.random() < ranges.resample:
        factor = float(rng.uniform(*ranges.resample_factor))
        small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return image


def _toned(image: np.ndarray, ranges: SceneCameraRanges, rng: np.random.Generator) -> np.ndarray:
    """Contrast, brightness and tint by a table for each colour."""
    contrast, shift = rng.uniform(*ranges.contrast), rng.uniform(*ranges.brightness)
    gains = 1 + rng.normal(0, ranges.tint, 3)
    tones = np.arange(256)[:, None] * gains
    table = np.clip((tones - 110) * contrast + 110 + shift, 0, 255).astype(np.uint8)
    return cv2.LUT(image, table[None])


def _noisy(image: np.ndarray, strength: float, grey: bool, rng: np.random.Generator) -> np.ndarray:
    tile = _noise_tile()
    y, x = (int(rng.integers(have - need + 1)) for have, need in zip(_TILE, image.shape, strict=False))
    grain = tile[y : y + image.shape[0], x : x + image.shape[1]]
    if grey:
        grain = np.repeat(grain[..., :1], 3, 2)
    return np.clip(cv2.scaleAdd(grain, strength, image.astype(np.float32)), 0, 255).astype(np.uint8)


def take_picture(
    image: np.ndarray, ranges: SceneCameraRanges, dark: bool, infrared: bool, rng: np.random.Generator
) -> np.ndarray:
    """Photograph ``image: uint8 (H, W, 3)`` RGB of at most 1408x848: the same shape and type."""
    grey = infrared or bool(rng.random() < ranges.grey)
    image = _toned(_blurred(image, ranges, rng), ranges, rng)
    if grey:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)
    image = _noisy(image, float(rng.uniform(*(ranges.dark_noise if dark else ranges.noise))), grey, rng)
    if rng.random() < ranges.sharpen:
        amount = float(rng.uniform(0.3, 0.9))
        image = cv2.addWeighted(image, 1 + amount, cv2.GaussianBlur(image, (0, 0), 1.2), -amount, 0)
    return through_jpeg(image, int(rng.uniform(*ranges.jpeg_quality)))
