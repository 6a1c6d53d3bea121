"""The CRNN as a reader: a crop in, the text that the network and the grammar agree on out."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alpr_utils.errors import ModelError
from alpr_utils.models.folder import METADATA_FILE
from alpr_utils.networks.reader_configs import BANDS, CRNN_VARIANTS
from alpr_utils.read.ctc import BLANK
from alpr_utils.read.rectify import Rectifier
from alpr_utils.read.sequence_reader import ReaderFolder, SequenceReader
from alpr_utils.runtime.network import DEFAULT_RUNTIME, RuntimeOptions, open_network

if TYPE_CHECKING:
    import keras

_WRITTEN = 0.5  # probability of a character in the upper band from which a plate has two rows


def _build(tokens: int, variant: str) -> "keras.Model":
    from alpr_utils.networks.crnn import build_crnn

    return build_crnn(tokens, variant)


class CRNNReader(SequenceReader):
    """Reads plates of all countries of its alphabet, one row or two."""

    def __init__(
        self,
        folder: Path,
        country: str = "auto",
        rectifier: Rectifier | None = None,
        runtime: RuntimeOptions = DEFAULT_RUNTIME,
    ) -> None:
        """Open a model folder.

        Args:
            folder: written by `alpr_utils.training.crnn.export_crnn`.
            country: whose grammar decides, as in `plate_type`; ``auto``: all that it was trained on.
            rectifier: see `ViewReader`.
            runtime: what computes the network.

        Raises:
            ModelError: the folder is missing, incomplete or corrupt, or does not read that country.
        """
        stored = ReaderFolder.open(folder, "crnn")
        if stored.metadata.get("variant") not in CRNN_VARIANTS:
            raise ModelError(f"{folder / METADATA_FILE}: does not describe a CRNN; give the folder of a CRNN.")
        super().__init__(stored, stored.grammar(country), rectifier)
        build = partial(_build, len(stored.tokens), stored.metadata["variant"])
        self._network = open_network(folder, build, runtime)

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
        logits = self._network(views)[0]  # (N, 80, 1 + K)
        logits = logits - logits.max(axis=2, keepdims=True)
        return logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
