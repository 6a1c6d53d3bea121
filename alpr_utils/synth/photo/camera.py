"""What the camera does to the light: defocus, motion, too few pixels, noise, sharpening, JPEG."""

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import cv2
import numpy as np

from alpr_utils.synth.plate.ranges import Range

# Blur is given for a plate of this width, so that small plates are not smeared beyond reading.
_REFERENCE_WIDTH_PX = 200
_LEAST_BLUR_PX = 0.3


@dataclass(frozen=True)
class CameraRanges:
    """How good the camera is; of blur and noise the lower half of the range is the more frequent.

    Attributes:
        defocus_px: standard deviation of the blur, in pixels of a plate 200 px wide.
        motion: probability of motion blur.
        motion_px: its length, in pixels of a plate 200 px wide.
        motion_deg: standard deviation of its direction against the horizontal.
        resample: probability of a further loss of resolution.
        resample_factor: size of the smaller picture in between, as a share.
        noise: standard deviation of the sensor noise, 0..255.
        dark_gain: the same where there is too little light, as a multiple.
        grain_px: size of a grain of the noise in pixels.
        sharpen: probability of the halo of sharpening.
        sharpen_amount: its strength; 1 doubles the contrast of an edge.
        grey: probability of a grey picture.
        jpeg_quality: quality of the saved picture, 1..100.
    """

    defocus_px: Range = (0.3, 1.3)
    motion: float = 0.15
    motion_px: Range = (2, 6)
    motion_deg: float = 40
    resample: float = 0.25
    resample_factor: Range = (0.5, 0.9)
    noise: Range = (0.4, 4.5)
    dark_gain: float = 1.3
    grain_px: Range = (1.0, 2.2)
    sharpen: float = 0.45
    sharpen_amount: Range = (0.3, 1.2)
    grey: float = 0.15
    jpeg_quality: Range = (45, 95)


def _mostly_low(limits: Range, rng: np.random.Generator) -> float:
    """Between the limits, with a density that falls as 1 / sqrt."""
    return limits[0] + (limits[1] - limits[0]) * rng.random() ** 2


@cache
def _normal_table() -> np.ndarray:
    """Standard normal deviates for equally likely bytes: float32 (256,)."""
    normal = NormalDist()
    return np.array([normal.inv_cdf((level + 0.5) / 256) for level in range(256)], np.float32)


def _noise(shape: tuple[int, int], grain_px: float, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """float32 ``shape``, normal, with grains of ``grain_px`` pixels."""
    small = (max(2, round(shape[0] / grain_px)), max(2, round(shape[1] / grain_px)))
    levels = rng.integers(0, 256, small, np.uint8)
    noise = cv2.LUT(levels, _normal_table() * np.float32(sigma))
    return noise if small == shape else cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_LINEAR)


def motion_kernel(length_px: float, angle: float, half: int) -> np.ndarray:
    """float32 (2 * half + 1, 2 * half + 1), a line of ``length_px`` through the middle, sum 1."""
    kernel = np.zeros((2 * half + 1,) * 2, np.float32)
    reach = length_px / 2 * np.array([np.cos(angle), np.sin(angle)])
    ends = [((half + sign * reach) * 16).astype(int).tolist() for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, 4)
    return kernel / kernel.sum()


def blurred(image: np.ndarray, plate_width_px: float, ranges: CameraRanges, rng: np.random.Generator) -> np.ndarray:
    """Defocus, motion and loss of resolution: float32 like ``image`` (H, W, 3)."""
    scale = plate_width_px / _REFERENCE_WIDTH_PX
    image = cv2.GaussianBlur(image, (0, 0), max(_LEAST_BLUR_PX, _mostly_low(ranges.defocus_px, rng) * scale))
    if rng.random() < ranges.motion:
        length = max(1.0, _mostly_low(ranges.motion_px, rng) * scale)
        angle = np.radians(rng.normal(0, ranges.motion_deg))
        image = cv2.filter2D(image, -1, motion_kernel(length, angle, int(np.ceil(length / 2))))
    if rng.random() < ranges.resample:
        factor = rng.uniform(*ranges.resample_factor)
        small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        enlarge = cv2.INTER_LINEAR if rng.random() < 0.5 else cv2.INTER_CUBIC
        image = cv2.resize(small, image.shape[1::-1], interpolation=enlarge)
    return image


def through_jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    """Saved and opened again: uint8 (H, W, 3) RGB or (H, W) grey."""
    colour = pixels.ndim == 3
    stored = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if colour else pixels
    _, data = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, quality])
    opened = cv2.imdecode(data, cv2.IMREAD_COLOR if colour else cv2.IMREAD_GRAYSCALE)
    return cv2.cvtColor(np.asarray(opened), cv2.COLOR_BGR2RGB) if colour else np.asarray(opened)


def captured(
    image: np.ndarray, infrared: bool, dark: bool, ranges: CameraRanges, rng: np.random.Generator
) -> np.ndarray:
    """Noise, sharpening, grey, JPEG: uint8 (H, W, 3) of float32 (H, W, 3)."""
    shape = image.shape[:2]
    sigma = _mostly_low(ranges.noise, rng) * (ranges.dark_gain if dark else 1)
    grain = rng.uniform(*ranges.grain_px)
    luma = _noise(shape, grain, sigma, rng)
    if rng.random() < ranges.grey or infrared:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) + luma
    else:
        # Colour noise is coarser, since cameras store colour at half the resolution.
        tint = [_noise(shape, 2 * grain, 0.5 * sigma, rng) for _ in range(2)]
        image = image + cv2.merge([luma + tint[0], luma, luma + tint[1]])
    if rng.random() < ranges.sharpen:
        soft = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.8, 2))
        amount = rng.uniform(*ranges.sharpen_amount)
        image = cv2.addWeighted(image, 1 + amount, soft, -amount, 0)
    pixels = np.clip(image, 0, 255).astype(np.uint8)
    saved = through_jpeg(pixels, int(rng.uniform(*ranges.jpeg_quality)))
    return saved if saved.ndim == 3 else cv2.cvtColor(saved, cv2.COLOR_GRAY2RGB)
