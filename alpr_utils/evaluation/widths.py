"""How many plates of each width are found?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH_LIMITS = (0, 30, 40, 60, 90, 140)  # pixels; the last band has no upper end


@dataclass(frozen=True)
class WidthBand:
    """The plates from ``least`` up to, not including, ``below`` pixels wide; ``below`` is None in the widest band."""

    least: int
    below: int | None
    plates: int
    found: int

    @property
    def title(self) -> str:
        """E.g. ``30-39 px`` or ``140 px or more``."""
        return f"{self.least} px or more" if self.below is None else f"{self.least}-{self.below - 1} px"


def found_by_width(plates: Iterable[tuple[float, bool]], limits: Sequence[int] = WIDTH_LIMITS) -> tuple[WidthBand, ...]:
    """How many plates of each width were found; bands without plates are left out.

    Args:
        plates: width in pixels of the picture, and whether it was found.
        limits: where bands begin, ascending from 0.
    """
    listed = list(plates)
    bands = []
    for least, below in zip(limits, [*limits[1:], None], strict=True):
        inside = [found for width, found in listed if width >= least and (below is None or width < below)]
        if inside:
            bands.append(WidthBand(least, below, len(inside), sum(inside)))
    return tuple(bands)
