"""Training of the character detector: on generated plates first, then on real ones with labelled characters."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.models.weights import load_weights
from alpr_utils.networks.char_detector import build_char_detector
from alpr_utils.networks.reader_configs import CHAR_ANCHORS
from alpr_utils.networks.ssd import SSDLoss
from alpr_utils.read.char_detector.predictions import ARCHITECTURE, alphabet_of, best_boxes, char_anchors
from alpr_utils.read.char_detector.reader import read_boxes
from alpr_utils.read.grammar import Grammar
from alpr_utils.training.char_batches import CharBatches, characters_of, upright_targets
from alpr_utils.training.char_labels import with_boxes
from alpr_utils.training.config import CharDetectorTrainConfig, DataSource
from alpr_utils.training.history import weights_file
from alpr_utils.training.lend import class_columns, lend
from alpr_utils.training.plate_crops import PlateCrops, join, upright
from alpr_utils.training.reader import export_reader, lender_of, load_plates
from alpr_utils.training.run import Run
from alpr_utils.training.trainer import Trainer, build_network, compile_network


def _labelled(plates: PlateCrops, place: str) -> PlateCrops:
    """Only the plates whose characters all have a box; raises `AlprError` when there is none."""
    count = (~np.isnan(plates.char_boxes[..., 0])).sum(axis=1)
    good = np.array(
        [number == len(characters_of(text)) for number, text in zip(count, plates.texts, strict=True)], bool
    )
    if not good.any():
        raise AlprError(f"{place}: no plate there has boxes of its characters; label them, or train on another source.")
    texts = tuple(text for text, keep in zip(plates.texts, good, strict=True) if keep)
    return PlateCrops(plates.images[good], texts, plates.corners[good], plates.char_boxes[good], plates.aspects[good])


def _plates(
    config: CharDetectorTrainConfig, source: DataSource, run: Run, workers: int, teacher: keras.Model | None
) -> PlateCrops:
    alphabet = alphabet_of(config.countries)

    def usable(plates: PlateCrops, place: str) -> PlateCrops:
        return _labelled(with_boxes(plates, teacher, alphabet) if teacher else plates, place)

    return load_plates(config, source, alphabet, run, workers, usable)


def build(config: CharDetectorTrainConfig) -> keras.Model:
    """The network of a training with the weights that it begins with; another alphabet lends what both have.

    Raises:
        AlprError: the weights to start from do not fit.
    """
    alphabet = alphabet_of(config.countries)
    network = build_network(config, lambda: build_char_detector(len(alphabet)))
    if config.start_from:
        lender_facts = lender_of(config.start_from, ARCHITECTURE, "train char_detector")
        known = alphabet_of(tuple(lender_facts.get("countries", config.countries)))
        file = weights_file(Path(config.start_from))
        if known == alphabet:
            load_weights(network, file)
        else:
            lender = build_char_detector(len(known))
            load_weights(lender, file)
            lend(network, lender, "logits", class_columns(alphabet, known, repeats=CHAR_ANCHORS.per_cell))
    return network


def train_char_detector(config: CharDetectorTrainConfig, run: Path, workers: int = 1) -> Path:
    """Train the network; calling it again with the same ``run`` goes on after the last finished epoch.

    ``workers`` processes generate plates before the training begins, and prepare its batches.

    Returns:
        The file with the final weights, ready for `export_char_detector`.

    Raises:
        AlprError: a source has no labelled characters or plates of another country, or the run began with other
            settings.
    """
    with Trainer(run, config, {"architecture": ARCHITECTURE}) as trainer:
        network, alphabet = build(config), alphabet_of(config.countries)
        compile_network(network, config, SSDLoss(char_anchors()))
        teacher = network if config.start_from else None  # a resumed run still has the weights that it began with here
        plates = [_plates(config, source, trainer.run, workers, teacher) for source in config.sources]
        weights = [source.sampling_weight for source in config.sources]
        batches = CharBatches(plates, weights, alphabet, config.batch, config.epoch_batches, config.seed)
        if not config.validation:
            return trainer.fit(network, batches, workers=workers)
        real = join([_plates(config, source, trainer.run, workers, None) for source in config.validation])
        validation = upright(real), upright_targets(real, alphabet)
        texts = [characters_of(text) for text in real.texts]
        grammar = Grammar.of(config.countries, alphabet, words=False)

        def exact() -> dict[str, float]:  # with the grammar, without which it cannot order the characters
            predictions = keras.ops.convert_to_numpy(network(validation[0], training=False))
            best = [read_boxes(best_boxes(plate), alphabet, grammar, 1) for plate in predictions]
            right = [bool(found) and found[0].text == text for found, text in zip(best, texts, strict=True)]
            return {"val_exact": float(np.mean(right))}

        return trainer.fit(network, batches, validation, exact, workers=workers)


def export_char_detector(weights: Sequence[Path], folder: Path, config: CharDetectorTrainConfig) -> Path:
    """See `export_reader`."""
    alphabet = alphabet_of(config.countries)
    network = build_char_detector(len(alphabet))
    return export_reader(network, weights, folder, config, alphabet, {"architecture": ARCHITECTURE})
