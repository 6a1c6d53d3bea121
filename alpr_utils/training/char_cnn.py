"""Training of the character classifier: generated characters, and labelled real ones where given, to a model folder."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from alpr_utils.models.weights import load_mean_weights, load_weights
from alpr_utils.networks.char_cnn import build_char_cnn
from alpr_utils.networks.reader_configs import CHAR_SIDE
from alpr_utils.read.classical.char_cnn import CLASS_COUNT, CharClassifier
from alpr_utils.read.classical.form import ALPHABET
from alpr_utils.read.classical.labelled import named_right
from alpr_utils.runtime.network import open_keras
from alpr_utils.training.batches import SeededBatches
from alpr_utils.training.characters import (
    CharacterSet,
    augmented_characters,
    characters_of_plates,
    generated_characters,
    join,
)
from alpr_utils.training.config import CharsTrainConfig
from alpr_utils.training.export import export_network
from alpr_utils.training.history import weights_file
from alpr_utils.training.trainer import Trainer, build_network, compile_network

ARCHITECTURE = "char_cnn"
_REAL_SHARE = 0.25  # of the generated characters; more would drown the letters that no photo shows


class CharacterBatches(SeededBatches):
    """Batches for ``fit``: images uint8 (B, 32, 32, 1) and one-hot classes float32 (B, classes), drawn evenly."""

    def __init__(self, characters: CharacterSet, batch: int, batches: int, seed: int = 0):
        super().__init__(batches, seed)
        self.characters, self.batch = characters, batch

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self.rng(index).integers(len(self.characters), size=self.batch)
        return self.characters.images[chosen], one_hot(self.characters.labels[chosen])


def one_hot(labels: np.ndarray) -> np.ndarray:
    """Classes int (N,) -> float32 (N, classes)."""
    return np.eye(CLASS_COUNT, dtype=np.float32)[labels]


def _training_characters(config: CharsTrainConfig) -> CharacterSet:
    generated = generated_characters(config.samples_per_class, config.seed)
    plates = [plate for source in config.sources for plate in characters_of_plates(Path(source.folder), source.half)]
    if not plates:
        return generated
    per_copy = len(augmented_characters(plates, 1, config.seed))
    copies = max(1, round(_REAL_SHARE * len(generated) / per_copy))
    return join([generated, augmented_characters(plates, copies, config.seed)])


def _validation_characters(config: CharsTrainConfig) -> CharacterSet:
    return generated_characters(max(1, config.samples_per_class // 20), config.seed + 1)


def train_char_cnn(config: CharsTrainConfig, run: Path) -> Path:
    """Train the character classifier; calling it again with the same ``run`` goes on after the last finished epoch.

    Returns:
        The file with the final weights, ready for `export_char_cnn`.

    Raises:
        AlprError: a data folder is unusable, the weights to start from do not fit, or the run began with other
            settings.
    """
    _ = config.codes  # the classical reader can read the country
    with Trainer(run, config, {"architecture": ARCHITECTURE}) as trainer:
        network = build_network(config, lambda: build_char_cnn(CLASS_COUNT))
        if config.start_from:
            load_weights(network, weights_file(Path(config.start_from)))
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.02)
        compile_network(network, config, loss, metrics=["accuracy"])
        batches = CharacterBatches(_training_characters(config), config.batch, config.epoch_batches, config.seed)
        validation = _validation_characters(config)
        return trainer.fit(network, batches, (validation.images, one_hot(validation.labels)))


def export_char_cnn(weights: Sequence[Path], folder: Path, config: CharsTrainConfig) -> Path:
    """Trained weights, of several files their mean, as a model folder; one that exists is replaced in the end.

    Raises:
        ModelError: ``weights`` are missing or belong to another network.
        OutputError: ``folder`` cannot be written.
    """
    network = build_char_cnn(CLASS_COUNT)
    load_mean_weights(network, weights)
    kept_back = _validation_characters(config)
    classifier = CharClassifier(open_keras(network), network.count_params())
    right = named_right(classifier.probabilities(kept_back.images), kept_back.labels)
    metadata = {
        "architecture": ARCHITECTURE,
        "input_size": [CHAR_SIDE, CHAR_SIDE, 1],
        "alphabet": ALPHABET,
        "classes": "alphabet in its order, then 'not a character'",
        "figures": {"accuracy_on_kept_back_generated_characters": round(float(right.mean()), 4)},
    }
    return export_network(network, weights, folder, metadata, np.float32)
