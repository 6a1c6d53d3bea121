"""Hours and weathers: the light that falls on the street and how the camera takes it."""

from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.synth.plate.ranges import weighted_choice
from alpr_utils.synth.plate.wear import smooth_noise
from alpr_utils.synth.raytraced.tracer import Lights

Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Weather:
    """One kind of light.

    Attributes:
        name: for people.
        zenith, horizon: sky colours, linear RGB; sunlit chalk is about 1.
        clouds: 0 clear .. 1 overcast.
        sun: strength of the sun, linear RGB, zeros for none.
        sun_elevation_deg: range of the sun's height.
        exposure: brightness of the picture's middle grey, 0..1.
        lamps_on: cars and street lamps burn.
        snow: range of the share of ground under snow.
        hard_shadow: something out of the picture throws a shadow edge across the plate.
        warmth: white balance error, gain of red against blue.
        share: how often it is drawn.
    """

    name: str
    zenith: Rgb
    horizon: Rgb
    clouds: float
    sun: Rgb
    sun_elevation_deg: tuple[float, float]
    exposure: float
    lamps_on: bool
    snow: tuple[float, float]
    hard_shadow: bool
    warmth: float
    share: float


WEATHERS = (
    Weather("clear day", (0.18, 0.34, 0.75), (0.65, 0.75, 0.9),
            0.25, (3.2, 3.0, 2.6), (22, 50), 0.42, False, (0, 0.4), False, 0.04, 5),
    Weather("overcast", (0.75, 0.78, 0.82), (0.9, 0.9, 0.9),
            1.0, (0, 0, 0), (40, 40), 0.44, False, (0, 0.5), False, 0.03, 4),
    Weather("snow", (0.7, 0.74, 0.8), (0.85, 0.87, 0.9),
            1.0, (0, 0, 0), (40, 40), 0.56, False, (0.6, 0.95), False, -0.02, 4),
    Weather("low sun", (0.14, 0.22, 0.42), (0.95, 0.62, 0.36),
            0.3, (3.6, 2.3, 1.2), (9, 17), 0.38, False, (0, 0.5), False, 0.14, 4),
    Weather("hard shadow", (0.2, 0.36, 0.75), (0.7, 0.78, 0.9),
            0.1, (4.2, 3.9, 3.3), (28, 48), 0.42, False, (0, 0.3), True, 0.04, 4),
    Weather("dusk", (0.05, 0.08, 0.17), (0.30, 0.22, 0.19),
            0.4, (0, 0, 0), (10, 10), 0.30, True, (0, 0.6), False, 0.06, 4),
    Weather("night", (0.006, 0.007, 0.012), (0.03, 0.024, 0.02),
            0.6, (0, 0, 0), (10, 10), 0.20, True, (0, 0.6), False, 0.1, 5),
)  # fmt: skip

_HEIGHT = 384


def _hills(width: int, rng: np.random.Generator) -> np.ndarray:
    """Height of the horizon's hills above eye level, in rows, for each column."""
    outline = smooth_noise(rng, (1, width), 9)[0] * 0.05 + smooth_noise(rng, (1, width), 60)[0] * 0.012
    seam = np.linspace(0, 1, width) ** 8  # the last columns meet the first ones
    return (outline * (1 - seam) + outline[0] * seam) * _HEIGHT


def _sky_picture(weather: Weather, rng: np.random.Generator) -> np.ndarray:
    """Sky, clouds, hills and the mean light of the ground: float32 (H, 2H, 3), linear."""
    width = 2 * _HEIGHT
    up = np.clip(1 - np.arange(_HEIGHT) / (_HEIGHT / 2), 0, 1)[:, None, None]
    picture = np.array(weather.horizon) + (np.array(weather.zenith) - weather.horizon) * up**0.55
    noise = smooth_noise(rng, (_HEIGHT, width), 12) * 0.6 + smooth_noise(rng, (_HEIGHT, width), 40) * 0.4
    cover = np.clip((noise - 0.62 + 0.5 * weather.clouds) * 2.5, 0, 1)[..., None] * (0.35 + 0.65 * up)
    cloud = np.array(weather.horizon).mean() * np.array([1.0, 1.0, 1.02]) * (0.7 + 0.5 * noise[..., None])
    picture = picture + cover * (cloud - picture)
    rows = np.arange(_HEIGHT)[:, None] - _HEIGHT / 2
    hill = np.clip(_hills(width, rng)[None] + rows + 0.5, 0, 1)[..., None]
    picture = picture + hill * (0.55 * np.array(weather.horizon) * (0.8, 0.85, 1.0) - picture)
    picture[_HEIGHT // 2 + 4 :] = 0.3 * np.array(weather.horizon)
    return cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 0.7)


def make_lights(weather: Weather, rng: np.random.Generator) -> Lights:
    """Sky and sun; the sun stands beside or behind a camera that looks along y."""
    elevation = np.radians(rng.uniform(*weather.sun_elevation_deg))
    azimuth = np.radians(rng.uniform(-35, 35) if weather.hard_shadow else rng.uniform(-110, 110))
    flat = np.cos(elevation)
    direction = (float(flat * np.sin(azimuth)), float(flat * np.cos(azimuth)), float(-np.sin(elevation)))
    return Lights(_sky_picture(weather, rng), direction, weather.sun)


def pick_weather(rng: np.random.Generator) -> Weather:
    """A weather by its share."""
    return weighted_choice(rng, WEATHERS, [weather.share for weather in WEATHERS])
