"""The label map of a model folder, class number to class name."""

import re
from collections.abc import Iterator
from pathlib import Path

from alpr_utils.errors import ModelError

LABEL_MAP_FILE = "label_map.pbtxt"
_MOST_BYTES, _MOST_DIGITS = 10_000_000, 9
_TOKEN = re.compile(r"""#[^\n]*|"[^"\n]*"|'[^'\n]*'|[{}]|[^\s{}:,;#"']+""")


def _items(text: str) -> Iterator[dict[str, str]]:
    """The fields of each outermost ``item { ... }``; those of blocks inside it are left out."""
    fields: dict[str, str] = {}
    depth, key = 0, ""
    for token in _TOKEN.findall(text):
        if token.startswith("#"):
            continue
        if token in "{}":
            depth, key = max(depth + (1 if token == "{" else -1), 0), ""
            if depth == 0:
                yield fields
                fields = {}
        elif depth == 1 and key:
            fields[key], key = token.strip("\"'"), ""
        elif depth == 1:
            key = token


def read_label_map(file: Path) -> dict[int, str]:
    """Class number -> name of a ``label_map.pbtxt`` of the Object Detection API.

    Raises:
        ModelError: the file cannot be read or holds no ``item { id: 1 name: 'plate' }``.
    """
    try:
        if file.stat().st_size > _MOST_BYTES or not file.is_file():
            raise ModelError(f"{file}: is not a text file of a label map's size; copy it again.")
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{file}: cannot be read ({error}); copy it again.") from None
    labels = {}
    for fields in _items(text):
        name = fields.get("display_name") or fields.get("name")
        number = fields.get("id", "")
        if name is not None and number.isdecimal() and len(number) <= _MOST_DIGITS:
            labels[int(number)] = name
    if not labels:
        raise ModelError(f"{file}: holds no class; write item {{ id: 1 name: 'plate' }}.")
    return labels


def write_label_map(file: Path, ids: dict[str, int]) -> None:
    """Write class name -> class number as the Object Detection API reads it, UTF-8."""
    items = (f"item {{\n  id: {number}\n  name: '{name}'\n}}\n" for name, number in ids.items())
    file.write_text("".join(items), encoding="utf-8")
