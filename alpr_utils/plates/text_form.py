"""What may be written on a plate: forms made of parts, and a text taken apart."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from alpr_utils.errors import AlprError

COMMON_SHARE = 0.6


class PlateTextError(AlprError):
    """A text that no plate of the country carries."""


@dataclass(frozen=True)
class TextPart:
    """A piece of a plate's text.

    Attributes:
        name: its meaning: ``region``, ``prefix``, ``series`` or ``number``; neighbours of one name belong together.
        choices: all that may stand there, each of the same length.
        common: the choices that make up `COMMON_SHARE` of all plates; empty: all are equally common.
        others: texts of the same length that a plate hardly ever carries, but that a reader must not exclude.
        others_weight: probability of one of ``others`` relative to one of ``choices``, more than 0 and at most 1.
    """

    name: str
    choices: tuple[str, ...]
    common: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    others_weight: float = 1.0

    @cached_property
    def rare(self) -> tuple[str, ...]:
        """The choices that are not common, where some are."""
        common = set(self.common)
        return tuple(choice for choice in self.choices if choice not in common) if common else ()

    @property
    def weights(self) -> dict[str, float]:
        """Everything that a reader accepts there, with its weight: 1 for a choice, less for the others."""
        return {**dict.fromkeys(self.others, self.others_weight), **dict.fromkeys(self.choices, 1.0)}


@dataclass(frozen=True)
class TextForm:
    """One way to write a plate: its parts in reading order."""

    name: str
    parts: tuple[TextPart, ...]

    @property
    def slots(self) -> tuple[str, ...]:
        """For each position of the text the characters that may stand there, sorted."""
        columns = [column for part in self.parts for column in zip(*part.weights, strict=True)]
        return tuple("".join(sorted(set(column))) for column in columns)

    def match(self, text: str) -> dict[str, str] | None:
        """The pieces of ``text`` by the names of their parts, None when it does not have this form."""
        found: dict[str, str] = {}
        start = 0
        for part in self.parts:
            piece = text[start : start + len(part.choices[0])]
            if piece not in part.choices:
                return None
            found[part.name] = found.get(part.name, "") + piece
            start += len(piece)
        return found if start == len(text) else None

    def draw(self, rng: "np.random.Generator", balanced: bool = False) -> str:
        """A random text; ``balanced`` draws rare choices twice as often as common ones, otherwise as on the road.

        Of plates of which every other one is balanced, all choices are then about equally frequent.
        """
        pieces = []
        for part in self.parts:
            common = part.common and not balanced and rng.random() < COMMON_SHARE
            choices = part.common if common else part.choices
            if balanced:
                choices += part.rare
            pieces.append(choices[rng.integers(len(choices))])
        return "".join(pieces)


@dataclass(frozen=True)
class ParsedPlate:
    """A canonical text taken apart; what the text does not say is empty.

    Attributes:
        text: canonical text without spaces.
        digits: the number.
        region_code: the letters that name the region.
        region: name of the region.
        series: the remaining letter or letters.
        prefix: digits in front of the series.
        vehicle: kind of vehicle, such as ``car`` or ``bus``.
        use: what it is registered for, such as ``private`` or ``commercial``.
    """

    text: str
    digits: str
    region_code: str
    region: str
    series: str
    prefix: str = ""
    vehicle: str = ""
    use: str = ""
