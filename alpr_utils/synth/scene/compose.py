"""Fast scenes with exact labels for training detectors: vehicles, plates and light put together without ray tracing."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.images import read_image
from alpr_utils.plates import PlateLayout, plate_type
from alpr_utils.synth.plate.labels import LabelledScene
from alpr_utils.synth.plate.ranges import Range
from alpr_utils.synth.plate.render import LONG_PLATE_MM, pick_layout
from alpr_utils.synth.scene.backdrop import Setting, paint_surroundings, put_up_boards, shadow_layer
from alpr_utils.synth.scene.capture import SceneCameraRanges, add_lamp, take_picture
from alpr_utils.synth.scene.hung_plate import HungPlate, hang_plate, lay_plate
from alpr_utils.synth.vehicle.car import lamp_places
from alpr_utils.synth.vehicle.draw import Vehicle, draw_vehicle, pick_shape, stand, vehicle_box
from alpr_utils.synth.vehicle.light import LIGHTS, Light, make_light
from alpr_utils.synth.vehicle.pinhole import PinholeCamera
from alpr_utils.synth.vehicle.shape import CarShape

WIDTH_PX, HEIGHT_PX = 1280, 720
BARE_SHARE = 0.05  # scenes in which no vehicle carries a plate
LEAST_SEEN, LEAST_VEHICLE_PX = 0.3, 14


@dataclass(frozen=True)
class ScenePreset:
    """How the scenes of one kind of camera come out.

    Attributes:
        plate_px: width of the nearest plate in the picture, smallest and largest; ``least_px``: of any plate.
        vehicles: smallest and largest number of vehicles that may carry plates.
        height_m: of the camera over the ground.
        focal_px: in pixels of the picture.
        yaw_deg: how far vehicles are turned away.
        below: how far below the middle of the picture the nearest plate lies, as a share of the picture's height.
        sideways: largest offset of the camera as a share of the distance.
        roads: share of scenes on a road, the others in a parking lot.
        lights: share of each of ``LIGHTS``.
        camera: the faults of its camera.
    """

    plate_px: Range
    least_px: float
    vehicles: tuple[int, int]
    height_m: Range
    focal_px: Range
    yaw_deg: float
    below: Range
    sideways: float
    roads: float
    lights: tuple[float, ...]
    camera: SceneCameraRanges = field(default_factory=SceneCameraRanges)


SCENE_PRESETS = {
    "parking": ScenePreset(
        (120, 350), 45, (1, 2), (0.8, 2.4), (850, 1500), 35, (-0.05, 0.36), 0.35, 0.1, (0.28, 0.27, 0.1, 0.07, 0.28),
        SceneCameraRanges(defocus_px=(0.4, 1.8), motion=0.1),
    ),
    "cctv": ScenePreset(
        (25, 120), 22, (3, 8), (3.5, 8.0), (1100, 2600), 10, (-0.15, 0.38), 0.4, 0.75, (0.35, 0.3, 0.12, 0.18, 0.05),
        SceneCameraRanges(defocus_px=(0.35, 0.9), motion_px=(2, 4), jpeg_quality=(50, 92), resample=0.1),
    ),
    "street": ScenePreset(
        (60, 250), 26, (1, 5), (1.1, 1.8), (850, 1400), 22, (-0.05, 0.36), 0.45, 0.6, (0.4, 0.32, 0.13, 0.15, 0.0),
    ),
}  # fmt: skip


def _preset(name: str, rng: np.random.Generator) -> ScenePreset:
    if name == "mixed":
        return SCENE_PRESETS[list(SCENE_PRESETS)[rng.integers(len(SCENE_PRESETS))]]
    if name not in SCENE_PRESETS:
        raise AlprError(f"There is no scene preset '{name}'; choose one of {', '.join(SCENE_PRESETS)}, mixed.")
    return SCENE_PRESETS[name]


@dataclass(frozen=True)
class _Lead:
    """The vehicle that the camera looks at: what it is, which end is towards the camera, and its plate's layout."""

    shape: CarShape
    front: bool
    layout: PlateLayout


def _aim(preset: ScenePreset, lead: _Lead, rng: np.random.Generator) -> tuple[PinholeCamera, tuple[float, float]]:
    """A camera, and the place on the ground before it where the leading vehicle's plate comes out at its width."""
    focal = float(rng.uniform(*preset.focal_px))
    size_share = lead.layout.size_mm[0] / LONG_PLATE_MM
    plate_px = max(float(np.exp(rng.uniform(*np.log(preset.plate_px)))) * size_share, preset.plate_px[0])
    away = focal * lead.layout.size_mm[0] / 1000 / plate_px
    height = min(float(rng.uniform(*preset.height_m)), 0.65 * away)
    place = (float(rng.uniform(-1, 1) * preset.sideways * away), float(np.sqrt(max(away**2 - height**2, 1.0))))
    across = rng.uniform(-0.3, 0.3) * WIDTH_PX / focal * away
    up = rng.uniform(*preset.below) * HEIGHT_PX / focal * away
    plate_z = lead.shape.clearance + 0.28 if lead.front else lead.shape.rear_plate_z
    target = (place[0] + float(across), place[1], plate_z + float(up))
    roll = float(rng.normal(0, 1.5))
    return PinholeCamera((0.0, 0.0, height), target, focal, WIDTH_PX, HEIGHT_PX, roll), place


def _lot_places(first: tuple[float, float], rng: np.random.Generator) -> list[tuple[float, float, bool]]:
    """Where other vehicles stand: x, y of their plate end, and whether the nose is towards the camera."""
    order = [1, -1, 2, -2, 3, -3] if rng.random() < 0.5 else [-1, 1, -2, 2, -3, 3]
    places = [(first[0] + 2.7 * slot + rng.normal(0, 0.15), first[1] + rng.normal(0, 0.35)) for slot in order]
    back = first[1] + float(rng.uniform(10, 14))
    places += [(float(x), back + rng.normal(0, 0.3)) for x in np.arange(-16, 17, 2.8)]
    return [(float(x), float(y), bool(rng.random() < 0.5)) for x, y in places if rng.random() < 0.7]


def _road_places(
    first: tuple[float, float], front: bool, rng: np.random.Generator
) -> tuple[list[tuple[float, float, bool]], tuple[float, ...]]:
    """As `_lot_places`, on lanes beside the first vehicle's; and the lines between the lanes."""
    width, lanes, own = float(rng.uniform(3.0, 3.6)), int(rng.integers(2, 6)), 0
    own = int(rng.integers(lanes))
    left = first[0] - (own + 0.5) * width
    turning = int(rng.integers(0, lanes + 1))
    places = []
    for _ in range(14):
        lane = int(rng.integers(lanes))
        nose = front if (lane < turning) == (own < turning) else not front
        y = first[1] + float(rng.uniform(-0.5, 2.2)) * max(first[1], 10)
        places.append((left + (lane + 0.5) * width + float(rng.normal(0, 0.25)), y, nose))
    return places, tuple(left + width * i for i in range(lanes + 1))


@dataclass(frozen=True)
class _Cast:
    """The vehicles of a scene, farthest first, each with its plate or None, and the place they are in."""

    members: tuple[tuple[Vehicle, HungPlate | None], ...]
    setting: Setting


def covers(vehicle: Vehicle, hung: HungPlate) -> bool:
    """Whether the vehicle hides any of the plate."""
    top, left, bottom, right = hung.box_px
    s = vehicle.surface
    part = vehicle.cover[max(top - s.top, 0) : max(bottom - s.top, 0), max(left - s.left, 0) : max(right - s.left, 0)]
    return bool(part.size and part.max() > 0.02)


def _cast(
    preset: ScenePreset, country: str, camera: PinholeCamera, first: tuple[float, float], lead: _Lead,
    rng: np.random.Generator,
) -> _Cast:  # fmt: skip
    road = bool(rng.random() < preset.roads)
    yaw = float(rng.uniform(-1, 1) * preset.yaw_deg * (0.35 if road else 1))
    if road:
        places, lanes = _road_places(first, lead.front, rng)
    else:
        places, lanes = _lot_places(first, rng), (-6.0, 6.0)
    wanted = int(rng.integers(preset.vehicles[0], preset.vehicles[1] + 1))
    bare = bool(rng.random() < BARE_SHARE)
    members: list[tuple[Vehicle, HungPlate | None]] = []
    taken: list[tuple[float, float]] = []
    for number, (x, y, nose) in enumerate([(*first, lead.front), *places]):
        if len(members) >= wanted + 3 or any(abs(x - a) < 2.2 and abs(y - b) < 8.5 for a, b in taken):
            continue
        shape = pick_shape(rng) if number else lead.shape
        vehicle = stand(shape, (x, y), yaw + float(rng.normal(0, 2)), nose, camera, rng)
        if vehicle is None or any(hung and vehicle.distance_m < other.distance_m and covers(vehicle, hung)
                                  for other, hung in members):  # fmt: skip
            continue
        hung = None
        if not bare and sum(h is not None for _, h in members) < wanted:
            layout = pick_layout(rng, country) if number else lead.layout
            hung = hang_plate(vehicle, layout, camera, preset.least_px, rng)
        if hung and any(other.distance_m < vehicle.distance_m and covers(other, hung) for other, _ in members):
            hung = None
        members.append((vehicle, hung))
        taken.append((x, y))
    members.sort(key=lambda member: -member[0].distance_m)
    snow = float(rng.uniform(0.2, 0.9)) if rng.random() < 0.18 else 0.0
    farthest = max((vehicle.distance_m for vehicle, _ in members), default=15.0)
    setting = Setting("road" if road else "lot", snow, farthest + float(rng.uniform(8, 40)), lanes)
    return _Cast(tuple(members), setting)


def _outlines(cast: _Cast, light: Light) -> list[np.ndarray]:
    """Where the vehicles stand and where they keep the sun off the ground: each (N, 2), metres."""
    outlines = []
    for vehicle, _ in cast.members:
        half = np.array([vehicle.shape.length * 0.49, vehicle.shape.width * 0.49])
        corners = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], np.float32) * (*half, 0)
        base = vehicle.pose.in_street(corners.astype(np.float32))[:, :2]
        if light.name == "sunny":
            shift = -light.sun_direction[:2] / max(float(light.sun_direction[2]), 0.3) * vehicle.shape.height * 0.7
            base = np.concatenate([base, base + shift])
        outlines.append(base)
    return outlines


def _own_background(
    backgrounds: Sequence[Path], camera: PinholeCamera, outlines: list[np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """A random part of a random readable picture with the vehicles' shadows: uint8 (H, W, 3)."""
    for index in rng.permutation(len(backgrounds)):
        try:
            picture = read_image(Path(backgrounds[index]))
        except AlprError as error:
            warnings.warn(f"background left out: {error}", stacklevel=2)
            continue
        height, width = picture.shape[:2]
        extent = np.array([WIDTH_PX, HEIGHT_PX]) * min(width / WIDTH_PX, height / HEIGHT_PX) * rng.uniform(0.7, 1)
        columns, rows = np.maximum(np.floor(extent), 1).astype(int)
        left, top = int(rng.integers(width - columns + 1)), int(rng.integers(height - rows + 1))
        crop = picture[top : top + rows, left : left + columns]
        crop = cv2.resize(
            crop, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA if rows > HEIGHT_PX else cv2.INTER_CUBIC
        )
        shadow = cv2.resize(shadow_layer(camera, outlines), (WIDTH_PX, HEIGHT_PX))[..., None]
        return (crop * (0.3 + 0.7 * shadow)).astype(np.uint8)
    raise AlprError(
        f"None of the {len(backgrounds)} background pictures can be read; give JPEG or PNG files that open."
    )


def _lit_lamps(canvas: np.ndarray, vehicle: Vehicle, camera: PinholeCamera, rng: np.random.Generator) -> None:
    if rng.random() < 0.4:
        return
    places = vehicle.pose.in_street(lamp_places(vehicle.shape, vehicle.front).astype(np.float32))
    colour = (255.0, 244.0, 215.0) if vehicle.front else (190.0, 20.0, 15.0)
    strength = float(rng.uniform(0.4, 1.0))
    for x, y, depth in camera.project(places):
        radius = float(0.05 * camera.focal_px / depth * (1 if vehicle.front else 0.7))
        add_lamp(canvas, float(x), float(y), radius, (colour[0] * strength, colour[1] * strength, colour[2] * strength))


def _seen_boxes(cast: _Cast) -> np.ndarray:
    """Boxes of the vehicles of which enough is seen: float32 (M, 4), nearest last."""
    owner = np.full((HEIGHT_PX, WIDTH_PX), -1, np.int16)
    for number, (vehicle, _) in enumerate(cast.members):
        owner[vehicle.window][vehicle.cover > 0.5] = number
    boxes = []
    for number, (vehicle, _) in enumerate(cast.members):
        own = vehicle.cover > 0.5
        if not own.any() or (owner[vehicle.window][own] == number).mean() < LEAST_SEEN:
            continue
        box = vehicle_box(vehicle)
        if box[3] - box[1] >= LEAST_VEHICLE_PX:
            boxes.append(box)
    return np.array(boxes, np.float32).reshape(-1, 4)


def compose_scene(
    rng: np.random.Generator,
    country: str,
    preset: str = "mixed",
    backgrounds: Sequence[Path] = (),
) -> LabelledScene:
    """Compose one picture of 1280x720; the same arguments and generator state give the same bytes.

    Args:
        country: whose plates the vehicles carry.
        preset: a key of `SCENE_PRESETS`, or ``mixed`` for one of them.
        backgrounds: pictures without plates to put the vehicles on; without any, surroundings are painted.

    Raises:
        AlprError: no such country or preset, or none of the backgrounds can be read.
    """
    plate_type(country)
    rules = _preset(preset, rng)
    lead = _Lead(pick_shape(rng), bool(rng.random() < 0.5), pick_layout(rng, country))
    camera, first = _aim(rules, lead, rng)
    light = make_light(LIGHTS[rng.choice(len(LIGHTS), p=rules.lights)], float(np.hypot(*first)), rng)
    cast = _cast(rules, country, camera, first, lead, rng)
    outlines = _outlines(cast, light)
    if backgrounds:
        canvas = _own_background(backgrounds, camera, outlines, rng)
    else:
        canvas = paint_surroundings(camera, cast.setting, light, outlines, rng)
        put_up_boards(canvas, camera, cast.setting, light, int(rng.integers(0, 7)), rng)
    for vehicle, hung in cast.members:
        draw_vehicle(canvas, vehicle, camera, light, cast.setting.snow * float(rng.uniform(0, 1)), rng)
        if hung:
            lay_plate(canvas, hung, vehicle, light, rng)
        if light.dark:
            _lit_lamps(canvas, vehicle, camera, rng)
    image = take_picture(canvas, rules.camera, light.dark, light.name == "infrared", rng)
    return LabelledScene(image, tuple(hung.label for _, hung in cast.members if hung), _seen_boxes(cast))
