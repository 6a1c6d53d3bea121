"""Training of the character detector: on generated plates first, then on real ones with labelled characters.

See `alpr_utils.training_run` for what a run folder holds; generated plates are kept in it, too, as ``generated/``, in
the files of `alpr_utils.read.plate_crops`, so that runs may share them.
"""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from alpr_utils.char_network import (
    ARCHITECTURE,
    alphabet_of,
    build_char_network,
    candidates,
    char_anchors,
    with_decoding,
)
from alpr_utils.detect.anchors import assign_targets
from alpr_utils.detect.ssd import SSDLoss
from alpr_utils.errors import AlprError
from alpr_utils.model_folder import write_metadata
from alpr_utils.read.char_detector import read_boxes
from alpr_utils.read.crnn_data import PlateBatches
from alpr_utils.read.crnn_train import GENERATED, CropSource
from alpr_utils.read.grammar import Grammar
from alpr_utils.read.plate_crops import (
    HEIGHT,
    MARGIN,
    ROW_BREAK,
    STORED_HEIGHT,
    STORED_WIDTH,
    WIDTH,
    PlateCrops,
    boxes_in,
    generated_crops,
    join,
    load_crops,
    upright,
)
from alpr_utils.training_run import (
    LOG,
    WEIGHTS,
    cosine_schedule,
    draw_curves,
    dtype_policy,
    earlier_trainings,
    epochs_done,
    prepare_run,
    run_callbacks,
    save_log,
)
from alpr_utils.weights import WEIGHTS_FILE, load_weights, save_weights

_VISIBLE = 0.4  # share of a character that must lie in the view for the network to find it
_POSITIVE_IOU, _NEGATIVE_IOU = 0.45, 0.35  # narrow characters miss the anchors of their cell by more than plates do


@dataclass(frozen=True)
class CharDetectorPlan:
    """Everything that decides a training; ``epoch_batches`` batches make an epoch.

    Attributes:
        countries: whose plates the network reads.
        sources: where plates come from; folders need labelled characters, plates without them are left out.
        validation: real plates for the curve, none of them in ``sources``.
        generated: so many plates are generated, evenly for each country, and drawn again and again.
        precision: Keras dtype policy; ``mixed_bfloat16`` is faster on processors that know bfloat16.
        start_from: a ``.weights.h5`` or ``weights.npz`` file to fine-tune, or ``""`` for random weights.
    """

    countries: tuple[str, ...] = ("mn", "kr")
    sources: tuple[CropSource, ...] = (CropSource(GENERATED),)
    validation: tuple[CropSource, ...] = ()
    generated: int = 100_000
    batch: int = 64
    epochs: int = 60
    epoch_batches: int = 100
    learning_rate: float = 2e-3
    precision: str = "float32"
    start_from: str = ""
    seed: int = 0


def _characters(text: Sequence[str]) -> str:
    return "".join(text).replace(ROW_BREAK, "")


def class_numbers(plates: PlateCrops, alphabet: Sequence[str]) -> np.ndarray:
    """int16 (N, 9): the class of each character of each plate, -1 behind the last one."""
    columns = {char: column for column, char in enumerate(alphabet)}
    numbers = np.full(plates.char_boxes.shape[:2], -1, np.int16)
    for row, text in zip(numbers, plates.texts, strict=True):
        row[: len(_characters(text))] = [columns[char] for char in _characters(text)]
    return numbers


class CharBatches(PlateBatches):
    """Batches for ``fit``: images uint8 (B, 64, 160, 1), and targets float32 (B, N, 5) as `SSDLoss` takes them.

    Args:
        sources: with boxes of characters.
        alphabet: the classes.
    """

    def __init__(
        self,
        sources: Sequence[PlateCrops],
        shares: Sequence[float],
        alphabet: Sequence[str],
        batch: int,
        batches: int,
        seed: int = 0,
    ):
        super().__init__(sources, shares, batch, batches, seed)
        self.classes = [class_numbers(source, alphabet) for source in sources]
        self.anchors = char_anchors()

    def target(self, group: int, number: int, view: np.ndarray) -> np.ndarray:
        """The characters that are seen, see `char_targets`."""
        return char_targets(self.anchors, self.sources[group].char_boxes[number], self.classes[group][number], view)


def char_targets(anchors: np.ndarray, char_boxes: np.ndarray, classes: np.ndarray, view: np.ndarray) -> np.ndarray:
    """What the network should say of a view: float32 (N, 5), box in pixels of the view and label.

    Args:
        anchors: float32 (N, 4), pixels of the view.
        char_boxes: (9, 4), pixels of the stored plate; NaN behind the last character.
        classes: (9,), of each box.
        view: (4,), the part of the stored plate that is seen, pixels.
    """
    boxes = boxes_in(char_boxes[classes >= 0], view, (WIDTH, HEIGHT))
    seen = np.clip(boxes, 0, (HEIGHT, WIDTH, HEIGHT, WIDTH))
    visible = np.prod(seen[:, 2:] - seen[:, :2], axis=1) > _VISIBLE * np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    found = assign_targets(anchors, seen[visible].astype(np.float32), _POSITIVE_IOU, _NEGATIVE_IOU)
    labels = found.objectness.copy()
    positive = labels > 0
    labels[positive] = classes[classes >= 0][visible][found.owners[positive]] + 1
    return np.concatenate([found.boxes, labels[:, None]], axis=1)


def upright_targets(plates: PlateCrops, alphabet: Sequence[str]) -> np.ndarray:
    """The targets of plates as `upright` shows them: float32 (B, N, 5)."""
    inner = np.array([STORED_HEIGHT, STORED_WIDTH]) / (1 + 2 * MARGIN)
    view = np.concatenate([inner * MARGIN * 0.8, inner * (1 + MARGIN * 1.2)])
    anchors, classes = char_anchors(), class_numbers(plates, alphabet)
    return np.array([char_targets(anchors, *pair, view) for pair in zip(plates.char_boxes, classes, strict=True)])


def _labelled(plates: PlateCrops, place: str) -> PlateCrops:
    """Only the plates whose characters all have a box; raises `AlprError` when there is none."""
    count = (~np.isnan(plates.char_boxes[..., 0])).sum(axis=1)
    good = np.array([number == len(_characters(text)) for number, text in zip(count, plates.texts, strict=True)], bool)
    if not good.any():
        raise AlprError(f"{place}: no plate there has boxes of its characters; label them, or train on another source.")
    texts = tuple(text for text, keep in zip(plates.texts, good, strict=True) if keep)
    return PlateCrops(plates.images[good], texts, plates.corners[good], plates.char_boxes[good])


def _plates(plan: CharDetectorPlan, source: CropSource, run: Path, workers: int) -> PlateCrops:
    if source.folder == GENERATED:
        plates = generated_crops(plan.countries, plan.generated, plan.seed, run / GENERATED, workers)
    else:
        plates = load_crops(Path(source.folder), source.half)
    plates = _labelled(plates, source.folder)
    known = set(alphabet_of(plan.countries))
    foreign = next((text for text in plates.texts if not known.issuperset(_characters(text))), None)
    if foreign:
        raise AlprError(
            f"{source.folder}: '{_characters(foreign)}' is no plate of {', '.join(plan.countries)}; add its --country."
        )
    print(f"{source.folder}{':' + source.half if source.half else ''}: {len(plates)} plates")
    return plates


class ExactMatch(keras.callbacks.Callback):
    """Adds ``val_exact`` to the log: the share of plates read exactly, with the grammar."""

    def __init__(self, network: keras.Model, images: np.ndarray, plates: PlateCrops, plan: CharDetectorPlan):
        super().__init__()
        self.serving, self.images = with_decoding(network), images
        self.texts = [_characters(text) for text in plates.texts]
        self.alphabet = alphabet_of(plan.countries)
        self.grammar = Grammar.of(plan.countries, self.alphabet, words=False)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Read all validation plates."""
        seen = keras.ops.convert_to_numpy(self.serving(self.images, training=False))
        best = [read_boxes(candidates(decoded), self.alphabet, self.grammar, 1) for decoded in seen]
        right = [bool(found) and found[0].text == text for found, text in zip(best, self.texts, strict=True)]
        if logs is not None:
            logs["val_exact"] = float(np.mean(right))


def _build(plan: CharDetectorPlan) -> keras.Model:
    keras.utils.set_random_seed(plan.seed)
    with dtype_policy(plan.precision):
        network = build_char_network(len(alphabet_of(plan.countries)))
    if plan.start_from:
        load_weights(network, Path(plan.start_from))
    network.compile(
        optimizer=keras.optimizers.AdamW(
            cosine_schedule(plan.learning_rate, plan.epochs * plan.epoch_batches), weight_decay=1e-4, clipnorm=10.0
        ),
        loss=SSDLoss(char_anchors()),
        jit_compile=keras.backend.backend() == "jax",
    )
    return network


def train_char_detector(plan: CharDetectorPlan, run: Path, workers: int = 1) -> Path:
    """Train the network by ``plan``; calling it again with the same ``run`` resumes after the last finished epoch.

    ``workers`` processes generate plates before the training begins.

    Returns:
        The file with the final weights, ready for `export_char_detector`.

    Raises:
        AlprError: a source has no labelled characters or plates of another country, or the run was begun with other
            settings.
    """
    prepare_run(run, plan)
    network = _build(plan)
    alphabet = alphabet_of(plan.countries)
    sources = [_plates(plan, source, run, workers) for source in plan.sources]
    shares = [source.share for source in plan.sources]
    batches = CharBatches(sources, shares, alphabet, plan.batch, plan.epoch_batches, plan.seed)
    batches.epoch = epochs_done(run)
    callbacks = run_callbacks(run)
    validation = None
    if plan.validation:
        plates = join([_plates(plan, source, run, workers) for source in plan.validation])
        validation = upright(plates), upright_targets(plates, alphabet)
        callbacks.insert(0, ExactMatch(network, validation[0], plates, plan))
    network.fit(batches, epochs=plan.epochs, validation_data=validation, callbacks=callbacks, verbose=2)
    draw_curves(run / LOG, run / "curves.png")
    return run / WEIGHTS


def export_char_detector(weights: Path, folder: Path, plan: CharDetectorPlan) -> Path:
    """Trained weights as a model folder that tells its trainings, also those that it started from, with its `LOG`.

    Raises:
        ModelError: ``weights`` is missing or belongs to another network.
    """
    alphabet = alphabet_of(plan.countries)
    network = build_char_network(len(alphabet))
    load_weights(network, weights)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    save_weights(network, folder / WEIGHTS_FILE)
    save_log(weights.parent, folder / LOG)
    facts = {
        "architecture": ARCHITECTURE,
        "input_size": [HEIGHT, WIDTH, 1],
        "countries": plan.countries,
        "alphabet": alphabet,
        "parameters": network.count_params(),
        "training": [*earlier_trainings(plan.start_from), asdict(plan)],
    }
    write_metadata(folder, facts, [folder / WEIGHTS_FILE])
    return folder
