"""Readers that fail on different plates, combined.

The CRNN sees the plate as a whole and stumbles over single shapes that its training did not show it; the character
detector and the classical reader look at each character and stumble where characters run together. Each is asked only
about the plates that those before it leave in doubt; where several differ, the text with the highest mean score counts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from alpr_utils.plates import COUNTRIES, plate_type
from alpr_utils.read.reading import Reader, Reading, best_of, merged_readings
from alpr_utils.read.temperature import Temperature, Temperatures, tempered
from alpr_utils.read.views import SURE, PlateViews

if TYPE_CHECKING:
    from alpr_utils.read.rectify import Rectifier

_N_BEST = 5  # readings of a network that the others may support
# Score of the first network from which no other is asked: of 3,500 readings of generated plates none became worse.
SURE_ALONE = 0.98


class VotingNetwork(Protocol):
    """A network that votes, such as a `ViewReader`; ``network_weights`` without those of the rectifier."""

    network_weights: int
    rectifier: "Rectifier | None"

    def first_look(
        self, plates: PlateViews, count: int, grammar: bool = True, *, skipped: Collection[int] = ()
    ) -> dict[int, list[Reading]]:
        """See `ViewReader.first_look`."""
        ...

    def second_look(
        self,
        plates: PlateViews,
        first: Mapping[int, list[Reading]],
        count: int,
        grammar: bool = True,
        *,
        settled: Collection[int] = (),
    ) -> list[list[Reading]]:
        """See `ViewReader.second_look`."""
        ...


def _is_settled(n_best: Sequence[list[Reading]]) -> bool:
    """Whether all networks asked so far read the same, one of them surely, the first alone very surely."""
    if not all(n_best) or len({readings[0].text for readings in n_best}) > 1:
        return False
    return max(readings[0].score for readings in n_best) >= (SURE_ALONE if len(n_best) == 1 else SURE)


def _may_be_classical(reading: Reading) -> bool:
    """Whether the classical reader can read this plate; without a grammar, its characters decide."""
    if reading.country:
        return plate_type(reading.country).classical
    return any(plates.classical and set(plates.alphabet).issuperset(reading.text) for plates in COUNTRIES.values())


def _is_complete(reading: Reading) -> bool:
    return bool(reading.country) and len(reading.text) == len(plate_type(reading.country).forms[0].slots)


class VotingReader:
    """Networks and, where they differ about a plate that it can read, also the classical reader.

    It is a `Reader` and an `NBestReader`.
    """

    name = "voting"

    def __init__(
        self,
        networks: Sequence[VotingNetwork],
        classical: Reader | None,
        temperatures: Temperatures | None = None,
    ) -> None:
        """Put the voters together, the fastest first; ``classical`` is None where it can read none of the plates.

        Voters that agree are surer together than each alone: ``temperatures`` make probabilities of mean scores.
        """
        self._networks, self._classical = networks, classical
        self.temperatures = temperatures or Temperatures()
        rectifiers = {id(network.rectifier): network.rectifier for network in networks if network.rectifier}
        own = sum(network.network_weights for network in networks)
        shared = sum(rectifier.weight_count for rectifier in rectifiers.values())
        self.weight_count = own + shared + (classical.weight_count if classical else 0)

    def read(self, crops: Sequence[np.ndarray], grammar: bool = True) -> list[Reading]:
        """See `Reader.read`."""
        return [best_of(readings) for readings in self.read_n_best(crops, _N_BEST, grammar)]

    def read_n_best(
        self, crops: Sequence[np.ndarray], count: int, grammar: bool = True, calibrated: bool = True
    ) -> list[list[Reading]]:
        """See `NBestReader.read_n_best`; without ``calibrated`` the mean of the voters' own probabilities."""
        temperature = self.temperatures.of(grammar) if calibrated else Temperature()
        elected = []
        for readings in self._votes(crops, grammar):
            scores = tempered([reading.score for reading in readings], temperature)
            elected.append([replace(r, score=score) for r, score in zip(readings, scores, strict=True)][:count])
        return elected

    def _votes(self, crops: Sequence[np.ndarray], grammar: bool) -> list[list[Reading]]:
        """For each crop what the voters read, best first."""
        plates = PlateViews(crops)
        looks: list[dict[int, list[Reading]]] = []
        settled: set[int] = set()
        for network in self._networks:
            looks.append(network.first_look(plates, _N_BEST, grammar, skipped=settled))
            settled |= {number for number in looks[-1] if _is_settled([look[number] for look in looks])}
        votes = zip(
            *(
                network.second_look(plates, look, _N_BEST, grammar, settled=settled)
                for network, look in zip(self._networks, looks, strict=True)
            ),
            strict=True,
        )
        n_best = [[readings for readings in of_crop if readings] for of_crop in votes]
        asked = [n for n, of_crop in enumerate(n_best) if n not in settled and self._asks_classical(of_crop)]
        classical: dict[int, Reading] = {}
        if self._classical and asked:
            readings = self._classical.read([crops[number] for number in asked], grammar)
            classical = dict(zip(asked, readings, strict=True))
        return [_elect(of_crop, classical.get(number)) for number, of_crop in enumerate(n_best)]

    def _asks_classical(self, n_best: Sequence[list[Reading]]) -> bool:
        """Whether the classical reader should vote, by the n best readings of the networks that read anything."""
        # A third vote hardly ever overrules two that agree.
        agreed = len(n_best) > 1 and len({readings[0].text for readings in n_best}) == 1
        return self._classical is not None and not agreed and (not n_best or _may_be_classical(n_best[0][0]))


def _elect(n_best: Sequence[list[Reading]], classical: Reading | None) -> list[Reading]:
    """The readings of one crop by the n best of each network and what the classical reader says, if asked."""
    votes = list(n_best)
    if classical and _is_complete(classical):
        votes.append([classical])
    elif classical and classical.text and not votes:
        return [classical]
    return merged_readings([reading for readings in votes for reading in readings], views=len(votes))
