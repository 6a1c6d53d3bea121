"""What readers of whole plates share: a plate is looked at as it is and, where that leaves doubt, laid flat as well."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from alpr_utils.read.ctc import Temperature, tempered
from alpr_utils.read.preprocess import network_input
from alpr_utils.read.reading import Reading, merged_readings
from alpr_utils.read.rectify import Rectifier

SURE = 0.9  # score of the first look that is trusted; a second one hardly ever changes such a reading
_MIN_SIDE = 6  # pixels; smaller crops hold nothing that could be read
RIVALS = 3  # readings that are weighed against each other


class ViewReader:
    """A reader whose network looks at views of a plate; subclasses say in `read_view` what it sees. See `Reader`.

    ``temperature`` turns scores into probabilities, see `alpr_utils.evaluation.calibration`.
    """

    def __init__(self, name: str, temperature: Temperature, rectifier: Rectifier | None, network_weights: int) -> None:
        """Put the shared parts together.

        Args:
            name: of the reader.
            temperature: of its scores.
            rectifier: lays slanted plates flat; an unsure plate is read both ways and the highest mean score counts.
            network_weights: of the reader's own network.
        """
        self.name, self.temperature, self.rectifier = name, temperature, rectifier
        self.network_weights = network_weights
        self.weight_count = network_weights + (rectifier.weight_count if rectifier else 0)

    def read_view(self, view: np.ndarray, count: int) -> Sequence[Reading]:
        """The likeliest readings of ``view: uint8 (64, 160, 1)``, best first."""
        raise NotImplementedError

    def read(self, plate: np.ndarray) -> Reading:
        """Read ``plate: uint8 (H, W, 3) RGB``; an empty `Reading` when nothing is found."""
        readings = self.read_n_best(plate, 1)
        return readings[0] if readings else Reading()

    def read_n_best(self, plate: np.ndarray, count: int) -> list[Reading]:
        """The likeliest readings of ``plate: uint8 (H, W, 3) RGB``, best first; their scores add up to 1 at most."""
        if min(plate.shape[:2]) < _MIN_SIDE:
            return []
        most = max(count, RIVALS)
        found, views = list(self.read_view(network_input(plate), most)), 1
        if self.rectifier and not (found and found[0].score >= SURE):
            flat = self.rectifier.flat(plate)
            if flat is not None:
                found, views = [*found, *self.read_view(flat, most)], 2
        best = merged_readings(found, views)[:most]
        scores = tempered([reading.score for reading in best], self.temperature)
        return [replace(reading, score=score) for reading, score in zip(best, scores, strict=True)][:count]
