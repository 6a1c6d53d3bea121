"""What plates carry besides characters, by the kinds of mark that layouts name; lengths in pixels."""

import cv2
import numpy as np

from alpr_utils.plates import Box, Mark, PlateColours, Rgb
from alpr_utils.synth.glyphs.faces import Face
from alpr_utils.synth.plate.wear import blend

BAND_BLUE, TAEGEUK_BLUE, TAEGEUK_RED = (24, 74, 150), (0, 71, 160), (205, 46, 58)
WHITE, DIAGONAL_RED = (240, 242, 245), (205, 40, 44)
DIAGONAL_MM = 3.0
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


def _taegeuk_band(image: np.ndarray, box: Box, face: Face) -> None:
    ymin, xmin, ymax, xmax = box
    width, height = xmax - xmin, ymax - ymin
    blend(image[round(ymin) : round(ymax), round(xmin) : round(xmax)], BAND_BLUE, _full(box))
    centre = (xmin + xmax) / 2 + 0.04 * width
    _taegeuk(image, centre, ymin + 0.4 * height, min(0.3 * width, 0.16 * height))
    letters = (ymin + 0.68 * height, centre - 0.33 * width, ymin + 0.82 * height, centre + 0.33 * width)
    _word(image, "KOR", face, letters, WHITE)


def _full(box: Box) -> np.ndarray:
    ymin, xmin, ymax, xmax = (round(v) for v in box)
    return np.ones((ymax - ymin, xmax - xmin), np.float32)


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


def draw_mark(image: np.ndarray, mark: Mark, colours: PlateColours, face: Face, px_per_mm: float) -> None:
    """Draw ``mark`` on ``image: float32 (H, W, 3)``, 0..255, the bare plate, in place.

    Raises:
        KeyError: no such kind of mark.
    """
    ymin, xmin, ymax, xmax = (value * px_per_mm for value in mark.box_mm)
    box = (ymin, xmin, ymax, xmax)
    if mark.kind == "taegeuk_band":
        _taegeuk_band(image, box, face)
    elif mark.kind == "electric":
        _electric(image, box, face, colours.ink)
    elif mark.kind == "hyphen":
        image[round(ymin) : round(ymax), round(xmin) : round(xmax)] = colours.ink
    elif mark.kind == "red_diagonal":
        _red_diagonal(image, px_per_mm)
    else:
        raise KeyError(mark.kind)
