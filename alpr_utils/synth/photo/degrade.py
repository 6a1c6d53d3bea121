"""From a plate seen straight ahead to the photo of a phone, parking or street camera."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.synth.photo import light, weather
from alpr_utils.synth.photo.camera import CameraRanges, blurred, captured
from alpr_utils.synth.photo.light import LightRanges, Tones
from alpr_utils.synth.photo.surroundings import car_body, cast_shadow
from alpr_utils.synth.photo.view import View, ViewRanges, choose_view, warp_plate
from alpr_utils.synth.photo.weather import WeatherRanges
from alpr_utils.synth.plate.render import LONG_PLATE_MM, RenderedPlate


@dataclass(frozen=True)
class DegradeRanges:
    """Ranges that every effect is drawn from, and how often it happens."""

    view: ViewRanges
    light: LightRanges
    weather: WeatherRanges
    camera: CameraRanges


@dataclass(frozen=True)
class DegradedPlate:
    """A crop that holds one plate and a little of its surroundings.

    Attributes:
        image: uint8 (H, W, 3) RGB.
        text: canonical text.
        rows: rows of text.
        country: two-letter code.
        layout: name of its `PlateLayout`.
        corners: float32 (4, 2), x, y in pixels, clockwise from the plate's top left.
        char_boxes: float32 (N, 4), ymin, xmin, ymax, xmax in pixels, axis aligned, in reading order.
    """

    image: np.ndarray
    text: str
    rows: int
    country: str
    layout: str
    corners: np.ndarray
    char_boxes: np.ndarray


# Near and wide, from a post at the lane, at night with an infrared lamp.
_PARKING = DegradeRanges(
    ViewRanges(
        width_px=(120, 230, 330), yaw_deg=(-40, 40), pitch_deg=(0, 32), roll_deg=2.5, distance=(4, 12),
        lens=0.5, lens_change=(0.0, 0.15),
    ),
    LightRanges(infrared=0.55, dark=0.05, shadow=0.2, glare=0.08, bloom=(0.05, 0.3)),
    WeatherRanges(rain=0.03, drops=0.04),
    CameraRanges(defocus_px=(0.3, 1.6), motion=0.08, noise=(0.5, 5), grey=0.25, jpeg_quality=(40, 95)),
)  # fmt: skip
# Far and high, always on, cheap.
_CCTV = DegradeRanges(
    ViewRanges(
        width_px=(20, 120, 150), yaw_deg=(-60, 60), pitch_deg=(0, 35), roll_deg=3.5, distance=(8, 30),
        lens=0.3, lens_change=(-0.03, 0.12),
    ),
    LightRanges(
        infrared=0.1, dark=0.18, shadow=0.25, glare=0.12, warmth=(-0.15, 0.25), bloom=(0.0, 0.3),
        day_tones=Tones((95, 340), (10, 80), 60),
    ),
    WeatherRanges(rain=0.12, drops=0.05),
    CameraRanges(
        defocus_px=(0.5, 2.6), motion=0.3, motion_px=(2, 9), resample=0.35, resample_factor=(0.55, 0.95),
        noise=(0.8, 8), sharpen=0.5, sharpen_amount=(0.3, 1.8), grey=0.15, jpeg_quality=(35, 90),
    ),
)  # fmt: skip
# By hand, by day, a few steps away.
_PHONE = DegradeRanges(
    ViewRanges(width_px=(100, 230, 350), yaw_deg=(-50, 50), pitch_deg=(-15, 30), roll_deg=4.0, distance=(3, 12)),
    LightRanges(dark=0.03),
    WeatherRanges(rain=0.01, drops=0.01),
    CameraRanges(),
)

PRESETS = {"parking": _PARKING, "cctv": _CCTV, "phone": _PHONE}
MIXED = "mixed"
_MIXED_SHARES = {"parking": 0.3, "cctv": 0.25, "phone": 0.45}


def pick_preset(name: str, rng: np.random.Generator) -> DegradeRanges:
    """The ranges of a preset; ``mixed`` draws one.

    Raises:
        AlprError: no such preset.
    """
    if name == MIXED:
        return PRESETS[tuple(_MIXED_SHARES)[rng.choice(len(_MIXED_SHARES), p=tuple(_MIXED_SHARES.values()))]]
    if name not in PRESETS:
        raise AlprError(f"There is no preset '{name}'; choose one of {MIXED}, {', '.join(PRESETS)}.")
    return PRESETS[name]


def _composed(
    plate: RenderedPlate,
    view: View,
    homography: np.ndarray,
    surroundings: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """The turned plate on its car, whose brightness is ``surroundings``, a share: float32 (H, W, 3), 0..255."""
    front, cover = warp_plate(plate, homography, view.size, view.lens)
    along = view.corners[1] - view.corners[0]
    scene = car_body(view.size, float(along[1] / along[0]), rng) * np.float32(surroundings)
    cast_shadow(scene, cover, float(np.ptp(view.corners[:, 0])), rng)
    return scene + cv2.merge((cover, cover, cover)) * cv2.subtract(front, scene, dtype=cv2.CV_32F)


def _photographed(
    scene: np.ndarray, width_px: float, ranges: DegradeRanges, lighting: light.Lighting, rng: np.random.Generator
) -> np.ndarray:
    """Light, weather and camera, in the order in which light meets them: uint8 (H, W, 3)."""
    image = light.lit(scene, ranges.light, lighting, rng)
    if rng.random() < ranges.light.glare:
        light.add_glare(image, width_px, ranges.light, rng)
    if rng.random() < ranges.weather.rain:
        weather.add_rain(image, ranges.weather, rng)
    if image.max() > 255:
        light.add_bloom(image, width_px, ranges.light, rng)
    image = blurred(image, width_px, ranges.camera, rng)
    if rng.random() < ranges.weather.drops:
        weather.add_drops(image, ranges.weather, rng)
    return captured(image, lighting.infrared, lighting.dark, ranges.camera, rng)


def degrade(
    plate: RenderedPlate,
    rng: np.random.Generator,
    ranges: DegradeRanges = _PHONE,
    view: View | None = None,
) -> DegradedPlate:
    """Photograph a plate badly; the same arguments and generator state give the same bytes.

    ``view`` is drawn from ``ranges`` when not given.
    """
    view = view or choose_view(plate.size_mm, ranges.view, rng)
    homography = view.homography(plate)
    lighting = light.draw_lighting(ranges.light, rng)
    surroundings = 1.0
    if lighting.infrared:
        plate = replace(plate, image=light.infrared_plate(plate, ranges.light, rng))
        surroundings = rng.uniform(*ranges.light.infrared_surroundings)
    scene = _composed(plate, view, homography, surroundings, rng)
    # Blur is meant for the size of the characters, so a short plate counts as the long one of the same scale.
    return DegradedPlate(
        image=_photographed(scene, LONG_PLATE_MM * view.px_per_mm, ranges, lighting, rng),
        text=plate.text,
        rows=plate.rows,
        country=plate.country,
        layout=plate.layout,
        corners=view.points(plate.corners, homography),
        char_boxes=view.boxes(plate.char_boxes, homography),
    )
