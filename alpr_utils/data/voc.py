"""PASCAL VOC annotations: one XML file a picture, boxes in pixels."""

import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from alpr_utils.data.labels import LabelledObject, LabelledPicture
from alpr_utils.errors import LabelError
from alpr_utils.images import PICTURE_SUFFIXES


def _number(node: ElementTree.Element, tag: str, path: Path) -> float:
    try:
        number = float(node.findtext(tag, ""))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise LabelError(f"{path}: <{node.tag}> has no number in <{tag}>; write the box again or delete it.")
    return number


def _parse_object(node: ElementTree.Element, width: int, height: int, path: Path) -> LabelledObject:
    name = (node.findtext("name") or "").strip()
    bndbox = node.find("bndbox")
    if not name or bndbox is None:
        raise LabelError(f"{path}: an <object> lacks its <name> or <bndbox>; complete or delete it.")
    xmin, ymin, xmax, ymax = (_number(bndbox, tag, path) for tag in ("xmin", "ymin", "xmax", "ymax"))
    if xmin >= xmax or ymin >= ymax:
        raise LabelError(f"{path}: the box of '{name}' is inverted or empty; swap its corners.")
    # Hand-drawn boxes often reach a pixel over the edge: clip those, refuse the ones that miss the picture.
    clipped = (max(ymin, 0.0), max(xmin, 0.0), min(ymax, float(height)), min(xmax, float(width)))
    if clipped[0] >= clipped[2] or clipped[1] >= clipped[3]:
        raise LabelError(f"{path}: the box of '{name}' lies outside the {width}x{height} picture; redraw it.")
    return LabelledObject(name, clipped)


def read_voc(path: Path) -> LabelledPicture:
    """Read one VOC file; the path of the picture is the file name that it gives.

    Raises:
        LabelError: the file is missing, empty, not XML, or holds an inverted box or one outside the picture.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except OSError as error:
        raise LabelError(f"{path}: cannot be opened ({error.strerror}); check the path and its permissions.") from None
    except ElementTree.ParseError as error:
        raise LabelError(f"{path}: is empty or not XML ({error}); export the annotation again.") from None
    size = root.find("size")
    if size is None:
        raise LabelError(f"{path}: has no <size>; add the width and height of the picture.")
    width, height = int(_number(size, "width", path)), int(_number(size, "height", path))
    if width <= 0 or height <= 0:
        raise LabelError(f"{path}: says the picture is {width}x{height}; write its true size.")
    objects = tuple(_parse_object(node, width, height, path) for node in root.iter("object"))
    return LabelledPicture(Path(root.findtext("filename") or path.stem), width, height, objects)


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


def _picture_beside(xml: Path) -> Path | None:
    folders = [xml.parent, xml.parent.parent / "images", xml.parent.parent / "JPEGImages", xml.parent.parent]
    for folder in folders:
        for suffix in PICTURE_SUFFIXES:
            for candidate in (folder / (xml.stem + suffix), folder / (xml.stem + suffix.upper())):
                if candidate.exists():
                    return candidate
    return None


def find_labelled(folder: Path) -> list[tuple[Path, Path]]:
    """All (picture, XML) pairs below ``folder``, sorted by name; pictures lie beside their XML or in ``images/``.

    Raises:
        LabelError: the folder is missing or holds no labelled picture.
    """
    if not folder.is_dir():
        raise LabelError(f"{folder}: is not a folder; give a folder with pictures and VOC XML files.")
    pairs = [(picture, xml) for xml in sorted(folder.rglob("*.xml")) if (picture := _picture_beside(xml))]
    if not pairs:
        raise LabelError(f"{folder}: holds no picture with a VOC XML of the same name; README.md says how to label.")
    return pairs
