"""The character detector as a reader: boxes of characters, rows and order from geometry, the grammar chooses."""

from typing import TYPE_CHECKING

import numpy as np

from alpr_utils.errors import AlprError, ModelError
from alpr_utils.models.folder import METADATA_FILE
from alpr_utils.read.char_detector.boxes import FLOOR, CharBoxes, box_log_probs
from alpr_utils.read.char_detector.predictions import ARCHITECTURE, alphabet_of, best_boxes
from alpr_utils.read.grammar import Grammar
from alpr_utils.read.reading import Reading
from alpr_utils.read.sequence_reader import ReaderFolder, SequenceReader, readings

if TYPE_CHECKING:
    import keras

_PRUNE = float(-np.log(FLOOR))  # every class of a box is tried


def read_boxes(found: CharBoxes, tokens: tuple[str, ...], grammar: Grammar | None, count: int) -> list[Reading]:
    """The ``count`` likeliest readings of one plate, best first; boxes as `box_log_probs` takes them."""
    return readings(*box_log_probs(found), tokens, grammar, count, _PRUNE)


class CharDetectorReader(SequenceReader):
    """Reads plates of all countries of its alphabet, one row or two."""

    command = "char_detector"
    words = False
    prune = _PRUNE

    @staticmethod
    def check(stored: ReaderFolder) -> None:
        """See `SequenceReader`; the alphabet must be that of its countries."""
        file = stored.path / METADATA_FILE
        if stored.metadata.get("architecture") != ARCHITECTURE:
            raise ModelError(f"{file}: does not describe a character detector; give the folder of one.")
        try:
            needed = alphabet_of(stored.countries)
        except AlprError as error:
            raise ModelError(f"{file}: {error}") from None
        if stored.tokens != needed:
            strange = "".join(sorted(set(stored.tokens) ^ set(needed))) or "their order"
            raise ModelError(
                f"{file}: the weights have another alphabet than the plates of {', '.join(stored.countries)} "
                f"({strange} differs); train it again with 'train char_detector'."
            )

    @staticmethod
    def build(stored: ReaderFolder) -> "keras.Model":
        """See `SequenceReader`."""
        from alpr_utils.networks.char_detector import build_char_detector

        return build_char_detector(len(stored.tokens))

    def find_characters(self, views: np.ndarray) -> list[CharBoxes]:
        """The possible characters of each of ``views: uint8 (N, 64, 160, 1)``, the surest first."""
        return [best_boxes(predictions) for predictions in self.network(views)[0]]

    def log_probs(self, views: np.ndarray) -> list[tuple[np.ndarray, int]]:
        """See `SequenceReader.log_probs`."""
        return [box_log_probs(found) for found in self.find_characters(views)]
