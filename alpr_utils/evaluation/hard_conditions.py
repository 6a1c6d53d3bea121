"""Hard conditions: what far, fast, dark and cheap cameras would have made of the same plate.

Pure functions of a crop and a seed, so that every reader is asked about the same pictures. Names as `parse_condition`
takes them: ``asis``, ``w80`` (80 pixels wide, any number), ``dark``, ``blur``, ``jpeg``, ``night``.
"""

import zlib
from collections.abc import Callable

import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.synth.photo.camera import through_jpeg
from alpr_utils.synth.photo.flaws import darkened, moved, shrunk

BLUR_SHARE = 1 / 12  # of the plate's width
JPEG_QUALITY = 12
NIGHT_WIDTH, NIGHT_QUALITY = 80, 40
AS_IS = "asis"
NAMES = (AS_IS, "dark", "blur", "jpeg", "night")
Condition = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return moved(image, BLUR_SHARE * image.shape[1], rng.uniform(0, np.pi))


def _night(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    small = shrunk(image, NIGHT_WIDTH)
    return through_jpeg(darkened(moved(small, NIGHT_WIDTH / 24, rng.uniform(0, np.pi)), rng), NIGHT_QUALITY)


_MAKERS: dict[str, Condition] = {
    AS_IS: lambda image, rng: image,
    "dark": lambda image, rng: darkened(image, rng),
    "blur": _blur,
    "jpeg": lambda image, rng: through_jpeg(image, JPEG_QUALITY),
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
