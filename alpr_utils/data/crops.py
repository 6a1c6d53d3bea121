"""Single plates with known text: in labelled photos, or pictures of one plate each that are named by their text."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alpr_utils.data.split import load_usable_half, texts_of_half
from alpr_utils.errors import LabelError
from alpr_utils.images import PICTURE_SUFFIXES, read_image
from alpr_utils.plates import COUNTRIES, PlateTextError
from alpr_utils.plates.korea import text_of_crop_name

TWO_ROW_ASPECT = 2.4  # a plate narrower than this times its height may have two rows
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


def country_of(text: str, picture: Path, told: str = "") -> str:
    """The country of a plate in ``picture``: the one that its label has ``told``, else one whose plate says ``text``.

    Raises:
        LabelError: none could, or there is no such country.
    """
    known = ", ".join(COUNTRIES)
    if told and told not in COUNTRIES:
        raise LabelError(f"{picture}: plates.csv calls its country '{told}'; correct it to one of {known}.")
    code = told or next((code for code, plates in COUNTRIES.items() if plates.validate(text)), "")
    if not code:
        raise LabelError(
            f"{picture}: '{text}' is no plate text of {known}; correct it, or name its country in plates.csv."
        )
    return code


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
    if any(plates.validate(text) for plates in COUNTRIES.values()):
        return text
    try:
        return text_of_crop_name(path.name)
    except PlateTextError:
        raise LabelError(
            f"{path}: its name is no plate text of {', '.join(COUNTRIES)}; call it like 12가3456.jpg or 1537УНЛ_2.jpg."
        ) from None


def _plates_in_photos(folder: Path, half: str) -> Iterator[LabelledPlate]:
    for picture, plates in load_usable_half(folder, half):
        image = read_image(picture.path)
        height, width = image.shape[:2]
        for plate in plates:
            if plate.text:
                size = [height, width, height, width]
                spelled = "".join(char for char, _ in plate.characters) == plate.text
                char_boxes = np.array([box for _, box in plate.characters]) * size if spelled else _NO_BOXES
                box = np.array(plate.box) * size
                country = country_of(plate.text, picture.path, plate.country)
                rows = plate.rows or _likely_rows(image, box, plate.text, country)
                yield LabelledPlate(picture.path.name, image, box, plate.text, country, rows, char_boxes)


def _single_plates(folder: Path, half: str) -> Iterator[LabelledPlate]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    if not paths:
        raise LabelError(f"{folder}: holds no picture; give labelled photos or a folder of plate crops.")
    texts = {path: _text_of_name(path) for path in paths}
    chosen = texts_of_half(texts.values(), half)
    for path, text in texts.items():
        if text in chosen:
            image = read_image(path)
            box, country = np.array([0, 0, *image.shape[:2]], float), country_of(text, path)
            rows = _likely_rows(image, box, text, country)
            yield LabelledPlate(path.name, image, box, text, country, rows, _NO_BOXES)


def labelled_plates(folder: Path, half: str = "") -> Iterator[LabelledPlate]:
    """The plates with known text of a folder.

    Args:
        folder: photos with VOC files as `alpr_utils.data.truth.load_truth` takes them, or, where there is no XML file,
            pictures of one plate each that are named by their text: ``12가3456.jpg``, ``1537УНЛ_2.jpg``.
        half: ``a`` or ``b``: only that half of the pictures, split by plate identity.

    Raises:
        LabelError: no labelled picture there, no plate with known text, or a text that no country knows.
    """
    found = False
    for plate in (_plates_in_photos if any(folder.rglob("*.xml")) else _single_plates)(folder, half):
        found = True
        yield plate
    if not found:
        place = f"{folder}: half {half}" if half else f"{folder}:"
        raise LabelError(f"{place} holds no plate with a known text; add plates.csv or name crops by their text.")
