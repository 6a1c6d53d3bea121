"""Readers that fail on different plates, heard together.

The CRNN sees the plate as a whole and stumbles over single shapes that its training did not show it; the character
detector and the classical reader look at each character and stumble where characters run together. Where they differ,
the text with the highest mean score counts.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from alpr_utils.plates.mongolia import ALPHABET, SLOTS
from alpr_utils.read.reading import Reader, Reading, merged_readings

if TYPE_CHECKING:
    from alpr_utils.read.rectify import Rectifier

_OPINIONS = 5  # readings of a network that the others may support


class OpinionReader(Protocol):
    """A reader that tells what else it might be; ``network_weights`` without those of the rectifier."""

    network_weights: int
    rectifier: "Rectifier | None"

    def read_n_best(self, plate: np.ndarray, count: int) -> list[Reading]:
        """The likeliest readings of ``plate: uint8 (H, W, 3) RGB``, best first; their scores add up to 1 at most."""
        ...


def _mongolian(reading: Reading) -> bool:
    """Whether a plate was taken for Mongolian; without the grammar no country is told, but the characters tell it."""
    return reading.country == "mn" or (not reading.country and set(ALPHABET).issuperset(reading.text))


class VotingReader:
    """Networks, and where they differ about a Mongolian plate also the classical reader; see `Reader`."""

    name = "voting"

    def __init__(self, networks: Sequence[OpinionReader], classical: Reader | None) -> None:
        """Put the voters together; ``classical`` is None where no Mongolian plates are to be read."""
        self._networks, self._classical = networks, classical
        rectifiers = {id(network.rectifier): network.rectifier for network in networks if network.rectifier}
        own = sum(network.network_weights for network in networks)
        shared = sum(rectifier.weight_count for rectifier in rectifiers.values())
        self.weight_count = own + shared + (classical.weight_count if classical else 0)

    def read(self, plate: np.ndarray) -> Reading:
        """Read ``plate: uint8 (H, W, 3) RGB``; an empty `Reading` when nothing is found."""
        heard = [network.read_n_best(plate, _OPINIONS) for network in self._networks]
        heard = [opinions for opinions in heard if opinions]
        # A third opinion hardly ever outvotes two that agree.
        agreed = len(heard) > 1 and len({opinions[0].text for opinions in heard}) == 1
        if self._classical and not agreed and (not heard or _mongolian(heard[0][0])):
            opinion = self._classical.read(plate)
            if len(opinion.text) == len(SLOTS):  # a torso is no vote
                heard.append([opinion])
            elif not heard:
                return opinion
        if not heard:
            return Reading()
        return merged_readings([reading for opinions in heard for reading in opinions], views=len(heard))[0]
