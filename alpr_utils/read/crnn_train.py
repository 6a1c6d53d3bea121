"""Training of the CRNN: on generated plates first, then on real ones; a run folder in, a model folder out.

See `alpr_utils.training_run` for what a run folder holds; generated plates are kept in it, too, as ``generated/``.
The same code runs with KERAS_BACKEND=tensorflow, jax or torch.
"""

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.model_folder import write_metadata
from alpr_utils.read.crnn import VARIANTS, BandCTC, build_crnn
from alpr_utils.read.crnn_data import CropBatches, class_targets
from alpr_utils.read.grammar import tokens_of
from alpr_utils.read.plate_crops import HEIGHT, ROW_BREAK, WIDTH, PlateCrops, generated_crops, join, load_crops, upright
from alpr_utils.training_run import (
    LOG,
    WEIGHTS,
    cosine_schedule,
    draw_curves,
    dtype_policy,
    earlier_trainings,
    epochs_done,
    parse_source,
    prepare_run,
    run_callbacks,
    save_log,
)
from alpr_utils.weights import WEIGHTS_FILE, load_weights, save_weights

GENERATED = "generated"
LONG_TRAINING = 200  # steps from which unrolling an LSTM pays


@dataclass(frozen=True)
class CropSource:
    """Where plates come from.

    Attributes:
        folder: of photos with VOC files or of crops named by their text; ``generated``: the generator.
        share: how often its plates are drawn, relative to the other sources.
        half: ``a`` or ``b`` takes only that half of a folder of photos, split by plate identity.
    """

    folder: str
    share: float = 1.0
    half: str = ""

    @classmethod
    def parse(cls, text: str) -> "CropSource":
        """``generated`` or ``FOLDER``, with ``:a`` or ``:b`` for a half and ``=SHARE`` behind it."""
        return cls(*parse_source(text, ("a", "b")))


@dataclass(frozen=True)
class CRNNPlan:
    """Everything that decides a training; ``epoch_batches`` batches make an epoch.

    Attributes:
        variant: ``small``, ``lstm`` or ``gru``.
        countries: whose plates the network reads.
        sources: where plates come from.
        validation: real plates for the curve, none of them in ``sources``.
        generated: so many plates are generated, evenly for each country, and drawn again and again.
        precision: Keras dtype policy; ``mixed_bfloat16`` is faster on processors that know bfloat16.
        start_from: a ``.weights.h5`` or ``weights.npz`` file to fine-tune, or ``""`` for random weights; of another
            variant, not a wider one, only the convolutions are taken.
    """

    variant: str = "small"
    countries: tuple[str, ...] = ("mn", "kr")
    sources: tuple[CropSource, ...] = (CropSource(GENERATED),)
    validation: tuple[CropSource, ...] = ()
    generated: int = 200_000
    batch: int = 64
    epochs: int = 60
    epoch_batches: int = 100
    learning_rate: float = 2e-3
    precision: str = "float32"
    start_from: str = ""
    seed: int = 0


def _plates(plan: CRNNPlan, source: CropSource, run: Path, workers: int) -> PlateCrops:
    if source.folder == GENERATED:
        plates = generated_crops(plan.countries, plan.generated, plan.seed, run / GENERATED, workers)
    else:
        plates = load_crops(Path(source.folder), source.half)
    known = set(tokens_of(plan.countries))
    foreign = next((text for text in plates.texts if not known.issuperset(set(text) - {ROW_BREAK})), None)
    if foreign:
        raise AlprError(
            f"{source.folder}: '{''.join(foreign)}' is no plate of {', '.join(plan.countries)}; add its --country."
        )
    print(f"{source.folder}{':' + source.half if source.half else ''}: {len(plates)} plates")
    return plates


def greedy_classes(logits: np.ndarray) -> list[list[int]]:
    """The likeliest class of every step, repeats and blanks removed; logits: (B, T, C) with the blank first."""
    result = []
    for classes in logits.argmax(axis=-1):
        changed = np.concatenate([[True], classes[1:] != classes[:-1]])
        result.append([int(k) for k in classes[changed] if k != 0])
    return result


class ExactMatch(keras.callbacks.Callback):
    """Adds ``val_exact`` to the log: the share of plates read exactly, without grammar."""

    def __init__(self, images: np.ndarray, targets: np.ndarray):
        super().__init__()
        self.images = images
        self.texts = [[int(k) for k in rows.ravel() if k] for rows in targets]

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Read all validation plates."""
        logits = keras.ops.convert_to_numpy(self.model(self.images, training=False))
        right = [read == text for read, text in zip(greedy_classes(logits), self.texts, strict=True)]
        if logs is not None:
            logs["val_exact"] = float(np.mean(right))


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
    network.compile(
        optimizer=keras.optimizers.AdamW(
            cosine_schedule(plan.learning_rate, plan.epochs * plan.epoch_batches), weight_decay=1e-4, clipnorm=5.0
        ),
        loss=BandCTC(),
        jit_compile=keras.backend.backend() == "jax",
    )
    return network


def _start(network: keras.Model, plan: CRNNPlan) -> None:
    """Load the weights to begin with; of another variant only its convolutions, which must not be wider.

    A wider network hears the channels that it has more not before it learns to (Net2WiderNet, Chen et al. 2016).
    """
    earlier = earlier_trainings(plan.start_from)
    variant = earlier[-1]["variant"] if earlier else plan.variant
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
    network = _build(plan)
    tokens = tokens_of(plan.countries)
    sources = [_plates(plan, source, run, workers) for source in plan.sources]
    shares = [source.share for source in plan.sources]
    batches = CropBatches(sources, shares, tokens, plan.batch, plan.epoch_batches, plan.seed)
    batches.epoch = epochs_done(run)
    callbacks = run_callbacks(run)
    validation = None
    if plan.validation:
        plates = join([_plates(plan, source, run, workers) for source in plan.validation])
        validation = upright(plates), class_targets(plates.texts, tokens)
        callbacks.insert(0, ExactMatch(*validation))
    network.fit(batches, epochs=plan.epochs, validation_data=validation, callbacks=callbacks, verbose=2)
    draw_curves(run / LOG, run / "curves.png")
    return run / WEIGHTS


def export_crnn(weights: Path, folder: Path, plan: CRNNPlan) -> Path:
    """Trained weights as a model folder that tells its trainings, also those that it started from, with its `LOG`.

    Raises:
        ModelError: ``weights`` is missing or belongs to another network.
    """
    network = build_crnn(len(tokens_of(plan.countries)), plan.variant)
    load_weights(network, weights)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    save_weights(network, folder / WEIGHTS_FILE)
    save_log(weights.parent, folder / LOG)
    facts = {
        "architecture": "crnn",
        "variant": plan.variant,
        "input_size": [HEIGHT, WIDTH, 1],
        "countries": plan.countries,
        "alphabet": tokens_of(plan.countries),
        "parameters": network.count_params(),
        "training": [*earlier_trainings(plan.start_from), asdict(plan)],
    }
    write_metadata(folder, facts, [folder / WEIGHTS_FILE])
    return folder
