"""What every plate reader takes and gives, whatever is inside it."""

from dataclasses import dataclass
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
    """Anything with a name and a ``read`` method."""

    name: str

    def read(self, plate: np.ndarray) -> Reading:
        """Read ``plate: uint8 (H, W, 3) RGB``, a crop that holds one plate and a little of its surroundings."""
        ...
