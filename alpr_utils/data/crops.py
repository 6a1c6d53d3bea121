"""Single plates with known text: in labelled photos, or pictures of one plate each that are named by their text."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alpr_utils.data.split import load_half
from alpr_utils.errors import LabelError
from alpr_utils.images import read_image
from alpr_utils.plates import COUNTRIES
from alpr_utils.plates.korea import text_of_crop_name

TWO_ROW_ASPECT = 2.4  # a plate narrower than this times its height may have two rows
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
_NO_BOXES = np.empty((0, 4))


@dataclass(frozen=True)
class LabelledPlate:
    """A plate in its picture.

    Attributes:
        name: of the picture.
        image: uint8 (H, W, 3) RGB, the whole picture.
        box: float64 (4,), ymin, xmin, ymax, xmax in pixels.
        text: canonical text.
        country: two-letter code.
        rows: rows of text; by the shape and the ground of the plate where no label tells.
        char_boxes: float64 (N, 4), boxes as above of the N characters of ``text``; (0, 4) where they are not labelled.
    """

    name: str
    image: np.ndarray
    box: np.ndarray
    text: str
    country: str
    rows: int
    char_boxes: np.ndarray


def country_of(text: str) -> str:
    """The country whose plate could carry ``text``.

    Raises:
        LabelError: none could.
    """
    for code, plates in COUNTRIES.items():
        if plates.validate(text):
            return code
    raise LabelError(f"'{text}' is no plate text of {', '.join(COUNTRIES)}; correct the label.")


def _labelled(
    name: str, image: np.ndarray, box: np.ndarray, text: str, rows: int = 0, char_boxes: np.ndarray = _NO_BOXES
) -> LabelledPlate:
    country = country_of(text)
    return LabelledPlate(name, image, box, text, country, rows or _likely_rows(image, box, text, country), char_boxes)


def _likely_rows(image: np.ndarray, box: np.ndarray, text: str, country: str) -> int:
    ymin, xmin, ymax, xmax = np.round(box).astype(int)
    if xmax - xmin >= TWO_ROW_ASPECT * (ymax - ymin):
        return 1
    if country != "kr" or not text[0].isdigit():
        return 2
    # Without a region these are old green plates, or short white ones, which have one row.
    grey = image[max(ymin, 0) : ymax, max(xmin, 0) : xmax].mean(axis=2)
    darkest, lightest = np.percentile(grey, (5, 95))
    return 2 if np.median(grey) < (darkest + lightest) / 2 else 1


def _text_of_name(path: Path) -> str:
    """``12가3456.jpg``, ``1537УНЛ_2.png`` or a code of the public Korean photos."""
    text = unicodedata.normalize("NFC", path.stem.split("_")[0])
    known = any(plates.validate(text) for plates in COUNTRIES.values())
    return text if known else text_of_crop_name(path.name)


def _plates_in_photos(folder: Path, half: str) -> Iterator[LabelledPlate]:
    truth, _ = load_half(folder, half)
    for picture, plates in truth:
        image = read_image(picture.path)
        height, width = image.shape[:2]
        for plate in plates:
            if plate.text:
                size = [height, width, height, width]
                spelled = "".join(char for char, _ in plate.characters) == plate.text
                char_boxes = np.array([box for _, box in plate.characters]) * size if spelled else _NO_BOXES
                yield _labelled(
                    picture.path.name, image, np.array(plate.box) * size, plate.text, plate.rows, char_boxes
                )


def labelled_plates(folder: Path, half: str = "") -> Iterator[LabelledPlate]:
    """The plates with known text of a folder.

    Args:
        folder: photos with VOC files as `alpr_utils.data.truth.load_truth` takes them, or, where there is no XML file,
            pictures of one plate each that are named by their text: ``12가3456.jpg``, ``1537УНЛ_2.jpg``.
        half: ``a`` or ``b``: only that half of the photos, split by plate identity.

    Raises:
        LabelError: no labelled picture there, or a text that no country knows.
    """
    if any(folder.rglob("*.xml")):
        yield from _plates_in_photos(folder, half)
        return
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not paths:
        raise LabelError(f"{folder}: holds no picture; give labelled photos or a folder of plate crops.")
    for path in paths:
        image = read_image(path)
        yield _labelled(path.name, image, np.array([0, 0, *image.shape[:2]], float), _text_of_name(path))
