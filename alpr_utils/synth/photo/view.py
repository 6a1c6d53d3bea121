"""Where a plate lies in a picture: turned in space, seen through a lens that bends straight lines."""

from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.synth.plate.ranges import Range
from alpr_utils.synth.plate.render import LONG_PLATE_MM, RenderedPlate

_LENS_REACH_PLATES = 2.0
_LENS_STEPS = 12
_OUTLINE_STEPS = 8
_SHRINK_BELOW = 0.75


@dataclass(frozen=True)
class ViewRanges:
    """Where the camera stands.

    Attributes:
        width_px: least, most frequent and largest width that a plate of 520 mm has in the picture, in pixels;
            shorter plates are narrower in proportion.
        yaw_deg: turn of the plate to the left or right of the camera; small turns are the most frequent.
        pitch_deg: how far the camera looks down on the plate; with the yaw this gives the usual slanted baseline.
        roll_deg: standard deviation of the tilt in the picture plane; cut at three times that.
        distance: from the camera to the plate, in plate widths; small values give strong perspective.
        margin: surroundings left on each side, as a share of the plate's box.
        lens: probability of a lens that bends straight lines.
        lens_change: relative change of scale two plate widths from the middle of the lens; positive is a barrel.
    """

    width_px: tuple[float, float, float] = (100, 200, 350)
    yaw_deg: Range = (-45, 45)
    pitch_deg: Range = (-15, 30)
    roll_deg: float = 3.0
    distance: Range = (3, 12)
    margin: Range = (0.0, 0.1)
    lens: float = 0.2
    lens_change: Range = (-0.03, 0.1)


@dataclass(frozen=True)
class Lens:
    """Radial distortion with one coefficient (Brown, "Decentering distortion of lenses", 1966).

    Attributes:
        x, y: middle of the lens in pixels of the picture.
        reach_px: distance from it at which the scale has changed by ``change``.
        change: relative change of scale.
    """

    x: float
    y: float
    reach_px: float
    change: float

    def straightened(self, points: np.ndarray) -> np.ndarray:
        """Where points (..., 2) x, y of the picture would lie without the lens."""
        away = points - np.array([self.x, self.y], points.dtype)
        growth = (away * away).sum(-1, keepdims=True) * np.asarray(self.change / self.reach_px**2, points.dtype)
        return points + away * growth

    def bent(self, points: np.ndarray) -> np.ndarray:
        """The inverse of `straightened`."""
        middle = np.array([self.x, self.y])
        away = points - middle
        found = away
        for _ in range(_LENS_STEPS):
            found = away / (1 + self.change * (found * found).sum(-1, keepdims=True) / self.reach_px**2)
        return middle + found


@dataclass(frozen=True)
class View:
    """How one plate is seen.

    Attributes:
        corners: float64 (4, 2), x, y in pixels, where the corners would lie without a lens.
        size: width, height of the picture in pixels.
        lens: None where straight lines stay straight.
        px_per_mm: scale of the plate in the picture along its least shortened side.
    """

    corners: np.ndarray
    size: tuple[int, int]
    lens: Lens | None
    px_per_mm: float

    def homography(self, plate: RenderedPlate) -> np.ndarray:
        """float64 (3, 3) from pixels of ``plate`` to pixels of the picture without a lens."""
        return cv2.getPerspectiveTransform(plate.corners, self.corners.astype(np.float32))

    def points(self, points: np.ndarray, homography: np.ndarray) -> np.ndarray:
        """Send points (..., 2) x, y of the plate into the picture: float32 (..., 2)."""
        straight = project_points(points, homography)
        return straight if self.lens is None else self.lens.bent(straight).astype(np.float32)

    def boxes(self, boxes: np.ndarray, homography: np.ndarray) -> np.ndarray:
        """Axis-aligned boxes around boxes (N, 4) ymin, xmin, ymax, xmax of the plate: float32 (N, 4)."""
        return _boxes_around(self.points(_quads(boxes), homography))


def project_points(points: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """Send ``points: (..., 2)`` x, y through a 3x3 homography: float32 (..., 2)."""
    mapped = np.concatenate([points, np.ones((*points.shape[:-1], 1))], -1) @ homography.T
    return (mapped[..., :2] / mapped[..., 2:]).astype(np.float32)


def _quads(boxes: np.ndarray) -> np.ndarray:
    """Corners (N, 4, 2) x, y of boxes (N, 4), clockwise from the top left."""
    ymin, xmin, ymax, xmax = boxes.T
    return np.stack([xmin, ymin, xmax, ymin, xmax, ymax, xmin, ymax], 1).reshape(-1, 4, 2)


def _boxes_around(quads: np.ndarray) -> np.ndarray:
    low, high = quads.min(1), quads.max(1)
    return np.stack([low[:, 1], low[:, 0], high[:, 1], high[:, 0]], 1)


def project_boxes(boxes: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """The axis-aligned boxes around projected boxes: (N, 4) ymin, xmin, ymax, xmax in pixels, float32."""
    return _boxes_around(project_points(_quads(boxes), homography))


def _turned_corners(size_mm: tuple[float, float], ranges: ViewRanges, rng: np.random.Generator) -> np.ndarray:
    """Corners of a rectangle turned in space and seen from a few widths away: (4, 2), any scale."""
    yaw, pitch = np.radians((rng.triangular(ranges.yaw_deg[0], 0, ranges.yaw_deg[1]), rng.uniform(*ranges.pitch_deg)))
    roll = np.radians(ranges.roll_deg * min(3.0, max(-3.0, rng.normal())))
    half = (0.5, 0.5 * size_mm[1] / size_mm[0], 1)
    corners = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]) * half
    turn_y = np.array([(np.cos(yaw), 0, np.sin(yaw)), (0, 1, 0), (-np.sin(yaw), 0, np.cos(yaw))])
    turn_x = np.array([(1, 0, 0), (0, np.cos(pitch), -np.sin(pitch)), (0, np.sin(pitch), np.cos(pitch))])
    turn_z = np.array([(np.cos(roll), -np.sin(roll), 0), (np.sin(roll), np.cos(roll), 0), (0, 0, 1)])
    space = corners @ (turn_z @ turn_x @ turn_y).T
    distance = rng.uniform(*ranges.distance)
    return space[:, :2] * distance / (distance + space[:, 2:])


def _draw_lens(width_px: float, ranges: ViewRanges, rng: np.random.Generator) -> Lens | None:
    if rng.random() >= ranges.lens:
        return None
    x, y = rng.uniform(-1.5, 1.5, 2) * width_px
    return Lens(x, y, _LENS_REACH_PLATES * width_px, rng.uniform(*ranges.lens_change))


def _outline(corners: np.ndarray) -> np.ndarray:
    """Points along the sides of a quadrangle: (N, 2)."""
    share = np.arange(_OUTLINE_STEPS)[:, None, None] / _OUTLINE_STEPS
    return (corners + share * (np.roll(corners, -1, 0) - corners)).reshape(-1, 2)


def _px_per_mm(corners: np.ndarray, size_mm: tuple[float, float]) -> float:
    sides = np.hypot(*(np.roll(corners, -1, 0) - corners).T)
    return float(max((sides[0] + sides[2]) / size_mm[0], (sides[1] + sides[3]) / size_mm[1])) / 2


def choose_view(size_mm: tuple[float, float], ranges: ViewRanges, rng: np.random.Generator) -> View:
    """Draw a view of a plate of ``size_mm`` width, height; its corners always lie inside the picture."""
    corners = _turned_corners(size_mm, ranges, rng)
    width = rng.triangular(*ranges.width_px) * size_mm[0] / LONG_PLATE_MM
    corners = (corners - corners.mean(0)) * (width / np.ptp(corners[:, 0]))
    lens = _draw_lens(width, ranges, rng)
    outline = lens.bent(_outline(corners)) if lens else corners
    low, high = outline.min(0), outline.max(0)
    before, after = rng.uniform(*ranges.margin, (2, 2)) * (high - low)
    shift = before - low
    width_px, height_px = np.ceil(high + shift + after).astype(int)
    if lens:
        lens = Lens(lens.x + shift[0], lens.y + shift[1], lens.reach_px, lens.change)
    return View(corners + shift, (int(width_px), int(height_px)), lens, _px_per_mm(corners, size_mm))


def _downscaled(plate: RenderedPlate, homography: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Plate and alpha shrunk beforehand where the view would skip pixels, with the homography to match."""
    mapped = project_points(plate.corners, homography)
    ratio = np.linalg.norm(mapped[1] - mapped[0]) / np.linalg.norm(plate.corners[1] - plate.corners[0])
    if ratio > _SHRINK_BELOW:
        return plate.image, plate.alpha, homography
    size = [max(8, round(side * ratio)) for side in plate.alpha.shape[::-1]]
    image, alpha = (cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in (plate.image, plate.alpha))
    back = np.diag([plate.alpha.shape[1] / size[0], plate.alpha.shape[0] / size[1], 1.0])
    return image, alpha, homography @ back


def _bent_map(homography: np.ndarray, size: tuple[int, int], lens: Lens) -> np.ndarray:
    """For each pixel of the picture its place on the plate: float32 (H, W, 2) x, y."""
    grid = np.empty((size[1], size[0], 2), np.float32)
    grid[..., 0], grid[..., 1] = np.arange(size[0]) + 0.5, np.arange(size[1])[:, None] + 0.5
    return cv2.perspectiveTransform(lens.straightened(grid), np.linalg.inv(homography)) - np.float32(0.5)


def warp_plate(
    plate: RenderedPlate, homography: np.ndarray, size: tuple[int, int], lens: Lens | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The plate as it lies in a picture of ``size`` width, height.

    Returns:
        uint8 (H, W, 3) RGB, and how much of each pixel it covers: float32 (H, W, 1), 0..1.
    """
    image, alpha, homography = _downscaled(plate, homography)
    if lens:
        x, y = cv2.split(_bent_map(homography, size, lens))
        front = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        cover = cv2.remap(alpha, x, y, cv2.INTER_LINEAR)
    else:
        # Coordinates count from the edge of the first pixel, OpenCV counts from its middle.
        half = np.array([(1, 0, 0.5), (0, 1, 0.5), (0, 0, 1)])
        centred = np.linalg.inv(half) @ homography @ half
        front = cv2.warpPerspective(image, centred, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        cover = cv2.warpPerspective(alpha, centred, size, flags=cv2.INTER_LINEAR)
    return front, cover.astype(np.float32)[..., None] * np.float32(1 / 255)
