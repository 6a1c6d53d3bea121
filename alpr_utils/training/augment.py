"""How training samples differ from the pictures that they come from: one way for photos, one for plates."""

from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.detect.scaling import LONG_SIDES
from alpr_utils.training.plate_crops import MARGIN, STORED_HEIGHT, STORED_WIDTH

# How often a box cuts off one side of the plate: one row, two rows.
CUT_OFF = {1: 0.3, 2: 0.5}
# The most that is cut off at the top, left, bottom, right; detectors often miss half the upper row of green plates.
DEEPEST_CUTS = (0.26, 0.05, 0.1, 0.05)
CUT_SIDES = {1: (0.3, 0.2, 0.3, 0.2), 2: (0.7, 0.1, 0.1, 0.1)}
# How often, and how much, strokes grow bolder or thinner, as over- and underexposure make them, and pixels coarser.
STROKES, STROKE_CHANGE = 0.3, (0.2, 1.0)
COARSE, COARSE_WIDTH = 0.25, (44, 110)  # pixels across the plate


@dataclass(frozen=True)
class PhotoAugmentation:
    """How far a training sample may differ from its photo.

    Attributes:
        long_side: pixels of the photo's long side at which the exported model looks; scales are relative to it.
        zoom: factor around that scale, smallest and largest (log-uniform).
        free_scale: share of samples whose plate width is drawn from ``plate_width`` instead.
        plate_width: pixels (log-uniform).
        stretch: largest factor between horizontal and vertical zoom.
        anywhere: share of windows that are not centred on a plate.
        low_res: share of samples that show the photo as small as its reduced copy, so that the network learns what is
            not a plate there: houses, for example, with their rows of windows.
        low_res_side: pixels of the long side of that copy; 0: there is none.
        grey, blur, noise, jpeg, shade: share of samples so degraded.
    """

    long_side: int = LONG_SIDES[0]
    zoom: tuple[float, float] = (0.55, 1.7)
    free_scale: float = 0.3
    plate_width: tuple[float, float] = (20.0, 340.0)
    stretch: float = 1.25
    anywhere: float = 0.3
    low_res: float = 0.15
    low_res_side: int = 0
    grey: float = 0.2
    blur: float = 0.25
    noise: float = 0.25
    jpeg: float = 0.15
    shade: float = 0.25


def degraded_photo(image: np.ndarray, rules: PhotoAugmentation, rng: np.random.Generator) -> np.ndarray:
    """Change light, colour and sharpness of ``image: uint8 (H, W, 3)``."""
    if rng.random() < rules.blur:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.4))
    values = image.astype(np.float32)
    if rng.random() < rules.grey:
        values[:] = values.mean(axis=2, keepdims=True)
    else:
        values *= rng.uniform(0.85, 1.15, 3).astype(np.float32)
    if rng.random() < rules.shade:
        values *= _shade(image.shape[:2], rng)
    mean = values.mean()
    values = (values - mean) * rng.uniform(0.6, 1.4) + mean * rng.uniform(0.5, 1.4)
    if rng.random() < rules.noise:
        values += rng.normal(0, rng.uniform(2, 12), image.shape[:2])[..., None]
    image = np.clip(values, 0, 255).astype(np.uint8)
    if rng.random() < rules.jpeg:
        encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])[1]
        image = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))
    return image


def _shade(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A light or shadow edge in any direction: float32 (H, W, 1) factors."""
    y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32) / max(size)
    angle, offset, softness = rng.uniform(0, 2 * np.pi), rng.uniform(-0.3, 0.3), rng.uniform(0.01, 0.5)
    distance = (x - 0.5) * np.cos(angle) + (y - 0.4) * np.sin(angle) + offset
    return (1 + rng.uniform(-0.5, 0.5) * np.clip(distance / softness, -1, 1))[..., None]


def random_cut(rng: np.random.Generator, rows: int) -> np.ndarray:
    """The box that some detector might find in a stored plate: (4,), ymin, xmin, ymax, xmax, pixels of 80 x 192."""
    inner = np.array([STORED_HEIGHT, STORED_WIDTH]) / (1 + 2 * MARGIN)
    looseness = rng.choice([0.3, 1.0])
    margins = rng.uniform(-0.03, MARGIN, 4) * looseness
    if rng.random() < CUT_OFF[rows]:
        side = rng.choice(4, p=CUT_SIDES[rows])
        margins[side] = -rng.uniform(0.0, DEEPEST_CUTS[side])
    sides = np.tile(inner, 2)
    return np.tile(inner * MARGIN, 2) + sides * ([0, 0, 1, 1] + margins * [-1, -1, 1, 1])


def worn(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bolder or thinner strokes and coarser pixels, now and then: uint8 (H, W) or (H, W, 3), unchanged in shape."""
    if rng.random() < STROKES:
        change = cv2.erode if rng.random() < 0.5 else cv2.dilate
        weight = rng.uniform(*STROKE_CHANGE)
        changed = change(image, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
        image = cv2.addWeighted(image, 1 - weight, changed, weight, 0)
    if rng.random() < COARSE:
        height, width = image.shape[:2]
        pixels = int(rng.integers(*COARSE_WIDTH))
        small = cv2.resize(image, (pixels, max(8, round(pixels * height / width))), interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return image


def relit(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Other contrast, brightness and sensor noise for each picture: uint8 (B, H, W, C)."""
    count = (len(images), 1, 1, 1)
    values = (images.astype(np.float32) - 127) * rng.uniform(0.6, 1.9, count) + 127 + rng.uniform(-40, 40, count)
    values += rng.standard_normal(images.shape, np.float32) * rng.uniform(0, 5, count)
    return np.clip(values, 0, 255).astype(np.uint8)
