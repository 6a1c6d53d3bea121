"""Labelled characters: in which order they are read, and what they spell."""

from collections.abc import Sequence

import numpy as np

from alpr_utils.data.labels import LabelledObject
from alpr_utils.plates import COUNTRIES, PlateType, plate_type

# Two rows lie at least this share of a character height apart.
_ROW_GAP = 0.5
# Level lines first: between equally good slopes the smaller one is right.
_SLOPES = sorted(np.linspace(-0.46, 0.46, 47).tolist(), key=abs)


def _rows(boxes: np.ndarray, slope: float) -> tuple[list[np.ndarray], float]:
    """One or two rows of indices if lines of text fall by ``slope``, and by how many pixels the rows miss them."""
    heights = (boxes[:, 0] + boxes[:, 2] - slope * (boxes[:, 1] + boxes[:, 3])) / 2
    order = np.argsort(heights, kind="stable")
    gaps = np.diff(heights[order])
    rows = [order]
    if len(gaps) and gaps.max() > _ROW_GAP * float(np.median(boxes[:, 2] - boxes[:, 0])):
        rows = np.split(order, [int(gaps.argmax()) + 1])
    miss = sum(float(np.abs(heights[row] - heights[row].mean()).sum()) for row in rows)
    return rows, miss


def sort_characters(characters: Sequence[LabelledObject]) -> list[LabelledObject]:
    """The characters of one plate, tilted by up to 25 degrees, row by row, each row from the left."""
    if not characters:
        return []
    boxes = np.array([item.box_px for item in characters])
    rows, _ = min((_rows(boxes, slope) for slope in _SLOPES), key=lambda candidate: candidate[1])
    return [characters[int(index)] for row in rows for index in row[np.argsort(boxes[row, 1], kind="stable")]]


def _countries(country: str) -> list[PlateType]:
    return [plate_type(country)] if country in COUNTRIES else list(COUNTRIES.values())


def spells(characters: Sequence[LabelledObject], text: str, country: str = "") -> bool:
    """Whether labelled characters, in the order of their file, are those of ``text``; ``""``: in any country."""
    names = [item.name for item in characters]
    return any(names == plates.label_names(text) for plates in _countries(country))


def spelled(characters: Sequence[LabelledObject], country: str = "") -> list[str]:
    """The characters that labels in reading order mean, in a country in which they make up a plate if there is one."""
    names = [item.name for item in characters]
    readings = [plates.spell(names) for plates in _countries(country)]
    valid = (
        chars
        for plates, chars in zip(_countries(country), readings, strict=True)
        if names and plates.validate("".join(chars))
    )
    return next(valid, readings[0])
