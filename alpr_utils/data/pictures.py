"""Folders of labelled pictures: boxes from label files, texts from ``plates.csv`` or from labelled characters."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from alpr_utils.boxes import intersection, iou_matrix
from alpr_utils.data.characters import sort_characters, spelled, spells
from alpr_utils.data.corners import COLUMNS, CORNERS_FILE, load_corners
from alpr_utils.data.folders import find_data
from alpr_utils.data.label_folder import read_labels
from alpr_utils.data.label_text import read_label_table
from alpr_utils.data.labels import (
    PLATE_NAMES,
    VEHICLE_NAME,
    Box,
    LabelledObject,
    LabelledPicture,
    LabelledPlate,
    as_box,
    as_corners,
)
from alpr_utils.data.split import identity_halves
from alpr_utils.errors import LabelError

PLATES_FILE = "plates.csv"
_SAME_PLATE = 0.5  # IoU above which a line of plates.csv describes a box of the VOC file


def _characters_by_plate(picture: LabelledPicture, plates: Sequence[LabelledObject]) -> list[list[LabelledObject]]:
    """The labelled characters of each plate; a character belongs to the plate that covers most of it."""
    characters: list[list[LabelledObject]] = [[] for _ in plates]
    plate_boxes = np.array([plate.box_px for plate in plates]).reshape(-1, 4)
    for item in picture.objects:
        if not plates or item.name in PLATE_NAMES or item.name == VEHICLE_NAME:
            continue
        shared = intersection(np.array([item.box_px]), plate_boxes)[0]
        if shared.max() > 0:
            characters[int(shared.argmax())].append(item)
    return characters


def _with_characters(plate: LabelledPlate, items: list[LabelledObject]) -> LabelledPlate:
    """``plate`` with its labelled characters in reading order, and with the text they spell where it has none."""
    # The places of stacked syllables do not tell their order, a file that spells the text does.
    ordered = items if spells(items, plate.text, plate.country) else sort_characters(items)
    chars = plate.text if len(plate.text) == len(ordered) else spelled(ordered, plate.country)
    characters = tuple((char, item.box_px) for char, item in zip(chars, ordered, strict=True))
    return replace(plate, text=plate.text or "".join(chars), characters=characters)


def with_plates(picture: LabelledPicture, listed: Sequence[LabelledPlate] = ()) -> LabelledPicture:
    """``picture`` with the plates among its objects.

    Args:
        listed: the plates of ``plates.csv``; the text of all others is what their labelled characters spell, ``""``
            without any.
    """
    objects = [item for item in picture.objects if item.name in PLATE_NAMES]
    plates = [LabelledPlate(item.box_px) for item in objects]
    if plates and listed:
        overlaps = iou_matrix(picture.boxes_px(PLATE_NAMES), np.array([line.box_px for line in listed]))
        for number, row in enumerate(overlaps):
            if row.max() > _SAME_PLATE:
                plates[number] = replace(listed[int(row.argmax())], box_px=objects[number].box_px)
    characters = _characters_by_plate(picture, objects)
    return replace(picture, plates=tuple(map(_with_characters, plates, characters)))


def _listed_plate(row: dict[str, str]) -> LabelledPlate:
    box: Box = as_box(float(row[name]) for name in ("ymin", "xmin", "ymax", "xmax"))
    if not np.isfinite(box).all() or not row["text"].strip():
        raise ValueError
    known = [float(row[name]) for name in COLUMNS if row.get(name)]
    corners = as_corners(np.array(known).reshape(4, 2)) if len(known) == len(COLUMNS) else ()
    return LabelledPlate(box, row["text"].strip(), (), int(row.get("rows") or 0), row.get("country") or "", corners)


def _read_plates_csv(path: Path) -> dict[str, list[LabelledPlate]]:
    """``plates.csv``: picture file name -> its plates."""
    plates: dict[str, list[LabelledPlate]] = {}
    for number, row in read_label_table(path):
        try:
            plates.setdefault(row["image"], []).append(_listed_plate(row))
        except (KeyError, ValueError):
            raise LabelError(
                f"{path}: line {number} is not image,xmin,ymin,xmax,ymax,text with numbers; correct it."
            ) from None
    return plates


def load_pictures(folder: Path, half: str = "") -> tuple[list[LabelledPicture], list[LabelError]]:
    """Every labelled picture below a folder with its plates, and the errors of the broken label files.

    Args:
        folder: path or name (see `find_data`) of pictures with labels as `read_labels` takes them, or of photos with
            a ``corners.csv``. Texts
            come from ``folder/plates.csv`` (columns ``image,xmin,ymin,xmax,ymax,text``, perhaps ``rows`` and
            ``country``) and, for plates that it does not list, from the labelled characters.
        half: ``a`` or ``b``: only that half, split by plate identity; ``""``: all.

    Raises:
        LabelError: the folder is missing, holds no labelled picture, its table is broken, or a half is asked of photos
            with a ``corners.csv``, which has no texts.
    """
    folder = find_data(folder)
    if (folder / CORNERS_FILE).exists():
        if half:
            raise LabelError(f"{folder}: has no plate texts by which to split its cars; leave ':{half}' out.")
        return load_corners(folder)
    table = folder / PLATES_FILE
    found, problems = read_labels(folder)
    listed = _read_plates_csv(table) if table.exists() else {}
    pictures = [with_plates(picture, listed.get(picture.path.name, ())) for picture in found]
    if half:
        chosen = {picture.path for picture in identity_halves(pictures)["ab".index(half)]}
        pictures = [picture for picture in pictures if picture.path in chosen]
    return pictures, problems
