"""How the training samples of a reader differ from the stored plates that they come from: cut, bad cameras, light.

Cameras work in the shape that the plate has in the photo, not in the network's 64 x 160: at 50 pixels across, a plate
of 520 x 110 mm is eleven pixels high, and a motion blur of a twelfth of its width is nearly half of its height.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from alpr_utils.images.motion import Motion, line_kernel, without_motion
from alpr_utils.read.preprocess import HEIGHT, WIDTH, stretch
from alpr_utils.synth.photo.camera import through_jpeg
from alpr_utils.synth.photo.flaws import GAMMA, READ_NOISE
from alpr_utils.training.plate_crops import MARGIN, STORED_HEIGHT, STORED_WIDTH

# How often a box cuts off one side of the plate: one row, two rows.
CUT_OFF = {1: 0.3, 2: 0.5}
# The most that is cut off at the top, left, bottom, right; detectors often miss half the upper row of green plates.
DEEPEST_CUTS = (0.26, 0.05, 0.1, 0.05)
CUT_SIDES = {1: (0.3, 0.2, 0.3, 0.2), 2: (0.7, 0.1, 0.1, 0.1)}
# How often, and how much, strokes grow bolder or thinner, as over- and underexposure make them.
STROKES, STROKE_CHANGE = 0.3, (0.2, 1.0)
TYPICAL_ASPECTS = {1: (2.6, 4.8), 2: (1.2, 2.1)}  # by rows, where nobody has noted the shape of the plate
FAINT, NOISY = 0.15, 0.1  # shares of all samples
MEAN_LEVELS = (25, 230)  # of a picture


@dataclass(frozen=True)
class Camera:
    """One way in which a plate is seen badly.

    Attributes:
        share: of all samples.
        width: pixels across the plate, drawn evenly by their logarithm.
        move: length of a motion blur, as a share of the plate's width; None where nothing moves.
        defocus: how often its lens is out of focus.
        dark: how often it is dark.
        jpeg, quality: how often, and how much, it compresses.
    """

    share: float
    width: tuple[float, float]
    move: tuple[float, float] | None
    defocus: float
    dark: float
    jpeg: float
    quality: tuple[int, int]


# Each fails in its own way; all of it at once makes pictures that nobody can read, and a network learns to guess.
CAMERAS = (
    Camera(0.24, width=(24, 110), move=None, defocus=0.1, dark=0.15, jpeg=0.3, quality=(20, 80)),  # far
    Camera(0.27, width=(60, 190), move=(0.02, 0.12), defocus=0.05, dark=0.1, jpeg=0.2, quality=(20, 80)),  # fast
    Camera(0.13, width=(60, 150), move=(0.015, 0.06), defocus=0.0, dark=1.0, jpeg=0.6, quality=(25, 80)),  # by night
    Camera(0.08, width=(70, 190), move=None, defocus=0.3, dark=0.5, jpeg=0.8, quality=(8, 40)),  # cheap
)
STEADIED = 0.5  # share of the moved plates from which the motion is taken again
MISTAKEN_LENGTH, MISTAKEN_ANGLE = 0.06, 0.04  # standard deviations of what is thought of a motion: ratio, radians
DEFOCUS = (0.004, 0.015)  # standard deviation of the blur, as a share of the plate's width
# See `alpr_utils.synth.photo.flaws.darkened`; photons of a grey pixel.
DARKER, BRIGHTENED, PHOTONS = (2.0, 16.0), (1.5, 6.0), (700.0, 6000.0)


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


def reweighted(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bolder or thinner strokes, now and then: uint8 (H, W) or (H, W, 3), unchanged in shape."""
    if rng.random() >= STROKES:
        return image
    change = cv2.erode if rng.random() < 0.5 else cv2.dilate
    weight = rng.uniform(*STROKE_CHANGE)
    changed = change(image, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
    return cv2.addWeighted(image, 1 - weight, changed, weight, 0)


def _log_uniform(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    return float(np.exp(rng.uniform(*np.log(limits))))


@cache
def _light_of_levels() -> np.ndarray:
    """The linear light, 0..1, of each grey level: float32 (256,)."""
    return (np.arange(256, dtype=np.float32) / 255) ** GAMMA


def _dimmed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shot noise after less light, nearly as `alpr_utils.synth.photo.flaws.darkened` counts it, but faster."""
    darker = _log_uniform(rng, DARKER)
    gain = min(_log_uniform(rng, BRIGHTENED), darker)
    photons = _log_uniform(rng, PHOTONS)
    light = _light_of_levels()[image] / darker
    light += np.sqrt(light / photons + READ_NOISE**2) * rng.standard_normal(image.shape, np.float32)
    return (255 * np.clip(gain * light, 0, 1) ** (1 / GAMMA) + 0.5).astype(np.uint8)


def _softened(image: np.ndarray, camera: Camera, motion: Motion | None, rng: np.random.Generator) -> np.ndarray:
    """Blurred by motion, by the lens or not at all."""
    border = cv2.BORDER_REPLICATE if rng.random() < 0.5 else cv2.BORDER_REFLECT_101
    if motion:
        image = cv2.filter2D(image, -1, line_kernel(motion.length * image.shape[1], motion.angle), borderType=border)
    if rng.random() < camera.defocus:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(*DEFOCUS) * image.shape[1], borderType=border)
    return image


def _steadied(image: np.ndarray, motion: Motion, rng: np.random.Generator) -> np.ndarray:
    """As a reader sees it once it has found the motion, nearly."""
    length, angle = np.exp(rng.normal(0, MISTAKEN_LENGTH)), rng.normal(0, MISTAKEN_ANGLE)
    return without_motion(image, Motion(motion.length * length, motion.angle + angle))


def seen_aspect(view: np.ndarray, aspect: float) -> float:
    """Width / height of ``view: (4,)``, ymin, xmin, ymax, xmax in a stored plate whose box has that ``aspect``."""
    inner_height, inner_width = STORED_HEIGHT / (1 + 2 * MARGIN), STORED_WIDTH / (1 + 2 * MARGIN)
    return aspect * ((view[3] - view[1]) / inner_width) / ((view[2] - view[0]) / inner_height)


def photographed(
    plate: np.ndarray,
    view: np.ndarray,
    aspect: float,
    rng: np.random.Generator,
    cameras: Sequence[Camera] = CAMERAS,
) -> np.ndarray:
    """A part of a stored plate as a camera and then `network_input` give it.

    Args:
        plate: uint8 (80, 192).
        view: (4,), ymin, xmin, ymax, xmax, pixels of ``plate``.
        aspect: width / height of the plate's box in the photo.
        cameras: the share that they leave stays as good as it is.

    Returns:
        uint8 (64, 160).
    """
    plate = reweighted(plate, rng)
    number = int(np.searchsorted(np.cumsum([camera.share for camera in cameras]), rng.random(), side="right"))
    if number == len(cameras):
        return stretch(plate, view, (WIDTH, HEIGHT))
    camera = cameras[number]
    width = round(_log_uniform(rng, camera.width))
    height = max(4, round(width / seen_aspect(view, aspect)))
    shape = max(1, round(view[3] - view[1])), max(1, round(view[2] - view[0]))
    image = cv2.resize(stretch(plate, view, shape), (width, height), interpolation=cv2.INTER_AREA)
    motion = Motion(rng.uniform(*camera.move), rng.uniform(0, np.pi)) if camera.move else None
    image = _softened(image, camera, motion, rng)
    if rng.random() < camera.dark:
        image = _dimmed(image, rng)
    if rng.random() < camera.jpeg:
        image = through_jpeg(image, int(rng.integers(*camera.quality)))
    if motion and rng.random() < STEADIED:
        image = _steadied(image, motion, rng)
    return stretch(image, np.array([0, 0, height, width]), (WIDTH, HEIGHT))


def relit(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Other contrast, brightness and sensor noise for each picture: uint8 (B, H, W, C).

    Some are fainter and some noisier than a camera in good light makes them; none becomes black or white altogether.
    """
    count = (len(images), 1, 1, 1)
    contrast = np.where(rng.random(count) < FAINT, rng.uniform(0.25, 0.7, count), rng.uniform(0.6, 1.9, count))
    noise = np.where(rng.random(count) < NOISY, rng.uniform(5, 12, count), rng.uniform(0, 5, count))
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    shifted = np.clip(127 + (mean - 127) * contrast + rng.uniform(-40, 40, count), *MEAN_LEVELS)
    values = (images - mean.astype(np.float32)) * contrast.astype(np.float32) + shifted.astype(np.float32)
    values += rng.standard_normal(images.shape, np.float32) * (noise * np.minimum(contrast, 1)).astype(np.float32)
    return np.clip(values, 0, 255).astype(np.uint8)
