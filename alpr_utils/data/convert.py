"""A folder of labelled pictures written again with labels of another format: PASCAL VOC, YOLO or COCO."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from alpr_utils.data.coco import ANNOTATIONS_FILE, coco_content
from alpr_utils.data.labels import LabelledPicture
from alpr_utils.data.pictures import PLATES_FILE, load_pictures
from alpr_utils.data.voc import write_voc
from alpr_utils.data.yolo import NAMES_FILE, yolo_lines
from alpr_utils.errors import AlprError, LabelError, PictureError
from alpr_utils.images import new_folder, upright_file, write_bytes

IMAGES = "images"
_SUFFIXES = {"jpeg": ".jpg", "png": ".png"}
_PLATE_COLUMNS = ("image", "xmin", "ymin", "xmax", "ymax", "text", "rows", "country")


def _write_voc(pictures: Sequence[LabelledPicture], folder: Path) -> None:
    (folder / "annotations").mkdir()
    for picture in pictures:
        write_voc(folder / "annotations" / f"{picture.path.stem}.xml", picture)


def _write_yolo(pictures: Sequence[LabelledPicture], folder: Path) -> None:
    import yaml

    names = sorted({item.name for picture in pictures for item in picture.objects})
    for picture in pictures:
        write_bytes(folder / "labels" / f"{picture.path.stem}.txt", yolo_lines(picture, names).encode())
    content = {"path": ".", "train": IMAGES, "val": IMAGES, "names": dict(enumerate(names))}
    write_bytes(folder / NAMES_FILE, yaml.safe_dump(content, allow_unicode=True, sort_keys=False).encode())


def _write_coco(pictures: Sequence[LabelledPicture], folder: Path) -> None:
    content = json.dumps(coco_content(pictures), ensure_ascii=False, indent=1)
    write_bytes(folder / ANNOTATIONS_FILE, content.encode())


_WRITERS: dict[str, Callable[[Sequence[LabelledPicture], Path], None]] = {
    "voc": _write_voc,
    "yolo": _write_yolo,
    "coco": _write_coco,
}
FORMATS = tuple(_WRITERS)


def convert(folder: Path, out: Path, form: str) -> tuple[int, list[AlprError]]:
    """Write the labelled pictures of a folder into a new one: ``images/``, labels, and texts as ``plates.csv``.

    Pictures are stored upright, as the JPEG or PNG that they are, others as JPEG.

    Args:
        folder: path or name of pictures as `load_pictures` takes them.
        form: one of ``FORMATS``.

    Returns:
        The number of pictures, and what is wrong with those that are left out.

    Raises:
        LabelError: the folder is unusable, or none of its pictures can be read.
        OutputError: ``out`` is there and not empty, or cannot be written.
    """
    if form not in _WRITERS:
        raise AlprError(f"there is no format '{form}'; choose one of {', '.join(FORMATS)}.")
    found, wrong = load_pictures(folder)
    problems: list[AlprError] = list(wrong)
    with new_folder(out) as draft:
        pictures: list[LabelledPicture] = []
        taken: set[str] = set()
        for picture in found:
            try:
                content, kind = upright_file(picture.path)
            except PictureError as error:
                problems.append(error)
                continue
            path = draft / IMAGES / f"{_free_stem(picture.path.stem, taken)}{_SUFFIXES[kind]}"
            write_bytes(path, content)
            pictures.append(replace(picture, path=path))
        if not pictures:
            raise LabelError(f"{folder}: none of its pictures can be read; correct those files.")
        _WRITERS[form](pictures, draft)
        _write_texts(pictures, draft)
    return len(pictures), problems


def _free_stem(stem: str, taken: set[str]) -> str:
    choices = [stem, *(f"{stem}_{number}" for number in range(2, len(taken) + 3))]
    free = next(choice for choice in choices if choice.casefold() not in taken)
    taken.add(free.casefold())
    return free


def _write_texts(pictures: Sequence[LabelledPicture], folder: Path) -> None:
    """``plates.csv`` of the plates whose text is known, where there is one."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(_PLATE_COLUMNS)
    for picture in pictures:
        for plate in picture.plates:
            if plate.text:
                ymin, xmin, ymax, xmax = (f"{side:g}" for side in plate.box_px)
                row = (picture.path.name, xmin, ymin, xmax, ymax, plate.text, plate.rows or "", plate.country)
                writer.writerow(row)
    if any(picture.texts for picture in pictures):
        write_bytes(folder / PLATES_FILE, table.getvalue().encode())
