"""What every plate reader takes and gives, whatever is inside it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Reading:
    """The text of one plate.

    Attributes:
        text: canonical text without spaces, ``""`` when nothing could be read.
        score: confidence of the whole text, 0..1.
        char_scores: one confidence a character of ``text``, 0..1.
        rows: number of text rows found, 0 when nothing could be read.
        country: ``mn``, ``kr`` or ``""``.
    """

    text: str = ""
    score: float = 0.0
    char_scores: tuple[float, ...] = ()
    rows: int = 0
    country: str = ""


class Reader(Protocol):
    """Anything with a name and a ``read`` method; ``weight_count``: of all its networks."""

    name: str
    weight_count: int

    def read(self, plate: np.ndarray) -> Reading:
        """Read ``plate: uint8 (H, W, 3) RGB``, a crop that holds one plate and a little of its surroundings."""
        ...


def merged_readings(readings: Sequence[Reading], views: int) -> list[Reading]:
    """Readings of some views of one plate as one a text, best first: the surest, with its mean score over the views."""
    total: dict[str, float] = {}
    surest: dict[str, Reading] = {}
    for reading in sorted(readings, key=lambda reading: reading.score):
        total[reading.text] = total.get(reading.text, 0.0) + reading.score / views
        surest[reading.text] = reading
    ordered = sorted(total, key=lambda text: total[text], reverse=True)
    return [replace(surest[text], score=total[text]) for text in ordered]
