"""JSON -> settings: frozen classes whose every key, type and range pydantic checks, with messages of one sentence."""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import Self

from alpr_utils.errors import AlprError, check_regular

T = TypeVar("T")
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]  # of things of which there must be some
Share = Annotated[float, Field(gt=0, le=1)]
Width = Annotated[int, Field(ge=1, le=8192)]  # channels of a layer, cells, anchors: what memory can hold
Depth = Annotated[int, Field(ge=0, le=100)]  # layers
Pixels = Annotated[float, Field(gt=0, le=65536)]

# How pydantic puts it, how we do.
_WORDS = (
    ("Input should be", "must be"),
    ("Tuple should have", "must have"),
    ("a valid integer", "a whole number"),
    ("a valid number", "a number"),
    ("a valid string", "text"),
    ("a valid boolean", "true or false"),
    ("a valid array", "a list"),
    ("greater than or equal to", "at least"),
    ("less than or equal to", "at most"),
)
_CHECKS = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Settings(BaseModel):
    """Base of settings: frozen, without unknown keys, every number finite."""

    model_config = ConfigDict(frozen=True, **_CHECKS)

    def changed(self, **values: Any) -> Self:
        """The same settings but for ``values``.

        Raises:
            AlprError: a value is of the wrong type or out of its range.
        """
        try:
            return type(self)(**{**dict(self), **values})
        except ValidationError as error:
            raise AlprError(_sentence(error, type(self), "the settings")) from None


def read_json(file: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        AlprError: the file is missing, not regular, not JSON, or holds something else than an object.
    """
    check_regular(file)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise AlprError(f"{file}: cannot be opened ({error.strerror}); check the path.") from None
    except ValueError as error:
        raise AlprError(f"{file}: is not JSON ({error}); correct it.") from None
    if not isinstance(content, dict):
        raise AlprError(f"{file}: does not hold a JSON object; write {{...}}.")
    return content


def parse_settings(kind: type[T], content: Any, where: str) -> T:
    """Make ``kind``, a `Settings` class or a frozen dataclass, of a JSON object; lists become tuples.

    Args:
        where: how messages name the place, e.g. ``configs/ssd.json: network``.

    Raises:
        AlprError: an unknown or missing key, or a value of the wrong type or out of its range.
    """
    # In a tuple of one, because pydantic gives no configuration to a bare dataclass.
    adapter: Any = TypeAdapter(tuple[kind], config=_CHECKS)  # type: ignore[valid-type]
    try:
        return adapter.validate_json(json.dumps([content]))[0]
    except ValidationError as error:
        raise AlprError(_sentence(error, tuple[kind], where)) from None  # type: ignore[valid-type]


def _sentence(error: ValidationError, kind: Any, where: str) -> str:
    """The first thing that is wrong, e.g. ``configs/ssd.json: network: stem must be a whole number, not "16"; ...``."""
    first = error.errors(include_url=False)[0]
    path = list(first["loc"])
    if first["type"] == "missing":
        key = f"the key '{path[-1]}'" if isinstance(path[-1], str) else "an item"
        return f"{': '.join([where, *_names(path[:-1])])}: lacks {key}; add it."
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = ", ".join(_keys(kind, path[:-1]))
        return f"{': '.join([where, *_names(path[:-1])])}: has the unknown key '{path[-1]}'; known are {known}."
    message = first["msg"].removeprefix("Value error, ").split(" after validation")[0]
    for said, meant in _WORDS:
        message = message.replace(said, meant)
    value = json.dumps(first["input"], ensure_ascii=False, default=str)
    return f"{': '.join([where, *_names(path)])} {message}, not {value}; correct it."


def _names(path: list[Any]) -> list[str]:
    """``training, sources, 0, folder`` -> ``training, sources[0], folder``."""
    names: list[str] = []
    for step in path:
        if isinstance(step, str):
            names.append(step)
        elif names:
            names[-1] += f"[{step}]"
    return names


def _keys(kind: Any, path: list[Any]) -> list[str]:
    """The keys that the object at ``path`` may have."""
    for step in path:
        if isinstance(step, str):
            kind = get_type_hints(_item_type(kind))[step]
    kind = _item_type(kind)
    return [item.name for item in fields(kind)] if is_dataclass(kind) else list(kind.model_fields)


def _item_type(kind: Any) -> Any:
    """``kind`` itself, or the type of what a tuple or an optional value holds."""
    while get_args(kind):
        kind = next(option for option in get_args(kind) if option is not NoneType)
    return kind
