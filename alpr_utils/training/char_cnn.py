"""Training of the character classifier: generated characters, and labelled real ones where given, to a model folder."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from alpr_utils.models.folder import replaced_folder, write_metadata
from alpr_utils.models.weights import WEIGHTS_FILE, load_mean_weights, load_weights, save_weights
from alpr_utils.read.classical.char_cnn import CLASS_COUNT, CharClassifier, build_char_cnn
from alpr_utils.read.classical.char_image import SIDE
from alpr_utils.read.classical.form import ALPHABET
from alpr_utils.read.classical.labelled import named_right
from alpr_utils.training.batches import SeededBatches
from alpr_utils.training.characters import (
    CharacterSet,
    augmented_characters,
    characters_of_plates,
    generated_characters,
    join,
)
from alpr_utils.training.config import CharsTrainConfig
from alpr_utils.training.history import save_log, stages_of, trainings_of, weights_file
from alpr_utils.training.run import LOG_FILE
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
    with Trainer(run, config, {"architecture": ARCHITECTURE}) as trainer:
        network = build_network(config, build_char_cnn)
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
    network = build_char_cnn()
    load_mean_weights(network, weights)
    kept_back = _validation_characters(config)
    right = named_right(CharClassifier(network).probabilities(kept_back.images), kept_back.labels)
    metadata = {
        "architecture": ARCHITECTURE,
        "parameters": network.count_params(),
        "input_size": [SIDE, SIDE, 1],
        "alphabet": ALPHABET,
        "classes": "alphabet in its order, then 'not a character'",
        "training": trainings_of(weights),
        "figures": {"accuracy_on_kept_back_generated_characters": round(float(right.mean()), 4)},
    }
    with replaced_folder(folder) as draft:
        save_weights(network, draft / WEIGHTS_FILE, np.float32)
        save_log(stages_of(weights), draft / LOG_FILE)
        write_metadata(draft, metadata, [draft / WEIGHTS_FILE])
    return folder
