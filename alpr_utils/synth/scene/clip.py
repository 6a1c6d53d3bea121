"""Clips of a parked camera over a road, cars passing below it, with the truth of every frame.

The camera looks down so steeply that a plate enters at one edge of the picture and leaves at another: when a plate is
in view is then no matter of opinion.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.plates import PlateLayout, plate_type
from alpr_utils.synth.plate.labels import ScenePlate
from alpr_utils.synth.plate.render import RenderedPlate, pick_layout, render_plate
from alpr_utils.synth.scene.backdrop import Setting, paint_surroundings, shadow_layer
from alpr_utils.synth.scene.capture import SceneCameraRanges, take_picture
from alpr_utils.synth.scene.compose import covers
from alpr_utils.synth.scene.hung_plate import HungPlate, hang, lay_plate
from alpr_utils.synth.vehicle.draw import Vehicle, draw_vehicle, pick_shape, stand
from alpr_utils.synth.vehicle.light import Light, make_light
from alpr_utils.synth.vehicle.pinhole import PinholeCamera
from alpr_utils.synth.vehicle.shape import CarShape

CLIP_KINDS = ("passing", "stopping", "overtaking", "dusk", "two")
_LANES_X = (-1.15, 1.15)
_PLATE_Z = 0.6
_PLATE_HEIGHT_PX = 96  # of the picture of a plate that is laid on its car in every frame
_TAIL_S = 0.6  # the empty road after the last car
_SHADE = 0.45


@dataclass(frozen=True)
class ClipFrame:
    """One picture of a clip.

    Attributes:
        number: from 0.
        time_s: since the first frame.
        image: uint8 (H, W, 3) RGB.
        plates: those wholly in view, by the number of their vehicle, which counts from 1.
    """

    number: int
    time_s: float
    image: np.ndarray
    plates: dict[int, ScenePlate]


@dataclass(frozen=True)
class _Road:
    """What a parked camera sees: from ``near_m`` before it to ``far_m``; ``tones`` are the faults of its pictures."""

    camera: PinholeCamera
    near_m: float
    far_m: float
    light: Light
    tones: SceneCameraRanges


@dataclass(frozen=True)
class _Drive:
    """How one vehicle drives through the picture.

    Attributes:
        shape, layout, plate: what it is and carries.
        front: its nose is towards the camera, and it drives towards it.
        x: of its lane, metres.
        start_s: when its plate is half a metre before the picture.
        speed: metres a second.
        stop_s: how long it stands in the middle of its way.
        seed: of its look.
    """

    shape: CarShape
    layout: PlateLayout
    plate: RenderedPlate
    front: bool
    x: float
    start_s: float
    speed: float
    stop_s: float
    seed: int

    def driven_m(self, time_s: float, way_m: float) -> float:
        """Metres since the start; a vehicle that stops brakes evenly and starts again evenly."""
        since = time_s - self.start_s
        if not self.stop_s:
            return since * self.speed
        brake_s = way_m / self.speed  # half the way at half the mean speed
        if since < brake_s:
            return way_m / 2 * (1 - (1 - since / brake_s) ** 2)
        return way_m / 2 * (1 + max(since - brake_s - self.stop_s, 0) ** 2 / brake_s**2)

    def end_s(self, way_m: float) -> float:
        """When its plate has left the picture."""
        return self.start_s + (2 * way_m / self.speed + self.stop_s if self.stop_s else way_m / self.speed)


def check_clip(country: str, kind: str) -> None:
    """Raises `AlprError` when there is no such country or kind of clip."""
    plate_type(country)
    if kind not in CLIP_KINDS:
        raise AlprError(f"There is no kind of clip '{kind}'; choose one of {', '.join(CLIP_KINDS)}, all.")


def clip_frames(
    rng: np.random.Generator, country: str, kind: str, fps: float = 25.0, width_px: int = 1280
) -> Iterator[ClipFrame]:
    """The frames of one clip, 16:9; the same arguments and generator state give the same pictures.

    Args:
        country: whose plates the vehicles carry.
        kind: one of `CLIP_KINDS`.
        width_px: of the picture, up to 1280.

    Raises:
        AlprError: (on the first frame) no such country or kind.
    """
    check_clip(country, kind)
    road = _road(rng, "dusk" if kind == "dusk" else ("sunny", "overcast")[rng.integers(2)], width_px)
    way_m = road.far_m - road.near_m + 1
    drives = _drives(rng, country, kind)
    setting = Setting("road", 0.0, 60.0, (-2.5, 0.0, 2.5))
    empty = paint_surroundings(road.camera, setting, road.light, [], rng)
    end_s = max(drive.end_s(way_m) for drive in drives) + _TAIL_S
    for number in range(round(end_s * fps)):
        canvas, plates = _painted(empty, road, drives, number / fps, way_m)
        image = take_picture(canvas, road.tones, road.light.dark, False, rng)
        yield ClipFrame(number, number / fps, image, plates)


def _road(rng: np.random.Generator, light: str, width_px: int) -> _Road:
    width_px = width_px // 2 * 2  # videos and shades need even sides
    height_px = width_px * 9 // 32 * 2
    up = float(rng.uniform(4.0, 5.2))
    near, far = float(rng.uniform(5.8, 6.6)), float(rng.uniform(11.5, 13.5))
    steep, flat = (np.arctan((up - _PLATE_Z) / away) for away in (near, far))
    focal = height_px / 2 / np.tan((steep - flat) / 2)
    target = (float(rng.uniform(-0.2, 0.2)), 10.0, up - 10 * float(np.tan((steep + flat) / 2)))
    camera = PinholeCamera((0.0, 0.0, up), target, float(focal), width_px, height_px)
    tone, shift = float(rng.uniform(0.9, 1.15)), float(rng.uniform(-8, 8))
    blur, quality = float(rng.uniform(0.35, 0.8)), float(rng.uniform(70, 95))
    noise = float(rng.uniform(4, 7) if light == "dusk" else rng.uniform(1, 3))
    tones = SceneCameraRanges(
        defocus_px=(blur, blur), motion=0, noise=(noise, noise), dark_noise=(noise, noise), resample=0,
        contrast=(tone, tone), brightness=(shift, shift), tint=0, grey=0, sharpen=0,
        jpeg_quality=(quality, quality + 1),
    )  # fmt: skip
    return _Road(camera, near, far, make_light(light, far, rng), tones)


def _drives(rng: np.random.Generator, country: str, kind: str) -> list[_Drive]:
    """The vehicles of a clip in the order in which they come."""
    speed, front = float(rng.uniform(3.5, 6.5)), bool(rng.random() < 0.5)
    lane = int(rng.integers(2))
    if kind in ("two", "overtaking"):
        slow = float(rng.uniform(2.6, 3.2)) if kind == "overtaking" else speed
        fast = 2.3 * slow if kind == "overtaking" else speed
        other = front if kind == "overtaking" else bool(rng.random() < 0.5)
        late = 1.2 if kind == "overtaking" else float(rng.uniform(0.2, 0.5))
        ways = [(lane, 0.2, slow, front, 0.0), (1 - lane, late, fast, other, 0.0)]
    else:
        count = {"passing": 3, "stopping": 1, "dusk": 2}[kind]
        stop_s = float(rng.uniform(1.5, 3)) if kind == "stopping" else 0.0
        ways = [(lane, 0.2, speed, front, stop_s) for _ in range(count)]
    drives: list[_Drive] = []
    for number, (side, start_s, pace, nose, stop_s) in enumerate(ways):
        shape, layout = pick_shape(rng), pick_layout(rng, country)
        if number and side == ways[0][0]:  # in one lane they follow each other
            before = drives[-1]
            gap_m = max(before.shape.length, shape.length) + float(rng.uniform(1.5, 5))
            start_s = before.start_s + gap_m / pace
        text = plate_type(country).random_text(rng, layout, False)
        plate = render_plate(text, layout, rng, _PLATE_HEIGHT_PX)
        x = _LANES_X[side] + float(rng.uniform(-0.12, 0.12))
        drives.append(_Drive(shape, layout, plate, nose, x, start_s, pace, stop_s, int(rng.integers(2**31))))
    return drives


def _painted(
    empty: np.ndarray, road: _Road, drives: list[_Drive], time_s: float, way_m: float
) -> tuple[np.ndarray, dict[int, ScenePlate]]:
    """The road at that time, before the camera's faults, and the plates wholly in view."""
    there: list[tuple[int, _Drive, Vehicle]] = []
    for number, drive in enumerate(drives, start=1):
        driven = drive.driven_m(time_s, way_m)
        y = road.far_m + 0.5 - driven if drive.front else road.near_m - 0.5 + driven
        if y < -2 or y > road.far_m + 12 or time_s < drive.start_s - 3:
            continue
        vehicle = stand(drive.shape, (drive.x, y), 0.0, drive.front, road.camera, np.random.default_rng(drive.seed))
        if vehicle is not None:
            there.append((number, drive, vehicle))
    there.sort(key=lambda item: -item[2].distance_m)
    canvas = _shaded(empty, road, [vehicle for _, _, vehicle in there])
    hung: dict[int, tuple[Vehicle, HungPlate]] = {}
    for number, drive, vehicle in there:
        hung = {key: pair for key, pair in hung.items() if not covers(vehicle, pair[1])}
        draw_vehicle(canvas, vehicle, road.camera, road.light, 0.0, np.random.default_rng(drive.seed + 1))
        plate = hang(vehicle, drive.plate, drive.layout, road.camera, 1.0, np.random.default_rng(drive.seed + 2))
        if plate:
            lay_plate(canvas, plate, vehicle, road.light, np.random.default_rng(drive.seed + 3))
            hung[number] = vehicle, plate
    return canvas, {number: plate.label for number, (_, plate) in sorted(hung.items())}


def _shaded(empty: np.ndarray, road: _Road, vehicles: list[Vehicle]) -> np.ndarray:
    """The empty road with the shade below the vehicles."""
    if not vehicles:
        return empty.copy()
    outlines = []
    for vehicle in vehicles:
        half = np.array([vehicle.shape.length, vehicle.shape.width, 0]) * 0.5
        corners = (np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]) * half).astype(np.float32)
        outlines.append(vehicle.pose.in_street(corners)[:, :2])
    light = shadow_layer(road.camera, outlines)
    full = np.repeat(np.repeat(light, 2, 0), 2, 1)[: empty.shape[0], : empty.shape[1]]
    return (empty * (1 - _SHADE + _SHADE * full)).astype(np.uint8)
