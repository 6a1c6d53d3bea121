"""What a plate carries besides its characters: state emblem, country oval, border line, frame with dealer text."""

import cv2
import numpy as np

from alpr_utils.synth.glyphs.faces import Face

EMBLEM_RED = (196, 40, 48)


def soyombo_mask(width_px: int, height_px: int) -> np.ndarray:
    """The Soyombo: flame, sun and moon over two triangles, bars and the yin-yang disc between two pillars.

    Returns:
        float32 (height_px, width_px), 0..1.
    """
    canvas = np.zeros((400, 200), np.uint8)

    def fill(points: list[tuple[float, float]]) -> None:
        cv2.fillPoly(canvas, [np.array(points, np.int32)], 255)

    fill([(100, 0), (118, 30), (112, 52), (88, 52), (82, 30)])
    cv2.circle(canvas, (100, 78), 22, 255, -1)
    cv2.ellipse(canvas, (100, 78), (44, 44), 0, 20, 160, 255, 12)
    for x in (0, 162):
        cv2.rectangle(canvas, (x, 150), (x + 38, 399), 255, -1)
    fill([(50, 150), (150, 150), (100, 186)])
    cv2.rectangle(canvas, (50, 196), (150, 210), 255, -1)
    cv2.circle(canvas, (100, 266), 46, 255, -1)
    cv2.ellipse(canvas, (88, 266), (22, 36), 0, 100, 250, 0, 8)
    cv2.circle(canvas, (100, 248), 7, 0, -1)
    cv2.circle(canvas, (100, 286), 7, 0, -1)
    cv2.rectangle(canvas, (50, 322), (150, 336), 255, -1)
    fill([(50, 348), (150, 348), (100, 384)])
    return cv2.resize(canvas, (width_px, height_px), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def oval_mask(text: str, face: Face, width_px: int, height_px: int, line_px: float) -> np.ndarray:
    """An ellipse with ``text`` inside: float32 (height_px, width_px), 0..1."""
    scale = 3
    canvas = np.zeros((height_px * scale, width_px * scale), np.uint8)
    line = max(1, round(line_px * scale))
    centre = (canvas.shape[1] // 2, canvas.shape[0] // 2)
    axes = (max(1, centre[0] - line // 2 - 1), max(1, centre[1] - line // 2 - 1))
    cv2.ellipse(canvas, centre, axes, 0, 0, 360, 255, line, cv2.LINE_AA)
    ink = canvas.astype(np.float32) / 255
    glyph_height = max(2, round(0.42 * ink.shape[0]))
    pitch = 0.23 * ink.shape[1]
    for index, char in enumerate(text):
        glyph_width = max(2, round(0.17 * ink.shape[1]))
        glyph = face.mask(char, glyph_width, glyph_height, 1.15 * line)
        left = round(centre[0] + (index - (len(text) - 1) / 2) * pitch - glyph_width / 2)
        top = (ink.shape[0] - glyph_height) // 2
        window = ink[top : top + glyph_height, left : left + glyph_width]
        np.maximum(window, glyph, out=window)
    return cv2.resize(ink, (width_px, height_px), interpolation=cv2.INTER_AREA)


def rounded_rectangle(shape: tuple[int, int], inset_px: float, radius_px: float) -> np.ndarray:
    """A filled rectangle with round corners, ``inset_px`` from the edges: float32 ``shape``, 0..1."""
    height, width = shape
    # One quarter is enough, the others mirror it.
    y = ((height - 1) / 2 - np.arange((height + 1) // 2, dtype=np.float32))[:, None]
    x = ((width - 1) / 2 - np.arange((width + 1) // 2, dtype=np.float32))[None]
    away_y = y - (height / 2 - inset_px - radius_px)
    away_x = x - (width / 2 - inset_px - radius_px)
    outside = np.hypot(np.maximum(away_x, 0), np.maximum(away_y, 0)) + np.minimum(np.maximum(away_x, away_y), 0)
    quarter = np.clip(radius_px - outside + 0.5, 0, 1)
    top = np.concatenate([quarter, quarter[:, : width // 2][:, ::-1]], 1)
    return np.concatenate([top, top[: height // 2][::-1]])


def border_mask(shape: tuple[int, int], inset_px: float, line_px: float, radius_px: float) -> np.ndarray:
    """The line around the plate: float32 ``shape``, 0..1."""
    outer = rounded_rectangle(shape, inset_px, radius_px)
    return outer - rounded_rectangle(shape, inset_px + line_px, max(radius_px - line_px, 0.5))


def dealer_text_mask(shape: tuple[int, int], text: str, face: Face) -> np.ndarray:
    """A line of small capitals in the middle of a strip: float32 ``shape``, 0..1."""
    strip = np.zeros(shape, np.float32)
    height = round(0.5 * shape[0])
    if height < 3:
        return strip
    width, pitch = max(2, round(0.55 * height)), 0.75 * height
    left, top = shape[1] / 2 - pitch * len(text) / 2, (shape[0] - height) // 2
    for index, char in enumerate(text):
        x = round(left + index * pitch)
        if char != " " and x >= 0 and x + width <= shape[1]:
            strip[top : top + height, x : x + width] = face.mask(char, width, height, 0.16 * height)
    return strip
