"""The character classifier: a small convolutional network in the manner of LeNet (LeCun et al. 1998), and its folder.

A model folder holds ``weights.npz`` (full precision: its probabilities decide close calls), ``metadata.json`` and
``curves.png``.
"""

from pathlib import Path

import keras
import numpy as np
from keras import layers

from alpr_utils.errors import ModelError
from alpr_utils.models.folder import METADATA_FILE, read_metadata
from alpr_utils.models.weights import WEIGHTS_FILE, compiled, load_weights
from alpr_utils.read.classical.char_image import SIDE
from alpr_utils.read.classical.form import ALPHABET

REJECT_CLASS = len(ALPHABET)  # "not a character": oval, emblem, bolts, pieces of frame, halves of characters
CLASS_COUNT = len(ALPHABET) + 1


def build_char_cnn(classes: int = CLASS_COUNT) -> keras.Model:
    """The untrained network: uint8 or float (N, 32, 32, 1) with values 0..255 -> float32 (N, classes) probabilities."""
    inputs = keras.Input((SIDE, SIDE, 1), name="characters")
    x = layers.Rescaling(1 / 255)(inputs)
    for index, (filters, repeats) in enumerate(((16, 1), (32, 2), (64, 2))):
        for repeat in range(repeats):
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv_{index}_{repeat}")(x)
            x = layers.BatchNormalization(name=f"norm_{index}_{repeat}")(x)
            x = layers.ReLU(name=f"relu_{index}_{repeat}")(x)
        x = layers.MaxPooling2D(name=f"pool_{index}")(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(96, activation="relu", name="features")(x)
    x = layers.Dropout(0.3)(x)
    return keras.Model(inputs, layers.Dense(classes, activation="softmax", name="probabilities")(x), name="char_cnn")


class CharClassifier:
    """A trained classifier, ready for many calls."""

    def __init__(self, model: keras.Model) -> None:
        self.weight_count = int(model.count_params())
        self._call = compiled(model, (SIDE, SIDE, 1))

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Classify characters in one batch.

        Args:
            images: uint8 (N, 32, 32, 1) from `character_images`; N may be 0.

        Returns:
            float32 (N, 37): one column a character of ``ALPHABET``, then "not a character".
        """
        if len(images) == 0:
            return np.zeros((0, CLASS_COUNT), np.float32)
        return self._call(images)


def load_char_cnn(folder: Path) -> keras.Model:
    """The trained network of a model folder.

    Raises:
        ModelError: the folder is missing or incomplete, its weights are corrupt or have another alphabet.
    """
    metadata_file = folder / METADATA_FILE
    for needed in (folder / WEIGHTS_FILE, metadata_file):
        if not needed.is_file():
            raise ModelError(f"{needed}: is missing; restore the folder or train it with 'train chars'.")
    alphabet = read_metadata(folder).get("alphabet")
    if alphabet != ALPHABET:
        raise ModelError(
            f"{metadata_file}: was trained for the alphabet {alphabet}; train it again with 'train chars'."
        )
    network = build_char_cnn()
    load_weights(network, folder / WEIGHTS_FILE)
    return network


def load_char_classifier(folder: Path) -> CharClassifier:
    """Open a model folder for reading; errors as `load_char_cnn`."""
    return CharClassifier(load_char_cnn(folder))
