"""A folder of labelled pictures, whatever the format of its labels."""

import logging
from collections.abc import Iterable
from pathlib import Path

from alpr_utils.data.coco import coco_files, read_coco
from alpr_utils.data.labels import LabelledPicture
from alpr_utils.data.picture_files import PictureFiles
from alpr_utils.data.voc import read_voc, voc_files
from alpr_utils.data.yolo import read_yolo, yolo_pairs
from alpr_utils.errors import LabelError, first_of

_log = logging.getLogger(__name__)


def has_labels(folder: Path) -> bool:
    """Whether a folder holds label files, not pictures alone."""
    return bool(voc_files(folder) or coco_files(folder) or yolo_pairs(folder))


def read_labels(folder: Path) -> tuple[list[LabelledPicture], list[LabelError]]:
    """The pictures below a folder that are labelled, with all objects, and what is wrong with the labels of others.

    Labels are VOC XML files, else a COCO file, else YOLO's text files; pictures without a label are named on the log.

    Raises:
        LabelError: the folder is missing or holds no labelled picture.
    """
    if not folder.is_dir():
        raise LabelError(f"{folder}: is not a folder; give a folder with pictures and their labels.")
    pictures, problems = _read(folder)
    if not pictures:
        if problems:
            raise LabelError(
                f"{folder}: none of its pictures could be used ({first_of(problems)}); correct those files."
            )
        raise LabelError(
            f"{folder}: holds no picture with a label: no VOC XML or YOLO text file of the same name, no COCO file; "
            "README.md says how to label."
        )
    _name_unlabelled(folder, (picture.path for picture in pictures), problems)
    return pictures, problems


def _read(folder: Path) -> tuple[list[LabelledPicture], list[LabelError]]:
    if xmls := voc_files(folder):
        return _read_voc_files(xmls)
    pictures: list[LabelledPicture] = []
    problems: list[LabelError] = []
    for file, content in coco_files(folder):
        found, wrong = read_coco(file, content)
        pictures += found
        problems += wrong
    if pictures or problems:
        return pictures, problems
    return read_yolo(yolo_pairs(folder))


def _read_voc_files(xmls: Iterable[Path]) -> tuple[list[LabelledPicture], list[LabelError]]:
    pictures: list[LabelledPicture] = []
    problems: list[LabelError] = []
    files = PictureFiles()
    for xml in xmls:
        try:
            picture, wrong = read_voc(xml, files)
        except LabelError as error:
            problems.append(error)
            continue
        pictures.append(picture)
        problems += wrong
    return pictures, problems


def _name_unlabelled(folder: Path, labelled: Iterable[Path], problems: list[LabelError]) -> None:
    without = set(PictureFiles().below(folder)) - set(labelled)
    if without and not problems:
        pictures = "1 picture has" if len(without) == 1 else f"{len(without)} pictures have"
        _log.warning("%s: %s no label, such as %s.", folder, pictures, min(without).name)
