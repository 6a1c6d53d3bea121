"""The label map of a model folder, class number to class name."""

import re
from pathlib import Path

from alpr_utils.errors import ModelError


def read_label_map(file: Path) -> dict[int, str]:
    """Class number -> name of a ``label_map.pbtxt`` of the Object Detection API.

    Raises:
        ModelError: the file cannot be read or holds no ``item { id: 1 name: 'plate' }``.
    """
    try:
        text = re.sub(r"#.*", "", file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{file}: cannot be read ({error}); copy it again.") from None
    labels: dict[int, str] = {}
    for item in re.findall(r"item\s*\{(.*?)\}", text, re.DOTALL):
        number = re.search(r"\bid\s*:\s*(\d+)", item)
        names = dict(re.findall(r"\b(name|display_name)\s*:\s*[\"']([^\"']*)[\"']", item))
        if number and names:
            labels[int(number.group(1))] = names.get("display_name") or names["name"]
    if not labels:
        raise ModelError(f"{file}: holds no class; write item {{ id: 1 name: 'plate' }}.")
    return labels


LABEL_MAP_FILE = "label_map.pbtxt"


def label_map_text(ids: dict[str, int]) -> str:
    """``label_map.pbtxt`` of the Object Detection API."""
    return "".join(f"item {{\n  id: {number}\n  name: '{name}'\n}}\n" for name, number in ids.items())


def write_label_map(path: Path, ids: dict[str, int]) -> None:
    """Write `label_map_text` as UTF-8."""
    path.write_text(label_map_text(ids), encoding="utf-8")
