"""Two readers that fail on different plates, heard together.

The CRNN sees the plate as a whole and stumbles over single shapes that its training did not show it; the classical
reader looks at each character and stumbles where characters run together. Where they differ, the text with the higher
mean score counts.
"""

from dataclasses import replace

import numpy as np

from alpr_utils.plates.mongolia import SLOTS
from alpr_utils.read.classical import ClassicalReader
from alpr_utils.read.crnn_reader import CRNNReader
from alpr_utils.read.reading import Reading, merged_readings

_OPINIONS = 5  # readings of the CRNN that the other reader may support


class VotingReader:
    """The CRNN, and for plates that it takes for Mongolian also the classical reader; see `Reader` for the protocol.

    Without the grammar the CRNN does not tell the country, so that it decides alone then.
    """

    name = "voting"

    def __init__(self, crnn: CRNNReader, classical: ClassicalReader) -> None:
        self._crnn, self._classical = crnn, classical
        self.weight_count = crnn.weight_count + classical.weight_count

    def read(self, plate: np.ndarray) -> Reading:
        """Read ``plate: uint8 (H, W, 3) RGB``; an empty `Reading` when nothing is found."""
        opinions = self._crnn.read_n_best(plate, _OPINIONS)
        if opinions and opinions[0].country != "mn":
            return opinions[0]
        second = self._classical.read(plate)
        if len(second.text) != len(SLOTS):  # a torso is no vote
            return opinions[0] if opinions else second
        best = merged_readings([*opinions, second], views=2)[0]
        return best if opinions else replace(best, score=second.score)
