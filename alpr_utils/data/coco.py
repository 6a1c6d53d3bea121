"""COCO's object detection format: one JSON file with the pictures, classes and boxes of a folder."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alpr_utils.data.checks import checked_object, checked_size
from alpr_utils.data.label_text import read_label_text
from alpr_utils.data.labels import LabelledObject, LabelledPicture
from alpr_utils.data.picture_files import PictureFiles, files_below
from alpr_utils.errors import LabelError

ANNOTATIONS_FILE = "annotations.json"
_KEYS = ("images", "annotations", "categories")


def _content(path: Path) -> dict[str, Any]:
    """The content of a COCO file, ``{}`` of any other JSON.

    Raises:
        LabelError: it cannot be read or is broken JSON.
    """
    text = read_label_text(path)
    if not all(f'"{key}"' in text for key in _KEYS):
        return {}
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LabelError(f"{path}: is not JSON ({error}); export the annotations again.") from None
    whole = isinstance(content, dict) and all(isinstance(content.get(key), list) for key in _KEYS)
    return content if whole else {}


def coco_files(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The COCO files below a folder with their content.

    Raises:
        LabelError: a JSON file that looks like COCO's is broken.
    """
    return [(path, content) for path in files_below(folder, (".json",)) if (content := _content(path))]


def read_coco(file: Path, content: dict[str, Any]) -> tuple[list[LabelledPicture], list[LabelError]]:
    """The pictures of a COCO file that are there, with their boxes, and what is wrong with the others."""
    names = {_hashable(entry.get("id")): str(entry.get("name")) for entry in _objects(content["categories"])}
    boxes: dict[Any, list[dict[str, Any]]] = {}
    for entry in _objects(content["annotations"]):
        boxes.setdefault(_hashable(entry.get("image_id")), []).append(entry)
    found, problems, files = [], [], PictureFiles()
    for entry in _objects(content["images"]):
        try:
            picture, height, width = _picture(entry, file, files)
        except LabelError as error:
            problems.append(error)
            continue
        objects = []
        for box in boxes.get(_hashable(entry.get("id")), ()):
            try:
                objects.append(_object(box, names, height, width, file))
            except LabelError as error:
                problems.append(error)
        found.append(LabelledPicture(picture, width, height, tuple(objects)))
    return found, problems


def _objects(entries: list[Any]) -> list[dict[str, Any]]:
    return [entry for entry in entries if isinstance(entry, dict)]


def _hashable(key: Any) -> Any:
    return key if isinstance(key, str | int) else None


def _number(value: Any) -> float:
    """``value``, or NaN where it is not a number."""
    return float(value) if isinstance(value, int | float) and abs(value) < 1e9 else math.nan


def _picture(entry: dict[str, Any], file: Path, files: PictureFiles) -> tuple[Path, int, int]:
    """Path, height and width of a picture."""
    name = str(entry.get("file_name") or "").replace("\\", "/")
    inner = Path(name).parent
    bases = (file.parent, file.parent / "images", file.parent.parent, file.parent.parent / "images")
    picture = files.find([*(base / inner for base in bases), *bases], Path(name).stem, Path(name).name)
    if not name or picture is None:
        raise LabelError(f"{file}: the picture '{name}' is not there; put it beside the file or into images/.")
    height, width = (_number(entry.get(side, 0)) for side in ("height", "width"))
    return picture, *checked_size(picture, height, width, file)


def _object(entry: dict[str, Any], names: dict[Any, str], height: int, width: int, file: Path) -> LabelledObject:
    name, box = names.get(_hashable(entry.get("category_id"))), entry.get("bbox")
    if name is None or not isinstance(box, list) or len(box) != 4:
        raise LabelError(f"{file}: annotation {entry.get('id')} has no known category or no bbox; correct it.")
    left, top, wide, high = map(_number, box)
    return checked_object(name, (top, left, top + high, left + wide), height, width, file)


def coco_content(pictures: Sequence[LabelledPicture]) -> dict[str, Any]:
    """Labelled pictures as the content of a COCO file; file names are those of the pictures."""
    names = sorted({item.name for picture in pictures for item in picture.objects})
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, picture in enumerate(pictures, start=1):
        size = {"width": picture.width, "height": picture.height}
        images.append({"id": number, "file_name": picture.path.name, **size})
        for item in picture.objects:
            ymin, xmin, ymax, xmax = (round(side, 3) for side in item.box_px)
            box = [xmin, ymin, round(xmax - xmin, 3), round(ymax - ymin, 3)]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": names.index(item.name) + 1,
                    "bbox": box,
                    "area": round(box[2] * box[3], 3),
                    "iscrowd": 0,
                }
            )
    categories = [{"id": number, "name": name} for number, name in enumerate(names, start=1)]
    return {"images": images, "annotations": annotations, "categories": categories}
