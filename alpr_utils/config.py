"""JSON -> frozen dataclasses of settings, every key and value checked."""

import json
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from alpr_utils.errors import AlprError

T = TypeVar("T")


def read_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        AlprError: the file is missing, no JSON, or holds something else than an object.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise AlprError(f"{file}: cannot be opened ({error.strerror}); check the path.") from None
    except ValueError as error:
        raise AlprError(f"{file}: is no JSON ({error}); correct it.") from None
    if not isinstance(content, dict):
        raise AlprError(f"{file}: holds no JSON object; write {{...}}.")
    return content


def parse_settings(kind: type[T], content: Any, where: str) -> T:
    """Make a frozen dataclass ``kind`` of a JSON object; nested dataclasses and tuples are made of objects and lists.

    Args:
        where: how messages name the place, e.g. ``configs/ssd.json: network``.

    Raises:
        AlprError: an unknown or missing key, or a value of the wrong type.
    """
    if not isinstance(content, dict):
        raise AlprError(f"{where}: must be an object {{...}}, not {json.dumps(content)}; correct it.")
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    for key in content:
        if key not in known:
            raise AlprError(f"{where}: has the unknown key '{key}'; known are {', '.join(known)}.")
    for name, item in known.items():
        if name not in content and item.default is MISSING and item.default_factory is MISSING:
            raise AlprError(f"{where}: lacks the key '{name}'; add it.")
    hints = get_type_hints(kind)
    return kind(**{key: _value(hints[key], value, f"{where}: {key}") for key, value in content.items()})


def _value(kind: Any, value: Any, where: str) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        return parse_settings(kind, value, where)
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (option for option in get_args(kind) if option is not NoneType)
        return None if value is None else _value(kind, value, where)
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind), value, where)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise AlprError(f"{where} must be of type {kind.__name__}, not {json.dumps(value)}; correct it.")
    return value


def _tuple(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis and isinstance(value, list):
        kinds = kinds[:1] * len(value)
    if not isinstance(value, list) or len(value) != len(kinds):
        length = "" if kinds[-1] is Ellipsis else f" of {len(kinds)}"
        raise AlprError(f"{where} must be a list{length}, not {json.dumps(value)}; correct it.")
    return tuple(_value(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(kinds, value, strict=True)))
