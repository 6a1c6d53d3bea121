"""Plate swapping: replaces the plate in a labelled photo by a generated one. For training only.

The street, the car and the light stay real, so a detector meets plate types of which no photo exists.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.plates import PlateLayout, plate_type
from alpr_utils.synth.plate.render import LONG_PLATE_MM, pick_layout, render_plate


@dataclass(frozen=True)
class SwapRanges:
    """How the new plate may lie where the old one was.

    Attributes:
        width_one_row, width_two_rows: width of the new plate as a share of what its layout has at the car's scale.
        roll: standard deviation of the turn in the picture plane, degrees.
        slope: standard deviation of the rise of the rows while the sides stay upright, as on cars seen at an angle,
            degrees.
        squeeze: share of the plate's size by which each corner may wander (perspective).
        blur: standard deviation in pixels of the photo, smallest and largest.
    """

    width_one_row: tuple[float, float] = (0.9, 1.1)
    width_two_rows: tuple[float, float] = (0.95, 1.35)
    roll: float = 3.0
    slope: float = 7.0
    squeeze: float = 0.04
    blur: tuple[float, float] = (0.3, 1.1)


PX_PER_MM = 0.9
ONE_ROW_ASPECT = 2.6  # a box wider than this times its height holds a one-row plate
TWO_ROW_WIDTH_SHARE = 0.6  # width of a two-row plate next to a one-row plate on the same car


def _remove_plate(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Fill the box with its surroundings; works on a small copy of the neighbourhood, for speed."""
    height, width = box[2:] - box[:2]
    top, left = np.maximum(np.floor(box[:2] - height), 0).astype(int)
    bottom, right = np.ceil(box[2:] + height).astype(int)
    region = image[top:bottom, left:right]
    shrink = min(1.0, 80 / max(width, 1))
    small = cv2.resize(region, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    hole = np.zeros(small.shape[:2], np.uint8)
    local = (box - [top, left, top, left]) * shrink
    margin = 0.08 * height * shrink + 1
    y0, x0 = np.maximum(np.floor(local[:2] - margin), 0).astype(int)
    y1, x1 = np.ceil(local[2:] + margin).astype(int)
    hole[y0:y1, x0:x1] = 255
    filled = cv2.resize(cv2.inpaint(small, hole, 3, cv2.INPAINT_TELEA), region.shape[1::-1])
    mask = cv2.GaussianBlur(cv2.resize(hole, region.shape[1::-1]), (0, 0), 1.5)[..., None] / 255
    result = image.copy()
    result[top:bottom, left:right] = (region * (1 - mask) + filled * mask).astype(np.uint8)
    return result


def _new_corners(box: np.ndarray, layout: PlateLayout, ranges: SwapRanges, rng: np.random.Generator) -> np.ndarray:
    """Corners of the new plate around the centre of the old box: float32 (4, 2), x, y pixels, clockwise."""
    height, width = box[2:] - box[:2]
    one_row_width = width if width > ONE_ROW_ASPECT * height else width / TWO_ROW_WIDTH_SHARE
    share = rng.uniform(*(ranges.width_one_row if layout.rows == 1 else ranges.width_two_rows))
    width_mm, height_mm = layout.size_mm
    new_width = one_row_width * share * width_mm / LONG_PLATE_MM
    half = np.array([new_width, new_width * height_mm / width_mm * rng.uniform(0.9, 1.1)]) / 2
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64) * half
    square += rng.uniform(-1, 1, (4, 2)) * ranges.squeeze * half.min() * 2
    roll, slope = np.deg2rad(rng.normal(0, 1, 2).clip(-2.2, 2.2) * (ranges.roll, ranges.slope))
    turn = np.array([(np.cos(roll), np.sin(roll)), (-np.sin(roll), np.cos(roll))])
    shear = np.array([(1.0, np.tan(slope)), (0.0, 1.0)])
    centre = (box[[1, 0]] + box[[3, 2]]) / 2
    return (square @ shear @ turn + centre).astype(np.float32)


def _light(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Colour of the brightest third of the old plate relative to white paper: float32 (3,)."""
    y0, x0, y1, x1 = np.round(box).astype(int)
    pixels = image[max(y0, 0) : y1, max(x0, 0) : x1].reshape(-1, 3).astype(np.float32)
    bright = pixels[np.argsort(pixels.sum(axis=1))[-max(1, len(pixels) // 3) :]].mean(axis=0)
    grey = bright.mean()
    # A coloured plate says little about the light's colour, so its tint counts half.
    return np.clip((bright + grey) / 2 / 215, 0.12, 1.15)


def _swap_in_region(
    image: np.ndarray, box: np.ndarray, rng: np.random.Generator, ranges: SwapRanges, country: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    layout = pick_layout(rng, country)
    text = plate_type(country).random_text(rng, layout, False)
    plate = render_plate(text, layout, rng, round(PX_PER_MM * layout.size_mm[1]))
    corners = _new_corners(box, layout, ranges, rng)
    warp = cv2.getPerspectiveTransform(plate.corners.astype(np.float32), corners)
    # Shrinking a sharp plate leaves steps, so it is softened to the target's resolution first.
    shrink = PX_PER_MM * layout.size_mm[0] / max(float(np.linalg.norm(corners[1] - corners[0])), 1.0)
    soft = cv2.GaussianBlur(plate.image, (0, 0), max(0.3, 0.4 * shrink)).astype(np.float32)
    size = (image.shape[1], image.shape[0])
    sigma = rng.uniform(*ranges.blur)
    pasted = cv2.GaussianBlur(cv2.warpPerspective(soft * _light(image, box), warp, size), (0, 0), sigma)
    cover = cv2.warpPerspective(plate.alpha.astype(np.float32) / 255, warp, size)
    cover = cv2.GaussianBlur(cover, (0, 0), sigma)[..., None]
    mixed = _remove_plate(image, box) * (1 - cover) + pasted * cover
    # Annotators count the frame in, so the box goes around everything that was pasted.
    height, width = plate.alpha.shape
    outline = np.array([[(0, 0), (width, 0), (width, height), (0, height)]], np.float32)
    low, high = (extreme(cv2.perspectiveTransform(outline, warp)[0], axis=0) for extreme in (np.min, np.max))
    new_box = np.array([low[1], low[0], high[1], high[0]], np.float32)
    return np.clip(mixed, 0, 255).astype(np.uint8), new_box, corners


def swap_plate(
    image: np.ndarray,
    box: np.ndarray,
    rng: np.random.Generator,
    country: str,
    ranges: SwapRanges | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Replace the plate in ``box: float32 (4,)``, ymin, xmin, ymax, xmax, pixels, by a generated one of ``country``.

    The old box decides the scale, the new plate's layout its shape.

    Returns:
        The new picture uint8 (H, W, 3), the box of the new plate with its frame, float32 (4,), and its corners without
        the frame, float32 (4, 2), x, y, clockwise from the top left; pixels.

    Raises:
        AlprError: no such country.
    """
    reach = 1.5 * float(max(box[2:] - box[:2]))
    limits = np.array(image.shape[:2])
    top, left = np.clip(np.floor(box[:2] - reach), 0, limits - 1).astype(int)
    bottom, right = np.clip(np.ceil(box[2:] + reach), 1, limits).astype(int)
    offset = np.array([top, left, top, left], np.float32)
    cut = image[top:bottom, left:right]
    region, new_box, corners = _swap_in_region(cut, box - offset, rng, ranges or SwapRanges(), country)
    swapped = image.copy()
    swapped[top:bottom, left:right] = region
    new_box = np.clip(new_box + offset, 0, np.tile(limits, 2)).astype(np.float32)
    return swapped, new_box, (corners + offset[[1, 0]]).astype(np.float32)
