"""YOLO's text labels: a file a picture, a line a box: class number, then centre and size as shares of the picture.

Lines with more numbers are outlines, whose bounding box counts. Names of classes stand in ``data.yaml`` or in
``classes.txt``, one a line; where there are none, class 0 is ``plate``.
"""

import math
from collections.abc import Sequence
from pathlib import Path

from alpr_utils.data.checks import checked_object, checked_size
from alpr_utils.data.label_text import read_label_text
from alpr_utils.data.labels import Box, LabelledObject, LabelledPicture
from alpr_utils.data.picture_files import PictureFiles
from alpr_utils.errors import LabelError

NAMES_FILE = "data.yaml"
_NAME_LISTS = ("classes.txt", "obj.names", "labels.txt")
_LEVELS = 3  # folders above a label file in which names of classes are looked for


def _label_file(picture: Path, folder: Path) -> Path | None:
    """``a.txt`` beside ``a.jpg``, or in ``labels`` where the picture lies in ``images``."""
    beside = picture.with_suffix(".txt")
    parts = list(picture.relative_to(folder).parts)
    places = [place for place, part in enumerate(parts) if part == "images"]
    swapped = [folder.joinpath(*parts[:place], "labels", *parts[place + 1 :]) for place in places]
    if folder.name == "images":
        swapped.append(folder.with_name("labels").joinpath(*parts))
    found = [path for path in (beside, *(path.with_suffix(".txt") for path in swapped)) if path.is_file()]
    return found[0] if found and found[0].name not in _NAME_LISTS else None


def yolo_pairs(folder: Path) -> list[tuple[Path, Path]]:
    """The pictures below a folder with their label files."""
    pictures = PictureFiles().below(folder)
    return [(picture, label) for picture in pictures if (label := _label_file(picture, folder))]


def _names(label: Path) -> dict[int, str]:
    """Class number -> name, by the nearest list of names above a label file; ``{}`` where there is none.

    Raises:
        LabelError: the list cannot be read.
    """
    for folder in [label.parent, *label.parent.parents][: _LEVELS + 1]:
        if (folder / NAMES_FILE).is_file() and (names := _yaml_names(folder / NAMES_FILE)):
            return names
        for name in _NAME_LISTS:
            if (folder / name).is_file():
                return dict(enumerate(read_label_text(folder / name).split("\n")))
    return {}


def _yaml_names(file: Path) -> dict[int, str]:
    import yaml

    try:
        content = yaml.safe_load(read_label_text(file))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        detail = " ".join(str(error).split())[:100]
        raise LabelError(f"{file}: is not YAML ({detail}); correct it.") from None
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    return {key: str(name) for key, name in names.items() if isinstance(key, int)} if isinstance(names, dict) else {}


def read_yolo(pairs: Sequence[tuple[Path, Path]]) -> tuple[list[LabelledPicture], list[LabelError]]:
    """The pictures with their boxes, and what is wrong with the labels of others.

    Raises:
        LabelError: a list of names cannot be read.
    """
    found: list[LabelledPicture] = []
    problems: list[LabelError] = []
    names: dict[Path, dict[int, str]] = {}
    for picture, label in pairs:
        if label.parent not in names:
            names[label.parent] = _names(label)
        try:
            height, width = checked_size(picture, 0, 0, label)
            lines = read_label_text(label).splitlines()
        except LabelError as error:
            problems.append(error)
            continue
        objects: list[LabelledObject] = []
        for number, line in enumerate(lines, start=1):
            try:
                if line.strip():
                    objects.append(_object(line, names[label.parent], height, width, label, number))
            except LabelError as error:
                problems.append(error)
        found.append(LabelledPicture(picture, width, height, tuple(objects)))
    return found, problems


def _object(line: str, names: dict[int, str], height: int, width: int, label: Path, number: int) -> LabelledObject:
    try:
        kind, *shares = map(float, line.split())
        box = _box(shares)
        name = (names or {0: "plate"})[int(kind)].strip()
    except (ValueError, OverflowError):
        raise LabelError(f"{label}: line {number} is not 'class x y width height'; correct it.") from None
    except KeyError:
        known = ", ".join(f"{key} {name}" for key, name in names.items()) or "0 plate"
        raise LabelError(
            f"{label}: line {number}: class {kind:g} has no name; known are {known}; write {NAMES_FILE}."
        ) from None
    ymin, xmin, ymax, xmax = box
    return checked_object(name, (ymin * height, xmin * width, ymax * height, xmax * width), height, width, label)


def _box(shares: Sequence[float]) -> Box:
    """The box of a line, as shares of the picture's sides.

    Raises:
        ValueError: neither a box nor an outline, or pixels instead of shares.
    """
    if len(shares) in (4, 5):  # a fifth number is a score
        x, y, width, height = shares[:4]
        box = (y - height / 2, x - width / 2, y + height / 2, x + width / 2)
    elif len(shares) >= 6 and len(shares) % 2 == 0:
        xs, ys = shares[0::2], shares[1::2]
        box = (min(ys), min(xs), max(ys), max(xs))
    else:
        raise ValueError
    if not all(math.isfinite(side) and -1 < side < 2 for side in box):
        raise ValueError
    return box


def yolo_lines(picture: LabelledPicture, names: Sequence[str]) -> str:
    """The label file of a picture."""
    lines = []
    for item in picture.objects:
        ymin, xmin, ymax, xmax = item.box_px
        shares = (
            (xmin + xmax) / 2 / picture.width,
            (ymin + ymax) / 2 / picture.height,
            (xmax - xmin) / picture.width,
            (ymax - ymin) / picture.height,
        )
        lines.append(" ".join([str(names.index(item.name)), *(f"{share:.8f}" for share in shares)]))
    return "".join(f"{line}\n" for line in lines)
