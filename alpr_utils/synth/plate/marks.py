"""What plates carry besides characters, by the kinds of mark that layouts name; lengths in pixels."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.plates import Box, Mark, PlateColours, Rgb
from alpr_utils.synth.glyphs.faces import Face
from alpr_utils.synth.plate.wear import blend

BAND_BLUE, TAEGEUK_BLUE, TAEGEUK_RED = (24, 74, 150), (0, 71, 160), (205, 46, 58)
WHITE, DIAGONAL_RED = (240, 242, 245), (205, 40, 44)
DIAGONAL_MM, FRAME_MM = 3.0, 2.0
_SCALE = 3


def _stamp(image: np.ndarray, colour: Rgb, canvas: np.ndarray, top: int, left: int) -> None:
    """Blend an enlarged mask (uint8) into ``image`` in place; what reaches over the edge is cut off."""
    size = (max(1, canvas.shape[1] // _SCALE), max(1, canvas.shape[0] // _SCALE))
    mask = cv2.resize(canvas, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    window = image[top : top + mask.shape[0], left : left + mask.shape[1]]
    blend(window, colour, mask[: window.shape[0], : window.shape[1]])


def _taegeuk(image: np.ndarray, x: float, y: float, radius: float) -> None:
    """The red and blue disc, red above, its waist tilted, on a white rim; centre and radius in pixels."""
    side = round(2.6 * radius) * _SCALE
    middle, r = side // 2, radius * _SCALE
    tilt = np.radians(30)
    yy, xx = np.mgrid[:side, :side] - middle
    u, v = xx * np.cos(tilt) + yy * np.sin(tilt), -xx * np.sin(tilt) + yy * np.cos(tilt)
    inside = np.hypot(u, v) <= r
    red = (v < 0) & ~(np.hypot(u - r / 2, v) < r / 2) | (np.hypot(u + r / 2, v) < r / 2)
    top, left = round(y - side / _SCALE / 2), round(x - side / _SCALE / 2)
    masks = ((WHITE, np.hypot(u, v) <= 1.14 * r), (TAEGEUK_BLUE, inside & ~red), (TAEGEUK_RED, inside & red))
    for colour, mask in masks:
        _stamp(image, colour, mask.astype(np.uint8) * 255, max(top, 0), max(left, 0))


def _word(image: np.ndarray, text: str, face: Face, box: Box, colour: Rgb) -> None:
    """Latin capitals side by side in ``box``: ymin, xmin, ymax, xmax in pixels."""
    ymin, xmin, ymax, xmax = box
    height, pitch = max(3, round(ymax - ymin)), (xmax - xmin) / len(text)
    for index, char in enumerate(text):
        width = max(2, round(0.76 * pitch))
        glyph = face.mask(char, width, height, 0.17 * height)
        left, top = round(xmin + (index + 0.12) * pitch), round(ymin)
        window = image[top : top + height, left : left + width]
        blend(window, colour, glyph[: window.shape[0], : window.shape[1]])


def _taegeuk_band(image: np.ndarray, box: Box, text: str, face: Face) -> None:
    ymin, xmin, ymax, xmax = box
    width, height = xmax - xmin, ymax - ymin
    window = _window(image, box)
    blend(window, BAND_BLUE, np.ones(window.shape[:2], np.float32))
    centre = (xmin + xmax) / 2 + 0.04 * width
    _taegeuk(image, centre, ymin + 0.4 * height, min(0.3 * width, 0.16 * height))
    letters = (ymin + 0.68 * height, centre - 0.33 * width, ymin + 0.82 * height, centre + 0.33 * width)
    _word(image, text, face, letters, WHITE)


def _window(image: np.ndarray, box: Box) -> np.ndarray:
    ymin, xmin, ymax, xmax = (round(v) for v in box)
    return image[ymin:ymax, xmin:xmax]


def _block(image: np.ndarray, box: Box, colour: Rgb) -> None:
    _window(image, box)[:] = colour


def _electric(image: np.ndarray, box: Box, face: Face, colour: Rgb) -> None:
    """A plug over the letters EV."""
    ymin, xmin, ymax, xmax = box
    width, height = xmax - xmin, ymax - ymin
    canvas = np.zeros((max(3, round(height * _SCALE)), max(3, round(width * _SCALE))), np.uint8)
    h, w = canvas.shape

    def fill(left: float, top: float, right: float, bottom: float) -> None:
        cv2.rectangle(canvas, (round(left * w), round(top * h)), (round(right * w), round(bottom * h)), 255, -1)

    fill(0.36, 0, 0.43, 0.16)
    fill(0.57, 0, 0.64, 0.16)
    fill(0.29, 0.14, 0.71, 0.24)
    cv2.ellipse(canvas, (w // 2, round(0.24 * h)), (round(0.21 * w), round(0.2 * h)), 0, 0, 180, 255, -1)
    fill(0.46, 0.4, 0.54, 0.52)
    _stamp(image, colour, canvas, round(ymin), round(xmin))
    _word(image, "EV", face, (ymin + 0.58 * height, xmin + 0.08 * width, ymax, xmax - 0.08 * width), colour)


def _red_diagonal(image: np.ndarray, px_per_mm: float) -> None:
    height, width = image.shape[:2]
    canvas = np.zeros((height * _SCALE, width * _SCALE), np.uint8)
    line = max(1, round(DIAGONAL_MM * px_per_mm * _SCALE))
    cv2.line(canvas, (0, height * _SCALE), (width * _SCALE, 0), 255, line, cv2.LINE_AA)
    _stamp(image, DIAGONAL_RED, canvas, 0, 0)


def _disc(image: np.ndarray, box: Box, colour: Rgb) -> None:
    ymin, xmin, ymax, xmax = box
    canvas = np.zeros((max(3, round((ymax - ymin) * _SCALE)), max(3, round((xmax - xmin) * _SCALE))), np.uint8)
    middle = (canvas.shape[1] // 2, canvas.shape[0] // 2)
    cv2.ellipse(canvas, middle, middle, 0, 0, 360, 255, -1)
    _stamp(image, colour, canvas, round(ymin), round(xmin))


def _frame(image: np.ndarray, box: Box, colour: Rgb, px_per_mm: float) -> None:
    ymin, xmin, ymax, xmax = (round(v * 16) for v in box)
    line = max(1, round(FRAME_MM * px_per_mm))
    corners = np.array([(xmin, ymin), (xmax, ymin), (xmax, ymax), (xmin, ymax)])
    cv2.polylines(image, [corners], True, colour, line, cv2.LINE_AA, 4)


@dataclass(frozen=True)
class _Place:
    """Where a mark is drawn: the bare plate's ``image``, ``box`` in pixels, the colour and face to draw with."""

    image: np.ndarray
    box: Box
    colour: Rgb
    face: Face
    px_per_mm: float


_KINDS: dict[str, Callable[[_Place, Mark], None]] = {
    "block": lambda at, mark: _block(at.image, at.box, at.colour),
    "disc": lambda at, mark: _disc(at.image, at.box, at.colour),
    "frame": lambda at, mark: _frame(at.image, at.box, at.colour, at.px_per_mm),
    "word": lambda at, mark: _word(at.image, mark.text, at.face, at.box, at.colour),
    "taegeuk_band": lambda at, mark: _taegeuk_band(at.image, at.box, mark.text, at.face),
    "electric": lambda at, mark: _electric(at.image, at.box, at.face, at.colour),
    "red_diagonal": lambda at, mark: _red_diagonal(at.image, at.px_per_mm),
}


def draw_mark(image: np.ndarray, mark: Mark, colours: PlateColours, face: Face, px_per_mm: float) -> None:
    """Draw ``mark`` on ``image: float32 (H, W, 3)``, 0..255, the bare plate, in place.

    Raises:
        AlprError: no such kind of mark.
    """
    if mark.kind not in _KINDS:
        raise AlprError(f"There is no mark '{mark.kind}'; choose one of {', '.join(_KINDS)}.")
    ymin, xmin, ymax, xmax = (value * px_per_mm for value in mark.box_mm)
    _KINDS[mark.kind](_Place(image, (ymin, xmin, ymax, xmax), mark.colour or colours.ink, face, px_per_mm), mark)
