"""What the road does to a plate: bolts, dirt, scratches, snow. Every ``add_`` function changes its image in place."""

from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.plates import PlateLayout

SNOW = (232, 236, 242)


@dataclass(frozen=True)
class WearRanges:
    """How likely and how strong each kind of wear is.

    Attributes:
        bolts: probability of visible bolts; ``stray_bolt`` that of one more somewhere, even on a character.
        dirt: probability of a dirt film; ``dirt_cover`` is the largest share of ground it hides, 0..1.
        scratches: probability of scratches; ``scratch_count`` the largest number.
        snow: probability of snow stuck to an edge; ``snow_depth`` is how far it reaches, as a share of the height.
    """

    bolts: float = 0.75
    stray_bolt: float = 0.2
    dirt: float = 0.45
    dirt_cover: float = 0.55
    scratches: float = 0.2
    scratch_count: int = 5
    snow: float = 0.03
    snow_depth: float = 0.25


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cells: int) -> np.ndarray:
    """Cloudy noise, ``cells`` blobs along the longer side: float32 ``shape``, 0..1."""
    longer = max(shape)
    grid = rng.random(
        (max(2, cells * shape[0] // longer + 1), max(2, cells * shape[1] // longer + 1)), dtype=np.float32
    )
    return cv2.resize(grid, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def blend(image: np.ndarray, colour: np.ndarray | tuple[int, ...], amount: np.ndarray) -> None:
    """Move ``image: float32 (H, W, 3)`` towards ``colour`` by ``amount: float32 (H, W)``, in place."""
    # OpenCV is several times faster than NumPy where one value goes to three channels.
    image += cv2.merge((amount, amount, amount)) * cv2.subtract(np.array([*colour, 0], np.float64), image)


def add_bolts(
    image: np.ndarray, layout: PlateLayout, px_per_mm: float, ranges: WearRanges, rng: np.random.Generator
) -> None:
    """Two to five round heads, often touching a character as on the road."""
    width, height = layout.size_mm
    if layout.bolts_mm:
        places = [(x + rng.uniform(-4, 4), y + rng.uniform(-3, 3)) for x, y in layout.bolts_mm]
    elif layout.rows == 2:
        places = [(rng.uniform(18, 60), rng.uniform(16, 48)), (width - rng.uniform(18, 60), rng.uniform(16, 48))]
        if rng.random() < 0.25:
            places += [(rng.uniform(14, 40), height - 14), (width - rng.uniform(14, 40), height - 14)]
    else:
        from_edge = rng.uniform(90, 180)
        y = height / 2 if rng.random() < 0.4 else rng.uniform(14, 26)
        places = [(from_edge, y), (width - from_edge * rng.uniform(0.9, 1.1), y)]
    if rng.random() < ranges.stray_bolt:
        places.append((rng.uniform(0.05, 0.95) * width, rng.uniform(0.08, 0.92) * height))
    radius = rng.uniform(4, 11) * px_per_mm
    grey = rng.uniform(50, 210)
    light_x, light_y = (round(v) for v in rng.uniform(-0.3, 0.3, 2) * radius * 16)
    for x_mm, y_mm in places:
        x, y = (round((v * px_per_mm - 0.5) * 16) for v in (x_mm, y_mm))
        for share, tone in ((1.0, 0.4 * grey), (0.8, grey), (0.35, min(250.0, 1.5 * grey))):
            centre = (x + light_x, y + light_y) if share < 0.5 else (x, y)
            cv2.circle(image, centre, max(8, round(radius * share * 16)), (tone,) * 3, -1, cv2.LINE_AA, 4)


def wear_off_ink(ink: np.ndarray, rng: np.random.Generator) -> None:
    """Take paint off the characters: ``ink: float32 (H, W)`` in place."""
    noise = smooth_noise(rng, ink.shape, int(rng.integers(20, 60)))
    ink *= np.clip(1.15 - rng.uniform(0.3, 1.0) * np.clip(noise * 3 - 1.6, 0, 1), 0, 1)


def add_dirt(image: np.ndarray, ranges: WearRanges, rng: np.random.Generator) -> None:
    """A film of dust and mud, thicker towards one edge."""
    shape = image.shape[:2]
    mud = np.array([rng.uniform(90, 160)] * 3) * (1, rng.uniform(0.88, 1), rng.uniform(0.7, 0.95))
    slope = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None] * rng.uniform(-0.3, 0.5)
    film = smooth_noise(rng, shape, 4) + 0.5 * smooth_noise(rng, shape, 24) - 0.5 + slope
    blend(image, mud, np.clip(film * rng.uniform(0.1, ranges.dirt_cover), 0, ranges.dirt_cover).astype(np.float32))


def add_scratches(image: np.ndarray, ranges: WearRanges, rng: np.random.Generator) -> None:
    """Short thin lines, light or dark."""
    height, width = image.shape[:2]
    for _ in range(rng.integers(1, ranges.scratch_count + 1)):
        start = rng.uniform((0, 0), (width, height))
        end = start + rng.normal(0, 0.25 * height, 2)
        tone = float(rng.choice([70, 120, 215]))
        ends = [tuple(int(v) for v in point) for point in (start, end)]
        cv2.line(image, ends[0], ends[1], (tone,) * 3, 1, cv2.LINE_AA)


def add_snow(image: np.ndarray, ranges: WearRanges, rng: np.random.Generator) -> None:
    """Snow along the lower or upper edge."""
    height, width = image.shape[:2]
    depth = smooth_noise(rng, (1, width), 12)[0] * ranges.snow_depth * height * rng.uniform(0.4, 1.2)
    rows = np.arange(height, dtype=np.float32)
    from_edge = rows if rng.random() < 0.4 else rows[::-1]
    blend(image, SNOW, np.clip((depth[None] - from_edge[:, None]) / 3, 0, 0.95))
