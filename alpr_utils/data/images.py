"""Plates with known text as decoded pictures: labelled photos, or pictures of one plate each, named by their text."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from alpr_utils.data.folders import find_data
from alpr_utils.data.label_folder import has_labels
from alpr_utils.data.labels import Box, LabelledImage, LabelledPicture, LabelledPlate, as_box, mapped
from alpr_utils.data.pictures import load_pictures
from alpr_utils.data.split import texts_of_half
from alpr_utils.errors import LabelError
from alpr_utils.images import CROP_MARGIN, PICTURE_SUFFIXES, crop_window, read_image
from alpr_utils.plates import COUNTRIES, PlateTextError, plate_type


def country_of(text: str, picture: Path, labelled: str = "") -> str:
    """The country of a plate in ``picture``: as ``labelled``, else the first in which ``text`` is valid.

    Raises:
        LabelError: the text is valid in no country, or there is no country ``labelled``.
    """
    known = ", ".join(COUNTRIES)
    if labelled and labelled not in COUNTRIES:
        raise LabelError(f"{picture}: plates.csv calls its country '{labelled}'; correct it to one of {known}.")
    code = labelled or next((code for code, plates in COUNTRIES.items() if plates.validate(text)), "")
    if not code:
        raise LabelError(
            f"{picture}: '{text}' is not a plate text of {known}; correct it, or name its country in plates.csv."
        )
    return code


def _likely_rows(image: np.ndarray, box_px: Box, text: str, country: str) -> int:
    ymin, xmin, ymax, xmax = np.round(box_px).astype(int)
    height, width = max(ymax - ymin, 1), max(xmax - xmin, 1)
    grey = image[max(ymin, 0) :, max(xmin, 0) :][:height, :width].mean(axis=2)
    darkest, lightest = np.percentile(grey, (5, 95))
    light_ink = bool(np.median(grey) < (darkest + lightest) / 2)
    return plate_type(country).likely_rows(text, width / height, light_ink)


def _text_of_name(path: Path) -> str:
    """``12가3456.jpg``, ``1537УНЛ_2.png`` or however a country names its crops."""
    for plates in COUNTRIES.values():
        try:
            return plates.text_of_name(path.stem)
        except PlateTextError:
            continue
    raise LabelError(
        f"{path}: its name is not a plate text of {', '.join(COUNTRIES)}; call it like 12가3456.jpg or 1537УНЛ_2.jpg."
    )


def open_picture(picture: LabelledPicture) -> LabelledImage:
    """Decode a labelled picture; its plates move along where its size is not the one of its labels.

    Raises:
        PictureError: the picture cannot be read.
    """
    image = read_image(picture.path)
    scale = np.array(image.shape[:2]) / (picture.height, picture.width)
    return LabelledImage(picture.path.name, image, tuple(mapped(plate, scale, np.zeros(2)) for plate in picture.plates))


def _complete(plate: LabelledPlate, image: np.ndarray, path: Path) -> LabelledPlate:
    """``plate``, whose text is known, with its country and rows."""
    country = country_of(plate.text, path, plate.country)
    rows = plate.rows or _likely_rows(image, plate.box_px, plate.text, country)
    return replace(plate, country=country, rows=rows)


def _photos(folder: Path, half: str) -> Iterator[LabelledImage]:
    pictures, problems = load_pictures(folder, half)
    for problem in problems:
        print(f"left out: {problem}", file=sys.stderr)
    for picture in pictures:
        if picture.texts:
            photo = open_picture(picture)
            plates = (_complete(plate, photo.image, picture.path) for plate in photo.plates if plate.text)
            yield replace(photo, plates=tuple(plates))


def _single_plates(folder: Path, half: str) -> Iterator[LabelledImage]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    if not paths:
        raise LabelError(f"{folder}: holds no picture; give labelled photos or a folder of plate crops.")
    texts = {path: _text_of_name(path) for path in paths}
    chosen = texts_of_half(texts.values(), half)
    for path, text in texts.items():
        if text in chosen:
            image = read_image(path)
            plate = LabelledPlate(as_box((0, 0, *image.shape[:2])), text)
            yield LabelledImage(path.name, image, (_complete(plate, image, path),))


def labelled_images(folder: Path, half: str = "") -> Iterator[LabelledImage]:
    """The pictures of a folder with their plates of known text; text, country and rows of each plate are filled in.

    Broken label files are named on stderr.

    Args:
        folder: path or name (see `find_data`) of photos as `alpr_utils.data.pictures.load_pictures` takes them, or of
            pictures of one plate each, without any XML file, named by their text: ``12가3456.jpg``, ``1537УНЛ_2.jpg``.
        half: ``a`` or ``b``: only that half of the pictures, split by plate identity.

    Raises:
        LabelError: no labelled picture there, no plate with known text, or a text that no country knows.
    """
    folder, empty = find_data(folder), True
    for image in (_photos if has_labels(folder) else _single_plates)(folder, half):
        empty = False
        yield image
    if empty:
        place = f"{folder}: half {half}" if half else f"{folder}:"
        raise LabelError(f"{place} holds no plate with a known text; add plates.csv or name crops by their text.")


def cut_plates(photo: LabelledImage, margin: float = CROP_MARGIN) -> Iterator[LabelledImage]:
    """Every plate of a picture as a picture of its own, with ``margin`` times its size around it on each side.

    A picture that is nothing but its plate stays as it is.
    """
    for plate in photo.plates:
        if plate.box_px == (0, 0, *photo.image.shape[:2]):
            yield replace(photo, plates=(plate,))
            continue
        top, left, bottom, right = crop_window(photo.image, plate.box_px / np.tile(photo.image.shape[:2], 2), margin)
        # A view would keep the whole photo in memory.
        image = photo.image[top:bottom, left:right].copy()
        yield LabelledImage(photo.name, image, (mapped(plate, np.ones(2), -np.array((top, left))),))
