"""The character detector as a reader: boxes of characters, rows and order from geometry, the grammar chooses."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alpr_utils.errors import AlprError, ModelError
from alpr_utils.models.folder import METADATA_FILE
from alpr_utils.read.char_detector.boxes import FLOOR, CharBoxes, box_log_probs
from alpr_utils.read.char_detector.predictions import ARCHITECTURE, alphabet_of, best_boxes
from alpr_utils.read.grammar import Grammar
from alpr_utils.read.reading import Reading
from alpr_utils.read.rectify import Rectifier
from alpr_utils.read.sequence_reader import ReaderFolder, SequenceReader, readings
from alpr_utils.runtime.network import DEFAULT_RUNTIME, RuntimeOptions, open_network

if TYPE_CHECKING:
    import keras

_PRUNE = float(-np.log(FLOOR))  # every class of a box is tried


def read_boxes(found: CharBoxes, tokens: tuple[str, ...], grammar: Grammar | None, count: int) -> list[Reading]:
    """The ``count`` likeliest readings of one plate, best first; boxes as `box_log_probs` takes them."""
    return readings(*box_log_probs(found), tokens, grammar, count, _PRUNE)


def _build(classes: int) -> "keras.Model":
    from alpr_utils.networks.char_detector import build_char_detector

    return build_char_detector(classes)


class CharDetectorReader(SequenceReader):
    """Reads plates of all countries of its alphabet, one row or two."""

    prune = _PRUNE

    def __init__(
        self,
        folder: Path,
        country: str = "auto",
        rectifier: Rectifier | None = None,
        runtime: RuntimeOptions = DEFAULT_RUNTIME,
    ) -> None:
        """Open a model folder.

        Args:
            folder: written by `alpr_utils.training.char_detector.export_char_detector`.
            country: whose grammar decides, as in `plate_type`; ``auto``: all that it was trained on.
            rectifier: see `ViewReader`.
            runtime: what computes the network.

        Raises:
            ModelError: the folder is missing, incomplete or corrupt, or does not read that country.
        """
        stored = ReaderFolder.open(folder, "char_detector")
        _check(stored)
        super().__init__(stored, stored.grammar(country, words=False), rectifier)
        self._network = open_network(folder, partial(_build, len(stored.tokens)), runtime)

    def find_characters(self, views: np.ndarray) -> list[CharBoxes]:
        """The possible characters of each of ``views: uint8 (N, 64, 160, 1)``, the surest first."""
        return [best_boxes(predictions) for predictions in self._network(views)[0]]

    def log_probs(self, views: np.ndarray) -> list[tuple[np.ndarray, int]]:
        """See `SequenceReader.log_probs`."""
        return [box_log_probs(found) for found in self.find_characters(views)]


def _check(stored: ReaderFolder) -> None:
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
