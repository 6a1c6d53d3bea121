"""From a plate crop to boxes around its characters, the textbook way, with every intermediate picture kept.

grey -> shadow removal -> threshold -> clear border -> connected components -> filters -> rows -> deskew -> characters.

Pictures inside this module are at working size, where a character is about ``character_height`` pixels high whatever
the plate; boxes are ``ymin, xmin, ymax, xmax`` in pixels of the working picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.enhance import remove_shadows
from alpr_utils.read.classical.candidates import find_candidates
from alpr_utils.read.classical.deskew import Deskew, estimate_lean
from alpr_utils.read.rows import PixelBox, Row, add_missing_row, find_rows

_LARGEST_DEVIATION = 127.5  # of pixels between 0 and 255


@dataclass(frozen=True)
class SegmentParameters:
    """All numbers of the segmentation; lengths are in units of ``character_height`` unless said otherwise."""

    character_height: int = 48
    """Height of a character in the working picture, in pixels; sets the working size."""
    wide_plate_aspect: float = 1.75
    """Crops wider than this times their height hold one row, even when tilted; narrower ones hold two."""
    one_row_width: float = 6.8
    """Width of a one-row plate (520 mm, characters of about 77 mm)."""
    two_row_width: float = 3.7
    """Width of a two-row plate (280 mm, digits of about 75 mm)."""
    shadow_dilation: float = 0.28
    """Dilation of the shadow removal: about twice the width of a stroke, so that strokes vanish from the background."""
    shadow_median: float = 0.85
    """Median window of the shadow removal: three times the dilation."""
    sauvola_window: float = 0.9
    """Window of the local threshold; about one character."""
    sauvola_k: float = 0.15
    """Sauvola's k; larger means thinner strokes."""
    min_height: float = 0.45
    """Lower than this is a bolt, a letter of the country oval or dirt."""
    max_height: float = 1.75
    """Higher than this is the plate's frame."""
    min_aspect: float = 0.08
    """Width / height of the thinnest character (a tilted 1 is thicker)."""
    max_aspect: float = 1.25
    """Width / height of the widest single character, or of one with a bolt attached."""
    min_fill: float = 0.12
    """Ink / box area; less is a thin outline, not a character."""


@dataclass(frozen=True)
class Hypothesis:
    """One way to turn a grey plate into ink and ground; the first one tried is the textbook's."""

    remove_shadows: bool = True
    local_threshold: bool = False
    inverted: bool = False


@dataclass(frozen=True)
class Candidate:
    """A part of a row that may be one character.

    Attributes:
        box: ymin, xmin, ymax, xmax in pixels of ``Segmentation.deskewed``.
        row: index into ``Segmentation.rows``.
        whole: the box is one connected component, neither cut from a wider one nor merged from pieces.
    """

    box: PixelBox
    row: int
    whole: bool


@dataclass(frozen=True)
class Segmentation:
    """Everything between the crop and its characters, for reading and for drawing.

    Attributes:
        grey: uint8 (h, w), working size, dark characters on light ground (inverted if the hypothesis says so).
        shadow_free: uint8 (h, w), ``grey`` without shadows, or ``grey`` itself when they are left in.
        binary: bool (h, w), True is ink.
        cleaned: bool (h, w), ``binary`` without what touches the border.
        components: boxes that passed the filters, in pixels of ``cleaned``.
        deskew: how the picture was straightened.
        deskewed: uint8 (h, w), ``grey`` sheared so that the rows are level and the characters upright.
        deskewed_binary: bool (h, w), ``deskewed`` thresholded anew.
        rows: text rows from top to bottom, in pixels of ``deskewed``.
        candidates: possible characters of all rows; they may overlap, decoding chooses among them.
        hypothesis: the settings these pictures were made with.
        chosen: indices of the candidates that became characters, in reading order; empty until they are decoded.
    """

    grey: np.ndarray
    shadow_free: np.ndarray
    binary: np.ndarray
    cleaned: np.ndarray
    components: tuple[PixelBox, ...]
    deskew: Deskew
    deskewed: np.ndarray
    deskewed_binary: np.ndarray
    rows: tuple[Row, ...]
    candidates: tuple[Candidate, ...]
    hypothesis: Hypothesis
    chosen: tuple[int, ...] = ()

    @property
    def characters(self) -> tuple[Candidate, ...]:
        """The candidates that became characters, in reading order."""
        return tuple(self.candidates[index] for index in self.chosen)

    def boxes_on_plate(self, height: int, width: int) -> np.ndarray:
        """Candidate boxes on the original crop of this size: float32 (N, 4), ymin, xmin, ymax, xmax in its pixels.

        Each box is moved back by its centre, so the boxes stay upright rectangles.
        """
        boxes = np.array([candidate.box for candidate in self.candidates], np.float32).reshape(-1, 4)
        moved = self.deskew.undo(boxes, self.deskewed.shape)
        scale = (height / self.deskewed.shape[0], width / self.deskewed.shape[1])
        return moved * np.array(scale * 2, np.float32)


def _is_wide(plate: np.ndarray, parameters: SegmentParameters) -> bool:
    return plate.shape[1] > parameters.wide_plate_aspect * plate.shape[0]


def working_grey(plate: np.ndarray, parameters: SegmentParameters) -> np.ndarray:
    """Grey picture at working size. ``plate``: uint8 (H, W, 3) RGB or (H, W), at least 1x1. Returns uint8 (h, w)."""
    grey = plate if plate.ndim == 2 else cv2.cvtColor(plate, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    plate_width = parameters.one_row_width if _is_wide(plate, parameters) else parameters.two_row_width
    new_width = round(plate_width * parameters.character_height)
    # The limits only matter for crops that do not hold a plate; they bound memory and time.
    new_height = int(np.clip(new_width * height / width, parameters.character_height / 2, 2 * new_width))
    shrinking = new_width < width
    return cv2.resize(grey, (new_width, new_height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)


def _flatten(grey: np.ndarray, hypothesis: Hypothesis, parameters: SegmentParameters) -> np.ndarray:
    if not hypothesis.remove_shadows:
        return grey
    unit = parameters.character_height
    return remove_shadows(grey, round(parameters.shadow_dilation * unit), round(parameters.shadow_median * unit))


def binarise(grey: np.ndarray, local_threshold: bool, parameters: SegmentParameters) -> np.ndarray:
    """Ink mask, bool (h, w): Otsu's global threshold or Sauvola's local one (Sauvola and Pietikäinen 2000)."""
    if local_threshold:
        window = round(parameters.sauvola_window * parameters.character_height) | 1
        return grey < _sauvola(grey, window, parameters.sauvola_k)
    _, binary = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    return binary > 0


def _sauvola(grey: np.ndarray, window: int, k: float) -> np.ndarray:
    """Threshold of every pixel, float64 (h, w), by mean and deviation in a square of ``window`` pixels around it."""
    values = grey.astype(np.float64)
    mean, square = (cv2.blur(x, (window, window), borderType=cv2.BORDER_REFLECT_101) for x in (values, values**2))
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    return mean * (1 + k * (deviation / _LARGEST_DEVIATION - 1))


def _clear_border(ink: np.ndarray) -> np.ndarray:
    """``ink``, bool (h, w), without the connected components that touch the border."""
    count, labels = cv2.connectedComponents(ink.astype(np.uint8), connectivity=8)
    inside = np.ones(count, bool)
    for border in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        inside[border] = False
    return ink & inside[labels]


def filter_components(ink: np.ndarray, parameters: SegmentParameters) -> tuple[PixelBox, ...]:
    """Boxes of the connected components that have the height, aspect and fill of a character, left to right."""
    unit = parameters.character_height
    boxes = []
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    for xmin, ymin, width, height, area in stats[1:].tolist():
        if (
            parameters.min_height * unit <= height <= parameters.max_height * unit
            and parameters.min_aspect <= width / height <= parameters.max_aspect
            and area >= parameters.min_fill * height * width
        ):
            boxes.append((ymin, xmin, ymin + height, xmin + width))
    return tuple(sorted(boxes, key=lambda box: box[1]))


def segment(
    plate: np.ndarray, hypothesis: Hypothesis | None = None, parameters: SegmentParameters | None = None
) -> Segmentation:
    """Find possible characters on a plate crop.

    Args:
        plate: uint8 (H, W, 3) RGB or (H, W) grey, one plate with little around it; any size from 1x1.
        hypothesis: how to threshold; shadow removal and Otsu by default.
        parameters: the numbers; the defaults fit plates of `form.PLATES`.
    """
    hypothesis, parameters = hypothesis or Hypothesis(), parameters or SegmentParameters()
    grey = working_grey(plate, parameters)
    if hypothesis.inverted:
        grey = 255 - grey
    shadow_free = _flatten(grey, hypothesis, parameters)
    binary = binarise(shadow_free, hypothesis.local_threshold, parameters)
    cleaned = _clear_border(binary)
    components = filter_components(cleaned, parameters)
    slope, rows = find_rows(components, grey.shape[1])
    if not _is_wide(plate, parameters):
        rows = add_missing_row(rows, grey.shape[0])
    lean = estimate_lean(Deskew(slope, 0.0).picture(binary.astype(np.uint8)), rows)
    deskew = Deskew(slope, lean)
    deskewed = deskew.picture(grey)
    deskewed_binary = binarise(deskew.picture(shadow_free), hypothesis.local_threshold, parameters)
    candidates = tuple(
        Candidate(box, index, whole)
        for index, row in enumerate(rows)
        for box, whole in find_candidates(deskewed_binary, row)
    )
    return Segmentation(
        grey, shadow_free, binary, cleaned, components, deskew, deskewed, deskewed_binary, rows, candidates, hypothesis
    )
