"""Licence plates of Mongolia and Korea: find them, read them, draw them, and train your own models.

``from alpr_utils import ALPR``: see `alpr_utils.alpr.ALPR`. Nothing is imported before it is used, so that
``import alpr_utils`` stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alpr_utils.alpr import ALPR
    from alpr_utils.detect.exported import load_detector
    from alpr_utils.read.load import load_reader

__version__ = "0.2.0"
__all__ = ["ALPR", "load_detector", "load_reader"]
_HOMES = {"ALPR": "alpr", "load_detector": "detect.exported", "load_reader": "read.load"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
