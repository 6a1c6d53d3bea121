"""Hard conditions: what far, fast, dark and cheap cameras would have made of the same plate.

Pure functions of a crop and a seed, so that every reader is asked about the same pictures. Names as `parse_condition`
takes them: ``asis``, ``w80`` (80 pixels wide, any number), ``dark``, ``blur``, ``jpeg``, ``night``.
"""

import zlib
from collections.abc import Callable

import cv2
import numpy as np

from alpr_utils.errors import AlprError

GAMMA = 2.2
BLUR_SHARE = 1 / 12  # of the plate's width
JPEG_QUALITY = 12
NIGHT_WIDTH, NIGHT_QUALITY = 80, 40
DARKER, BRIGHTENED = 8.0, 3.0  # linear light; the camera gives back less than the lamp has lost
WHITE_PHOTONS, READ_NOISE = 900.0, 0.002
AS_IS = "asis"
NAMES = (AS_IS, "dark", "blur", "jpeg", "night")
Condition = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def shrunk(image: np.ndarray, width: int) -> np.ndarray:
    """uint8 (H, W) or (H, W, 3) -> ``width`` pixels wide, by area averaging; narrower ones stay as they are."""
    if image.shape[1] <= width:
        return image
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def motion_kernel(length: float, angle: float) -> np.ndarray:
    """A straight line of ``length`` pixels at ``angle`` radians, its ends as faint as they are short: float32 (K, K).

    Its sum is 1 and its middle lies in the middle, so that nothing moves.
    """
    half = max(length, 1.0) / 2
    side = 2 * int(np.ceil(half)) + 1
    places = np.linspace(-half, half, max(2, int(8 * half)) + 1)
    places = (places[1:] + places[:-1]) / 2
    kernel = np.zeros((side + 2, side + 2), np.float32)
    x, y = side / 2 + 0.5 + places * np.cos(angle), side / 2 + 0.5 + places * np.sin(angle)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    for row, column, weight in (
        (top, left, (1 - y + top) * (1 - x + left)),
        (top, left + 1, (1 - y + top) * (x - left)),
        (top + 1, left, (y - top) * (1 - x + left)),
        (top + 1, left + 1, (y - top) * (x - left)),
    ):
        np.add.at(kernel, (row, column), weight)
    return kernel / kernel.sum()


def moved(image: np.ndarray, length: float, angle: float) -> np.ndarray:
    """uint8 (H, W) or (H, W, 3) blurred along a line of ``length`` pixels; the edge is repeated outside."""
    return cv2.filter2D(image, -1, motion_kernel(length, angle), borderType=cv2.BORDER_REPLICATE)


def darkened(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Less light: shot noise, read noise, then gain; uint8 of any shape, unchanged in shape."""
    light = (image.astype(np.float32) / 255) ** GAMMA / DARKER
    counted = rng.poisson(light * WHITE_PHOTONS).astype(np.float32) / WHITE_PHOTONS
    counted += READ_NOISE * rng.standard_normal(image.shape, np.float32)
    return np.round(255 * np.clip(BRIGHTENED * counted, 0, 1) ** (1 / GAMMA)).astype(np.uint8)


def compressed(image: np.ndarray, quality: int) -> np.ndarray:
    """What is left of uint8 (H, W) or RGB (H, W, 3) after JPEG."""
    colour = image.ndim == 3
    stored = cv2.imencode(".jpg", image[..., ::-1] if colour else image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR if colour else cv2.IMREAD_GRAYSCALE))
    return np.ascontiguousarray(decoded[..., ::-1]) if colour else decoded


def _blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return moved(image, BLUR_SHARE * image.shape[1], rng.uniform(0, np.pi))


def _night(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    small = shrunk(image, NIGHT_WIDTH)
    return compressed(darkened(moved(small, NIGHT_WIDTH / 24, rng.uniform(0, np.pi)), rng), NIGHT_QUALITY)


_MAKERS: dict[str, Condition] = {
    AS_IS: lambda image, rng: image,
    "dark": lambda image, rng: darkened(image, rng),
    "blur": _blur,
    "jpeg": lambda image, rng: compressed(image, JPEG_QUALITY),
    "night": _night,
}


def parse_condition(name: str) -> Condition:
    """``w50`` or one of `NAMES` -> crop uint8 (H, W, 3) RGB and a generator -> the crop in that condition.

    Raises:
        AlprError: no such condition.
    """
    if name.startswith("w") and name[1:].isdigit() and int(name[1:]) > 0:
        return lambda image, rng: shrunk(image, int(name[1:]))
    if name not in _MAKERS:
        raise AlprError(f"{name}: no such condition; choose one of {', '.join(NAMES)} or a width such as w50.")
    return _MAKERS[name]


def in_condition(image: np.ndarray, name: str, seed: int, index: int = 0) -> np.ndarray:
    """Crop ``index`` of a set, uint8 (H, W, 3) RGB, in the condition of that name; always the same for a ``seed``."""
    return parse_condition(name)(image, np.random.default_rng([seed, zlib.crc32(name.encode()), index]))
