"""Licence plates of Mongolia and Korea: find them, read them, draw them, and train your own models.

``from alpr_utils import ALPR``: see `alpr_utils.alpr.ALPR`. Nothing is imported before it is used, so that
``import alpr_utils`` stays fast.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alpr_utils.alpr import ALPR, load_detector, load_reader

__version__ = "0.2.0"
__all__ = ["ALPR", "load_detector", "load_reader"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from alpr_utils import alpr

    return getattr(alpr, name)
