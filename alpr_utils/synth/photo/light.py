"""Light on a plate: daylight, night, infrared lamps, shadow edges, glare and headlights."""

from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.synth.plate.ranges import Range
from alpr_utils.synth.plate.render import RenderedPlate
from alpr_utils.synth.plate.wear import smooth_noise

# What a white ground and black ink are on a plate as it is rendered.
_GROUND, _INK = 233.0, 22.0
_DARK_GROUND = 110


@dataclass(frozen=True)
class Tones:
    """What white and black of a plate become in the picture, 0..255; a ground above 255 is blown out.

    Attributes:
        ground, ink: ranges of the two.
        contrast: least difference of the two.
    """

    ground: Range
    ink: Range
    contrast: float


@dataclass(frozen=True)
class LightRanges:
    """How a plate is lit.

    Attributes:
        infrared: probability of an infrared lamp at night: grey, bright ground, dark surroundings.
        dark: probability of too little light, where there is no infrared lamp.
        day_tones, dark_tones, infrared_tones: brightness in each case.
        infrared_turned: probability that a dark plate with light text shows dark text in infrared light.
        infrared_surroundings: what is left of the brightness of the car in infrared light, as a share.
        unevenness: largest change of light from the middle to one side, as a share.
        shadow: probability of a shadow edge across the plate.
        shadow_depth: share of light that it takes.
        shadow_softness: width of the edge in half pictures; 0.01 is hard, 0.4 soft.
        shade_patches: probability of cloudy light, as under leaves.
        warmth: gain of red against blue, as a share; street light is warm more often than cold.
        glare: probability of a blown-out reflection or a headlight.
        glare_radius: of its core, as a share of the plate's width.
        glare_light: its brightness, 0..255 added in its middle.
        streaks: probability that a glare has rays.
        bloom: share of the blown-out light that runs over into its neighbourhood.
    """

    infrared: float = 0.0
    dark: float = 0.05
    day_tones: Tones = Tones((125, 285), (12, 75), 70)
    dark_tones: Tones = Tones((45, 120), (8, 35), 34)
    infrared_tones: Tones = Tones((80, 360), (12, 60), 42)
    infrared_turned: float = 0.3
    infrared_surroundings: Range = (0.05, 0.5)
    unevenness: float = 0.3
    shadow: float = 0.25
    shadow_depth: Range = (0.2, 0.6)
    shadow_softness: Range = (0.01, 0.4)
    shade_patches: float = 0.2
    warmth: Range = (-0.1, 0.25)
    glare: float = 0.05
    glare_radius: Range = (0.04, 0.2)
    glare_light: Range = (60, 260)
    streaks: float = 0.3
    bloom: Range = (0.0, 0.2)


@dataclass(frozen=True)
class Lighting:
    """What kind of light there is: ``infrared`` or ``dark`` or, with neither, daylight."""

    infrared: bool
    dark: bool

    def tones(self, ranges: LightRanges) -> Tones:
        """The brightness that goes with it."""
        if self.infrared:
            return ranges.infrared_tones
        return ranges.dark_tones if self.dark else ranges.day_tones


def draw_lighting(ranges: LightRanges, rng: np.random.Generator) -> Lighting:
    """Day, night or infrared lamp."""
    infrared, dark = rng.random() < ranges.infrared, rng.random() < ranges.dark
    return Lighting(infrared, dark and not infrared)


def infrared_plate(plate: RenderedPlate, ranges: LightRanges, rng: np.random.Generator) -> np.ndarray:
    """The plate's image in infrared light: uint8 (H, W, 3), all channels alike.

    Red and yellow paints are bright there, blue and green ones dark; inks of some dark plates swallow the light.
    """
    red, blue = rng.uniform(0.4, 0.75), rng.uniform(0.02, 0.12)
    grey = cv2.transform(plate.image, np.array([(red, 1 - red - blue, blue)], np.float32))
    (left, top), (right, bottom) = plate.corners[0].astype(int), plate.corners[2].astype(int)
    inside = grey[top:bottom, left:right]
    if np.median(inside[::3, ::3]) < _DARK_GROUND and rng.random() < ranges.infrared_turned:
        np.subtract(255, inside, out=inside)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)


def _light_field(across: np.ndarray, ranges: LightRanges, rng: np.random.Generator) -> np.ndarray:
    """Share of light: float32 like ``across``, which runs from -1 to 1 over the picture."""
    light = 1 + np.float32(rng.uniform(0, ranges.unevenness)) * across
    if rng.random() < ranges.shade_patches:
        light += np.float32(rng.uniform(0.05, 0.35)) * (smooth_noise(rng, across.shape, 4) - np.float32(0.5))
    if rng.random() < ranges.shadow:
        softness, middle = rng.uniform(*ranges.shadow_softness), rng.uniform(-0.7, 0.7)
        edge = np.clip((across - np.float32(middle)) * np.float32(1 / softness), 0, 1)
        light *= 1 - np.float32(rng.uniform(*ranges.shadow_depth)) * edge
    return light


def lit(image: np.ndarray, ranges: LightRanges, lighting: Lighting, rng: np.random.Generator) -> np.ndarray:
    """Exposure and contrast, light from one side, shadow edges, colour cast.

    Args:
        image: float32 (H, W, 3), 0..255; it is changed.

    Returns:
        float32 (H, W, 3); what is above 255 is blown out.
    """
    tones = lighting.tones(ranges)
    ink = rng.uniform(*tones.ink)
    ground = max(rng.uniform(*tones.ground), ink + tones.contrast)
    height, width = image.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    x = np.linspace(-np.cos(angle), np.cos(angle), width, dtype=np.float32)
    y = np.linspace(-np.sin(angle), np.sin(angle), height, dtype=np.float32)
    light = _light_field(y[:, None] + x, ranges, rng) * np.float32((ground - ink) / (_GROUND - _INK))
    warmth = 0.0 if lighting.infrared else rng.uniform(*ranges.warmth)
    tint = 0.0 if lighting.infrared else rng.normal(0, 0.02)
    gains = (1 + warmth / 2, 1 + tint, 1 - warmth / 2)
    image -= np.float32(_INK)
    image *= cv2.merge([light * np.float32(gain) for gain in gains])
    return cv2.add(image, np.array([*(ink * gain for gain in gains), 0]))


def add_glare(image: np.ndarray, plate_width_px: float, ranges: LightRanges, rng: np.random.Generator) -> None:
    """A blown-out spot, perhaps with rays, on ``image: float32 (H, W, 3)`` in place."""
    height, width = image.shape[:2]
    radius = rng.uniform(*ranges.glare_radius) * plate_width_px
    x0, y0 = rng.uniform(-0.05, 1.05) * width, rng.uniform(-0.15, 1.15) * height
    x, y = np.arange(width, dtype=np.float32) - np.float32(x0), np.arange(height, dtype=np.float32) - np.float32(y0)
    tilt, flat = rng.uniform(0, np.pi), rng.uniform(1, 3)
    cosine, sine = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
    along, beside = x * cosine + y[:, None] * sine, y[:, None] * cosine - x * sine
    spread = (along**2 + np.float32(flat) * beside**2) * np.float32(1 / radius**2)
    spot = 1 / (1 + spread * spread)
    if rng.random() < ranges.streaks:
        thin = np.float32(rng.uniform(0.05, 0.15) * radius + 0.4)
        spot += np.float32(0.6) * np.exp(-np.abs(beside) / thin - np.abs(along) * np.float32(0.3 / radius))
    colour = np.array([1, rng.uniform(0.93, 1), rng.uniform(0.8, 1.05)], np.float32)
    image += spot[..., None] * (colour * np.float32(rng.uniform(*ranges.glare_light)))


def add_bloom(image: np.ndarray, plate_width_px: float, ranges: LightRanges, rng: np.random.Generator) -> None:
    """Light of the blown-out parts runs over into their neighbourhood; ``image: float32 (H, W, 3)`` in place."""
    over = np.maximum(image[::2, ::2] - 190, 0)
    halo = cv2.GaussianBlur(over, (0, 0), max(0.6, plate_width_px * rng.uniform(0.005, 0.03)))
    image += cv2.resize(halo, image.shape[1::-1]) * np.float32(rng.uniform(*ranges.bloom))
