"""The light of a composed scene. Colours of light are linear RGB, where 1 on white paper makes a white pixel."""

from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.synth.plate.wear import smooth_noise

LIGHTS = ("sunny", "overcast", "dusk", "night", "infrared")


@dataclass(frozen=True)
class Light:
    """What shines in a scene.

    Attributes:
        name: one of `LIGHTS`.
        sun_direction: float32 (3,), unit vector towards the sun or, at night, towards the lamp beside the camera.
        sun, sky, ground: float32 (3,), light from there.
        falloff_m: distance at which the lamp beside the camera has half its strength; 0 for the sun.
        retro: what a plate throws back towards the camera beyond its share of the light.
        environment: float32 (64, 128, 3), linear, what smooth bodies mirror, from straight up to straight down.
    """

    name: str
    sun_direction: np.ndarray
    sun: np.ndarray
    sky: np.ndarray
    ground: np.ndarray
    falloff_m: float
    retro: float
    environment: np.ndarray

    @property
    def dark(self) -> bool:
        """Whether lamps burn."""
        return self.name in ("dusk", "night", "infrared")

    def gain(self, distance_m: np.ndarray) -> np.ndarray:
        """Share of the sun's or lamp's light that arrives at that distance."""
        if not self.falloff_m:
            return np.ones_like(distance_m)
        return np.minimum(1.6 / (1 + (distance_m / self.falloff_m) ** 2) + 0.04, 1.3)

    def on_surface(self, normals: np.ndarray, distance_m: np.ndarray) -> np.ndarray:
        """Light on surfaces: ``normals: float32 (..., 3)``, ``distance_m: (...)`` from the camera -> (..., 3)."""
        up = normals[..., 2:] * np.float32(0.5) + np.float32(0.5)
        facing = np.maximum(normals @ self.sun_direction, 0) * self.gain(distance_m).astype(np.float32)
        return up * self.sky + (1 - up) * self.ground + facing[..., None] * self.sun

    def mirrored(self, directions: np.ndarray) -> np.ndarray:
        """What is seen when looking along ``directions: float32 (h, w, 3)``: float32 (h, w, 3)."""
        rows, columns = self.environment.shape[:2]
        across = (np.arctan2(directions[..., 1], directions[..., 0]) / (2 * np.pi) + 0.5) * np.float32(columns - 1)
        down = (1 - directions[..., 2]) * np.float32(0.5 * (rows - 1))
        return cv2.remap(self.environment, across.astype(np.float32), down.astype(np.float32), cv2.INTER_LINEAR)


def _environment(sky: np.ndarray, ground: np.ndarray, sun: float, rng: np.random.Generator) -> np.ndarray:
    """Bright overhead, brightest near the horizon, a ragged line of houses, dark ground."""
    height = np.linspace(1, -1, 64, dtype=np.float32)[:, None, None]
    air = sky * (1.6 + 0.9 * (1 - np.abs(height))) * (0.8 + 0.4 * smooth_noise(rng, (64, 128), 10)[..., None])
    houses = 0.05 + 0.3 * smooth_noise(rng, (1, 128), int(rng.integers(6, 30)))[..., None]
    wall = sky * 0.35 * (0.4 + smooth_noise(rng, (64, 128), 40)[..., None])
    picture = np.where(height > houses, air, wall)
    picture = np.where(height < 0.02, ground * 0.5 * (0.8 + 0.4 * smooth_noise(rng, (64, 128), 12)[..., None]), picture)
    if sun > 0.3:
        cv2.circle(picture, (int(rng.integers(128)), int(rng.integers(6, 22))), 2, (6.0, 5.8, 5.2), -1)
    return cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 0.8)


def make_light(name: str, reach_m: float, rng: np.random.Generator) -> Light:
    """Random light of that kind; lamps are strong enough for things ``reach_m`` away."""
    azimuth, height = rng.uniform(np.pi, 2 * np.pi), np.radians(rng.uniform(14, 65))
    towards = np.array([np.cos(azimuth) * np.cos(height), np.sin(azimuth) * np.cos(height), np.sin(height)])
    warm = rng.uniform(-0.06, 0.12)
    tint = np.array([1 + warm, 1, 1 - warm])
    exposure = np.exp(rng.uniform(-0.35, 0.25))
    falloff, retro = 0.0, 0.0
    if name == "sunny":
        sun, sky = rng.uniform(0.5, 0.9) * tint, rng.uniform(0.22, 0.4) * np.array([0.92, 1, 1.12])
    elif name == "overcast":
        sun, sky = rng.uniform(0.02, 0.15) * tint, rng.uniform(0.55, 0.8) * np.array([0.97, 1, 1.04])
    elif name == "dusk":
        sun, sky = rng.uniform(0.1, 0.3) * np.array([1.1, 0.95, 0.8]), rng.uniform(0.12, 0.3) * np.array([0.9, 0.95, 1])
        towards, falloff, retro = np.array([0, -1, 0.1]), reach_m * rng.uniform(0.8, 2.5), rng.uniform(0, 0.3)
    else:
        sun = rng.uniform(0.3, 0.8) * np.array([1.05, 0.98, 0.85])
        sky = rng.uniform(0.05, 0.16) * np.array([1.1, 0.95, 0.75])
        towards, falloff, retro = np.array([0, -1, 0.12]), reach_m * rng.uniform(0.8, 2.0), rng.uniform(0.1, 0.9)
    sun, sky = (np.float32(part * exposure) for part in (sun, sky))
    towards = (towards / np.linalg.norm(towards)).astype(np.float32)
    ground = (0.3 * (sky + sun * max(float(towards[2]), 0.1))).astype(np.float32)
    environment = _environment(sky, ground, float(sun.mean()) if not falloff else 0.0, rng)
    return Light(name, towards, sun, sky, ground, float(falloff), float(retro * exposure), environment)
