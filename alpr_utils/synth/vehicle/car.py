"""A whole car: painted body, wheels, mirrors, lamps that shine and a plate at either end."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from alpr_utils.synth.plate.ranges import weighted_choice
from alpr_utils.synth.plate.render import RenderedPlate
from alpr_utils.synth.vehicle import paint as car_paint
from alpr_utils.synth.vehicle.mesh import MATT, Material, Mesh, box, ellipsoid, quad, tube, vertex_normals
from alpr_utils.synth.vehicle.paint import CarLook
from alpr_utils.synth.vehicle.painted_side import Finish
from alpr_utils.synth.vehicle.shape import Body, CarShape, body

PLATE_GAP_M = 0.012
BLANK_TONE = (230.0, 230.0, 230.0)
PAINTS = (
    ((226, 228, 228), 0.35, 0.0, 5),
    ((172, 175, 178), 0.38, 0.55, 5),
    ((24, 25, 28), 0.3, 0.1, 3),
    ((84, 88, 93), 0.36, 0.5, 3),
    ((126, 18, 22), 0.3, 0.15, 2),
    ((26, 48, 98), 0.3, 0.3, 2),
    ((178, 164, 138), 0.36, 0.45, 1),
    ((38, 66, 52), 0.32, 0.3, 1),
)


@dataclass(frozen=True)
class PlateMount:
    """Where a plate hangs on its car.

    Attributes:
        corners: float32 (4, 3), of the plate's whole picture with its frame, clockwise from the onlooker's top left.
        meshes: a blank of one tone, on which the plate's picture is laid after the light is known, and its holder.
    """

    corners: np.ndarray
    meshes: tuple[Mesh, ...]


@cache
def _lofted(shape: CarShape) -> tuple[Body, np.ndarray]:
    surface = body(shape)
    return surface, vertex_normals(surface.vertices, surface.faces)


def random_look(rng: np.random.Generator, snow: float, dirt: float, px_per_m: int) -> CarLook:
    """A colour, a grille and a degree of dirt; white and silver are the commonest colours."""
    colour, roughness, metallic, _ = weighted_choice(rng, PAINTS, [paint[3] for paint in PAINTS])
    shade = rng.uniform(0.85, 1.05)
    varied = [float(np.clip(v * shade * rng.uniform(0.97, 1.03), 0, 255)) for v in colour]
    return CarLook(
        paint=Finish((varied[0], varied[1], varied[2]), roughness, metallic),
        grille_bars=int(rng.integers(2, 6)),
        grille_half=float(rng.uniform(0.3, 0.48)),
        chrome=bool(rng.random() < 0.6),
        dirt=dirt,
        snow=snow,
        seed=int(rng.integers(1 << 30)),
        px_per_m=px_per_m,
    )


def _body_meshes(shape: CarShape, look: CarLook) -> list[Mesh]:
    """The lofted surface cut by the direction it faces; each part shows the flat view from that direction."""
    surface, normals = _lofted(shape)
    a, b, c = (surface.vertices[surface.faces[:, i]] for i in range(3))
    facing = np.cross(b - a, c - a)
    strength = np.stack([facing[:, 0], -facing[:, 0], np.abs(facing[:, 1]), np.abs(facing[:, 2])], 1)
    views = (car_paint.front_view, car_paint.rear_view, car_paint.side_view, car_paint.top_view)
    axes = ((1, 2), (1, 2), (0, 2), (0, 1))
    meshes = []
    for index, (make_view, (across, up)) in enumerate(zip(views, axes, strict=True)):
        faces = surface.faces[strength.argmax(1) == index]
        used, faces = np.unique(faces, return_inverse=True)
        vertices = surface.vertices[used]
        view = make_view(shape, look)
        low = np.array([view.horizontal[0], view.vertical[0]])
        size = np.array([view.horizontal[1], view.vertical[1]]) - low
        uv = ((vertices[:, [across, up]] - low) / size).astype(np.float32)
        meshes.append(Mesh(vertices, faces.reshape(-1, 3).astype(np.int32), uv, view.material(), normals[used]))
    return meshes


@cache
def _wheel_picture(spokes: int) -> np.ndarray:
    """Tyre and rim from the side: uint8 (256, 256, 3)."""
    picture = np.full((256, 256, 3), 22, np.uint8)
    cv2.circle(picture, (128, 128), 84, (150, 152, 156), -1, cv2.LINE_AA)
    cv2.circle(picture, (128, 128), 76, (30, 30, 32), -1, cv2.LINE_AA)
    for angle in np.arange(spokes) * 2 * np.pi / spokes:
        end = (round(128 + 78 * np.cos(angle)), round(128 + 78 * np.sin(angle)))
        cv2.line(picture, (128, 128), end, (165, 168, 172), 17, cv2.LINE_AA)
    cv2.circle(picture, (128, 128), 20, (140, 142, 146), -1, cv2.LINE_AA)
    return picture


def _wheel(x: float, side: int, shape: CarShape, spokes: int) -> list[Mesh]:
    radius, outer = shape.wheel_radius, side * (shape.width / 2 - 0.005)
    inner = outer - side * 0.2
    rubber = Material((20, 20, 21), 0.9)
    tread = tube(np.array([x, inner, radius]), np.array([x, outer, radius]), (radius, radius), rubber, 40)
    angles = np.linspace(0, 2 * np.pi, 41)
    ring = np.stack([np.cos(angles), np.sin(angles)], 1)
    vertices = np.concatenate(
        [[(x, outer, radius)], np.stack([x + radius * ring[:, 0], np.full(41, outer), radius + radius * ring[:, 1]], 1)]
    )
    uv = np.concatenate([[(0.5, 0.5)], 0.5 + 0.5 * ring])
    order = [(0, i + 2, i + 1) if side > 0 else (0, i + 1, i + 2) for i in range(40)]
    face = Mesh(
        vertices.astype(np.float32),
        np.array(order, np.int32),
        uv.astype(np.float32),
        Material(_wheel_picture(spokes), 0.45),
    )
    return [tread, face]


def _mirrors(shape: CarShape, look: CarLook) -> list[Mesh]:
    x = shape.glass[3] - 0.32
    z = float(shape.belt_at(np.array(x))) + 0.10
    paint = Material(look.paint.colour, look.paint.roughness, look.paint.metallic, clearcoat=0.8)
    return [ellipsoid((x, side * (shape.width / 2 + 0.07), z), (0.07, 0.11, 0.08), paint) for side in (-1, 1)]


def car_meshes(shape: CarShape, look: CarLook) -> list[Mesh]:
    """The car without plates, heading along x, its middle above the origin."""
    spokes = 5 + look.seed % 4
    wheels = [part for x in shape.axles for side in (-1, 1) for part in _wheel(x, side, shape, spokes)]
    return [*_body_meshes(shape, look), *wheels, *_mirrors(shape, look)]


def lamp_places(shape: CarShape, front: bool) -> np.ndarray:
    """The middles of the two headlamps or tail lamps on the car: float64 (2, 3)."""
    half = shape.width / 2
    if front:
        z, y = shape.top[-1][1] - 0.09, 0.73 * half
    else:
        z, y = float(shape.belt_at(np.array(-shape.length / 2))) - 0.14, 0.76 * half
    return np.array([(_surface_x(shape, front, side * y, z, 0.05), side * y, z) for side in (-1, 1)])


def _surface_x(shape: CarShape, front: bool, y: float, z: float, reach: float, half_width: float = 0.05) -> float:
    """How far the body stands out at its nose or tail around ``y``, ``z``."""
    vertices = _lofted(shape)[0].vertices
    near = (np.abs(vertices[:, 1] - y) < half_width) & (np.abs(vertices[:, 2] - z) < reach)
    return float(vertices[near, 0].max() if front else vertices[near, 0].min())


def mount_plate(shape: CarShape, plate: RenderedPlate, front: bool) -> PlateMount:
    """Hang a plate on the nose or the tail."""
    px_per_m = float(plate.corners[1, 0] - plate.corners[0, 0]) / (plate.size_mm[0] / 1000)
    height, width = (side / px_per_m for side in plate.alpha.shape)
    z = 0.28 + shape.clearance if front else shape.rear_plate_z
    sign = 1 if front else -1
    face = _surface_x(shape, front, 0, z, height / 2 + 0.02, width / 2) + sign * PLATE_GAP_M
    places = ((-1, 1), (1, 1), (1, -1), (-1, -1))
    corners = np.array([(face, sign * y * width / 2, z + up * height / 2) for y, up in places], np.float32)
    holder = box((face - sign * 0.033, 0, z), (0.06, width * 0.96, height * 0.9), Material((22, 22, 24), 0.6))
    return PlateMount(corners, (quad(corners, Material(BLANK_TONE, MATT)), holder))
