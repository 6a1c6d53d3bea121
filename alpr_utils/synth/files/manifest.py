"""Labels of generated pictures as files: VOC annotations, ``plates.csv`` with one row a plate, and the label map."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from alpr_utils.data.labels import VEHICLE_NAME, Box, LabelledObject, LabelledPicture
from alpr_utils.plates import PLATE_LABEL, plate_type
from alpr_utils.synth.plate.labels import ScenePlate

COLUMNS = (
    "image", "xmin", "ymin", "xmax", "ymax", "text", "rows", "country", "layout",
    "x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4",
)  # fmt: skip


def _label_box(box: np.ndarray, width: int, height: int) -> Box:
    """A box, ymin, xmin, ymax, xmax in pixels, clipped to the picture and rounded to tenths of a pixel."""
    ymin, xmin, ymax, xmax = (float(side) for side in box)
    return (
        round(max(ymin, 0.0), 1),
        round(max(xmin, 0.0), 1),
        round(min(ymax, float(height)), 1),
        round(min(xmax, float(width)), 1),
    )


def annotation_of(
    filename: str, size: tuple[int, int], plates: Iterable[ScenePlate], vehicles: Iterable[np.ndarray] = ()
) -> LabelledPicture:
    """The labels of a generated picture: each plate followed by its characters, then the vehicles.

    Args:
        filename: name of the picture.
        size: its height and width in pixels.
        plates: their boxes get the name ``plate``, their characters the country's label codes, in reading order.
        vehicles: (M, 4), ymin, xmin, ymax, xmax in pixels.
    """
    height, width = size
    objects = []
    for plate in plates:
        names = plate_type(plate.country).label_names(plate.text)
        objects.append(LabelledObject(PLATE_LABEL, _label_box(plate.box, width, height)))
        for name, box in zip(names, plate.char_boxes, strict=True):
            objects.append(LabelledObject(name, _label_box(box, width, height)))
    objects += [LabelledObject(VEHICLE_NAME, _label_box(box, width, height)) for box in vehicles]
    return LabelledPicture(Path(filename), width, height, tuple(objects))


def manifest_rows(filename: str, size: tuple[int, int], plates: Iterable[ScenePlate]) -> list[tuple[object, ...]]:
    """A row of `COLUMNS` for each plate: boxes and corners in pixels, corners clockwise from the top left."""
    height, width = size
    return [
        (
            filename,
            *(_label_box(plate.box, width, height)[side] for side in (1, 0, 3, 2)),
            plate.text,
            plate.rows,
            plate.country,
            plate.layout,
            *(f"{float(value):.2f}" for value in plate.corners.ravel()),
        )
        for plate in plates
    ]


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """``rows`` as CSV lines."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def class_ids(countries: Sequence[str]) -> dict[str, int]:
    """Class name -> id from 1: the plate, the vehicle, then the characters of the countries in alphabet order."""
    names = [PLATE_LABEL, VEHICLE_NAME]
    for country in countries:
        plates = plate_type(country)
        names += plates.label_names(plates.alphabet)
    return {name: number for number, name in enumerate(dict.fromkeys(names), start=1)}
