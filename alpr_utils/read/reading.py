"""What every plate reader takes and gives, whatever is inside it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from alpr_utils.read.temperature import Temperatures

ALTERNATIVES = 2  # of a reading, at most


@dataclass(frozen=True)
class Reading:
    """The text of one plate.

    Attributes:
        text: canonical text without spaces, ``""`` when nothing could be read.
        score: confidence of the whole text, 0..1.
        char_scores: one confidence a character of ``text``, 0..1.
        rows: number of text rows found, 0 when nothing could be read.
        country: two-letter code of the country whose grammar the text follows, ``""`` without a grammar.
        alternatives: the likeliest other texts with their scores, best first; empty where the reader gives none.
    """

    text: str = ""
    score: float = 0.0
    char_scores: tuple[float, ...] = ()
    rows: int = 0
    country: str = ""
    alternatives: tuple[tuple[str, float], ...] = ()


class Reader(Protocol):
    """Reads plates. ``weight_count``: of all its networks."""

    name: str
    weight_count: int

    def read(self, crops: Sequence[np.ndarray], grammar: bool = True) -> list[Reading]:
        """Read plates.

        Args:
            crops: uint8 (H, W, 3) RGB each, one plate with a little of its surroundings.
            grammar: let the grammar of the plates decide between similar characters.

        Returns:
            One reading a crop, an empty one where nothing is found.
        """
        ...


@runtime_checkable
class NBestReader(Protocol):
    """A reader that gives alternatives, whose scores are probabilities at the right ``temperatures``."""

    temperatures: Temperatures

    def read_n_best(
        self, crops: Sequence[np.ndarray], count: int, grammar: bool = True, calibrated: bool = True
    ) -> list[list[Reading]]:
        """The ``count`` likeliest readings of each crop, best first; the scores of a crop add up to 1 at most.

        Args:
            crops: as in `Reader.read`.
            count: 1 or more.
            grammar: as in `Reader.read`.
            calibrated: False gives the network's own scores, as if there were no temperatures.
        """
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


def best_of(readings: Sequence[Reading]) -> Reading:
    """The first of the likeliest readings of a plate, best first, with the others as its alternatives.

    A character that some of the others contradict is at most as sure as their scores leave room for; none is less sure
    than the whole text, of which the grammar may know more than the network that saw the character.
    """
    if not readings:
        return Reading()
    best, *others = readings
    comparable = [other for other in others if len(other.text) == len(best.text)]
    contradicted = (
        sum(other.score for other in comparable if other.text[place] != character)
        for place, character in enumerate(best.text)
    )
    sure = tuple(
        max(best.score, min(score, 1 - against)) for score, against in zip(best.char_scores, contradicted, strict=False)
    )
    alternatives = tuple((other.text, other.score) for other in others[:ALTERNATIVES])
    return replace(best, char_scores=sure, alternatives=alternatives)
