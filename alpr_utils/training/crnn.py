"""Training of the CRNN: on generated plates first, then on real ones; a run folder in, a model folder out."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from alpr_utils.errors import AlprError, ModelError
from alpr_utils.models.weights import load_weights
from alpr_utils.read.crnn.network import VARIANTS, BandCTC, build_crnn
from alpr_utils.read.grammar import tokens_of
from alpr_utils.training.plate_batches import CropBatches, class_targets
from alpr_utils.training.plate_crops import join, upright
from alpr_utils.training.reader import ReaderPlan, compile_reader, export_reader, fit_reader, load_plates
from alpr_utils.training.run import dtype_policy, facts_beside, prepare_run

LONG_TRAINING = 200  # steps from which unrolling an LSTM pays


@dataclass(frozen=True)
class CRNNPlan(ReaderPlan):
    """See `ReaderPlan`; ``start_from`` may also be of another, not a wider variant, which lends its convolutions.

    Attributes:
        variant: ``small``, ``lstm`` or ``gru``.
    """

    variant: str = "small"


def greedy_classes(logits: np.ndarray) -> list[list[int]]:
    """The likeliest class of every step, repeats and blanks removed; logits: (B, T, C) with the blank first."""
    result = []
    for classes in logits.argmax(axis=-1):
        changed = np.concatenate([[True], classes[1:] != classes[:-1]])
        result.append([int(k) for k in classes[changed] if k != 0])
    return result


def _build(plan: CRNNPlan) -> keras.Model:
    if plan.variant not in VARIANTS:
        raise AlprError(f"{plan.variant}: no such CRNN; choose one of {', '.join(VARIANTS)}.")
    keras.utils.set_random_seed(plan.seed)
    with dtype_policy(plan.precision):
        # Building takes its time, and a GRU gains little.
        unroll = VARIANTS[plan.variant].recurrent == "lstm" and plan.epochs * plan.epoch_batches > LONG_TRAINING
        network = build_crnn(len(tokens_of(plan.countries)), plan.variant, unroll)
    if plan.start_from:
        _start(network, plan)
    compile_reader(network, plan, BandCTC(), clipnorm=5.0)
    return network


def _variant_of(weights: str, otherwise: str) -> str:
    """The variant of the CRNN whose weights these are, ``otherwise`` where their folder tells nothing."""
    facts = facts_beside(weights)
    if facts and facts.get("variant") not in VARIANTS:
        raise ModelError(f"{weights}: is no CRNN; start from the weights of a run or model folder of 'train crnn'.")
    return str(facts.get("variant", otherwise))


def _start(network: keras.Model, plan: CRNNPlan) -> None:
    """Load the weights to begin with; of another variant only its convolutions, which must not be wider.

    A wider network hears the channels that it has more not before it learns to (Net2WiderNet, Chen et al. 2016).
    """
    variant = _variant_of(plan.start_from, plan.variant)
    if variant == plan.variant:
        load_weights(network, Path(plan.start_from))
        return
    lender = build_crnn(len(tokens_of(plan.countries)), variant)
    load_weights(lender, Path(plan.start_from))
    for layer in network.layers:
        if not layer.name.startswith(("stem", "conv_", "norm_")):
            continue
        for variable, lent in zip(layer.weights, lender.get_layer(layer.name).weights, strict=True):
            if any(wide > own for wide, own in zip(lent.shape, variable.shape, strict=True)):
                raise AlprError(f"{plan.start_from}: '{variant}' is wider than '{plan.variant}'; start without it.")
            values = np.array(keras.ops.convert_to_numpy(variable))
            values[..., : lent.shape[-1]] = 0
            values[tuple(slice(side) for side in lent.shape)] = keras.ops.convert_to_numpy(lent)
            variable.assign(values)


def train_crnn(plan: CRNNPlan, run: Path, workers: int = 1) -> Path:
    """Train a CRNN by ``plan``; calling it again with the same ``run`` resumes after the last finished epoch.

    ``workers`` processes generate plates before the training begins.

    Returns:
        The file with the final weights, ready for `export_crnn`.

    Raises:
        AlprError: a source holds no plates or plates of another country, or the run was begun with other settings.
    """
    prepare_run(run, plan)
    network, tokens = _build(plan), tokens_of(plan.countries)
    sources = [load_plates(plan, source, tokens, run, workers) for source in plan.sources]
    shares = [source.share for source in plan.sources]
    batches = CropBatches(sources, shares, tokens, plan.batch, plan.epoch_batches, plan.seed)
    validation, texts = None, []
    if plan.validation:
        plates = join([load_plates(plan, source, tokens, run, workers) for source in plan.validation])
        validation = upright(plates), class_targets(plates.texts, tokens)
        texts = [[int(k) for k in rows.ravel() if k] for rows in validation[1]]

    def right() -> list[bool]:  # without the grammar
        logits = keras.ops.convert_to_numpy(network(validation[0], training=False))  # type: ignore[index]
        return [read == text for read, text in zip(greedy_classes(logits), texts, strict=True)]

    return fit_reader(network, plan, run, batches, validation, right)


def export_crnn(weights: Path, folder: Path, plan: CRNNPlan) -> Path:
    """See `export_reader`."""
    tokens = tokens_of(plan.countries)
    network = build_crnn(len(tokens), plan.variant)
    return export_reader(network, weights, folder, plan, tokens, {"architecture": "crnn", "variant": plan.variant})
