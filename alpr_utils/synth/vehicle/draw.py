"""Vehicles of composed scenes: their kinds, their paint, and how the camera sees them."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from alpr_utils.synth.plate.ranges import weighted_choice
from alpr_utils.synth.vehicle import paint as car_paint
from alpr_utils.synth.vehicle.car import random_look
from alpr_utils.synth.vehicle.light import Light
from alpr_utils.synth.vehicle.painted_side import PaintedSide
from alpr_utils.synth.vehicle.pinhole import PinholeCamera
from alpr_utils.synth.vehicle.raster import SIDES, WINDOW_MARGIN_PX, Pose, Surface, coarse_body, rasterise
from alpr_utils.synth.vehicle.shape import HATCHBACK, SEDAN, SUV, VAN, CarShape
from alpr_utils.synth.vehicle.signs import decorate

BUS = CarShape(
    "van", 9.0, 2.45,
    ((-4.5, 2.5), (-4.44, 2.9), (-4.2, 3.05), (0.0, 3.1), (4.1, 3.05), (4.38, 2.85), (4.46, 1.3), (4.5, 1.02)),
    ((-4.5, 1.5), (4.3, 1.25), (4.5, 1.0)),
    (-4.5, -4.4, 4.36, 4.47), 0.92, 0.32, 0.48, (-2.4, 2.6), (-2.6, -0.9, 0.8, 2.5), 0.95,
)  # fmt: skip
TRUCK = CarShape(
    "van", 6.4, 2.1,
    ((-3.2, 2.3), (-3.17, 2.75), (-3.0, 2.85), (1.5, 2.85), (1.75, 2.3), (2.5, 2.25), (3.0, 1.35), (3.2, 1.0)),
    ((-3.2, 2.25), (1.5, 2.2), (1.8, 1.2), (3.2, 0.95)),
    (-3.19, -3.18, 2.45, 3.02), 0.9, 0.42, 0.4, (-1.8, 2.1), (1.7,), 0.78,
)  # fmt: skip
KINDS = ((SEDAN, 0.27), (HATCHBACK, 0.15), (SUV, 0.28), (VAN, 0.14), (BUS, 0.07), (TRUCK, 0.09))
COARSEST_PX_PER_M, END_PX_PER_M, FLANK_PX_PER_M = 24, 240, 130  # of the painted views
RARE_PAINT_SHARE = 0.2
FAR_PX_PER_M = 70  # a body with fewer pixels a metre is rasterised at full resolution
NEAR_PX_PER_M = 200  # one with more is painted at half resolution
_VIEWS = (car_paint.front_view, car_paint.rear_view, car_paint.side_view, car_paint.top_view)
_AXES = ((1, 2), (1, 2), (0, 2), (0, 1))
_RUBBER = np.array([0.012, 0.012, 0.013], np.float32)


@dataclass(frozen=True)
class Vehicle:
    """A vehicle in the street; with ``front`` its nose is towards the camera. ``distance_m`` from the camera."""

    shape: CarShape
    pose: Pose
    front: bool
    distance_m: float
    surface: Surface
    cover: np.ndarray

    @property
    def window(self) -> tuple[slice, slice]:
        """Where its pixels lie in the picture."""
        s = self.surface
        return slice(s.top, s.top + s.height), slice(s.left, s.left + s.width)


def pick_shape(rng: np.random.Generator) -> CarShape:
    """A kind of vehicle, as often as it is met."""
    return weighted_choice(rng, KINDS, [share for _, share in KINDS])[0]


def stand(
    shape: CarShape,
    place: tuple[float, float],
    yaw_deg: float,
    front: bool,
    camera: PinholeCamera,
    rng: np.random.Generator,
) -> Vehicle | None:
    """A vehicle whose plate end is at ``place`` and turned ``yaw_deg`` from the south; None when out of the picture."""
    long, wide, high = (float(v) for v in rng.uniform((0.93, 0.95, 0.94), (1.05, 1.04, 1.06)))
    turn = yaw_deg + (-90 if front else 90)
    heading = np.radians(turn)
    back = (1 if front else -1) * long * shape.length / 2
    middle = (float(place[0] - back * np.cos(heading)), float(place[1] - back * np.sin(heading)), 0.0)
    pose = Pose(float(turn), middle, (long, wide, high))
    distance = float(np.hypot(place[0] - camera.position[0], place[1] - camera.position[1]))
    shrink = 2 if camera.focal_px / max(distance, 1) > FAR_PX_PER_M else 1
    surface = rasterise(shape, pose, camera, shrink)
    if surface is None:
        return None
    size = (surface.width, surface.height)
    cover = cv2.resize(surface.mask.astype(np.float32), _grown(surface, shrink))[: size[1], : size[0]]
    return Vehicle(shape, pose, front, distance, surface, np.ascontiguousarray(cover))


def _grown(surface: Surface, shrink: int) -> tuple[int, int]:
    """Size of the surface's layers at the picture's resolution, width first."""
    height, width = surface.mask.shape
    return width * shrink, height * shrink


def _enlarged(layer: np.ndarray, surface: Surface) -> np.ndarray:
    shrink = -(-surface.width // surface.mask.shape[1])
    if shrink == 1:
        return layer
    return cv2.resize(layer, _grown(surface, shrink))[: surface.height, : surface.width]


def _filled(points: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Extend the body's points beyond its outline, so that enlarging does not mix in empty pixels."""
    weight = cv2.blur(mask.astype(np.float32), (5, 5))
    spread = cv2.blur(points, (5, 5)) / np.maximum(weight, 1e-3)[..., None]
    return np.where(mask[..., None], points, spread)


def _views(vehicle: Vehicle, camera: PinholeCamera, snow: float, rng: np.random.Generator) -> dict[int, PaintedSide]:
    """Those flat views of it that the camera sees, by their index in `SIDES`."""
    px_per_m = camera.focal_px / max(vehicle.distance_m, 1.0)
    near = px_per_m > FAR_PX_PER_M
    dirt = float(rng.uniform(0, 0.7)) if near and rng.random() < 0.6 else 0.0
    look = random_look(rng, snow, dirt, COARSEST_PX_PER_M)
    if rng.random() < RARE_PAINT_SHARE:
        red, green, blue = (float(v) for v in rng.uniform(20, 235, 3))
        look = replace(look, paint=replace(look.paint, colour=(red, green, blue)))
    eye = (np.array(camera.position) - vehicle.pose.place) @ vehicle.pose.turn()
    views = {}
    for number, side in enumerate(SIDES):
        finest = END_PX_PER_M if number < 2 else FLANK_PX_PER_M
        fineness = int(np.clip(px_per_m, COARSEST_PX_PER_M, finest))
        if (vehicle.surface.side == number).any():
            views[number] = _VIEWS[number](vehicle.shape, replace(look, px_per_m=fineness))
            decorate(views[number], side, vehicle.shape, side == "rear" or (side == "flank" and eye[1] > 0), rng)
    return views


def _paint(vehicle: Vehicle, views: dict[int, PaintedSide]) -> tuple[np.ndarray, np.ndarray]:
    """Colour, linear float32 (H, W, 3), and how smooth the surface is, float32 (H, W), in the vehicle's window."""
    surface = vehicle.surface
    points = _enlarged(_filled(surface.points, surface.mask), surface)
    colour = np.zeros((surface.height, surface.width, 3), np.float32)
    gloss = np.zeros((surface.height, surface.width), np.float32)
    total = np.full((surface.height, surface.width), 1e-3, np.float32)
    for number, view in views.items():
        share = _enlarged((surface.side == number).astype(np.float32), surface)
        across, up = _AXES[number]
        x = (points[..., across] - np.float32(view.horizontal[0])) * np.float32(view.px_per_m)
        y = (np.float32(view.vertical[1]) - points[..., up]) * np.float32(view.px_per_m)
        painted = cv2.remap(view.colour, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        rough = cv2.remap(view.roughness, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        colour += _linear(painted) * share[..., None]
        gloss += np.clip(1.2 - rough.astype(np.float32) / 140, 0, 1) * share
        total += share
    return colour / total[..., None], gloss / total


def _linear(pixels: np.ndarray) -> np.ndarray:
    """uint8 to linear light, float32; gamma 2 is near enough and fast."""
    table = (np.arange(256, dtype=np.float32) / 255) ** 2
    return cv2.LUT(pixels, table)


def _wheel(vehicle: Vehicle, camera: PinholeCamera, axle: float, side: int, inset: float) -> np.ndarray:
    """A circle of tyre in pixels of the vehicle's window, in sixteenths: int32 (24, 2)."""
    shape, angles = vehicle.shape, np.linspace(0, 2 * np.pi, 24, endpoint=False)
    radius = shape.wheel_radius
    y = np.full(24, side * (shape.width / 2 - inset))
    ring = np.stack([axle + radius * np.cos(angles), y, radius + radius * np.sin(angles)], 1)
    xy = camera.project(vehicle.pose.in_street(ring))[:, :2] - (vehicle.surface.left, vehicle.surface.top)
    return np.clip(xy * 16, -30000, 30000).astype(np.int32)


def _lay_wheels(
    layer: np.ndarray, cover: np.ndarray, vehicle: Vehicle, camera: PinholeCamera, light: np.ndarray
) -> None:
    """Tyres below the body, in place; the body is painted over them."""
    for axle in vehicle.shape.axles:
        for side in (-1, 1):
            rings = [_wheel(vehicle, camera, axle, side, inset) for inset in (0.03, 0.22)]
            hull = cv2.convexHull(np.concatenate(rings))
            cv2.fillConvexPoly(layer, hull, tuple(float(v) for v in _RUBBER * (0.3 + light)), cv2.LINE_AA, 4)
            cv2.fillConvexPoly(cover, hull, 1.0, cv2.LINE_AA, 4)


def _lay_rims(layer: np.ndarray, vehicle: Vehicle, camera: PinholeCamera, light: np.ndarray, spokes: int) -> None:
    """The outer faces of the wheels that look at the camera, over the body, in place."""
    eye = (np.array(camera.position) - vehicle.pose.place) @ vehicle.pose.turn()
    side = 1 if eye[1] > 0 else -1
    if abs(eye[1]) < 1.1 * vehicle.shape.width / 2:
        return
    for axle in vehicle.shape.axles:
        ring = _wheel(vehicle, camera, axle, side, 0.0)
        middle = ring.mean(0)
        for share, tone in ((1.0, 0.014), (0.68, 0.3), (0.6, 0.05)):
            circle = (middle + (ring - middle) * share).astype(np.int32)
            cv2.fillConvexPoly(layer, circle, tuple(float(v) for v in tone * light), cv2.LINE_AA, 4)
        for start in range(0, 24, max(2, 24 // spokes)):
            end = middle + (ring[start] - middle) * 0.62
            metal = tuple(float(v) for v in 0.32 * light)
            thick = max(1, round(float(np.linalg.norm(ring[start] - middle)) / 16 * 0.1))
            cv2.line(layer, middle.astype(int).tolist(), end.astype(int).tolist(), metal, thick, cv2.LINE_AA, 4)


def _shaded(vehicle: Vehicle, camera: PinholeCamera, light: Light) -> tuple[np.ndarray, np.ndarray]:
    """Light on the body and what it mirrors, both float32 (H, W, 3) in its window."""
    surface, scale = vehicle.surface, np.array(vehicle.pose.scale, np.float32)
    eye = ((np.array(camera.position) - vehicle.pose.place) @ vehicle.pose.turn()).astype(np.float32)
    view = (eye / scale - surface.points) * scale
    view = view @ vehicle.pose.turn().T
    view /= np.sqrt((view**2).sum(-1, keepdims=True))
    cosine = np.maximum((view * surface.normals).sum(-1, keepdims=True), 0)
    fresnel = np.float32(0.05) + np.float32(0.75) * (1 - cosine) ** 4
    mirrored = light.mirrored(2 * cosine * surface.normals - view) * fresnel
    distance = np.full(surface.mask.shape, vehicle.distance_m, np.float32)
    lit = light.on_surface(surface.normals, distance)
    low = np.clip(surface.points[..., 2:] / np.float32(0.55), 0.25, 1)  # the road's shadow creeps up the bumper
    return _enlarged(_filled(lit * low, surface.mask), surface), _enlarged(_filled(mirrored, surface.mask), surface)


def _sprite(
    vehicle: Vehicle, camera: PinholeCamera, light: Light, snow: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The vehicle in its window: float32 (H, W, 3) 0..255, and how much of each pixel it covers, (H, W) 0..1."""
    views = _views(vehicle, camera, snow, rng)
    colour, gloss = _paint(vehicle, views)
    lit, mirrored = _shaded(vehicle, camera, light)
    body = colour * lit + mirrored * gloss[..., None]
    typical = light.on_surface(np.array([0, -1, 0], np.float32), np.array(vehicle.distance_m, np.float32))
    layer, cover = np.zeros_like(body), np.zeros_like(gloss)
    _lay_wheels(layer, cover, vehicle, camera, typical)
    layer += vehicle.cover[..., None] * (body - layer)
    _lay_rims(layer, vehicle, camera, typical, int(rng.integers(5, 10)))
    return cv2.sqrt(np.clip(layer, 0, 1)) * 255, np.maximum(cover, vehicle.cover)


def draw_vehicle(
    canvas: np.ndarray, vehicle: Vehicle, camera: PinholeCamera, light: Light, snow: float, rng: np.random.Generator
) -> None:
    """Paint the vehicle over ``canvas: uint8 (H, W, 3)``, in place; its plate comes later."""
    window = canvas[vehicle.window]
    near = camera.focal_px / max(vehicle.distance_m, 1.0) > NEAR_PX_PER_M
    shown, cover = _sprite(_halved(vehicle) if near else vehicle, _half(camera) if near else camera, light, snow, rng)
    if near:
        size = (shown.shape[1] * 2, shown.shape[0] * 2)
        shown, cover = (cv2.resize(part, size)[: window.shape[0], : window.shape[1]] for part in (shown, cover))
    window[:] = (window + cover[..., None] * (shown - window)).astype(np.uint8)


def _half(camera: PinholeCamera) -> PinholeCamera:
    size = (camera.width_px // 2, camera.height_px // 2)
    return replace(camera, focal_px=camera.focal_px / 2, width_px=size[0], height_px=size[1])


def _halved(vehicle: Vehicle) -> Vehicle:
    """The same vehicle in a picture of half the size."""
    height, width = vehicle.surface.mask.shape
    s = replace(vehicle.surface, left=vehicle.surface.left / 2, top=vehicle.surface.top / 2, width=width, height=height)
    return replace(vehicle, surface=s, cover=vehicle.surface.mask.astype(np.float32))


def vehicle_box(vehicle: Vehicle) -> np.ndarray:
    """The box around it with its wheels: float32 (4,), ymin, xmin, ymax, xmax, pixels."""
    rows, columns = (np.nonzero(vehicle.cover.max(axis) > 0.5)[0] for axis in (1, 0))
    s = vehicle.surface
    feet = max(int(rows[-1]) + 1, s.height - WINDOW_MARGIN_PX)  # the window reaches down to the tyres
    box = (s.top + rows[0], s.left + columns[0], s.top + feet, s.left + columns[-1] + 1)
    return np.array(box, np.float32)


def plate_place(vehicle: Vehicle) -> np.ndarray:
    """The middle of where its plate hangs, on the unscaled vehicle: (3,) metres."""
    shape = vehicle.shape
    z = 0.28 + shape.clearance if vehicle.front else shape.rear_plate_z
    vertices = coarse_body(shape, True).vertices
    near = (np.abs(vertices[:, 1]) < 0.3) & (np.abs(vertices[:, 2] - z) < 0.14)
    x = vertices[near, 0].max() if vehicle.front else vertices[near, 0].min()
    return np.array([x + (0.02 if vehicle.front else -0.02), 0.0, z], np.float32)
