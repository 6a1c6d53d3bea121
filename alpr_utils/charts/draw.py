"""Boxes and text on pictures, contact sheets and step-by-step figures; Cyrillic and hangul included."""

from collections.abc import Sequence
from typing import Protocol

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw

from alpr_utils.charts.style import LINE_COLOURS, SKY_BLUE, VERMILION, WIDTH_PX, YELLOW, Rgb, rgb
from alpr_utils.draw import fitted_line
from alpr_utils.images import crop_plate

PLATE_COLOUR: Rgb = (0, 210, 150)  # the green of the palette, brighter, for dark photos
WRONG_COLOUR = rgb(VERMILION)
IGNORED_COLOUR = rgb(YELLOW)
FAINT_COLOUR = rgb(SKY_BLUE)
_BOX_COLOURS = tuple(map(rgb, LINE_COLOURS[:6]))
_DIMMED, _LIFTED = 0.6, 35  # of the grey of a picture under a map of scores
_TITLE_COLOUR = (30, 30, 30)
_SHEET_COLOUR = (245, 245, 245)
_TITLE_PX = 20  # least height of a line of titles in a picture as wide as a notebook shows it


class GeneratedPlate(Protocol):
    """A generated plate, alone or in a scene; coordinates in pixels of its picture."""

    @property
    def text(self) -> str:
        """Canonical text."""
        ...

    @property
    def corners(self) -> np.ndarray:
        """float32 (4, 2), x, y, clockwise from the plate's top left."""
        ...

    @property
    def char_boxes(self) -> np.ndarray:
        """float32 (N, 4), ymin, xmin, ymax, xmax, in reading order."""
        ...


def draw_boxes(image: np.ndarray, boxes_px: np.ndarray) -> np.ndarray:
    """A picture with thin rectangles in changing colours, so that overlapping boxes can be told apart.

    Args:
        image: uint8 (H, W, 3) RGB or (H, W) grey.
        boxes_px: float (N, 4), ymin, xmin, ymax, xmax, pixels of ``image``.

    Returns:
        uint8 (H, W, 3) RGB.
    """
    picture = Image.fromarray(image).convert("RGB")
    canvas = ImageDraw.Draw(picture)
    for number, (ymin, xmin, ymax, xmax) in enumerate(np.round(boxes_px).astype(int).tolist()):
        colour = _BOX_COLOURS[number % len(_BOX_COLOURS)]
        canvas.rectangle((xmin, ymin, max(xmin, xmax - 1), max(ymin, ymax - 1)), outline=colour)
    return np.array(picture)


def outline(image: np.ndarray, groups: Sequence[tuple[np.ndarray, Rgb]], line: int = 1) -> np.ndarray:
    """A copy of ``image: uint8 (H, W, 3)`` with groups of boxes, each in its colour, the last group on top.

    Boxes are float (N, 4), ymin, xmin, ymax, xmax, pixels.
    """
    picture = image.copy()
    for boxes, colour in groups:
        for ymin, xmin, ymax, xmax in np.round(boxes).astype(int).tolist():
            cv2.rectangle(picture, (xmin, ymin), (xmax - 1, ymax - 1), colour, line)
    return picture


def heat(image: np.ndarray, scores: np.ndarray, stride: int) -> np.ndarray:
    """``scores: float (rows, columns)``, 0..1, of cells of ``stride`` pixels over the picture in grey, uint8.

    The scale is logarithmic: a score of 1 % or less cannot be seen, 10 % is half of the scale.
    """
    height, width = image.shape[:2]
    lifted = np.clip(1 + np.log10(np.maximum(scores, 1e-9)) / 2, 0, 1)
    colours = matplotlib.colormaps["plasma"](lifted)[..., :3]
    large = np.kron(colours, np.ones((stride, stride, 1)))[:height, :width]
    # A cell without any score shows the picture, a sure one nothing but its colour.
    share = np.clip(1.5 * np.kron(lifted, np.ones((stride, stride)))[:height, :width, None], 0, 1)
    grey = _DIMMED * image.mean(axis=-1, keepdims=True) + _LIFTED
    return np.clip(255 * share * large + (1 - share) * grey, 0, 255).astype(np.uint8)


def channel_pictures(features: np.ndarray, count: int, height: int) -> list[np.ndarray]:
    """The ``count`` channels of ``features: float (rows, columns, C)`` that vary most: uint8 (height, w) each."""
    pictures = []
    for channel in np.argsort(-features.std(axis=(0, 1)))[:count]:
        values = features[..., channel]
        # A few extreme values would leave everything else black.
        low, high = np.quantile(values, (0.0, 0.99))
        width = round(height * values.shape[1] / values.shape[0])
        grey = (255 * np.clip((values - low) / max(high - low, 1e-6), 0, 1)).astype(np.uint8)
        pictures.append(cv2.resize(grey, (width, height), interpolation=cv2.INTER_NEAREST))
    return pictures


def around(image: np.ndarray, box_px: Sequence[float], times: float = 3, least: int = 160) -> np.ndarray:
    """The surroundings of a box in pixels, so many times as wide as the box and at least ``least`` pixels."""
    height, width = image.shape[:2]
    ymin, xmin, ymax, xmax = box_px
    middle_y, middle_x = (ymin + ymax) / 2, (xmin + xmax) / 2
    side = max(times * (xmax - xmin), least)
    half_y, half_x = 0.3 * side, 0.5 * side
    window = np.array([middle_y - half_y, middle_x - half_x, middle_y + half_y, middle_x + half_x])
    return crop_plate(image, window / [height, width, height, width], margin=0)


def marked(image: np.ndarray, box_px: Sequence[float]) -> np.ndarray:
    """The surroundings of a box in pixels, with the box drawn."""
    line = max(1, round((box_px[3] - box_px[1]) / 45))  # still to be seen where the surroundings are shown small
    return around(outline(image, [(np.array([box_px]), WRONG_COLOUR)], line), box_px)


def draw_labels(
    image: np.ndarray,
    plates: Sequence[GeneratedPlate],
    vehicles: Sequence[np.ndarray] = (),
    scale: int = 1,
    texts: bool = False,
) -> np.ndarray:
    """A generated picture with what is known about it: plate corners, character boxes, vehicles.

    Args:
        image: uint8 (H, W, 3) RGB.
        plates: a ring marks the top left corner of each.
        vehicles: boxes, each float32 (4,), ymin, xmin, ymax, xmax, pixels.
        scale: how many times the picture is enlarged first, so that the lines do not hide small plates.
        texts: write the text below each plate instead of drawing its character boxes, which hide small plates.

    Returns:
        uint8 (H * scale, W * scale, 3) RGB.
    """
    size = (image.shape[1] * scale, image.shape[0] * scale)
    picture = Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)
    canvas = ImageDraw.Draw(picture)
    for ymin, xmin, ymax, xmax in (np.asarray(box) * scale for box in vehicles):
        canvas.rectangle((xmin, ymin, xmax, ymax), outline=FAINT_COLOUR, width=3)
    for plate in plates:
        corners = [(float(x), float(y)) for x, y in plate.corners * scale]
        canvas.line([*corners, corners[0]], fill=PLATE_COLOUR, width=2)
        canvas.circle(corners[0], 4, outline=PLATE_COLOUR, width=2)
        if not texts:
            for number, (ymin, xmin, ymax, xmax) in enumerate(plate.char_boxes * scale):
                canvas.rectangle((xmin, ymin, xmax, ymax), outline=_BOX_COLOURS[number % len(_BOX_COLOURS)])
            continue
        line = fitted_line(plate.text, max(8, size[1] // 18), size[0])
        y = min(max(y for _, y in corners) + 10, size[1] - (line.bottom - line.top) - 4)
        x = min(corners[3][0], size[0] - line.width - 4)
        line.write(canvas, x, y, fill=PLATE_COLOUR, stroke_width=2, stroke_fill="black")
    return np.array(picture)


def _cell(image: np.ndarray, title: str, width: int, height: int, title_height: int) -> Image.Image:
    cell = Image.new("RGB", (width, height + title_height), _SHEET_COLOUR)
    picture = Image.fromarray(image).convert("RGB")
    scale = min(width / picture.width, height / picture.height)
    # Small crops are shown with their pixels; photos are averaged down.
    filter_ = Image.Resampling.NEAREST if scale >= 2 else Image.Resampling.LANCZOS
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    resized = picture.resize(size, filter_)
    cell.paste(resized, ((width - size[0]) // 2, title_height + (height - size[1]) // 2))
    if title:
        line = fitted_line(title, max(1, round(title_height * 0.6)), width - 4)
        x, y = (width - line.width) // 2, (title_height - (line.bottom - line.top)) // 2
        line.write(ImageDraw.Draw(cell), x, y, fill=_TITLE_COLOUR)
    return cell


def contact_sheet(
    images: Sequence[np.ndarray],
    titles: Sequence[str] | None = None,
    columns: int = 4,
    cell_width: int = 320,
    gap: int = 6,
) -> np.ndarray:
    """Pictures in a grid, each fitted into its cell under its title.

    Args:
        images: uint8 (H, W, 3) RGB or (H, W) grey, of any sizes; at least one.
        titles: one a picture, or None.
        columns: pictures a row.
        cell_width: pixels; the cells are as high as the tallest fitted picture needs.
        gap: pixels between cells.

    Returns:
        uint8 (H, W, 3) RGB.
    """
    titles = titles or [""] * len(images)
    columns = min(columns, len(images))
    # A wide sheet is shown smaller than it is; its titles must be legible all the same.
    shrinking = max(1.0, columns * (cell_width + gap) / WIDTH_PX)
    title_height = max(round(_TITLE_PX * shrinking), cell_width // 14) if any(titles) else 0
    tallest = max(image.shape[0] / image.shape[1] for image in images)
    cell_height = max(1, round(cell_width * min(tallest, 1.5)))
    rows = -(-len(images) // columns)
    step = (cell_width + gap, cell_height + title_height + gap)
    sheet = Image.new("RGB", (columns * step[0] + gap, rows * step[1] + gap), _SHEET_COLOUR)
    for index, (image, title) in enumerate(zip(images, titles, strict=True)):
        row, column = divmod(index, columns)
        cell = _cell(image, title, cell_width, cell_height, title_height)
        sheet.paste(cell, (gap + column * step[0], gap + row * step[1]))
    return np.array(sheet)


def side_by_side(left: np.ndarray, right: np.ndarray, titles: tuple[str, str] = ("", "")) -> np.ndarray:
    """Two pictures, uint8 (H, W, 3) RGB or (H, W) grey, beside each other at the width of the wider one."""
    return contact_sheet([left, right], titles, columns=2, cell_width=max(left.shape[1], right.shape[1]))


def step_figure(steps: Sequence[tuple[str, np.ndarray]], columns: int = 3, cell_width: int = 360) -> np.ndarray:
    """The intermediate pictures of a method, numbered in their order: uint8 (H, W, 3) RGB.

    Args:
        steps: (title, picture) pairs; pictures are uint8 (H, W, 3) RGB or (H, W) grey, or boolean masks.
        columns: pictures a row.
        cell_width: pixels.
    """
    images = [image.astype(np.uint8) * 255 if image.dtype == bool else image for _, image in steps]
    titles = [f"{number}. {title}" for number, (title, _) in enumerate(steps, start=1)]
    return contact_sheet(images, titles, columns, cell_width)
