"""Boxes and text on pictures, contact sheets and step-by-step figures; Cyrillic and hangul included."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw

from alpr_utils.draw import FOUND_COLOUR, fitted_line

_BOX_COLOURS = ((230, 60, 50), (0, 150, 60), (30, 90, 230), (220, 140, 0), (160, 40, 190), (0, 160, 170))
_VEHICLE_COLOUR = (60, 120, 255)
_TITLE_COLOUR = (30, 30, 30)
_SHEET_COLOUR = (245, 245, 245)


class LabelledPlate(Protocol):
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


def draw_boxes(image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """A picture with thin rectangles in changing colours, so that overlapping boxes can be told apart.

    Args:
        image: uint8 (H, W, 3) RGB or (H, W) grey.
        boxes: float32 (N, 4), ymin, xmin, ymax, xmax, normalised.

    Returns:
        uint8 (H, W, 3) RGB.
    """
    picture = Image.fromarray(image).convert("RGB")
    canvas = ImageDraw.Draw(picture)
    scale = np.array([picture.height, picture.width] * 2)
    for number, (ymin, xmin, ymax, xmax) in enumerate(np.round(boxes * scale).astype(int).tolist()):
        colour = _BOX_COLOURS[number % len(_BOX_COLOURS)]
        canvas.rectangle((xmin, ymin, max(xmin, xmax - 1), max(ymin, ymax - 1)), outline=colour)
    return np.array(picture)


def draw_labels(
    image: np.ndarray,
    plates: Sequence[LabelledPlate],
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
        canvas.rectangle((xmin, ymin, xmax, ymax), outline=_VEHICLE_COLOUR, width=3)
    for plate in plates:
        corners = [(float(x), float(y)) for x, y in plate.corners * scale]
        canvas.line([*corners, corners[0]], fill=FOUND_COLOUR, width=2)
        canvas.circle(corners[0], 4, outline=FOUND_COLOUR, width=2)
        if not texts:
            for number, (ymin, xmin, ymax, xmax) in enumerate(plate.char_boxes * scale):
                canvas.rectangle((xmin, ymin, xmax, ymax), outline=_BOX_COLOURS[number % len(_BOX_COLOURS)])
            continue
        line = fitted_line(plate.text, max(8, size[1] // 24), size[0])
        y = min(max(y for _, y in corners) + 10, size[1] - (line.bottom - line.top) - 4)
        line.write(canvas, corners[3][0], y, fill=FOUND_COLOUR, stroke_width=2, stroke_fill="black")
    return np.array(picture)


def show(image: np.ndarray, quality: int = 80) -> None:
    """Display ``image: uint8 (H, W, 3)`` RGB in a notebook, as JPEG, which keeps notebooks small."""
    from io import BytesIO

    from IPython.display import Image as NotebookImage
    from IPython.display import display

    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    display(NotebookImage(buffer.getvalue(), format="jpeg"))


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
    title_height = max(16, cell_width // 14) if any(titles) else 0
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
