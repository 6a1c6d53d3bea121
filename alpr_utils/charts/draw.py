"""Boxes and text on pictures, contact sheets and step-by-step figures; Cyrillic and hangul included."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from alpr_utils.results import PlateReading

FOUND_COLOUR = (0, 200, 60)
UNREAD_COLOUR = (255, 150, 0)
_BOX_COLOURS = ((230, 60, 50), (0, 150, 60), (30, 90, 230), (220, 140, 0), (160, 40, 190), (0, 160, 170))
_VEHICLE_COLOUR = (60, 120, 255)
_TITLE_COLOUR = (30, 30, 30)
_SHEET_COLOUR = (245, 245, 245)
# DejaVu, which comes with matplotlib, has no hangul; this font has the digits and syllables of Korean plates.
HANGUL_FONT = Path(__file__).resolve().parents[1] / "synth" / "glyphs" / "fonts" / "hangul" / "plate-hangul-gothic.ttf"


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


def _is_hangul(character: str) -> bool:
    return "가" <= character <= "힣"


@lru_cache(maxsize=64)
def _font(size: int, hangul: bool) -> ImageFont.FreeTypeFont:
    import matplotlib

    latin = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(str(HANGUL_FONT if hangul else latin), size)


class _Line:
    """A line of text in pieces, hangul in a font of its own.

    Attributes:
        width: pixels.
        top, bottom: where its ink begins and ends, pixels below the baseline.
    """

    def __init__(self, text: str, size: int) -> None:
        """Lay out ``text`` with letters of ``size`` pixels."""
        runs = [(hangul, "".join(run)) for hangul, run in groupby(text, _is_hangul)]
        self._pieces = [(run, _font(size, hangul)) for hangul, run in runs]
        boxes = [font.getbbox(run, anchor="ls") for run, font in self._pieces]
        self.width = round(sum(font.getlength(run) for run, font in self._pieces))
        self.top, self.bottom = (round(edge) for edge in (min(b[1] for b in boxes), max(b[3] for b in boxes)))

    def write(self, canvas: ImageDraw.ImageDraw, x: float, y: float, **style: Any) -> None:
        """Draw it with its ink's top left corner at ``x``, ``y``; ``style`` as PIL's ``text`` takes it."""
        for run, font in self._pieces:
            canvas.text((x, y - self.top), run, font=font, anchor="ls", **style)
            x += font.getlength(run)


def _fitted(text: str, size: int, max_width: int) -> _Line:
    """``text``, not empty, in letters of ``size`` pixels or so small that it is at most ``max_width`` pixels wide."""
    line = _Line(text, size)
    return line if line.width <= max_width else _Line(text, max(1, int(size * max_width / line.width)))


def label_of(plate: PlateReading) -> str:
    """What is written beside a plate: its text and score, or the score of the detection when there is no text."""
    return f"{plate.text} {plate.text_score:.0%}" if plate.text else f"{plate.detection_score:.0%}"


def _label_place(
    label_size: tuple[int, int], box_pixels: tuple[int, int, int, int], picture_size: tuple[int, int]
) -> tuple[int, int]:
    """Corner of a label: above its box, else below it, always inside the picture (sizes: width, height)."""
    xmin, ymin, _, ymax = box_pixels
    top = ymin - label_size[1] if ymin >= label_size[1] else ymax
    top = max(0, min(top, picture_size[1] - label_size[1]))
    return max(0, min(xmin, picture_size[0] - label_size[0])), top


def draw_plates(image: np.ndarray, plates: Sequence[PlateReading]) -> np.ndarray:
    """A copy of ``image: uint8 (H, W, 3)`` RGB with the box and text of every plate; lines and letters grow with it."""
    picture = Image.fromarray(image)
    canvas = ImageDraw.Draw(picture)
    height, width = image.shape[:2]
    thickness = max(1, round(min(height, width) / 300))
    size = max(8, round(min(height, width) / 28))
    for plate in reversed(plates):  # the best one on top
        colour = FOUND_COLOUR if plate.text else UNREAD_COLOUR
        xmin, ymin, xmax, ymax = plate.box_pixels(height, width)
        canvas.rectangle((xmin, ymin, max(xmin, xmax - 1), max(ymin, ymax - 1)), outline=colour, width=thickness)
        padding = max(1, size // 6)
        line = _fitted(label_of(plate), size, max(1, width - 2 * padding))
        label = (line.width + 2 * padding, line.bottom - line.top + 2 * padding)
        x, y = _label_place(label, (xmin, ymin, xmax, ymax), (width, height))
        canvas.rectangle((x, y, x + label[0] - 1, y + label[1] - 1), fill=colour)
        line.write(canvas, x + padding, y + padding, fill="black")
    return np.array(picture)


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
        line = _fitted(plate.text, max(8, size[1] // 24), size[0])
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
        line = _fitted(title, max(1, round(title_height * 0.6)), width - 4)
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
