"""Masks of single characters at any size, from our own stroke face and from the licensed fonts in ``fonts/``."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from alpr_utils.plates import PlateLayout
from alpr_utils.synth.glyphs.stroke_font import STROKES, draw_strokes
from alpr_utils.synth.glyphs.strokes import StrokeStyle, random_style

FONT_FOLDER = Path(__file__).parent / "fonts"

# Ink width / ink height of each character on real plates; the rest is DEFAULT_ASPECT.
DEFAULT_ASPECT = 0.57
ASPECTS = {
    "0": 0.54,
    "1": 0.33,
    "3": 0.54,
    "А": 0.6,
    "Б": 0.61,
    "В": 0.6,
    "Г": 0.58,
    "Д": 0.62,
    "Е": 0.61,
    "Ж": 0.85,
    "И": 0.62,
    "Л": 0.62,
    "М": 0.67,
    "Н": 0.63,
    "П": 0.6,
    "С": 0.6,
    "Т": 0.61,
    "У": 0.6,
    "Ү": 0.59,
    "Ц": 0.65,
    "Х": 0.6,
    "Э": 0.6,
    "Я": 0.65,
    "I": 0.38,
    "J": 0.5,
    "M": 0.7,
    "N": 0.63,
    "O": 0.7,
    "Q": 0.72,
    "W": 0.85,
}

_SOURCE_HEIGHT_PX = 96
_MARGIN_PX = 14


@dataclass(frozen=True)
class StemSample:
    """Where a font's stroke is measured: a line at ``height`` (0 top .. 1 bottom) crosses ``strokes`` uprights."""

    char: str
    height: float
    strokes: int


NOT_FROM_FONTS = "Д"  # with the high bar and long feet that it has in print, a small one is an А of a plate
CYRILLIC_STEM = StemSample("П", 0.6, 2)


class Face(Protocol):
    """A source of glyphs."""

    @property
    def name(self) -> str:
        """Unique name of the face."""
        ...

    def mask(self, char: str, width_px: int, height_px: int, stroke_px: float) -> np.ndarray:
        """Ink of ``char`` stretched to fill the cell: float32 (height_px, width_px), 0 paper .. 1 ink."""
        ...


@dataclass(frozen=True)
class StrokeFace:
    """A set of dies of our own stroke face."""

    name: str
    style: StrokeStyle

    def mask(self, char: str, width_px: int, height_px: int, stroke_px: float) -> np.ndarray:
        """See `Face.mask`."""
        return draw_strokes(char, width_px, height_px, stroke_px, self.style)


@dataclass(frozen=True)
class FontFace:
    """A TrueType font; its strokes are thickened or thinned towards the wanted width.

    Attributes:
        name: stem of the font file.
        inside: for each character the signed distance to its outline in source pixels, positive inside;
            float32 (H, W) with `_MARGIN_PX` of paper around the ink.
        stem_px: width of the font's upright strokes in source pixels.
    """

    name: str
    inside: dict[str, np.ndarray]
    stem_px: float

    def mask(self, char: str, width_px: int, height_px: int, stroke_px: float) -> np.ndarray:
        """See `Face.mask`; characters that the font lacks come from the stroke face."""
        if char not in self.inside:
            return draw_strokes(char, width_px, height_px, stroke_px, StrokeStyle())
        inside = self.inside[char]
        ink_height, ink_width = (side - 2 * _MARGIN_PX for side in inside.shape)
        scale = (width_px / ink_width * height_px / ink_height) ** 0.5
        # A font's shapes close up or break when its weight is moved further than this.
        grow = float(np.clip(stroke_px / scale - self.stem_px, -0.3 * self.stem_px, 0.3 * self.stem_px)) / 2
        ink = _trimmed(np.clip(inside + (grow + 0.5), 0, 1))
        return np.clip(cv2.resize(ink, (width_px, height_px), interpolation=cv2.INTER_AREA), 0, 1)


def _signed_distance(ink: np.ndarray) -> np.ndarray:
    filled = (ink > 0.5).astype(np.uint8)
    return (cv2.distanceTransform(filled, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - filled, cv2.DIST_L2, 5)).astype(
        np.float32
    )


def _trimmed(ink: np.ndarray) -> np.ndarray:
    """``ink: (H, W)``, 0..1, without the paper around it."""
    rows, columns = np.flatnonzero(ink.max(1) > 0.5), np.flatnonzero(ink.max(0) > 0.5)
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _drawn(font: ImageFont.FreeTypeFont, char: str) -> np.ndarray:
    """float32 (H, W), 0..1, the ink of ``char`` somewhere on a large sheet."""
    canvas = Image.new("L", (2 * _SOURCE_HEIGHT_PX + 200, 3 * _SOURCE_HEIGHT_PX))
    ImageDraw.Draw(canvas).text((100, 50), char, 255, font=font)
    return np.asarray(canvas, np.float32) / 255


def load_font_face(path: Path, chars: Iterable[str] = STROKES, stem: StemSample = CYRILLIC_STEM) -> FontFace:
    """Read ``chars`` of a font, except `NOT_FROM_FONTS` and those that it shows as nothing or as an empty box."""
    font = ImageFont.truetype(path, round(_SOURCE_HEIGHT_PX / 0.7))
    missing = _drawn(font, "\uffff")
    inside = {}
    for char in (char for char in chars if char not in NOT_FROM_FONTS):
        ink = _drawn(font, char)
        if ink.max() > 0.5 and not np.array_equal(ink, missing):
            inside[char] = _signed_distance(np.pad(_trimmed(ink), _MARGIN_PX))
    upright = inside[stem.char]
    stem_px = float((upright[int(upright.shape[0] * stem.height)] > 0).sum()) / stem.strokes
    return FontFace(path.stem, inside, stem_px)


OWN_FACES = (
    StrokeFace("square", StrokeStyle()),
    StrokeFace("round", StrokeStyle(square_ends=False)),
)
# Enough dies that no shape is learnt by heart, few enough that their lines stay in the cache.
_STYLE_COUNT = 240


@cache
def styles() -> tuple[StrokeStyle, ...]:
    """The dies that own faces are drawn with, always the same ones."""
    rng = np.random.default_rng(0)
    return tuple(random_style(rng) for _ in range(_STYLE_COUNT))


@cache
def font_faces() -> tuple[FontFace, ...]:
    """The licensed fonts, by name."""
    return tuple(load_font_face(path) for path in sorted(FONT_FOLDER.glob("*.ttf")))


def pick_stroke_face(rng: np.random.Generator, layout: PlateLayout | None = None, own_share: float = 0.8) -> Face:
    """Our own face in a random style with probability ``own_share``, otherwise a font; the same for every layout."""
    if rng.random() < own_share:
        index = int(rng.integers(_STYLE_COUNT))
        return StrokeFace(f"strokes_{index}", styles()[index])
    return font_faces()[rng.integers(len(font_faces()))]
