"""Vehicles for photos in which only the plates are labelled: their boxes estimated from the plates.

    python -m alpr_utils.data.vehicle_boxes PHOTOS OUT

writes VOC files with ``vehicle`` objects into OUT/annotations and the photos into OUT/images, ready for ``train``. A
plate tells how large its vehicle appears, for its width in metres is known; the estimate is good to about a fifth.
"""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from alpr_utils.boxes import clip
from alpr_utils.data.truth import PLATE_NAMES
from alpr_utils.data.voc import VEHICLE_NAME, Annotation, VocObject, load_labelled, write_voc
from alpr_utils.errors import AlprError, OutputError

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


def with_vehicles(annotation: Annotation) -> Annotation:
    """``annotation`` with an estimated vehicle around each plate, cut at the edges, instead of all other objects."""
    plates = [item for item in annotation.objects if item.name in PLATE_NAMES]
    pixels = np.array([item.box_pixels for item in plates], np.float32).reshape(-1, 4)[:, [1, 0, 3, 2]]
    vehicles = clip(vehicle_around(pixels), annotation.height, annotation.width)
    boxes = [tuple(round(float(side), 1) for side in box[[1, 0, 3, 2]]) for box in vehicles]
    objects = [VocObject(VEHICLE_NAME, (box[0], box[1], box[2], box[3])) for box in boxes]
    return replace(annotation, objects=(*plates, *objects))


def write_vehicle_labels(photos: Path, out: Path) -> int:
    """Write the photos of a folder and their annotations `with_vehicles` into ``out``; their number.

    Raises:
        LabelError: ``photos`` holds no labelled picture, or one whose annotation is broken.
        OutputError: ``out`` cannot be written.
    """
    pictures, problems = load_labelled(photos)
    if problems:
        raise problems[0]
    try:
        for name in ("images", "annotations"):
            (out / name).mkdir(parents=True, exist_ok=True)
        for number, picture in enumerate(pictures):
            target = out / "images" / f"{number}{picture.path.suffix.lower()}"
            shutil.copyfile(picture.path, target)
            annotation = replace(with_vehicles(picture.annotation), filename=target.name)
            write_voc(out / "annotations" / f"{number}.xml", annotation)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written ({error.strerror}); choose another folder.") from None
    return len(pictures)


def main(arguments: list[str]) -> int:
    """The command line: PHOTOS OUT; the exit status."""
    if len(arguments) != 2:
        print("usage: python -m alpr_utils.data.vehicle_boxes PHOTOS OUT", file=sys.stderr)
        return 2
    try:
        count = write_vehicle_labels(Path(arguments[0]), Path(arguments[1]))
    except AlprError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{count} photos in {arguments[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
