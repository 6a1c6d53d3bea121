"""Motion blur: along which line a plate moved while it was photographed, and the plate as if it had stood still.

A camera that moves by L pixels in a straight line replaces each pixel by the mean of L pixels along it. In the
spectrum of the picture that multiplies by a sinc, whose zeros lie in equal distances, and the logarithm turns the
product into a sum. So the spectrum of the log spectrum, the cepstrum, dips at the two ends of the line, however the
plate looks (Rom 1975, "On the cepstrum of two-dimensional functions"). With the line known, Wiener's filter divides
the spectrum by that of the line, except where that is so small that only noise would grow.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

_LONGEST_SIDE = 240  # pixels in which motion is looked for; a network sees 160
_SPECTRUM = 256  # samples of a side
_FLOOR = 1e-3  # of the mean power, added to all, or the deepest zeros would decide alone
_SHARES = (0.04, 0.13)  # lengths of a line that are looked for, of the picture's width
_ANGLES, _LENGTHS = 48, 20
_SHORTEST = 5.0  # pixels; what moved less hardly suffers, and smaller pictures dip at short lines anyway
_NOISE = 0.004  # power of the noise against that of the picture, at the longest waves
_MORE_AT_SHORT_WAVES = 120.0


@dataclass(frozen=True)
class Motion:
    """A straight motion during the exposure.

    Attributes:
        length: as a share of the picture's width.
        angle: radians, 0 along the rows, clockwise as y points down.
        depth: of its dip in the cepstrum, in standard deviations of the places where dips may be; 0 if not known.
    """

    length: float
    angle: float
    depth: float = 0.0


def line_kernel(length: float, angle: float) -> np.ndarray:
    """A straight line of ``length`` pixels at ``angle`` radians, its ends as faint as they are short: float32 (K, K).

    Its sum is 1 and its middle lies in the middle, so that nothing moves.
    """
    half = max(length, 1.0) / 2
    side = 2 * int(np.ceil(half)) + 1
    places = np.linspace(-half, half, max(2, int(8 * half)) + 1)
    places = (places[1:] + places[:-1]) / 2
    kernel = np.zeros((side + 2, side + 2), np.float32)
    x, y = side / 2 + 0.5 + places * np.cos(angle), side / 2 + 0.5 + places * np.sin(angle)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    for row, column, weight in (
        (top, left, (1 - y + top) * (1 - x + left)),
        (top, left + 1, (1 - y + top) * (x - left)),
        (top + 1, left, (y - top) * (1 - x + left)),
        (top + 1, left + 1, (y - top) * (x - left)),
    ):
        np.add.at(kernel, (row, column), weight)
    return kernel / kernel.sum()


def within_reach(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W) as large as motion is looked for; nothing is enlarged."""
    shrink = _LONGEST_SIDE / max(image.shape)
    if shrink >= 1:
        return image
    height, width = (max(1, round(side * shrink)) for side in image.shape)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


@cache
def _waves() -> tuple[np.ndarray, np.ndarray]:
    """Of each wave of a spectrum its ring, int (256, 129), and how often it counts, as the other half mirrors it."""
    frequency = np.hypot(np.fft.fftfreq(_SPECTRUM)[:, None], np.fft.rfftfreq(_SPECTRUM)[None])
    counts = np.full(frequency.shape, 2.0)
    counts[:, [0, -1]] = 1.0
    return (100 * frequency).astype(int), counts


def cepstrum(image: np.ndarray) -> np.ndarray:
    """The spectrum of the log spectrum: uint8 (H, W), at most 240 each -> float (256, 256), distance 0 in the middle.

    What all directions have in common is taken away first: pictures hold less of short waves than of long ones.
    """
    window = np.outer(*(np.hanning(side).astype(np.float32) for side in image.shape))
    spectrum = np.fft.rfft2((image - np.float32(image.mean())) * window, (_SPECTRUM, _SPECTRUM))
    power = spectrum.real**2 + spectrum.imag**2
    logs = np.log(power + _FLOOR * power.mean() + 1e-9)
    rings, counts = _waves()
    mean = np.bincount(rings.ravel(), (logs * counts).ravel()) / np.bincount(rings.ravel(), counts.ravel())
    return np.fft.fftshift(np.fft.irfft2(logs - mean.astype(logs.dtype)[rings], logs.shape[:1] * 2))


def likeliest_motion(image: np.ndarray) -> Motion:
    """The motion whose dip is deepest; a third of the plates that stood still reach a depth of 3.5, few of them 5.

    Args:
        image: uint8 (H, W), of any size.
    """
    image = within_reach(image)
    shares, angles = np.geomspace(*_SHARES, _LENGTHS), np.arange(_ANGLES) * np.pi / _ANGLES
    shares = shares[shares * image.shape[1] >= _SHORTEST]
    if not len(shares):
        return Motion(0.0, 0.0)
    middle, lengths = _SPECTRUM // 2, shares * image.shape[1]
    x, y = (middle + np.outer(lengths, along(angles)).astype(np.float32) for along in (np.cos, np.sin))
    found = np.asarray(cv2.remap(cepstrum(image).astype(np.float32), x, y, cv2.INTER_LINEAR))
    length, angle = np.unravel_index(found.argmin(), found.shape)
    depth = float(-found.min() / max(found.std(), 1e-9))
    return Motion(float(shares[length]), float(angles[angle]), depth)


def without_motion(image: np.ndarray, motion: Motion) -> np.ndarray:
    """The picture as if it had stood still, by Wiener's filter; its outermost pixels are a guess.

    Args:
        image: uint8 (H, W).
        motion: during its exposure.

    Returns:
        uint8 (H, W).
    """
    height, width = image.shape
    margin = max(8, height // 3), max(8, width // 6)
    padded = np.pad(image, [(side, side) for side in margin], mode="reflect").astype(np.float32)
    mean = padded.mean()
    ramps = (np.minimum(np.arange(n) + 1, np.arange(n, 0, -1)) / m for n, m in zip(padded.shape, margin, strict=True))
    faded = (padded - mean) * np.outer(*(np.minimum(ramp, 1).astype(np.float32) for ramp in ramps))
    shape = cv2.getOptimalDFTSize(padded.shape[0]), cv2.getOptimalDFTSize(padded.shape[1])
    y, x = np.fft.fftfreq(shape[0]).astype(np.float32)[:, None], np.fft.rfftfreq(shape[1]).astype(np.float32)[None]
    # What a mean along the line leaves of each wave.
    left = np.sinc(motion.length * width * (x * np.cos(motion.angle) + y * np.sin(motion.angle)))
    noise = _NOISE * (1 + _MORE_AT_SHORT_WAVES * (x**2 + y**2))
    still = np.fft.irfft2(np.fft.rfft2(faded, shape) * (left / (left**2 + noise)), shape) + mean
    return np.clip(still[margin[0] :, margin[1] :][:height, :width], 0, 255).astype(np.uint8)
