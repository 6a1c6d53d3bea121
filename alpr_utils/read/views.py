"""What readers of whole plates share: a plate is read as it is and, where that leaves doubt, rectified as well."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from alpr_utils.read.preprocess import network_input
from alpr_utils.read.reading import Reading, merged_readings
from alpr_utils.read.rectify import Rectifier
from alpr_utils.read.temperature import Temperature, Temperatures, tempered

SURE = 0.9  # score of the first view that is trusted; a second one hardly ever changes such a reading
_MIN_SIDE = 6  # pixels; smaller crops hold nothing that could be read
N_BEST = 3  # readings that are weighed against each other


class ViewReader:
    """A reader whose network sees views of a plate; subclasses read one view in `read_view`.

    It is a `Reader` and an `NBestReader`.
    """

    def __init__(
        self, name: str, temperatures: Temperatures, rectifier: Rectifier | None, network_weights: int
    ) -> None:
        """Put the shared parts together.

        Args:
            name: of the reader.
            temperatures: of its scores.
            rectifier: straightens slanted plates; an unsure plate is read both ways and the highest mean score counts.
            network_weights: of the reader's own network.
        """
        self.name, self.temperatures, self.rectifier = name, temperatures, rectifier
        self.network_weights = network_weights
        self.weight_count = network_weights + (rectifier.weight_count if rectifier else 0)

    def read_view(self, view: np.ndarray, count: int, grammar: bool) -> Sequence[Reading]:
        """The ``count`` likeliest readings of ``view: uint8 (64, 160, 1)``, best first."""
        raise NotImplementedError

    def read(self, crops: Sequence[np.ndarray], grammar: bool = True) -> list[Reading]:
        """See `Reader.read`."""
        return [readings[0] if readings else Reading() for readings in self.read_n_best(crops, 1, grammar)]

    def read_n_best(
        self, crops: Sequence[np.ndarray], count: int, grammar: bool = True, calibrated: bool = True
    ) -> list[list[Reading]]:
        """See `NBestReader.read_n_best`."""
        temperature = self.temperatures.of(grammar) if calibrated else Temperature()
        return [self._read_crop(crop, count, grammar, temperature) for crop in crops]

    def _read_crop(self, crop: np.ndarray, count: int, grammar: bool, temperature: Temperature) -> list[Reading]:
        if min(crop.shape[:2]) < _MIN_SIDE:
            return []
        most = max(count, N_BEST)
        found, views = list(self.read_view(network_input(crop), most, grammar)), 1
        if self.rectifier and not (found and found[0].score >= SURE):
            rectified = self.rectifier.rectified(crop)
            if rectified is not None:
                found, views = [*found, *self.read_view(rectified, most, grammar)], 2
        best = merged_readings(found, views)[:most]
        scores = tempered([reading.score for reading in best], temperature)
        return [replace(reading, score=score) for reading, score in zip(best, scores, strict=True)][:count]
