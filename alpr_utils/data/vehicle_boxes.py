"""Vehicles for photos in which only the plates are labelled: their boxes estimated from the plates.

The width of a plate in metres is known, so its width in pixels gives the scale of the vehicle; the estimate is right to
about 20 %.
"""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from alpr_utils.boxes import clip
from alpr_utils.data.labels import PLATE_NAMES, VEHICLE_NAME, LabelledObject, LabelledPicture, as_box
from alpr_utils.data.pictures import load_pictures
from alpr_utils.data.voc import write_voc
from alpr_utils.images import new_folder

_ONE_ROW_ASPECT = 2.4  # width / height in the photo, from which a plate is one row of text
_ONE_ROW_M, _TWO_ROWS_M = 0.52, 0.31  # width of the plates
# What is seen of a car around the middle of its plate, metres: to each side, above and below.
_SIDE_M, _ABOVE_M, _BELOW_M = 0.95, 1.05, 0.5


def vehicle_around(plates: np.ndarray) -> np.ndarray:
    """The boxes of the vehicles that carry ``plates``; both float32 (N, 4), ymin, xmin, ymax, xmax, pixels."""
    size = plates[:, 2:] - plates[:, :2]
    plate_m = np.where(size[:, 1] / size[:, 0] >= _ONE_ROW_ASPECT, _ONE_ROW_M, _TWO_ROWS_M)
    pixels_per_m = (size[:, 1] / plate_m)[:, None]
    centre = (plates[:, :2] + plates[:, 2:]) / 2
    return np.concatenate(
        [centre - pixels_per_m * [_ABOVE_M, _SIDE_M], centre + pixels_per_m * [_BELOW_M, _SIDE_M]], axis=1
    ).astype(np.float32)


def with_vehicles(picture: LabelledPicture) -> LabelledPicture:
    """``picture`` with its plates and an estimated vehicle around each, cut at the edges; other objects are dropped."""
    plates = [item for item in picture.objects if item.name in PLATE_NAMES]
    vehicles = clip(vehicle_around(picture.boxes_px(PLATE_NAMES)), picture.height, picture.width)
    boxes = [as_box(round(float(side), 1) for side in box) for box in vehicles]
    return replace(picture, objects=(*plates, *(LabelledObject(VEHICLE_NAME, box) for box in boxes)))


def write_vehicle_labels(photos: Path, out: Path) -> int:
    """Write the photos of a folder into ``out/images`` and labels `with_vehicles` into ``out/annotations``.

    Returns:
        The number of photos.

    Raises:
        LabelError: ``photos`` holds no labelled picture, or one whose annotation is broken.
        OutputError: ``out`` is there and not empty, or cannot be written.
    """
    pictures, problems = load_pictures(photos)
    if problems:
        raise problems[0]
    with new_folder(out) as draft:
        for number, picture in enumerate(pictures):
            target = draft / "images" / f"{number}{picture.path.suffix.lower()}"
            annotation = draft / "annotations" / f"{number}.xml"
            for file in (target, annotation):
                file.parent.mkdir(exist_ok=True)
            shutil.copyfile(picture.path, target)
            write_voc(annotation, replace(with_vehicles(picture), path=target))
    return len(pictures)
