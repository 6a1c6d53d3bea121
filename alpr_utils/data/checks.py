"""What holds for labels of every format: names of plates, sizes of pictures, boxes inside them."""

import math
import re
from pathlib import Path

from alpr_utils.data.labels import PLATE_NAMES, VEHICLE_NAME, Box, LabelledObject
from alpr_utils.errors import LabelError, PictureError
from alpr_utils.images import picture_size

_ROUNDING_PX = 2  # sizes that differ by so little are the same


def class_name(name: str) -> str:
    """The name of a class; names of plates and vehicles in one spelling: ``License Plate`` -> ``license_plate``."""
    folded = re.sub(r"[\s_-]+", "_", name.strip()).casefold()
    return folded if folded in PLATE_NAMES or folded == VEHICLE_NAME else name.strip()


def checked_size(picture: Path, height: float, width: float, source: Path) -> tuple[int, int]:
    """Height and width of the upright picture, which its labels must state rightly; 0 states nothing.

    Args:
        source: the label file, for messages.

    Raises:
        LabelError: the picture cannot be opened, or has another size than its labels state.
    """
    try:
        true_height, true_width, turned = picture_size(picture)
    except PictureError as error:
        raise LabelError(str(error)) from None
    if height > 0 and width > 0 and max(abs(height - true_height), abs(width - true_width)) > _ROUNDING_PX:
        sizes = f"the picture is {width:g}x{height:g}, but {picture.name} is {true_width}x{true_height}"
        if turned and max(abs(width - true_height), abs(height - true_width)) <= _ROUNDING_PX:
            raise LabelError(
                f"{source}: says {sizes} after its EXIF rotation; save the picture upright and label it again."
            )
        raise LabelError(f"{source}: says {sizes}; label it again.")
    return true_height, true_width


def checked_object(name: str, box_px: Box, height: int, width: int, source: Path) -> LabelledObject:
    """A labelled object whose box, in pixels, lies inside its picture; what reaches over the edge is cut.

    Raises:
        LabelError: a side is not a finite number, or the box is inverted, empty or outside the picture.
    """
    ymin, xmin, ymax, xmax = box_px
    if not all(map(math.isfinite, box_px)):
        raise LabelError(f"{source}: the box of '{name}' has a side that is no number; write it again or delete it.")
    if xmin >= xmax or ymin >= ymax:
        raise LabelError(f"{source}: the box of '{name}' is inverted or empty; swap its corners.")
    # Hand-drawn boxes often reach a pixel over the edge: clip those, refuse the ones that miss the picture.
    clipped = (max(ymin, 0.0), max(xmin, 0.0), min(ymax, float(height)), min(xmax, float(width)))
    if clipped[0] >= clipped[2] or clipped[1] >= clipped[3]:
        raise LabelError(f"{source}: the box of '{name}' lies outside the {width}x{height} picture; redraw it.")
    return LabelledObject(class_name(name), clipped)
