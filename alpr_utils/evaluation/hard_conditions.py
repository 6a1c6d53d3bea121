"""Hard conditions: what far, fast, dark and cheap cameras would have made of the same plate or photo.

Pure functions of a picture and a seed, so that every detector and reader is asked about the same pictures. Names as
`parse_condition` takes them: ``asis``, ``w80`` (plates 80 pixels wide, any number), ``dark``, ``blur``, ``jpeg``,
``night``. Of photos there is also ``no-plates``, which shows what a detector takes for one.
"""

import zlib
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from alpr_utils.data.labels import LabelledPicture, as_box, mapped
from alpr_utils.errors import AlprError
from alpr_utils.synth.photo.camera import through_jpeg
from alpr_utils.synth.photo.flaws import darkened, moved, shrunk

BLUR_SHARE = 1 / 12  # of the plate's width
JPEG_QUALITY = 12
NIGHT_WIDTH, NIGHT_QUALITY = 80, 40
AS_IS = "asis"
NAMES = (AS_IS, "dark", "blur", "jpeg", "night")
NO_PLATES = "no-plates"
_PAINTED_OVER = np.array([-0.15, -0.08, 0.15, 0.08])  # of a plate's height and width, added to its box
_WITHOUT_PLATE = 1 / 8  # of a photo's width, in the place of its plate's where it has none
# A picture uint8 (H, W, 3), the pixels across its plate, a generator -> the picture in that condition.
Condition = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


def _blur(image: np.ndarray, plate_px: float, rng: np.random.Generator) -> np.ndarray:
    return moved(image, BLUR_SHARE * plate_px, rng.uniform(0, np.pi))


def _night(image: np.ndarray, plate_px: float, rng: np.random.Generator) -> np.ndarray:
    small = shrunk(image, NIGHT_WIDTH / plate_px)
    return through_jpeg(darkened(moved(small, NIGHT_WIDTH / 24, rng.uniform(0, np.pi)), rng), NIGHT_QUALITY)


_MAKERS: dict[str, Condition] = {
    AS_IS: lambda image, plate_px, rng: image,
    "dark": lambda image, plate_px, rng: darkened(image, rng),
    "blur": _blur,
    "jpeg": lambda image, plate_px, rng: through_jpeg(image, JPEG_QUALITY),
    "night": _night,
}


def width_of(name: str) -> int:
    """50 of the condition ``w50``, 0 of those that are not a width."""
    return int(name[1:]) if name.startswith("w") and name[1:].isdecimal() else 0


def parse_condition(name: str) -> Condition:
    """The condition ``w50``, or one of `NAMES`.

    Raises:
        AlprError: no such condition of single plates.
    """
    if width := width_of(name):
        return lambda image, plate_px, rng: shrunk(image, width / plate_px)
    if name not in _MAKERS:
        raise AlprError(f"{name}: no such condition; choose one of {', '.join(NAMES)} or a width such as w50.")
    return _MAKERS[name]


def in_condition(image: np.ndarray, name: str, seed: int, index: int = 0, plate_px: float | None = None) -> np.ndarray:
    """A picture in the condition of that name; always the same for a ``seed`` and an ``index``.

    Args:
        image: uint8 (H, W, 3) RGB.
        seed, index: of a set of pictures and of the picture in it.
        plate_px: pixels across its plate; None: the picture is nothing but its plate.

    Raises:
        AlprError: no such condition.
    """
    rng = np.random.default_rng([seed, zlib.crc32(name.encode()), index])
    return parse_condition(name)(image, plate_px or image.shape[1], rng)


def check_photo_condition(name: str) -> None:
    """Raises `AlprError` where there is no such condition of photos."""
    if name != NO_PLATES:
        parse_condition(name)


def _without_plates(picture: LabelledPicture, image: np.ndarray) -> np.ndarray:
    """The photo with what lies around each plate drawn over it (Telea 2004, as OpenCV has it)."""
    scale = np.tile([image.shape[0] / picture.height, image.shape[1] / picture.width], 2)
    mask = np.zeros(image.shape[:2], np.uint8)
    for plate in picture.plates:
        box = np.array(plate.box_px) * scale
        sides = np.tile(box[2:] - box[:2], 2)
        top, left, bottom, right = np.round(box + sides * _PAINTED_OVER).astype(int)
        mask[max(top, 0) : bottom, max(left, 0) : right] = 255
    return cv2.inpaint(image, mask, 5, cv2.INPAINT_TELEA)


def photo_in_condition(picture: LabelledPicture, image: np.ndarray, name: str) -> tuple[LabelledPicture, np.ndarray]:
    """A photo in the condition of that name, and its labels in pixels of what it has become.

    Widths are those of its narrowest plate. The random numbers depend on the name of its file alone.

    Args:
        image: uint8 (H, W, 3) RGB, of the picture.

    Raises:
        AlprError: no such condition.
    """
    if name == NO_PLATES:
        return replace(picture, objects=(), plates=()), _without_plates(picture, image)
    widths = [(plate.box_px[3] - plate.box_px[1]) / picture.width for plate in picture.plates]
    plate_px = max(1.0, min(widths, default=_WITHOUT_PLATE) * image.shape[1])
    seen = in_condition(image, name, 0, zlib.crc32(picture.path.name.encode()), plate_px)
    height, width = seen.shape[:2]
    scale = np.array([height / picture.height, width / picture.width])
    objects = (replace(item, box_px=as_box(item.box_px * np.tile(scale, 2))) for item in picture.objects)
    plates = (mapped(plate, scale, np.zeros(2)) for plate in picture.plates)
    return replace(picture, width=width, height=height, objects=tuple(objects), plates=tuple(plates)), seen
