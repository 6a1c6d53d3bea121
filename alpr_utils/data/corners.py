"""Photos labelled with the four corners of their plate: ``corners.csv`` beside ``images/``.

The columns are ``image, x1, y1 .. x4, y4``: pixels, clockwise from the top left. A detector learns from the upright box
around the corners, which is tight by construction.
"""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from alpr_utils.data.labels import LabelledObject, LabelledPicture, LabelledPlate, as_box, as_corners
from alpr_utils.errors import LabelError

CORNERS_FILE = "corners.csv"
COLUMNS = ("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")


def load_corners(folder: Path) -> list[LabelledPicture]:
    """Every photo of ``folder/corners.csv`` with its plate box.

    Raises:
        LabelError: a column or picture is missing, or a coordinate is not a number.
    """
    table = folder / CORNERS_FILE
    pictures: list[LabelledPicture] = []
    with table.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            try:
                points = np.array([float(row[column]) for column in COLUMNS]).reshape(4, 2)
                path = folder / "images" / row["image"]
                with Image.open(path) as image:
                    width, height = image.size
            except (KeyError, TypeError, ValueError) as error:
                raise LabelError(f"{table}: line {len(pictures) + 2} is incomplete ({error}); correct it.") from None
            except OSError:
                raise LabelError(
                    f"{table}: {path} is missing or not a picture; correct line {len(pictures) + 2}."
                ) from None
            low = np.clip(points.min(axis=0), 0, (width, height))
            high = np.clip(points.max(axis=0), 0, (width, height))
            box = as_box((low[1], low[0], high[1], high[0]))
            objects = (LabelledObject("plate", box),)
            plate = LabelledPlate(box, corners_px=as_corners(points))
            pictures.append(LabelledPicture(path, width, height, objects, (plate,)))
    return pictures
