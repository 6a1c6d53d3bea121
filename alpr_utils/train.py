"""Training of the detectors: photos with VOC boxes in, a run folder with checkpoints, curves and weights out.

See `alpr_utils.training_run` for what a run folder holds. The same code runs with KERAS_BACKEND=tensorflow, jax or
torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from alpr_utils.data.corners import CORNERS_FILE, load_corners
from alpr_utils.data.detection_data import Augmentation, CachedPhoto, DetectionSamples, load_photos
from alpr_utils.data.split import identity_halves, load_texts
from alpr_utils.data.voc import LabelledPicture, load_labelled
from alpr_utils.detect.anchors import assign_targets, make_anchors
from alpr_utils.detect.ssd import SSDConfig, SSDLoss, build_ssd
from alpr_utils.errors import AlprError
from alpr_utils.plates import COUNTRIES
from alpr_utils.synth.swap import swap_plate
from alpr_utils.training_run import (
    WEIGHTS,
    cosine_schedule,
    draw_curves,
    dtype_policy,
    epochs_done,
    parse_source,
    prepare_run,
    run_callbacks,
)
from alpr_utils.weights import load_weights

SWAP_COUNTRIES = {"swap": ("mn",), "swap-kr": ("kr",), "swap-all": tuple(COUNTRIES)}
PARTS = ("a", "b", *SWAP_COUNTRIES)


@dataclass(frozen=True)
class DataSource:
    """A folder of labelled photos.

    Attributes:
        folder: photos with VOC XML files.
        share: how often its photos are drawn, relative to the other sources.
        part: ``a`` or ``b`` takes only that half of the folder, split by plate identity; ``swap``, ``swap-kr`` and
            ``swap-all`` take all and replace every plate by a generated one of Mongolia, of Korea or of any country;
            ``""`` takes all as they are.
    """

    folder: str
    share: float = 1.0
    part: str = ""

    @classmethod
    def parse(cls, text: str) -> "DataSource":
        """``FOLDER``, ``FOLDER=SHARE``, ``FOLDER:PART`` or ``FOLDER:PART=SHARE``."""
        return cls(*parse_source(text, PARTS))


@dataclass(frozen=True)
class TrainingPlan:
    """Everything that decides a training; lengths in pixels, ``epoch_batches`` batches make an epoch.

    Attributes:
        precision: Keras dtype policy; ``mixed_bfloat16`` is faster on processors that know bfloat16.
        start_from: a ``.weights.h5`` or ``weights.npz`` file to fine-tune, or ``""`` for random weights.
    """

    sources: tuple[DataSource, ...]
    validation: DataSource | None = None
    height: int = 256
    width: int = 384
    batch: int = 16
    epochs: int = 60
    epoch_batches: int = 100
    learning_rate: float = 2e-3
    precision: str = "float32"
    start_from: str = ""
    seed: int = 0


def load_source(source: DataSource) -> tuple[list[LabelledPicture], list[AlprError]]:
    """The labelled pictures of a source and the label files that were unusable."""
    folder = Path(source.folder)
    if (folder / CORNERS_FILE).exists():
        return load_corners(folder), []
    pictures, problems = load_labelled(folder)
    if source.part in ("a", "b"):
        first, second = identity_halves(pictures, load_texts(folder))
        pictures = first if source.part == "a" else second
    return pictures, list(problems)


def _photos(sources: Sequence[DataSource], seed: int) -> list[list[CachedPhoto]]:
    groups = []
    for source in sources:
        pictures, problems = load_source(source)
        photos, unreadable = load_photos(pictures)
        for problem in [*problems, *unreadable]:
            print(f"left out: {problem}")
        if not photos:
            raise AlprError(f"{source.folder}: no usable photo is left; mend the files named above.")
        print(f"{source.folder}{':' + source.part if source.part else ''}: {len(photos)} photos")
        countries = SWAP_COUNTRIES.get(source.part)
        groups.append(_swapped(photos, seed, countries) if countries else photos)
    return groups


def _swapped(photos: list[CachedPhoto], seed: int, countries: tuple[str, ...]) -> list[CachedPhoto]:
    """The same photos with every plate replaced by a generated one of one of the countries."""
    result = []
    for index, photo in enumerate(photos):
        rng = np.random.default_rng((seed, index))
        image, boxes = photo.image, photo.boxes.copy()
        for number, box in enumerate(photo.boxes):
            country = countries[0] if len(countries) == 1 else countries[rng.integers(len(countries))]
            image, boxes[number] = swap_plate(image, box, rng, country=country)
        result.append(CachedPhoto(image, boxes))
    return result


def _build(plan: TrainingPlan, config: SSDConfig) -> keras.Model:
    keras.utils.set_random_seed(plan.seed)
    with dtype_policy(plan.precision):
        network = build_ssd(config)
    if plan.start_from:
        load_weights(network, Path(plan.start_from))
    return network


def train_ssd(plan: TrainingPlan, run: Path, config: SSDConfig | None = None, stop_after: int | None = None) -> Path:
    """Train the SSD by ``plan``; calling it again with the same ``run`` resumes after the last finished epoch.

    ``stop_after`` ends the training after that many epochs although the learning rate is planned for ``plan.epochs``:
    the way to make a base for fine-tuning.

    Returns:
        The file with the final weights, ready for ``export_ssd``.

    Raises:
        AlprError: no usable photo in a source, or the run was begun with other settings.
    """
    config = config or SSDConfig()
    prepare_run(run, plan)
    network = _build(plan, config)
    anchors = keras.ops.convert_to_numpy(make_anchors(plan.height, plan.width, config.anchors))
    train = _samples(plan, anchors, plan.sources, plan.batch, plan.epoch_batches, Augmentation())
    train.epoch = epochs_done(run)
    validation = None
    if plan.validation:  # 64 fixed samples, hardly degraded, so that the curve is comparable between epochs
        mild = Augmentation(zoom=(0.9, 1.1), free_scale=0, anywhere=0, grey=0, blur=0, noise=0, jpeg=0, shade=0)
        validation = _samples(plan, anchors, [plan.validation], 64, 1, mild)[0]
    network.compile(
        optimizer=keras.optimizers.AdamW(
            cosine_schedule(plan.learning_rate, plan.epochs * plan.epoch_batches), weight_decay=1e-4, clipnorm=10.0
        ),
        loss=SSDLoss(anchors),
        jit_compile=keras.backend.backend() == "jax",
    )
    epochs = min(stop_after or plan.epochs, plan.epochs)
    network.fit(train, epochs=epochs, validation_data=validation, callbacks=run_callbacks(run), verbose=2)
    draw_curves(run / "log.csv", run / "curves.png")
    return run / WEIGHTS


def _samples(
    plan: TrainingPlan,
    anchors: np.ndarray,
    sources: Sequence[DataSource],
    batch: int,
    batches: int,
    rules: Augmentation,
) -> DetectionSamples:
    def encode(boxes: np.ndarray) -> np.ndarray:
        targets = assign_targets(anchors, boxes)
        return np.concatenate([targets.boxes, targets.objectness[:, None]], axis=1)  # (N, 5)

    shares = [source.share for source in sources]
    size = (plan.height, plan.width)
    return DetectionSamples(_photos(sources, plan.seed), shares, encode, size, batch, batches, rules, plan.seed)
