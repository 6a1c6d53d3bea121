"""Plates on the vehicles of composed scenes: placed, checked, labelled and drawn."""

from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.plates import PlateLayout, plate_type
from alpr_utils.synth.photo.view import project_boxes, project_points, warp_plate
from alpr_utils.synth.plate.labels import ScenePlate
from alpr_utils.synth.plate.render import RenderedPlate, render_plate
from alpr_utils.synth.vehicle.draw import Vehicle, plate_place
from alpr_utils.synth.vehicle.light import Light
from alpr_utils.synth.vehicle.pinhole import PinholeCamera

MARGIN_PX = 2.0
_LEAST_HEIGHT_PX, _MOST_HEIGHT_PX = 28, 220
_LEAST_FACING = 0.3  # cosine; flatter plates are left off


@dataclass(frozen=True)
class HungPlate:
    """A plate on a vehicle.

    Attributes:
        plate: the plate from straight ahead.
        homography: (3, 3) from its pixels to the picture's.
        outline: float32 (4, 2), x, y of its corners with the frame, in the picture.
        normal: float32 (3,), where it faces in the street.
        label: what is known about it.
    """

    plate: RenderedPlate
    homography: np.ndarray
    outline: np.ndarray
    normal: np.ndarray
    label: ScenePlate

    @property
    def box_px(self) -> tuple[int, int, int, int]:
        """top, left, bottom, right of the pixels it touches."""
        top, left, bottom, right = self.label.box
        return int(top) - 1, int(left) - 1, int(np.ceil(bottom)) + 2, int(np.ceil(right)) + 2


def _board(vehicle: Vehicle, plate: RenderedPlate, layout: PlateLayout, rng: np.random.Generator) -> np.ndarray:
    """Corners of the plate's picture in the street, clockwise from the onlooker's top left: (4, 3) metres."""
    px_per_m = float(plate.corners[1, 0] - plate.corners[0, 0]) / (layout.size_mm[0] / 1000)
    half_height, half_width = (side / px_per_m / 2 for side in plate.alpha.shape)
    sign = 1 if vehicle.front else -1
    tilt, lean = np.radians(rng.normal(0, 1.2)), np.radians(rng.normal(0, 4))
    middle = plate_place(vehicle) * vehicle.pose.scale + (0, rng.normal(0, 0.01), rng.normal(0, 0.02))
    corners = []
    for across, up in ((-1, 1), (1, 1), (1, -1), (-1, -1)):
        y, z = across * half_width, up * half_height
        y, z = y * np.cos(tilt) - z * np.sin(tilt), y * np.sin(tilt) + z * np.cos(tilt)
        corners.append(middle + np.array([-sign * z * np.sin(lean), sign * y, z * np.cos(lean)]))
    return vehicle.pose.in_street(np.array(corners, np.float32) / np.array(vehicle.pose.scale, np.float32))


def hang_plate(
    vehicle: Vehicle, layout: PlateLayout, camera: PinholeCamera, least_px: float, rng: np.random.Generator
) -> HungPlate | None:
    """A random plate of that layout; None where it would be cut off, turned away or narrower than ``least_px``."""
    text = plate_type(layout.country).random_text(rng, layout, False)
    expected = layout.size_mm[1] / 1000 * camera.focal_px / max(vehicle.distance_m, 0.5)
    height = int(np.clip(1.2 * expected, _LEAST_HEIGHT_PX, _MOST_HEIGHT_PX))
    return hang(vehicle, render_plate(text, layout, rng, height), layout, camera, least_px, rng)


def hang(
    vehicle: Vehicle,
    plate: RenderedPlate,
    layout: PlateLayout,
    camera: PinholeCamera,
    least_px: float,
    rng: np.random.Generator,
) -> HungPlate | None:
    """The same with a plate that is there already; ``rng`` decides how crooked it hangs."""
    board = _board(vehicle, plate, layout, rng)
    projected = camera.project(board)
    outline = projected[:, :2].astype(np.float32)
    normal = np.cross(board[3] - board[0], board[1] - board[0])
    normal /= np.linalg.norm(normal)
    to_eye = np.array(camera.position) - board.mean(0)
    inside = (projected[:, 2] > 0.2).all() and (outline > MARGIN_PX).all()
    inside = inside and (outline < (camera.width_px - MARGIN_PX, camera.height_px - MARGIN_PX)).all()
    if not inside or np.dot(normal, to_eye) < _LEAST_FACING * np.linalg.norm(to_eye):
        return None
    rows, columns = plate.alpha.shape
    picture = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], np.float32)
    homography = cv2.getPerspectiveTransform(picture, outline)
    corners = project_points(plate.corners, homography)
    if np.linalg.norm(corners[1] - corners[0]) < least_px:
        return None
    (left, top), (right, bottom) = outline.min(0), outline.max(0)
    label = ScenePlate(
        text=plate.text,
        rows=layout.rows,
        country=layout.country,
        layout=layout.name,
        box=np.array([top, left, bottom, right], np.float32),
        corners=corners,
        char_boxes=project_boxes(plate.char_boxes, homography),
    )
    return HungPlate(plate, homography, outline, normal.astype(np.float32), label)


def _shadow_edge(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A soft edge of shade across the plate: float32 (H, W, 1) share of light."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j].astype(np.float32)
    angle, softness = rng.uniform(0, 2 * np.pi), rng.uniform(0.02, 0.3)
    across = np.cos(angle) * x + np.sin(angle) * y - rng.uniform(-0.7, 0.7)
    return (1 - rng.uniform(0.3, 0.75) * (np.clip(across / softness, -1, 1) / 2 + 0.5))[..., None]


def lay_plate(canvas: np.ndarray, hung: HungPlate, vehicle: Vehicle, light: Light, rng: np.random.Generator) -> None:
    """Paint the plate, lit as the scene is, over ``canvas: uint8 (H, W, 3)``, in place."""
    top, left, bottom, right = hung.box_px
    top, left = max(top, 0), max(left, 0)
    window = canvas[top:bottom, left:right]
    middle = hung.outline.mean(0)
    holder = (
        middle
        + (hung.outline - middle) * rng.uniform(1.0, 1.05)
        + (0, rng.uniform(0, 0.04) * np.ptp(hung.outline[:, 1]))
    )
    cv2.fillConvexPoly(canvas, (holder * 16).astype(np.int32), (16, 16, 18), cv2.LINE_AA, 4)
    moved = np.array([(1, 0, -left), (0, 1, -top), (0, 0, 1)], float) @ hung.homography
    front, cover = warp_plate(hung.plate, moved, (window.shape[1], window.shape[0]))
    distance = np.array(vehicle.distance_m, np.float32)
    shone = light.on_surface(hung.normal, distance) * rng.uniform(0.85, 1.1) + light.retro * light.gain(distance)
    reflected = (front.astype(np.float32) / 255) ** 2 * np.float32(shone)
    if light.name == "sunny" and rng.random() < 0.25:
        reflected *= _shadow_edge(window.shape[:2], rng)
    shown = cv2.sqrt(np.clip(reflected, 0, 1)) * 255
    window[:] = (window + cover * (shown - window)).astype(np.uint8)
