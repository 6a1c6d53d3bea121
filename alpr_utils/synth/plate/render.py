"""A plate as it leaves the factory and after some years on the road, seen from straight ahead."""

from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.plates import PlateColours, PlateLayout, plate_type
from alpr_utils.synth.glyphs.catalogue import pick_face
from alpr_utils.synth.glyphs.faces import ASPECTS, DEFAULT_ASPECT, Face
from alpr_utils.synth.plate import wear
from alpr_utils.synth.plate.marks import draw_mark
from alpr_utils.synth.plate.parts import (
    EMBLEM_RED,
    border_mask,
    dealer_text_mask,
    oval_mask,
    rounded_rectangle,
    soyombo_mask,
)
from alpr_utils.synth.plate.ranges import weighted_choice

LONG_PLATE_MM = 520.0  # width of the usual one-row plate; shorter ones are seen smaller in proportion
STROKE_MM = 9.5
CORNER_RADIUS_MM = 9.0
WORN_INK_SHARE = 0.06
# Characters narrower than their cell on plates whose cells have one width.
NARROW = {"1": 0.54, "I": 0.6}


@dataclass(frozen=True)
class RenderedPlate:
    """A plate seen from straight ahead.

    Attributes:
        image: uint8 (H, W, 3) RGB.
        alpha: uint8 (H, W), 255 on the plate and its frame, 0 outside.
        text: canonical text.
        rows: rows of text.
        country: two-letter code.
        layout: name of the layout.
        size_mm: width, height of the plate without its frame.
        corners: float32 (4, 2), x, y in pixels of the plate without its frame, clockwise from the top left.
        char_boxes: float32 (N, 4) for the text's N characters, ymin, xmin, ymax, xmax in pixels, in reading order.
    """

    image: np.ndarray
    alpha: np.ndarray
    text: str
    rows: int
    country: str
    layout: str
    size_mm: tuple[float, float]
    corners: np.ndarray
    char_boxes: np.ndarray


def pick_layout(rng: np.random.Generator, country: str) -> PlateLayout:
    """A layout of the country, as often as it is seen on the road."""
    layouts = plate_type(country).layouts
    return weighted_choice(rng, layouts, [layout.share for layout in layouts])


def pick_colours(rng: np.random.Generator, layout: PlateLayout) -> PlateColours:
    """A colour class of the layout, as often as it is seen on the road."""
    return weighted_choice(rng, layout.colours, [colours.share for colours in layout.colours])


def _natural_width(char: str, index: int, height_mm: float, layout: PlateLayout) -> float:
    """Ink width in mm: that of the layout's cell, or what the character's shape asks for."""
    if layout.char_widths_mm:
        return layout.char_widths_mm[index] * NARROW.get(char, 1.0)
    return height_mm * ASPECTS.get(char, DEFAULT_ASPECT)


def _character_boxes(text: str, layout: PlateLayout, px_per_mm: float, rng: np.random.Generator) -> np.ndarray:
    """int (N, 4) ymin, xmin, ymax, xmax in pixels of the bare plate; widths and places vary a little."""
    width_factor, height_factor = rng.uniform(0.92, 1.1), rng.uniform(0.95, 1.05)
    shift_x, shift_y = rng.normal(0, 1.5), rng.normal(0, 1.0)
    # Digits and letters sit on separate dies and so move apart or together as groups.
    group_shift = [rng.normal(0, spread) for spread in layout.group_spread_mm]
    boxes = []
    for index, char in enumerate(text):
        (x, y), height = layout.char_centres_mm[index], layout.char_heights_mm[index] * height_factor
        width = _natural_width(char, index, height, layout) * width_factor
        x += shift_x + group_shift[index >= layout.second_group] + rng.normal(0, 0.6)
        y += shift_y
        left, top = round((x - width / 2) * px_per_mm), round((y - height / 2) * px_per_mm)
        boxes.append((top, left, top + max(3, round(height * px_per_mm)), left + max(2, round(width * px_per_mm))))
    return np.array(boxes)


def _paste(canvas: np.ndarray, mask: np.ndarray, top: int, left: int) -> None:
    """Lay ``mask`` over ``canvas`` (both float32, 0..1) in place; what reaches over the edge is cut off."""
    y0, x0 = max(top, 0), max(left, 0)
    window = canvas[y0 : top + mask.shape[0], x0 : left + mask.shape[1]]
    np.maximum(window, mask[y0 - top :, x0 - left :][: window.shape[0], : window.shape[1]], out=window)


def _box_pixels(box_mm: tuple[float, float, float, float], px_per_mm: float) -> tuple[int, int, int, int]:
    """Top, left, height, width in pixels."""
    ymin, xmin, ymax, xmax = (round(value * px_per_mm) for value in box_mm)
    return ymin, xmin, max(4, ymax - ymin), max(4, xmax - xmin)


def _ink(
    text: str,
    layout: PlateLayout,
    face: Face,
    boxes: np.ndarray,
    shape: tuple[int, int],
    px_per_mm: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Characters, oval and border line: float32 ``shape``, 0..1."""
    ink = np.zeros(shape, np.float32)
    stroke_scale = rng.uniform(0.8, 1.2)
    strokes_mm = layout.char_strokes_mm or (STROKE_MM,) * len(text)
    if layout.even_strokes and rng.random() < layout.even_strokes:
        strokes_mm = (max(strokes_mm),) * len(text)
    for char, stroke_mm, (ymin, xmin, ymax, xmax) in zip(text, strokes_mm, boxes, strict=True):
        stroke = stroke_mm * stroke_scale * px_per_mm
        _paste(ink, face.mask(char, int(xmax - xmin), int(ymax - ymin), stroke), int(ymin), int(xmin))
    if rng.random() < WORN_INK_SHARE:
        wear.wear_off_ink(ink, rng)
    if layout.oval_box_mm:
        top, left, height, width = _box_pixels(layout.oval_box_mm, px_per_mm)
        oval_text = layout.oval_texts[rng.integers(len(layout.oval_texts))]
        _paste(ink, oval_mask(oval_text, face, width, height, rng.uniform(1.6, 2.6) * px_per_mm), top, left)
    if rng.random() < 0.8:
        line = rng.uniform(1.5, 4) * px_per_mm
        border = border_mask(shape, rng.uniform(1, 5) * px_per_mm, line, CORNER_RADIUS_MM * px_per_mm)
        np.maximum(ink, border * rng.uniform(0.6, 1), out=ink)
    return ink


def _emboss(image: np.ndarray, ink: np.ndarray, rng: np.random.Generator) -> None:
    """Pressed characters catch light on one side."""
    relief = np.zeros_like(ink)
    relief[1:] = ink[1:] - ink[:-1]
    image -= (rng.uniform(0, 30) * relief)[..., None]


def _bare_plate(
    text: str, layout: PlateLayout, colours: PlateColours, face: Face, px_per_mm: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The plate without its frame: image float32 (H, W, 3) 0..255, character boxes (N, 4) pixels."""
    shape = (round(layout.size_mm[1] * px_per_mm), round(layout.size_mm[0] * px_per_mm))
    boxes = _character_boxes(text, layout, px_per_mm, rng)
    ink = _ink(text, layout, face, boxes, shape, px_per_mm, rng)
    image = np.empty((*shape, 3), np.float32)
    image[:] = np.array(colours.ground, np.float32) * rng.uniform(0.88, 1.06)
    if layout.emblem_box_mm:
        emblem = np.zeros(shape, np.float32)
        top, left, height, width = _box_pixels(layout.emblem_box_mm, px_per_mm)
        _paste(emblem, soyombo_mask(width, height), top, left)
        wear.blend(image, EMBLEM_RED, emblem * rng.uniform(0.55, 1))
    for mark in layout.marks:
        draw_mark(image, mark, colours, face, px_per_mm)
    wear.blend(image, np.array(colours.ink) + rng.uniform(0, 40), ink)
    _emboss(image, ink, rng)
    return image, boxes


def _apply_wear(
    image: np.ndarray, layout: PlateLayout, px_per_mm: float, ranges: wear.WearRanges, rng: np.random.Generator
) -> None:
    if rng.random() < ranges.dirt:
        wear.add_dirt(image, ranges, rng)
    if rng.random() < ranges.scratches:
        wear.add_scratches(image, ranges, rng)
    if rng.random() < ranges.bolts:
        wear.add_bolts(image, layout, px_per_mm, ranges, rng)
    if rng.random() < ranges.snow:
        wear.add_snow(image, ranges, rng)


def _framed(
    plate: np.ndarray, dealer_words: tuple[str, ...], px_per_mm: float, face: Face, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Put a holder around the plate or none: image, alpha float32 (H, W) 0..1, and the plate's left and top in it."""
    height, width = plate.shape[:2]
    if rng.random() < 0.4:
        return plate, rounded_rectangle((height, width), 0, CORNER_RADIUS_MM * px_per_mm), 0, 0
    side, top = (max(1, round(rng.uniform(5, 12) * px_per_mm)) for _ in range(2))
    with_text = rng.random() < 0.5 and bool(dealer_words)
    bottom = round(rng.uniform(18, 26) * px_per_mm) if with_text else top
    image = np.empty((height + top + bottom, width + 2 * side, 3), np.float32)
    image[:] = rng.uniform(15, 70) if rng.random() < 0.8 else rng.uniform(120, 200)
    inside = image[top : top + height, side : side + width]
    cv2.rectangle(image, (0, 0), (image.shape[1] - 1, image.shape[0] - 1), (75, 75, 80), max(1, round(px_per_mm)))
    if with_text:
        words = dealer_words[rng.integers(len(dealer_words))]
        wear.blend(image[top + height :], (225, 225, 225), dealer_text_mask((bottom, image.shape[1]), words, face))
    shape_mask = rounded_rectangle((height, width), 0, CORNER_RADIUS_MM * px_per_mm)
    inside += shape_mask[..., None] * (plate - inside)
    return image, rounded_rectangle(image.shape[:2], 0, 6 * px_per_mm), side, top


def render_plate(
    text: str,
    layout: PlateLayout,
    rng: np.random.Generator,
    height_px: int = 110,
    face: Face | None = None,
    colours: PlateColours | None = None,
    wear_ranges: wear.WearRanges = wear.WearRanges(),  # noqa: B008 - frozen
) -> RenderedPlate:
    """Draw one plate; ``height_px`` is the height of the plate without its frame.

    ``face`` and ``colours`` are drawn at random when not given. The same arguments and generator state give the
    same bytes.
    """
    country = plate_type(layout.country)
    face = face or pick_face(rng, country.faces, layout)
    colours = colours or pick_colours(rng, layout)
    px_per_mm = height_px / layout.size_mm[1]
    plate, boxes = _bare_plate(text, layout, colours, face, px_per_mm, rng)
    _apply_wear(plate, layout, px_per_mm, wear_ranges, rng)
    image, alpha, left, top = _framed(plate, country.dealer_words, px_per_mm, face, rng)
    height, width = plate.shape[:2]
    corners = np.array([(left, top), (left + width, top), (left + width, top + height), (left, top + height)])
    return RenderedPlate(
        image=np.clip(image, 0, 255).astype(np.uint8),
        alpha=(alpha * 255).astype(np.uint8),
        text=text,
        rows=layout.rows,
        country=layout.country,
        layout=layout.name,
        size_mm=layout.size_mm,
        corners=corners.astype(np.float32),
        char_boxes=(boxes + np.array([top, left, top, left])).astype(np.float32),
    )
