"""Bodies of vehicles as pixels: for each pixel which point of the body is seen and where its surface faces."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from alpr_utils.synth.vehicle.mesh import vertex_normals
from alpr_utils.synth.vehicle.pinhole import PinholeCamera
from alpr_utils.synth.vehicle.shape import CarShape, body

_RING = 191  # points in each cross section of `car_shape.body`
_CAP_STATIONS = (0, 2, 5, 9, 14, 19)  # of the 24 that round off an end
WINDOW_MARGIN_PX = 3
SIDES = ("front", "rear", "flank", "top")


@dataclass(frozen=True)
class Pose:
    """Where a vehicle stands: ``turn_deg`` anticlockwise seen from above, ``place`` and ``scale`` x, y, z."""

    turn_deg: float
    place: tuple[float, float, float]
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def turn(self) -> np.ndarray:
        """The rotation from the vehicle's axes to those of the street: float32 (3, 3)."""
        angle = np.radians(self.turn_deg)
        rows = ((np.cos(angle), -np.sin(angle), 0), (np.sin(angle), np.cos(angle), 0), (0, 0, 1))
        return np.array(rows, np.float32)

    def in_street(self, points: np.ndarray) -> np.ndarray:
        """``points: (..., 3)`` on the unscaled vehicle, in the street."""
        return (points * np.array(self.scale, np.float32)) @ self.turn().T + np.array(self.place, np.float32)


@dataclass(frozen=True)
class CoarseBody:
    """A body of few triangles: ``vertices``, ``normals`` float32 (N, 3), ``faces`` int32 (M, 3), ``side`` (M,)."""

    vertices: np.ndarray
    normals: np.ndarray
    faces: np.ndarray
    side: np.ndarray


@dataclass(frozen=True)
class Surface:
    """What is seen of a body inside a window of the picture, at ``1 / shrink`` of its resolution.

    Attributes:
        left, top, width, height: the window in pixels of the picture; its corner may lie between pixels.
        mask: bool (h, w).
        points: float32 (h, w, 3), metres on the unscaled vehicle.
        normals: float32 (h, w, 3), unit vectors in the street.
        side: int8 (h, w), index into `SIDES`, -1 where nothing is seen.
    """

    left: float
    top: float
    width: int
    height: int
    mask: np.ndarray
    points: np.ndarray
    normals: np.ndarray
    side: np.ndarray


@cache
def coarse_body(shape: CarShape, fine: bool) -> CoarseBody:
    """The lofted body with a tenth of its cross sections; even fewer points around when not ``fine``."""
    surface = body(shape)
    rings = surface.vertices.reshape(-1, _RING, 3)
    count = len(rings)
    middle = range(24, count - 24, 5 if fine else 10)
    stations = [*_CAP_STATIONS, *middle, *(count - 1 - i for i in reversed(_CAP_STATIONS))]
    around = [*range(0, _RING - 1, 5 if fine else 8), _RING - 1]
    picked = rings[np.ix_(stations, around)]
    normals = vertex_normals(surface.vertices, surface.faces).reshape(-1, _RING, 3)[np.ix_(stations, around)]
    normals[0], normals[-1] = (-1, 0, 0), (1, 0, 0)  # both ends close in a point that has no area
    rows, columns = picked.shape[:2]
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    lower = np.stack([corner, corner + columns + 1, corner + 1], 1)
    upper = np.stack([corner, corner + columns, corner + columns + 1], 1)
    faces = np.concatenate([lower, upper]).astype(np.int32)
    vertices = picked.reshape(-1, 3)
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    facing = np.cross(b - a, c - a)
    strength = np.stack([facing[:, 0], -facing[:, 0], np.abs(facing[:, 1]), np.abs(facing[:, 2])], 1)
    return CoarseBody(vertices, normals.reshape(-1, 3), faces, strength.argmax(1).astype(np.int8))


def _window(xy: np.ndarray, camera: PinholeCamera) -> tuple[int, int, int, int] | None:
    """left, top, right, bottom in the picture; None when outside."""
    left, top = np.maximum(np.floor(xy.min(0)) - WINDOW_MARGIN_PX, 0).astype(int)
    right, bottom = np.minimum(np.ceil(xy.max(0)) + WINDOW_MARGIN_PX, (camera.width_px, camera.height_px)).astype(int)
    return (int(left), int(top), int(right), int(bottom)) if right - left > 3 and bottom - top > 3 else None


def rasterise(shape: CarShape, pose: Pose, camera: PinholeCamera, shrink: int) -> Surface | None:
    """Project a body into the picture, in a window with room for its wheels.

    Returns:
        None when it is outside the picture or partly behind the camera.
    """
    coarse = coarse_body(shape, shrink > 1)
    projected = camera.project(pose.in_street(coarse.vertices))
    feet = np.array([(x, side * shape.width / 2, 0) for x in shape.axles for side in (-1, 1)], np.float32)
    standing = np.concatenate([projected, camera.project(pose.in_street(feet))])
    if standing[:, 2].min() < 0.3:
        return None
    window = _window(standing[:, :2], camera)
    if window is None:
        return None
    left, top, right, bottom = window
    size = (-(-(bottom - top) // shrink), -(-(right - left) // shrink))
    xy = ((projected[:, :2] - (left, top)) / shrink).astype(np.float32)
    corners = xy[coarse.faces]
    edge_a, edge_b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = edge_a[:, 0] * edge_b[:, 1] - edge_a[:, 1] * edge_b[:, 0]
    depth = projected[:, 2][coarse.faces].mean(1)
    visible = np.nonzero(area < -0.01)[0]
    visible = visible[np.argsort(-depth[visible], kind="stable")]
    labels = np.full(size, -1, np.int32)
    for number, points in enumerate((corners[visible] * 16).astype(np.int32)):
        cv2.fillConvexPoly(labels, points, number, cv2.LINE_8, 4)
    attributes = np.concatenate(
        [coarse.vertices, (coarse.normals / np.array(pose.scale, np.float32)) @ pose.turn().T], 1
    )
    values, mask = _interpolated(labels, corners[visible], attributes[coarse.faces[visible]])
    normals = values[..., 3:]
    normals /= np.sqrt((normals**2).sum(-1, keepdims=True)) + np.float32(1e-6)
    side = np.where(mask, coarse.side[visible][np.maximum(labels, 0)], np.int8(-1))
    return Surface(left, top, right - left, bottom - top, mask, values[..., :3], normals, side)


def _interpolated(labels: np.ndarray, corners: np.ndarray, attributes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spread the corners' attributes (M, 3, K) over the triangles' pixels: (h, w, K), and which pixels have any."""
    frame = np.concatenate([corners, np.ones((*corners.shape[:2], 1), np.float32)], 2).astype(np.float64)
    slopes = (np.linalg.inv(frame) @ attributes).astype(np.float32)  # (M, 3, K): per x, per y, constant
    mask = labels >= 0
    y, x = np.nonzero(mask)
    own = slopes[labels[y, x]]
    values = np.zeros((*labels.shape, attributes.shape[2]), np.float32)
    values[y, x] = own[:, 0] * x[:, None].astype(np.float32) + own[:, 1] * y[:, None].astype(np.float32) + own[:, 2]
    return values, mask
