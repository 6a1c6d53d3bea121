"""What the trainings of the CRNN and of the character detector share: plan, plates, the fit, the model folder.

See `alpr_utils.training.run` for what a run folder holds; generated plates are kept in it, too, as ``generated/``, in
the files of `alpr_utils.training.plate_crops`, so that runs may share them. The same code runs with
KERAS_BACKEND=tensorflow, jax or torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.models.folder import replaced_folder, write_metadata
from alpr_utils.models.weights import WEIGHTS_FILE, load_weights, save_weights
from alpr_utils.read.preprocess import HEIGHT, WIDTH
from alpr_utils.training.memory import keep_freed_memory
from alpr_utils.training.plate_batches import PlateBatches
from alpr_utils.training.plate_crops import ROW_BREAK, PlateCrops, generated_crops, load_crops
from alpr_utils.training.run import (
    GENERATED,
    LOG,
    WEIGHTS,
    cosine_schedule,
    draw_curves,
    earlier_trainings,
    epochs_done,
    parse_source,
    run_callbacks,
    save_log,
)


@dataclass(frozen=True)
class CropSource:
    """Where plates come from.

    Attributes:
        folder: of photos with VOC files or of crops named by their text; ``generated``: the generator.
        share: how often its plates are drawn, relative to the other sources.
        half: ``a`` or ``b`` takes only that half of a folder, split by plate identity.
    """

    folder: str
    share: float = 1.0
    half: str = ""

    @classmethod
    def parse(cls, text: str) -> "CropSource":
        """``generated`` or ``FOLDER``, with ``:a`` or ``:b`` for a half of a folder and ``=SHARE`` behind it.

        Raises:
            AlprError: the share is no number, or generated plates are to be halved.
        """
        source = cls(*parse_source(text, ("a", "b")))
        if source.folder == GENERATED and source.half:
            raise AlprError(f"{text}: generated plates have no halves; leave ':{source.half}' out.")
        return source


@dataclass(frozen=True)
class ReaderPlan:
    """Everything that decides a training; ``epoch_batches`` batches make an epoch.

    Attributes:
        countries: whose plates the network reads.
        sources: where plates come from.
        validation: real plates for the curve, none of them in ``sources``.
        generated: so many plates are generated, evenly for each country, and drawn again and again.
        precision: Keras dtype policy; ``mixed_bfloat16`` is faster on processors that know bfloat16.
        start_from: a ``.weights.h5`` or ``weights.npz`` file to fine-tune, or ``""`` for random weights.
    """

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


def load_plates(
    plan: ReaderPlan,
    source: CropSource,
    tokens: Sequence[str],
    run: Path,
    workers: int,
    usable: Callable[[PlateCrops, str], PlateCrops] = lambda plates, folder: plates,
) -> PlateCrops:
    """The plates of a source.

    Args:
        tokens: what their texts may hold.
        workers: so many processes generate what is missing of the generated plates.
        usable: plates and the name of their folder -> those that the training can use.

    Raises:
        AlprError: a text holds other characters than ``tokens``.
    """
    if source.folder == GENERATED:
        plates = generated_crops(plan.countries, plan.generated, plan.seed, run / GENERATED, workers)
    else:
        plates = load_crops(Path(source.folder), source.half)
    plates = usable(plates, source.folder)
    known = {*"".join(tokens), ROW_BREAK}
    foreign = next((text for text in plates.texts if not known.issuperset("".join(text))), None)
    if foreign:
        said = "".join(foreign).replace(ROW_BREAK, "")
        raise AlprError(f"{source.folder}: '{said}' is no plate of {', '.join(plan.countries)}; add its --country.")
    print(f"{source.folder}{':' + source.half if source.half else ''}: {len(plates)} plates")
    return plates


def compile_reader(network: keras.Model, plan: ReaderPlan, loss: keras.losses.Loss, clipnorm: float) -> None:
    """Give the network its loss, optimiser and learning rate."""
    rate = cosine_schedule(plan.learning_rate, plan.epochs * plan.epoch_batches)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-4, clipnorm=clipnorm)
    network.compile(optimizer=optimizer, loss=loss, jit_compile=keras.backend.backend() == "jax")


class ExactMatch(keras.callbacks.Callback):
    """Adds ``val_exact`` to the log: the share of validation plates for which ``right`` says True after an epoch.

    The CRNN reads them without its grammar, which takes long; the character detector is nothing without it.
    """

    def __init__(self, right: Callable[[], list[bool]]):
        super().__init__()
        self.right = right

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Read all validation plates."""
        if logs is not None:
            logs["val_exact"] = float(np.mean(self.right()))


def fit_reader(
    network: keras.Model,
    plan: ReaderPlan,
    run: Path,
    batches: PlateBatches,
    validation: tuple[np.ndarray, np.ndarray] | None,
    right: Callable[[], list[bool]],
) -> Path:
    """Train, or go on after the last finished epoch of ``run``.

    Args:
        validation: images and targets for the curve.
        right: which plates of ``validation`` the network reads exactly; not called without ``validation``.

    Returns:
        The file with the final weights.
    """
    batches.epoch = epochs_done(run)
    callbacks = run_callbacks(run)
    if validation is not None:
        callbacks.insert(0, ExactMatch(right))
    keep_freed_memory()
    network.fit(batches, epochs=plan.epochs, validation_data=validation, callbacks=callbacks, verbose=2)
    draw_curves(run / LOG, run / "curves.png")
    return run / WEIGHTS


def export_reader(
    network: keras.Model, weights: Path, folder: Path, plan: ReaderPlan, alphabet: Sequence[str], facts: dict[str, Any]
) -> Path:
    """Trained weights as a model folder that tells its trainings, also those that it started from, with its `LOG`.

    Args:
        network: of the same kind, untrained.
        folder: replaced, once all is written, if it exists.
        facts: what the metadata should tell besides.

    Raises:
        ModelError: ``weights`` is missing or belongs to another network.
        OutputError: ``folder`` cannot be written.
    """
    load_weights(network, weights)
    described = {
        **facts,
        "input_size": [HEIGHT, WIDTH, 1],
        "countries": plan.countries,
        "alphabet": alphabet,
        "parameters": network.count_params(),
        "training": [*earlier_trainings(plan.start_from), asdict(plan)],
    }
    with replaced_folder(folder) as draft:
        save_weights(network, draft / WEIGHTS_FILE)
        save_log(weights.parent, draft / LOG)
        write_metadata(draft, described, [draft / WEIGHTS_FILE])
    return folder
