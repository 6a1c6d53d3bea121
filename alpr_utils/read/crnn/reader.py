"""The CRNN as a reader: a crop in, the text that the network and the grammar agree on out."""

from pathlib import Path

import numpy as np

from alpr_utils.errors import ModelError
from alpr_utils.models.folder import METADATA_FILE
from alpr_utils.models.weights import WEIGHTS_FILE, compiled, load_weights
from alpr_utils.read.crnn.network import BANDS, VARIANTS, build_crnn
from alpr_utils.read.ctc import BLANK
from alpr_utils.read.preprocess import HEIGHT, WIDTH
from alpr_utils.read.rectify import Rectifier
from alpr_utils.read.sequence_reader import ReaderFolder, SequenceReader

_WRITTEN = 0.5  # probability of a character in the upper band from which a plate has two rows


class CRNNReader(SequenceReader):
    """Reads plates of all countries of its alphabet, one row or two."""

    def __init__(self, folder: Path, country: str = "auto", rectifier: Rectifier | None = None) -> None:
        """Open a model folder.

        Args:
            folder: written by `alpr_utils.training.crnn.export_crnn`.
            country: whose grammar decides, as in `plate_type`; ``auto``: all that it was trained on.
            rectifier: see `ViewReader`.

        Raises:
            ModelError: the folder is missing, incomplete or corrupt, or does not read that country.
        """
        stored = ReaderFolder.open(folder, "crnn")
        if stored.metadata.get("variant") not in VARIANTS:
            raise ModelError(f"{folder / METADATA_FILE}: does not describe a CRNN; give the folder of a CRNN.")
        network = build_crnn(len(stored.tokens), stored.metadata["variant"])
        load_weights(network, folder / WEIGHTS_FILE)
        super().__init__(stored, stored.grammar(country), rectifier, network.count_params())
        self._call = compiled(network, (HEIGHT, WIDTH, 1))

    def step_probabilities(self, view: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
        """What the network sees step by step, and the names of its classes.

        Args:
            view: uint8 (64, 160, 1), from `network_input` or `rectify`.

        Returns:
            float32 (80, 1 + K), the upper band's 40 steps first; the first class is CTC's blank.
        """
        return np.exp(self._log_softmax(view)), ("-", *self.tokens)

    def log_probs(self, view: np.ndarray) -> tuple[np.ndarray, int]:
        """See `SequenceReader.log_probs`."""
        log_probs = self._log_softmax(view)
        upper_band = np.exp(log_probs[: len(log_probs) // BANDS, BLANK + 1 :])
        return np.minimum(log_probs, 0), 1 + int(upper_band.max() > _WRITTEN)

    def _log_softmax(self, view: np.ndarray) -> np.ndarray:
        logits = self._call(view[None])[0]  # (80, 1 + K)
        return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
