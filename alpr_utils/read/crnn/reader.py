"""The CRNN as a reader: a crop in, the text that the network and the grammar agree on out."""

from typing import TYPE_CHECKING

import numpy as np

from alpr_utils.errors import ModelError
from alpr_utils.models.folder import METADATA_FILE
from alpr_utils.networks.reader_configs import BANDS, CRNN_VARIANTS
from alpr_utils.read.alignments import BLANK
from alpr_utils.read.sequence_reader import ReaderFolder, SequenceReader

if TYPE_CHECKING:
    import keras

_WRITTEN = 0.5  # probability of a character in the upper band from which a plate has two rows


class CRNNReader(SequenceReader):
    """Reads plates of all countries of its alphabet, one row or two."""

    command = "crnn"

    @staticmethod
    def check(stored: ReaderFolder) -> None:
        """See `SequenceReader`."""
        if stored.metadata.get("variant") not in CRNN_VARIANTS:
            raise ModelError(f"{stored.path / METADATA_FILE}: does not describe a CRNN; give the folder of a CRNN.")

    @staticmethod
    def build(stored: ReaderFolder) -> "keras.Model":
        """See `SequenceReader`."""
        from alpr_utils.networks.crnn import build_crnn

        return build_crnn(len(stored.tokens), stored.metadata["variant"])

    def step_probabilities(self, view: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
        """What the network sees step by step, and the names of its classes.

        Args:
            view: uint8 (64, 160, 1), from `network_input` or `rectify`.

        Returns:
            float32 (80, 1 + K), the upper band's 40 steps first; the first class is CTC's blank.
        """
        return np.exp(self._log_softmax(view[None])[0]), ("-", *self.tokens)

    def log_probs(self, views: np.ndarray) -> list[tuple[np.ndarray, int]]:
        """See `SequenceReader.log_probs`."""
        log_probs = self._log_softmax(views)
        upper_bands = log_probs[:, : log_probs.shape[1] // BANDS, BLANK + 1 :]
        rows = 1 + (np.exp(upper_bands.max(axis=(1, 2))) > _WRITTEN)
        return list(zip(np.minimum(log_probs, 0), rows.tolist(), strict=True))

    def _log_softmax(self, views: np.ndarray) -> np.ndarray:
        logits = self.network(views)[0]  # (N, 80, 1 + K)
        logits = logits - logits.max(axis=2, keepdims=True)
        return logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
