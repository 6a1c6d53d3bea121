"""The character classifier of a model folder as a function; its network is in `networks.char_cnn`.

A model folder holds ``weights.npz`` (full precision: its probabilities decide close calls), ``metadata.json`` and
``curves.png``.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alpr_utils.errors import ModelError
from alpr_utils.models.folder import METADATA_FILE, WEIGHTS_FILE, read_metadata
from alpr_utils.read.classical.form import ALPHABET
from alpr_utils.runtime.network import DEFAULT_RUNTIME, NetworkFunction, RuntimeOptions, open_network

if TYPE_CHECKING:
    import keras

REJECT_CLASS = len(ALPHABET)  # "not a character": oval, emblem, bolts, pieces of frame, halves of characters
CLASS_COUNT = len(ALPHABET) + 1


class CharClassifier:
    """A trained classifier, ready for many calls."""

    def __init__(self, network: NetworkFunction, weight_count: int) -> None:
        self.weight_count = weight_count
        self._network = network

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Classify characters in one batch.

        Args:
            images: uint8 (N, 32, 32, 1) from `character_images`; N may be 0.

        Returns:
            float32 (N, 37): one column a character of ``ALPHABET``, then "not a character".
        """
        if len(images) == 0:
            return np.zeros((0, CLASS_COUNT), np.float32)
        return self._network(images)[0]


def char_cnn_metadata(folder: Path) -> dict[str, Any]:
    """The metadata of the classifier's model folder.

    Raises:
        ModelError: the folder is missing, incomplete or corrupt, or its classifier has another alphabet.
    """
    metadata_file = folder / METADATA_FILE
    for needed in (folder / WEIGHTS_FILE, metadata_file):
        if not needed.is_file():
            raise ModelError(f"{needed}: is missing; restore the folder or train it with 'train chars'.")
    metadata = read_metadata(folder)
    if metadata.get("alphabet") != ALPHABET:
        raise ModelError(
            f"{metadata_file}: was trained for the alphabet {metadata.get('alphabet')}; "
            "train it again with 'train chars'."
        )
    return metadata


def _build() -> "keras.Model":
    from alpr_utils.networks.char_cnn import build_char_cnn

    return build_char_cnn(CLASS_COUNT)


def load_char_classifier(folder: Path, runtime: RuntimeOptions = DEFAULT_RUNTIME) -> CharClassifier:
    """Open a model folder for reading.

    Raises:
        ModelError: as `char_cnn_metadata`.
    """
    metadata = char_cnn_metadata(folder)
    return CharClassifier(open_network(folder, _build, runtime), int(metadata.get("parameters", 0)))
