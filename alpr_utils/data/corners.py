"""Photos labelled with the four corners of their plate: ``corners.csv`` beside ``images/``.

The columns are ``image, x1, y1 .. x4, y4``: pixels, clockwise from the top left. A detector learns from the upright box
around the corners, which is tight by construction.
"""

from pathlib import Path

import numpy as np

from alpr_utils.data.checks import checked_object, checked_size
from alpr_utils.data.label_text import read_label_table
from alpr_utils.data.labels import LabelledPicture, LabelledPlate, as_box, as_corners
from alpr_utils.errors import LabelError

CORNERS_FILE = "corners.csv"
COLUMNS = ("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")


def load_corners(folder: Path) -> tuple[list[LabelledPicture], list[LabelError]]:
    """Every photo of ``folder/corners.csv`` with its plate box, and the errors of the lines that are wrong.

    Raises:
        LabelError: the table cannot be read, or lists no photo.
    """
    table = folder / CORNERS_FILE
    pictures: list[LabelledPicture] = []
    problems: list[LabelError] = []
    for number, row in read_label_table(table):
        try:
            pictures.append(_picture(row, folder, f"{table}: line {number}"))
        except LabelError as error:
            problems.append(error)
    if not pictures and not problems:
        raise LabelError(f"{table}: lists no photo; write a line image,{','.join(COLUMNS)} for each.")
    return pictures, problems


def _picture(row: dict[str, str], folder: Path, where: str) -> LabelledPicture:
    try:
        points = np.array([float(row[column]) for column in COLUMNS]).reshape(4, 2)
        path = folder / "images" / row["image"]
    except (KeyError, ValueError) as error:
        raise LabelError(f"{where} is incomplete ({error}); correct it.") from None
    try:
        height, width = checked_size(path, 0, 0, folder)
        (ymin, xmin), (ymax, xmax) = points.min(axis=0)[::-1], points.max(axis=0)[::-1]
        plate = checked_object("plate", as_box((ymin, xmin, ymax, xmax)), height, width, path)
    except LabelError as error:
        raise LabelError(f"{where}: {error}") from None
    return LabelledPicture(path, width, height, (plate,), (LabelledPlate(plate.box_px, corners_px=as_corners(points)),))
