"""The true plates of a data folder: boxes from VOC files, texts from ``plates.csv`` or labelled characters."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alpr_utils.boxes import intersection, iou_matrix
from alpr_utils.data.voc import VEHICLE_NAME, Annotation, LabelledPicture, VocObject, load_labelled
from alpr_utils.errors import LabelError
from alpr_utils.plates.mongolia import LABEL_CODES

PLATE_NAMES = ("plate", "licence", "license", "license_plate", "licence_plate", "number_plate")
_DIGITS_BEFORE_LETTERS = 4
_LETTERS_BY_CODE = {code: letter for letter, code in LABEL_CODES.items()}
# The public labels have no code for the letter О; they call it 0 or, once or twice, 9.
_LETTER_O_CODES = ("0", "9")
# Two rows lie at least this share of a character height apart.
_ROW_GAP = 0.5
# Level lines first: between equally good slopes the smaller one is meant.
_SLOPES = sorted(np.linspace(-0.46, 0.46, 47).tolist(), key=abs)


@dataclass(frozen=True)
class TruePlate:
    """One labelled plate.

    Attributes:
        box: ymin, xmin, ymax, xmax, normalised to 0..1.
        text: canonical text, ``""`` where only the box is known.
        characters: ``(text, box)`` of each labelled character in reading order; boxes as above.
        rows: rows of text, 0 where nobody tells.
        country: two-letter code, ``""`` where nobody tells.
    """

    box: tuple[float, float, float, float]
    text: str = ""
    characters: tuple[tuple[str, tuple[float, float, float, float]], ...] = ()
    rows: int = 0
    country: str = ""


@dataclass(frozen=True)
class ListedPlate:
    """A line of ``plates.csv``: box xmin, ymin, xmax, ymax in pixels, canonical text, rows of text, country.

    Rows are 0 and the country is ``""`` where the line does not tell.
    """

    box: tuple[float, ...]
    text: str
    rows: int
    country: str


_UNLISTED = ListedPlate((), "", 0, "")


def _normalised(item: VocObject, annotation: Annotation) -> tuple[float, float, float, float]:
    xmin, ymin, xmax, ymax = item.box_pixels
    return (ymin / annotation.height, xmin / annotation.width, ymax / annotation.height, xmax / annotation.width)


def _rows(objects: list[VocObject], slope: float) -> tuple[list[list[VocObject]], float]:
    """``objects`` as one or two rows, if lines of text fall by ``slope``, and how many pixels they miss them by."""
    heights = {
        id(o): (o.box_pixels[1] + o.box_pixels[3] - slope * (o.box_pixels[0] + o.box_pixels[2])) / 2 for o in objects
    }
    ordered = sorted(objects, key=lambda o: heights[id(o)])
    gaps = np.diff([heights[id(o)] for o in ordered])
    rows = [ordered]
    if len(gaps) and gaps.max() > _ROW_GAP * float(np.median([o.box_pixels[3] - o.box_pixels[1] for o in objects])):
        split = int(gaps.argmax()) + 1
        rows = [ordered[:split], ordered[split:]]
    miss = sum(float(np.abs(np.subtract(y, np.mean(y))).sum()) for y in ([heights[id(o)] for o in row] for row in rows))
    return rows, miss


def reading_order(objects: list[VocObject]) -> list[VocObject]:
    """``objects`` (the characters of one plate, tilted by up to 25 degrees) row by row, each row from the left."""
    if not objects:
        return []
    rows, _ = min((_rows(objects, slope) for slope in _SLOPES), key=lambda candidate: candidate[1])
    return [item for row in rows for item in sorted(row, key=lambda o: o.box_pixels[0])]


def _letter(code: str, position: int) -> str:
    if position >= _DIGITS_BEFORE_LETTERS and code in _LETTER_O_CODES:
        return "О"
    return _LETTERS_BY_CODE.get(code, code)


def _characters_by_plate(annotation: Annotation, plates: list[VocObject]) -> list[list[VocObject]]:
    """The labelled characters of each plate; a character belongs to the plate that covers most of it."""
    found: list[list[VocObject]] = [[] for _ in plates]
    if not plates:
        return found
    plate_boxes = np.array([p.box_pixels for p in plates], np.float32)
    for item in annotation.objects:
        if item.name in PLATE_NAMES or item.name == VEHICLE_NAME:
            continue
        shared = intersection(np.array([item.box_pixels], np.float32), plate_boxes)[0]
        if shared.max() > 0:
            found[int(shared.argmax())].append(item)
    return found


def _spell(items: list[VocObject], text: str) -> bool:
    """Whether labelled characters, in the order of their file, are those of ``text``."""
    return [item.name for item in items] == [LABEL_CODES.get(char, char) for char in text]


def _true_plate(annotation: Annotation, plate: VocObject, items: list[VocObject], listed: ListedPlate) -> TruePlate:
    """The plate with its labelled characters in reading order, text, rows and country as ``plates.csv`` tells them."""
    text = listed.text
    # The places of stacked syllables do not tell their order, a file that spells the text does.
    ordered = items if _spell(items, text) else reading_order(items)
    letters = text if len(text) == len(ordered) else [_letter(item.name, i) for i, item in enumerate(ordered)]
    characters = tuple((c, _normalised(item, annotation)) for c, item in zip(letters, ordered, strict=True))
    box = _normalised(plate, annotation)
    return TruePlate(box, text or "".join(letters), characters, listed.rows, listed.country)


def plates_of(annotation: Annotation, listed: Sequence[ListedPlate] = ()) -> list[TruePlate]:
    """The plates of one annotation with their texts.

    Args:
        listed: the plates whose text is known; that of the others is what their labelled characters spell, ``""``
            without any.
    """
    plates = [o for o in annotation.objects if o.name in PLATE_NAMES]
    lines = [_UNLISTED] * len(plates)
    if plates and listed:
        listed_boxes = np.array([line.box for line in listed], np.float32)
        overlaps = iou_matrix(np.array([p.box_pixels for p in plates], np.float32), listed_boxes)
        lines = [listed[int(row.argmax())] if row.max() > 0.5 else _UNLISTED for row in overlaps]
    characters = _characters_by_plate(annotation, plates)
    return [_true_plate(annotation, *found) for found in zip(plates, characters, lines, strict=True)]


def _read_plates_csv(path: Path) -> dict[str, list[ListedPlate]]:
    """``plates.csv``: picture file name -> its plates."""
    rows: dict[str, list[ListedPlate]] = {}
    number = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                number += 1
                box = tuple(float(row[name]) for name in ("xmin", "ymin", "xmax", "ymax"))
                line = ListedPlate(box, row["text"], int(row.get("rows") or 0), row.get("country") or "")
                rows.setdefault(row["image"], []).append(line)
    except OSError as error:
        raise LabelError(f"{path}: cannot be opened ({error.strerror}); check its permissions.") from None
    except UnicodeDecodeError:
        raise LabelError(f"{path}: is not UTF-8 text; save it again as CSV UTF-8.") from None
    except (KeyError, ValueError, TypeError):
        raise LabelError(
            f"{path}: line {number} is not image,xmin,ymin,xmax,ymax,text with numbers; correct it."
        ) from None
    return rows


def load_truth(data_dir: Path) -> tuple[list[tuple[LabelledPicture, list[TruePlate]]], list[LabelError]]:
    """Every labelled picture below ``data_dir`` with its plates, and the broken label files.

    Texts come from a ``data_dir/plates.csv`` (columns ``image,xmin,ymin,xmax,ymax,text``, perhaps ``rows`` and
    ``country``) and, where it is silent, from the labelled characters.

    Raises:
        LabelError: ``data_dir`` is no folder, holds no labelled picture, or its ``plates.csv`` is broken.
    """
    pictures, problems = load_labelled(data_dir)
    table = data_dir / "plates.csv"
    listed = _read_plates_csv(table) if table.exists() else {}
    return [
        (picture, plates_of(picture.annotation, listed.get(picture.path.name, ()))) for picture in pictures
    ], problems
