"""PASCAL VOC annotations: one XML file a picture, boxes in pixels."""

import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from alpr_utils.data.checks import checked_object, checked_size
from alpr_utils.data.label_text import read_label_text
from alpr_utils.data.labels import LabelledObject, LabelledPicture
from alpr_utils.data.picture_files import PictureFiles, files_below
from alpr_utils.errors import LabelError


def _number(node: ElementTree.Element, tag: str, path: Path) -> float:
    try:
        number = float(node.findtext(tag, ""))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise LabelError(f"{path}: <{node.tag}> has no number in <{tag}>; write the box again or delete it.")
    return number


def _parse_object(node: ElementTree.Element, height: int, width: int, path: Path) -> LabelledObject:
    name = (node.findtext("name") or "").strip()
    bndbox = node.find("bndbox")
    if not name or bndbox is None:
        raise LabelError(f"{path}: an <object> lacks its <name> or <bndbox>; complete or delete it.")
    xmin, ymin, xmax, ymax = (_number(bndbox, tag, path) for tag in ("xmin", "ymin", "xmax", "ymax"))
    return checked_object(name, (ymin, xmin, ymax, xmax), height, width, path)


def _root(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(read_label_text(path).lstrip("\ufeff \t\r\n"))
    except (ElementTree.ParseError, ValueError) as error:
        raise LabelError(f"{path}: is empty or not XML ({error}); export the annotation again.") from None


def _size(root: ElementTree.Element, path: Path) -> tuple[int, int]:
    """The height and width that the file states, 0, 0 where it states none."""
    size = root.find("size")
    if size is None:
        return 0, 0
    return int(_number(size, "height", path)), int(_number(size, "width", path))


def read_voc(path: Path, files: PictureFiles | None = None) -> tuple[LabelledPicture, list[LabelError]]:
    """Read one VOC file.

    Args:
        files: where its picture is looked for, whose size is compared and replaces one that is missing or 0 x 0. None:
            the file is trusted, and the path of the picture is the file name that it gives.

    Returns:
        The picture with its good objects, and the errors of the others.

    Raises:
        LabelError: the file is missing, empty or not XML, has no picture, or no size or another one than its picture.
    """
    root = _root(path)
    name = (root.findtext("filename") or "").strip().replace("\\", "/").rsplit("/", 1)[-1]
    height, width = _size(root, path)
    picture = Path(name or path.stem)
    if files:
        picture = _picture(path, name, files)
        height, width = checked_size(picture, height, width, path)
    if height <= 0 or width <= 0:
        raise LabelError(f"{path}: says the picture is {width}x{height}; write its true size.")
    objects: list[LabelledObject] = []
    problems: list[LabelError] = []
    for node in root.iter("object"):
        try:
            objects.append(_parse_object(node, height, width, path))
        except LabelError as error:
            problems.append(error)
    return LabelledPicture(picture, width, height, tuple(objects)), problems


def _picture(xml: Path, name: str, files: PictureFiles) -> Path:
    """The picture of a VOC file, beside it or in a folder ``images`` or ``JPEGImages`` beside its folder.

    It is called like the XML file, or else ``name``.
    """
    folders = [xml.parent, xml.parent.parent / "images", xml.parent.parent / "JPEGImages", xml.parent.parent]
    picture = files.find(folders, xml.stem, name)
    if picture is None:
        raise LabelError(f"{xml}: there is no picture to it, neither {xml.stem}.jpg nor '{name}'; add or delete one.")
    return picture


def write_voc(path: Path, picture: LabelledPicture) -> None:
    """Write the name, size and objects of ``picture`` as a VOC file."""
    root = ElementTree.Element("annotation")
    ElementTree.SubElement(root, "filename").text = picture.path.name
    size = ElementTree.SubElement(root, "size")
    for tag, value in (("width", picture.width), ("height", picture.height), ("depth", 3)):
        ElementTree.SubElement(size, tag).text = str(value)
    for item in picture.objects:
        node = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(node, "name").text = item.name
        ElementTree.SubElement(node, "difficult").text = "0"
        box = ElementTree.SubElement(node, "bndbox")
        ymin, xmin, ymax, xmax = item.box_px
        for tag, pixel in (("xmin", xmin), ("ymin", ymin), ("xmax", xmax), ("ymax", ymax)):
            ElementTree.SubElement(box, tag).text = f"{pixel:g}"
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8")


def voc_files(folder: Path) -> list[Path]:
    """The XML files below a folder, sorted by name."""
    return files_below(folder, (".xml",))
