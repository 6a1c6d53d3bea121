"""The box and the text of every plate on a picture, in Latin letters, Cyrillic and hangul."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from alpr_utils.results import PlateReading


FOUND_COLOUR = (0, 200, 60)
UNREAD_COLOUR = (255, 150, 0)
_PACKAGE = Path(__file__).resolve().parent
LATIN_FONT = _PACKAGE / "fonts" / "dejavu-sans.ttf"  # Latin and Cyrillic
# This font has the digits and syllables of Korean plates.
HANGUL_FONT = _PACKAGE / "synth" / "glyphs" / "fonts" / "hangul" / "plate-hangul-gothic.ttf"


def _is_hangul(character: str) -> bool:
    return "가" <= character <= "힣"


@lru_cache(maxsize=64)
def _font(size: int, hangul: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(HANGUL_FONT if hangul else LATIN_FONT), size)


class TextLine:
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


def fitted_line(text: str, size: int, max_width: int) -> TextLine:
    """``text``, not empty, in letters of ``size`` pixels or so small that it is at most ``max_width`` pixels wide."""
    line = TextLine(text, size)
    return line if line.width <= max_width else TextLine(text, max(1, int(size * max_width / line.width)))


def label_of(plate: "PlateReading") -> str:
    """What is written beside a plate: its text, ``?`` where unsure, and score; without a text that of the detection."""
    return f"{plate.shown_text} {plate.text_score:.0%}" if plate.text else f"{plate.detection_score:.0%}"


def _label_place(
    label_size: tuple[int, int], box_pixels: tuple[int, int, int, int], picture_size: tuple[int, int]
) -> tuple[int, int]:
    """Corner of a label: above its box, else below it, always inside the picture (sizes: width, height)."""
    xmin, ymin, _, ymax = box_pixels
    top = ymin - label_size[1] if ymin >= label_size[1] else ymax
    top = max(0, min(top, picture_size[1] - label_size[1]))
    return max(0, min(xmin, picture_size[0] - label_size[0])), top


def draw_plates(image: np.ndarray, plates: "Sequence[PlateReading]") -> np.ndarray:
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
        line = fitted_line(label_of(plate), size, max(1, width - 2 * padding))
        label = (line.width + 2 * padding, line.bottom - line.top + 2 * padding)
        x, y = _label_place(label, (xmin, ymin, xmax, ymax), (width, height))
        canvas.rectangle((x, y, x + label[0] - 1, y + label[1] - 1), fill=colour)
        line.write(canvas, x + padding, y + padding, fill="black")
    return np.array(picture)
