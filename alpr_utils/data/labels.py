"""The records of labelled pictures. Boxes are ``ymin, xmin, ymax, xmax`` in pixels of the picture."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

Box = tuple[float, float, float, float]

# As `checks.class_name` writes them.
PLATE_NAMES = (
    "plate", "licence", "license", "license_plate", "licence_plate", "number_plate", "plates", "license_plates",
    "licence_plates", "number_plates", "licenseplate", "licenceplate", "numberplate", "car_plate", "vehicle_plate",
    "번호판", "자동차번호판", "자동차_번호판", "차량번호판", "차량_번호판", "дугаар", "улсын_дугаар", "номер",
)  # fmt: skip
VEHICLE_NAME = "vehicle"


@dataclass(frozen=True)
class LabelledObject:
    """One box of a label file with the name of its class."""

    name: str
    box_px: Box


@dataclass(frozen=True)
class LabelledPlate:
    """One labelled plate.

    Attributes:
        box_px: ymin, xmin, ymax, xmax in pixels of its picture.
        text: canonical text, ``""`` where only the box is known.
        characters: ``(text, box)`` of each labelled character in reading order; boxes as above.
        rows: rows of text, 0 where unknown.
        country: two-letter code, ``""`` where unknown.
        corners_px: x, y of its corners, clockwise from the top left; ``()`` where unknown.
    """

    box_px: Box
    text: str = ""
    characters: tuple[tuple[str, Box], ...] = ()
    rows: int = 0
    country: str = ""
    corners_px: tuple[tuple[float, float], ...] = ()

    @property
    def char_boxes_px(self) -> np.ndarray:
        """Boxes of the characters of ``text``: float64 (N, 4); (0, 4) where not every one of them is labelled."""
        spelled = "".join(char for char, _ in self.characters) == self.text
        return np.array([box for _, box in self.characters if spelled], float).reshape(-1, 4)


@dataclass(frozen=True)
class LabelledPicture:
    """A picture on disk with its labels.

    Attributes:
        path: of the picture.
        width, height: its size in pixels, as the label file gives it.
        objects: every box of the label file.
        plates: those of the objects that are plates, with what is known about them.
    """

    path: Path
    width: int
    height: int
    objects: tuple[LabelledObject, ...] = ()
    plates: tuple[LabelledPlate, ...] = ()

    def boxes_px(self, names: Iterable[str] | None = None) -> np.ndarray:
        """Boxes of the named classes (default: all), in the order of ``objects``: float64 (N, 4), pixels."""
        chosen = None if names is None else set(names)
        boxes = [item.box_px for item in self.objects if chosen is None or item.name in chosen]
        return np.array(boxes, float).reshape(-1, 4)

    @property
    def texts(self) -> tuple[str, ...]:
        """The known texts of its plates."""
        return tuple(plate.text for plate in self.plates if plate.text)


@dataclass(frozen=True)
class LabelledImage:
    """A decoded picture with its plates.

    Attributes:
        name: file name, or kind and number of a generated picture.
        image: uint8 (H, W, 3) RGB.
        plates: boxes in pixels of ``image``.
    """

    name: str
    image: np.ndarray
    plates: tuple[LabelledPlate, ...]

    @property
    def boxes_px(self) -> np.ndarray:
        """Boxes of the plates: float64 (N, 4)."""
        return np.array([plate.box_px for plate in self.plates], float).reshape(-1, 4)


def as_corners(points: np.ndarray) -> tuple[tuple[float, float], ...]:
    """Corners (4, 2), x, y, as a `LabelledPlate` has them."""
    return tuple((float(x), float(y)) for x, y in points)


def as_box(sides: Iterable[float]) -> Box:
    """Four numbers as a `Box`."""
    ymin, xmin, ymax, xmax = (float(side) for side in sides)
    return ymin, xmin, ymax, xmax


def mapped(plate: LabelledPlate, scale: np.ndarray, shift: np.ndarray) -> LabelledPlate:
    """``plate`` in a picture that was stretched by ``scale`` and then moved by ``shift``, both (y, x) in pixels."""

    def moved(box: Box) -> Box:
        return as_box(np.array(box) * np.tile(scale, 2) + np.tile(shift, 2))

    characters = tuple((char, moved(box)) for char, box in plate.characters)
    corners = tuple((x * scale[1] + shift[1], y * scale[0] + shift[0]) for x, y in plate.corners_px)
    return replace(plate, box_px=moved(plate.box_px), characters=characters, corners_px=corners)
