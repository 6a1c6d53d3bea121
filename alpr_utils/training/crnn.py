"""Training of the CRNN: on generated plates first, then on real ones; a run folder in, a model folder out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.models.tf_import import TENSORFLOW
from alpr_utils.models.weights import load_weights
from alpr_utils.networks.crnn import BandCTC, build_crnn
from alpr_utils.networks.reader_configs import CRNN_VARIANTS
from alpr_utils.read.grammar import tokens_of
from alpr_utils.training.config import CRNNTrainConfig
from alpr_utils.training.history import weights_file
from alpr_utils.training.lend import class_columns, lend, lend_channels
from alpr_utils.training.plate_batches import CropBatches, class_targets
from alpr_utils.training.plate_crops import join, upright
from alpr_utils.training.reader import export_reader, lender_of, load_plates
from alpr_utils.training.trainer import Trainer, build_network, compile_network

ARCHITECTURE = "crnn"
LONG_TRAINING = 200  # steps from which unrolling an LSTM pays
_CONVOLUTIONS = ("stem", "conv_", "norm_")


def greedy_classes(logits: np.ndarray) -> list[list[int]]:
    """The likeliest class of every step, repeats and blanks removed; logits: (B, T, C) with the blank first."""
    result = []
    for classes in logits.argmax(axis=-1):
        changed = np.concatenate([[True], classes[1:] != classes[:-1]])
        result.append([int(k) for k in classes[changed] if k != 0])
    return result


def build(config: CRNNTrainConfig) -> keras.Model:
    """The network of a training with the weights that it begins with.

    Raises:
        AlprError: the weights to start from do not fit.
    """
    tokens = tokens_of(config.countries)
    # Building takes its time, and a GRU gains little; JAX would compile an unrolled network for many minutes.
    long = config.epochs * config.epoch_batches > LONG_TRAINING and keras.config.backend() == TENSORFLOW
    unroll = long and CRNN_VARIANTS[config.variant].recurrent == "lstm"
    network = build_network(config, lambda: build_crnn(len(tokens), config.variant, unroll))
    if config.start_from:
        _start(network, config, tokens)
    return network


def _start(network: keras.Model, config: CRNNTrainConfig, tokens: Sequence[str]) -> None:
    """Load the weights to begin with; of another variant its convolutions, of another alphabet what both have."""
    lender_facts = lender_of(config.start_from, ARCHITECTURE, "train crnn")
    variant = lender_facts.get("variant", config.variant)
    known = tokens_of(tuple(lender_facts.get("countries", config.countries)))
    file = weights_file(Path(config.start_from))
    if variant == config.variant and known == tokens:
        load_weights(network, file)
        return
    lender = build_crnn(len(known), variant)
    load_weights(lender, file)
    if variant == config.variant:
        lend(network, lender, "logits", class_columns(tokens, known, first=1))
    elif not lend_channels(network, lender, _CONVOLUTIONS):
        raise AlprError(f"{config.start_from}: '{variant}' is wider than '{config.variant}'; start without it.")


def train_crnn(config: CRNNTrainConfig, run: Path, workers: int = 1) -> Path:
    """Train a CRNN; calling it again with the same ``run`` goes on after the last finished epoch.

    ``workers`` processes generate plates before the training begins, and prepare its batches.

    Returns:
        The file with the final weights, ready for `export_crnn`.

    Raises:
        AlprError: a source holds no plates or plates of another country, or the run began with other settings.
    """
    with Trainer(run, config, {"architecture": ARCHITECTURE}) as trainer:
        network, tokens = build(config), tokens_of(config.countries)
        compile_network(network, config, BandCTC(), clipnorm=5.0)
        plates = [load_plates(config, source, tokens, trainer.run, workers) for source in config.sources]
        weights = [source.sampling_weight for source in config.sources]
        batches = CropBatches(plates, weights, tokens, config.batch, config.epoch_batches, config.seed)
        if not config.validation:
            return trainer.fit(network, batches, workers=workers)
        real = join([load_plates(config, source, tokens, trainer.run, workers) for source in config.validation])
        validation = upright(real), class_targets(real.texts, tokens)
        return trainer.fit(network, batches, validation, lambda: _exact(network, *validation), workers=workers)


def _exact(network: keras.Model, images: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """The share of plates read exactly, without the grammar, which takes long."""
    logits = keras.ops.convert_to_numpy(network(images, training=False))
    texts = [[int(k) for k in rows.ravel() if k] for rows in targets]
    return {"val_exact": float(np.mean([a == b for a, b in zip(greedy_classes(logits), texts, strict=True)]))}


def export_crnn(weights: Sequence[Path], folder: Path, config: CRNNTrainConfig) -> Path:
    """See `export_reader`."""
    tokens = tokens_of(config.countries)
    metadata: dict[str, Any] = {"architecture": ARCHITECTURE, "variant": config.variant}
    return export_reader(build_crnn(len(tokens), config.variant), weights, folder, config, tokens, metadata)
