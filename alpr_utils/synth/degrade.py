"""From a plate seen straight ahead to a plate as a phone or street camera gives it: angle, light, blur, noise."""

from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.synth.plate import RenderedPlate
from alpr_utils.synth.wear import smooth_noise

Range = tuple[float, float]


@dataclass(frozen=True)
class DegradeRanges:
    """Ranges that every effect is drawn from, and how often it happens.

    Attributes:
        one_row_width_px, two_row_width_px: width of the plate in the picture.
        yaw_deg: turn of the plate to the left or right of the camera.
        pitch_deg: how far the camera looks down on the plate; with the yaw this gives the usual slanted baseline.
        roll_deg: standard deviation of the tilt in the picture plane; cut at three times that.
        distance: from the camera to the plate, in plate widths; small values give strong perspective.
        margin: background left on each side, as a share of the plate's box.
        ground_tone, ink_tone: what white and black of the plate become, 0..255.
        contrast: least difference of the two.
        shadow: probability of a hard shadow edge; ``shadow_depth`` is the share of light it takes.
        unevenness: largest change of light from one side to the other, as a share.
        defocus_px: standard deviation of the blur, in pixels of a plate 200 px wide.
        motion: probability of motion blur of ``motion_px`` pixels.
        resample: probability of a further loss of resolution by ``resample_factor``.
        noise: standard deviation of the sensor noise, 0..255.
        sharpen: probability of the halo of a phone's sharpening.
        jpeg_quality: quality of the saved picture.
        grey: probability of a grey picture.
        warmth: gain of red against blue, as a share; street light is warm more often than cold.
    """

    one_row_width_px: Range = (120, 320)
    two_row_width_px: Range = (75, 190)
    yaw_deg: Range = (-42, 42)
    pitch_deg: Range = (-8, 30)
    roll_deg: float = 3.0
    distance: Range = (3, 12)
    margin: Range = (0.0, 0.15)
    ground_tone: Range = (100, 245)
    ink_tone: Range = (15, 85)
    contrast: float = 65
    shadow: float = 0.25
    shadow_depth: Range = (0.2, 0.6)
    unevenness: float = 0.3
    defocus_px: Range = (0.4, 1.6)
    motion: float = 0.2
    motion_px: Range = (2, 6)
    resample: float = 0.3
    resample_factor: Range = (0.45, 0.9)
    noise: Range = (0.5, 6.0)
    sharpen: float = 0.3
    jpeg_quality: Range = (40, 95)
    grey: float = 0.2
    warmth: Range = (-0.1, 0.25)


@dataclass(frozen=True)
class DegradedPlate:
    """A crop that holds one plate and a little of its surroundings.

    Attributes:
        image: uint8 (H, W, 3) RGB.
        text: canonical text.
        rows: rows of text.
        corners: float32 (4, 2), x, y in pixels, clockwise from the plate's top left.
        char_boxes: float32 (N, 4), ymin, xmin, ymax, xmax in pixels, axis aligned, in reading order.
    """

    image: np.ndarray
    text: str
    rows: int
    corners: np.ndarray
    char_boxes: np.ndarray


def project_points(points: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """Send ``points: (..., 2)`` x, y through a 3x3 homography: float32 (..., 2)."""
    mapped = np.concatenate([points, np.ones((*points.shape[:-1], 1))], -1) @ homography.T
    return (mapped[..., :2] / mapped[..., 2:]).astype(np.float32)


def project_boxes(boxes: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """The axis-aligned boxes around projected boxes: (N, 4) ymin, xmin, ymax, xmax in pixels, float32."""
    ymin, xmin, ymax, xmax = boxes.T
    quads = np.stack(
        [np.stack([xmin, ymin], 1), np.stack([xmax, ymin], 1), np.stack([xmax, ymax], 1), np.stack([xmin, ymax], 1)], 1
    )
    mapped = project_points(quads, homography)
    low, high = mapped.min(1), mapped.max(1)
    return np.stack([low[:, 1], low[:, 0], high[:, 1], high[:, 0]], 1)


def _uniform(rng: np.random.Generator, limits: Range) -> float:
    return float(rng.uniform(*limits))


def _turned_corners(size_px: np.ndarray, ranges: DegradeRanges, rng: np.random.Generator) -> np.ndarray:
    """Corners of a rectangle turned in space and seen from a few widths away: (4, 2), any scale."""
    yaw, pitch = (np.radians(_uniform(rng, limits)) for limits in (ranges.yaw_deg, ranges.pitch_deg))
    roll = np.radians(np.clip(rng.normal(0, ranges.roll_deg), -3 * ranges.roll_deg, 3 * ranges.roll_deg))
    half = size_px / size_px[0] / 2
    corners = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]) * (*half, 1)
    turn_y = np.array([(np.cos(yaw), 0, np.sin(yaw)), (0, 1, 0), (-np.sin(yaw), 0, np.cos(yaw))])
    turn_x = np.array([(1, 0, 0), (0, np.cos(pitch), -np.sin(pitch)), (0, np.sin(pitch), np.cos(pitch))])
    turn_z = np.array([(np.cos(roll), -np.sin(roll), 0), (np.sin(roll), np.cos(roll), 0), (0, 0, 1)])
    space = corners @ (turn_z @ turn_x @ turn_y).T
    distance = _uniform(rng, ranges.distance)
    return space[:, :2] * distance / (distance + space[:, 2:])


def _view(plate: RenderedPlate, ranges: DegradeRanges, rng: np.random.Generator) -> tuple[np.ndarray, tuple[int, int]]:
    """The homography from plate pixels to picture pixels, and the picture's width and height."""
    size = plate.corners[2] - plate.corners[0]
    corners = _turned_corners(size, ranges, rng)
    low, high = corners.min(0), corners.max(0)
    width = _uniform(rng, ranges.one_row_width_px if plate.rows == 1 else ranges.two_row_width_px)
    scale = width / (high[0] - low[0])
    extent = (high - low) * scale
    before, after = (rng.uniform(*ranges.margin, 2) * extent for _ in range(2))
    target = (corners - low) * scale + before
    homography = cv2.getPerspectiveTransform(plate.corners, target.astype(np.float32))
    picture = np.ceil(extent + before + after).astype(int)
    return homography, (int(picture[0]), int(picture[1]))


def _background(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Car body around the plate: a shaded colour with some straight edges, float32 (H, W, 3) 0..255."""
    height, width = shape
    body = rng.uniform(20, 220) + rng.normal(0, 10, 3)
    image = np.empty((height, width, 3), np.float32)
    image[:] = body
    image *= (1 + rng.uniform(-0.4, 0.4) * np.linspace(-1, 1, height, dtype=np.float32))[:, None, None]
    for _ in range(rng.integers(0, 4)):
        y = rng.uniform(0, height)
        slope = rng.normal(0, 0.12) * width
        ends = np.array([(0, y), (width, y + slope), (width, y + slope + height), (0, y + height)])
        cv2.fillPoly(image, [ends.astype(np.int32)], tuple(float(v) for v in body * rng.uniform(0.2, 1.4)))
    return image


def warp_plate(plate: RenderedPlate, homography: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The plate as it lies in a picture of ``size`` width, height.

    Returns:
        uint8 (H, W, 3) RGB, and how much of each pixel it covers: float32 (H, W, 1), 0..1.
    """
    image, alpha, homography = _downscaled(plate, homography)
    front = cv2.warpPerspective(image, homography, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpPerspective(alpha, homography, size, flags=cv2.INTER_LINEAR)
    return front, cover.astype(np.float32)[..., None] / 255


def _downscaled(plate: RenderedPlate, homography: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Plate and alpha shrunk beforehand where the view would skip pixels, with the homography to match."""
    mapped = project_points(plate.corners, homography)
    ratio = np.linalg.norm(mapped[1] - mapped[0]) / np.linalg.norm(plate.corners[1] - plate.corners[0])
    if ratio > 0.75:
        return plate.image, plate.alpha, homography
    size = [max(8, round(side * ratio)) for side in plate.alpha.shape[::-1]]
    image, alpha = (cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in (plate.image, plate.alpha))
    back = np.diag([plate.alpha.shape[1] / size[0], plate.alpha.shape[0] / size[1], 1.0])
    return image, alpha, homography @ back


def _composed(
    plate: RenderedPlate, homography: np.ndarray, size: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """The turned plate before its background: float32 (H, W, 3), 0..255."""
    front, cover = warp_plate(plate, homography, size)
    scene = _background(size[::-1], rng)
    return scene + cover * (front - scene)


def _light(image: np.ndarray, ranges: DegradeRanges, rng: np.random.Generator) -> np.ndarray:
    """Exposure and contrast, light from one side, hard shadow edges, colour cast: float32 like ``image``."""
    ink, ground = _uniform(rng, ranges.ink_tone), _uniform(rng, ranges.ground_tone)
    ground = max(ground, ink + ranges.contrast)
    height, width = image.shape[:2]
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)[None]
    angle = rng.uniform(0, 2 * np.pi)
    across = np.cos(angle) * x + np.sin(angle) * y
    light = 1 + rng.uniform(0, ranges.unevenness) * across
    if rng.random() < 0.3:
        light = light + rng.uniform(0, 0.35) * (smooth_noise(rng, (height, width), 4) - 0.5)
    if rng.random() < ranges.shadow:
        softness = rng.uniform(0.01, 0.15)
        edge = np.clip((across - rng.uniform(-0.7, 0.7)) / softness, -1, 1) / 2 + 0.5
        light = light * (1 - _uniform(rng, ranges.shadow_depth) * edge)
    warmth = _uniform(rng, ranges.warmth)
    gains = np.array([1 + warmth / 2, 1 + rng.normal(0, 0.02), 1 - warmth / 2])
    tones = (ground - ink) / 235 * light[..., None] * gains
    return image * tones.astype(np.float32) + np.float32(ink - 15)


def _blurred(image: np.ndarray, plate_width_px: float, ranges: DegradeRanges, rng: np.random.Generator) -> np.ndarray:
    sigma = _uniform(rng, ranges.defocus_px) * plate_width_px / 200
    image = cv2.GaussianBlur(image, (0, 0), max(0.2, sigma))
    if rng.random() < ranges.motion:
        length = max(2, round(_uniform(rng, ranges.motion_px) * plate_width_px / 200))
        kernel = np.zeros((2 * length + 1,) * 2, np.float32)
        reach = length / 2 * np.array([np.cos(angle := rng.normal(0, 0.7)), np.sin(angle)])
        start, end = ((length + sign * reach) * 16 for sign in (-1, 1))
        cv2.line(kernel, start.astype(int).tolist(), end.astype(int).tolist(), 1.0, 1, cv2.LINE_AA, 4)
        image = cv2.filter2D(image, -1, kernel / kernel.sum())
    if rng.random() < ranges.resample:
        factor = _uniform(rng, ranges.resample_factor)
        size = (image.shape[1], image.shape[0])
        small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, size, interpolation=int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC])))
    return image


def _captured(image: np.ndarray, ranges: DegradeRanges, rng: np.random.Generator) -> np.ndarray:
    """Sensor noise, sharpening, grey, JPEG: uint8 (H, W, 3)."""
    if rng.random() < ranges.grey:
        image = np.repeat(image.mean(2, keepdims=True), 3, 2)
        noise = rng.standard_normal((*image.shape[:2], 1), dtype=np.float32)
    else:
        noise = rng.standard_normal(image.shape, dtype=np.float32)
    image = image + noise * np.float32(_uniform(rng, ranges.noise))
    if rng.random() < ranges.sharpen:
        image = image + rng.uniform(0.3, 1.2) * (image - cv2.GaussianBlur(image, (0, 0), rng.uniform(0.8, 2)))
    pixels = np.clip(image, 0, 255).astype(np.uint8)
    quality = int(_uniform(rng, ranges.jpeg_quality))
    _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1])


def degrade(
    plate: RenderedPlate,
    rng: np.random.Generator,
    ranges: DegradeRanges = DegradeRanges(),
) -> DegradedPlate:
    """Photograph a plate badly; the same arguments and generator state give the same bytes."""
    homography, size = _view(plate, ranges, rng)
    corners = project_points(plate.corners, homography)
    image = _composed(plate, homography, size, rng)
    image = _light(image, ranges, rng)
    image = _blurred(image, float(np.ptp(corners[:, 0])) * (1 if plate.rows == 1 else 1.6), ranges, rng)
    return DegradedPlate(
        image=_captured(image, ranges, rng),
        text=plate.text,
        rows=plate.rows,
        corners=corners,
        char_boxes=project_boxes(plate.char_boxes, homography),
    )
