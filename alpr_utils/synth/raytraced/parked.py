"""A car standing in the street, with its plate and its burning lamps as the camera sees them."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from alpr_utils.plates import plate_type
from alpr_utils.synth.photo.view import project_boxes, project_points
from alpr_utils.synth.plate.labels import ScenePlate
from alpr_utils.synth.plate.render import RenderedPlate, pick_layout, render_plate
from alpr_utils.synth.raytraced.photograph import Glow
from alpr_utils.synth.raytraced.tracer import World
from alpr_utils.synth.vehicle.car import PlateMount, car_meshes, lamp_places, mount_plate, random_look
from alpr_utils.synth.vehicle.mesh import Mesh, placed, turned
from alpr_utils.synth.vehicle.paint import COARSE_PX_PER_M, FINE_PX_PER_M
from alpr_utils.synth.vehicle.pinhole import PinholeCamera
from alpr_utils.synth.vehicle.shape import SHAPES, CarShape

SMALLEST_LABELLED_PX = 50
SMALLEST_VEHICLE_PX, LEAST_SEEN, PROBES = 14, 0.3, 60
PLATE_HEIGHT_PX = 240
LAMP_RADIUS_M = 0.06
HEADLAMP_LIGHT, TAIL_LAMP_LIGHT = np.array([7.0, 6.6, 5.6]), np.array([2.2, 0.12, 0.08])


@dataclass(frozen=True)
class ParkedCar:
    """A car in the street; with ``front`` its nose is towards the camera, else its tail.

    ``turn_deg`` and ``place`` lead from the car's own coordinates to those of the street.
    """

    shape: CarShape
    meshes: tuple[Mesh, ...]
    turn_deg: float
    place: tuple[float, float, float]
    front: bool
    lit: bool
    plate: RenderedPlate | None = None
    mount: PlateMount | None = None

    @property
    def yaw_deg(self) -> float:
        """How far its plate end is turned away from the south."""
        return self.turn_deg + (90 if self.front else -90)

    def in_street(self, points: np.ndarray) -> np.ndarray:
        """``points: (..., 3)`` on the car, in the street."""
        return turned(points, self.turn_deg) + np.asarray(self.place, points.dtype)

    def street_meshes(self) -> list[Mesh]:
        """Everything of it that is ray traced."""
        mounted = self.mount.meshes if self.mount else ()
        return [placed(mesh, self.turn_deg, self.place) for mesh in (*self.meshes, *mounted)]

    def bare(self) -> "ParkedCar":
        """The same car without its plate."""
        return replace(self, plate=None, mount=None)

    def plate_centre(self) -> np.ndarray:
        """The middle of the plate or, without one, of where it would be: (3,)."""
        if self.mount is None:
            return np.array([self.place[0], self.place[1] - self.shape.length / 2, 0.6])
        return self.in_street(self.mount.corners).mean(0)

    def plate_homography(self, camera: PinholeCamera) -> np.ndarray:
        """From pixels of the plate's picture to pixels of the camera's: float64 (3, 3)."""
        assert self.plate is not None and self.mount is not None
        height, width = self.plate.alpha.shape
        picture = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
        outline = camera.project(self.in_street(self.mount.corners))[:, :2]
        return cv2.getPerspectiveTransform(picture, outline.astype(np.float32))

    def plate_label(self, camera: PinholeCamera, world: World) -> ScenePlate | None:
        """The plate as the camera sees it; None where it is hidden, cut off, turned away or too small to label."""
        assert self.plate is not None and self.mount is not None
        board = self.in_street(self.mount.corners)
        pixels = camera.project(board)
        limits = (camera.width_px - 2, camera.height_px - 2)
        inside = (pixels[:, 2] > 0) & (pixels[:, :2] > 2).all(1) & (pixels[:, :2] < limits).all(1)
        outward = np.cross(board[3] - board[0], board[1] - board[0])
        outward /= np.linalg.norm(outward)
        facing = np.dot(outward, np.array(camera.position) - board.mean(0))
        if not inside.all() or facing <= 0 or np.ptp(pixels[:, 0]) < SMALLEST_LABELLED_PX:
            return None
        shares = np.stack(np.meshgrid(np.linspace(0, 1, 7), np.linspace(0, 1, 3)), -1).reshape(-1, 2)
        points = board[0] + shares[:, :1] * (board[1] - board[0]) + shares[:, 1:] * (board[3] - board[0])
        if not all(world.sees(point + 0.02 * outward) for point in points):
            return None
        homography = self.plate_homography(camera)
        (xmin, ymin), (xmax, ymax) = pixels[:, :2].min(0), pixels[:, :2].max(0)
        return ScenePlate(
            text=self.plate.text,
            rows=self.plate.rows,
            country=self.plate.country,
            layout=self.plate.layout,
            box=np.array([ymin, xmin, ymax, xmax], np.float32),
            corners=project_points(self.plate.corners, homography),
            char_boxes=project_boxes(self.plate.char_boxes, homography),
        )

    def seen_box(self, camera: PinholeCamera, world: World) -> np.ndarray | None:
        """The box around the car, clipped to the picture: float32 (4,), ymin, xmin, ymax, xmax, pixels.

        None where less than `LEAST_SEEN` of the side towards the camera is seen, or it is tiny.
        """
        meshes = [placed(mesh, self.turn_deg, self.place) for mesh in self.meshes]
        pixels = camera.project(np.concatenate([mesh.vertices for mesh in meshes]))
        before = pixels[pixels[:, 2] > 0.2, :2]
        if not len(before):
            return None
        size = np.array([camera.width_px, camera.height_px])
        low, high = np.clip(before.min(0), 0, size), np.clip(before.max(0), 0, size)
        if (high - low).min() < SMALLEST_VEHICLE_PX or self._seen_share(meshes, camera, world) < LEAST_SEEN:
            return None
        return np.array([low[1], low[0], high[1], high[0]], np.float32)

    def _seen_share(self, meshes: list[Mesh], camera: PinholeCamera, world: World) -> float:
        """Share of those points in the picture, all over the body's side towards the camera, that are not hidden."""
        smooth = [(mesh.vertices, mesh.normals) for mesh in meshes if mesh.normals is not None]
        points, normals = (np.concatenate(part) for part in zip(*smooth, strict=True))
        towards = np.array(camera.position) - points
        facing = np.nonzero((normals * towards).sum(1) > 0.2 * np.linalg.norm(towards, axis=1))[0]
        chosen = facing[:: max(1, len(facing) // PROBES)]
        raised = points[chosen] + 0.04 * normals[chosen]
        pixels = camera.project(raised)
        inside = (pixels[:, 2] > 0) & (pixels[:, :2] > 0).all(1)
        inside &= (pixels[:, :2] < (camera.width_px, camera.height_px)).all(1)
        unhidden = [world.sees(point) for point in raised[inside]]
        return float(np.mean(unhidden)) if unhidden else 0.0

    def glows(self, camera: PinholeCamera, world: World) -> list[Glow]:
        """Its burning lamps as far as they face the camera and are not hidden."""
        if not self.lit:
            return []
        places = self.in_street(lamp_places(self.shape, self.front))
        outward = turned(np.array([1.0 if self.front else -1.0, 0, 0]), self.turn_deg)
        glows = []
        for place, (x, y, depth) in zip(places, camera.project(places), strict=True):
            to_eye = np.array(camera.position) - place
            facing = float(np.dot(outward, to_eye) / np.linalg.norm(to_eye))
            if depth > 0 and facing > 0.1 and world.sees(place + 0.06 * outward):
                light = facing * (HEADLAMP_LIGHT if self.front else TAIL_LAMP_LIGHT)
                glows.append(Glow(float(x), float(y), LAMP_RADIUS_M * camera.focal_px / float(depth), light))
        return glows


@dataclass(frozen=True)
class ParkingConditions:
    """What all cars of a picture share.

    Attributes:
        snow: lying on them, 0..1.
        lamps_on: it is dark enough for lamps.
        country: whose plates they carry.
    """

    snow: float
    lamps_on: bool
    country: str


def park(
    place: tuple[float, float],
    yaw_deg: float,
    front: bool,
    with_plate: bool,
    conditions: ParkingConditions,
    rng: np.random.Generator,
) -> ParkedCar:
    """A random car whose plate end faces south, turned by ``yaw_deg``; cars with a plate are painted in detail."""
    shape = SHAPES[rng.integers(len(SHAPES))]
    px_per_m = FINE_PX_PER_M if with_plate else COARSE_PX_PER_M
    look = random_look(rng, conditions.snow * rng.uniform(0, 1.1), float(rng.uniform(0, 0.8)), px_per_m)
    lit = conditions.lamps_on and bool(rng.random() < 0.6)
    turn = yaw_deg + (-90 if front else 90)
    car = ParkedCar(shape, tuple(car_meshes(shape, look)), turn, (*place, 0.0), front, lit)
    if not with_plate:
        return car
    layout = pick_layout(rng, conditions.country)
    text = plate_type(conditions.country).random_text(rng, layout, False)
    plate = render_plate(text, layout, rng, PLATE_HEIGHT_PX)
    return replace(car, plate=plate, mount=mount_plate(shape, plate, front))
