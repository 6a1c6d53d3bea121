"""Rain between camera and plate, and its drops on the lens."""

from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.synth.plate.ranges import Range


@dataclass(frozen=True)
class WeatherRanges:
    """How much it rains.

    Attributes:
        rain: probability of falling rain.
        streaks: number of streaks in a picture.
        streak_length: as a share of the picture's height.
        streak_light: brightness that a streak adds, 0..255.
        slant_deg: of the streaks against the vertical.
        drops: probability of drops on the lens.
        drop_count: largest number of drops.
        drop_radius: as a share of the picture's width.
    """

    rain: float = 0.02
    streaks: Range = (3, 25)
    streak_length: Range = (0.1, 0.5)
    streak_light: Range = (10, 60)
    slant_deg: Range = (-25, 25)
    drops: float = 0.02
    drop_count: int = 4
    drop_radius: Range = (0.02, 0.07)


def add_rain(image: np.ndarray, ranges: WeatherRanges, rng: np.random.Generator) -> None:
    """Fine bright streaks of one slant over ``image: float32 (H, W, 3)``, in place."""
    height, width = image.shape[:2]
    count = int(rng.uniform(*ranges.streaks))
    starts = rng.uniform((0, -0.3 * height), (width, height), (count, 2))
    slant = np.radians(rng.uniform(*ranges.slant_deg) + rng.normal(0, 2, count))
    length = rng.uniform(*ranges.streak_length, count) * height
    ends = starts + np.stack([np.sin(slant), np.cos(slant)], 1) * length[:, None]
    lines = (np.stack([starts, ends], 1) * 16).astype(np.int32)
    mask = np.zeros((height, width), np.uint8)
    cv2.polylines(mask, list(lines), False, 255, 1 + (width > 200), cv2.LINE_AA, 4)
    softened = cv2.GaussianBlur(mask, (3, 3), 0).astype(np.float32)
    image += (softened * np.float32(rng.uniform(*ranges.streak_light) / 255))[..., None]


def add_drops(image: np.ndarray, ranges: WeatherRanges, rng: np.random.Generator) -> None:
    """Drops on the lens: round, blurred, with a light lower edge; ``image: float32 (H, W, 3)`` in place."""
    height, width = image.shape[:2]
    mask, rim = np.zeros((2, height, width), np.uint8)
    for _ in range(rng.integers(1, ranges.drop_count + 1)):
        radius = max(2.0, rng.uniform(*ranges.drop_radius) * width)
        middle = [int(v * 16) for v in rng.uniform((0, 0), (width, height))]
        axes = (int(radius * 16), int(radius * rng.uniform(0.8, 1.3) * 16))
        cv2.ellipse(mask, middle, axes, 0, 0, 360, 255, -1, cv2.LINE_AA, 4)
        cv2.ellipse(rim, middle, axes, 0, 20, 160, 255, 1, cv2.LINE_AA, 4)
    sigma = max(1.0, 0.02 * width)
    blurred = cv2.GaussianBlur(image, (0, 0), sigma)
    cover = cv2.GaussianBlur(mask, (0, 0), 0.25 * sigma + 0.4).astype(np.float32)[..., None] * np.float32(0.9 / 255)
    glint = cv2.GaussianBlur(rim, (0, 0), 0.25 * sigma + 0.4).astype(np.float32)[..., None] * np.float32(0.12)
    image += cover * (blurred - image) + glint
