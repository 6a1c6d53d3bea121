"""Training of the detectors: photos with VOC boxes in, a run folder with checkpoints, curves and weights out.

See `alpr_utils.training.run` for what a run folder holds. The same code runs with KERAS_BACKEND=tensorflow, jax or
torch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from alpr_utils.config import parse_settings, read_json
from alpr_utils.data.corners import CORNERS_FILE, load_corners
from alpr_utils.data.labels import LabelledPicture
from alpr_utils.data.pictures import load_pictures
from alpr_utils.detect.architecture import Architecture, architecture_type, parse_architecture
from alpr_utils.detect.scaling import LONG_SIDES
from alpr_utils.detect.stored import load_network
from alpr_utils.errors import AlprError, ModelError
from alpr_utils.models.weights import load_weights
from alpr_utils.networks.backbone import BACKBONE
from alpr_utils.plates import COUNTRIES
from alpr_utils.synth.scene.swap import swap_plate
from alpr_utils.training.memory import keep_freed_memory
from alpr_utils.training.photo_samples import Augmentation, CachedPhoto, DetectionSamples, load_photos
from alpr_utils.training.run import (
    LOG,
    WEIGHTS,
    cosine_schedule,
    draw_curves,
    dtype_policy,
    epochs_done,
    parse_source,
    prepare_run,
    run_callbacks,
)
from alpr_utils.training.trainable_detector import TrainableDetector

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

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
        sources: labelled photos, paths from the current folder.
        validation: photos for the validation curve.
        classes: names of the labelled objects to find.
        height, width: of a sample.
        long_sides: pixels, shortest and longest, to which the exported model resizes the longer side of pictures; the
            samples show plates about as large as they are at the shortest.
        coarse_side: pixels of the longer side of the coarse copy of a picture, in which the exported model looks for
            plates that fill it; about the width of a sample. 0: none.
        more_sizes: further heights and widths; the batches have all sizes in turn (multi-scale training). The first
            one differs from ``height`` and ``width`` in both.
        warm_up: steps over which the learning rate rises to ``learning_rate``.
        precision: Keras dtype policy; ``mixed_bfloat16`` is faster on processors that know bfloat16.
        start_from: a ``.weights.h5`` or ``weights.npz`` file to fine-tune, a model folder of another architecture that
            lends its backbone, or ``""`` for random weights.
    """

    sources: tuple[DataSource, ...] = ()
    validation: DataSource | None = None
    classes: tuple[str, ...] = ("plate",)
    height: int = 256
    width: int = 384
    long_sides: tuple[int, int] = LONG_SIDES
    coarse_side: int = 320
    more_sizes: tuple[tuple[int, int], ...] = ()
    batch: int = 16
    epochs: int = 60
    epoch_batches: int = 100
    learning_rate: float = 2e-3
    warm_up: int = 200
    precision: str = "float32"
    start_from: str = ""
    seed: int = 0

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Height and width of the samples of a batch, in turn."""
        return ((self.height, self.width), *self.more_sizes)


@dataclass(frozen=True)
class DetectorSettings:
    """A configuration file of ``train``: the architecture, the numbers of its network, and the training."""

    architecture: str
    network: "DataclassInstance"
    training: TrainingPlan = field(default_factory=TrainingPlan)

    def make(self) -> Architecture:
        """The architecture with its settings, for as many classes as the training has."""
        return architecture_type(self.architecture)(self.network)


def load_settings(name: str, file: Path | None = None) -> DetectorSettings:
    """The settings of a configuration file, else the defaults of architecture ``name``.

    Raises:
        AlprError: the file is missing or broken, has a key or value that is none of its architecture's, or is for
            another one.
    """
    defaults = architecture_type(name)().config
    if file is None:
        return DetectorSettings(name, defaults)
    content = read_json(file)
    for key in content:
        if key not in ("architecture", "network", "training"):
            raise AlprError(f"{file}: has the unknown key '{key}'; known are architecture, network, training.")
    if content.get("architecture", name) != name:
        raise AlprError(f"{file}: is for '{content['architecture']}'; run 'train {content['architecture']}' with it.")
    network = parse_architecture(name, content.get("network", {}), f"{file}: network").config
    training = parse_settings(TrainingPlan, content.get("training", {}), f"{file}: training")
    return DetectorSettings(name, network, training)


def load_source(source: DataSource) -> tuple[list[LabelledPicture], list[AlprError]]:
    """The labelled pictures of a source and the label files that were unusable.

    Raises:
        AlprError: the folder is unusable, or a half is asked of one that says nothing about the plates' identity.
    """
    folder = Path(source.folder)
    if (folder / CORNERS_FILE).exists():
        if source.part in ("a", "b"):
            raise AlprError(f"{folder}: tells no texts, so that no half of its cars can be told apart; leave ':a' out.")
        return load_corners(folder), []
    pictures, problems = load_pictures(folder, source.part if source.part in ("a", "b") else "")
    return pictures, list(problems)


def _photos(sources: Sequence[DataSource], classes: tuple[str, ...], seed: int) -> list[list[CachedPhoto]]:
    groups = []
    for source in sources:
        pictures, problems = load_source(source)
        photos, unreadable = load_photos(pictures, classes)
        for problem in [*problems, *unreadable]:
            print(f"left out: {problem}")
        if not photos:
            raise AlprError(f"{source.folder}: no usable photo is left; mend the files named above.")
        boxes = sum(len(photo.boxes) for photo in photos)
        names = sorted({item.name for picture in pictures for item in picture.objects})
        if names and not boxes:
            wanted = " or ".join(classes)
            raise AlprError(
                f"{source.folder}: labels {', '.join(names)}, but no {wanted}; rename them in the XML files."
            )
        print(f"{source.folder}{':' + source.part if source.part else ''}: {len(photos)} photos, {boxes} boxes")
        countries = SWAP_COUNTRIES.get(source.part)
        groups.append(_swapped(photos, classes, seed, countries) if countries else photos)
    return groups


def _swapped(
    photos: list[CachedPhoto], classes: tuple[str, ...], seed: int, countries: tuple[str, ...]
) -> list[CachedPhoto]:
    """The same photos with every plate replaced by a generated one of one of the countries."""
    result = []
    for index, photo in enumerate(photos):
        rng = np.random.default_rng((seed, index))
        image, boxes = photo.image, photo.boxes.copy()
        for number, (box, kind) in enumerate(zip(photo.boxes, photo.classes, strict=True)):
            if classes[kind] == "plate":
                country = countries[0] if len(countries) == 1 else countries[rng.integers(len(countries))]
                image, boxes[number] = swap_plate(image, box, rng, country=country)
        result.append(replace(photo, image=image, boxes=boxes))
    return result


def _checked(settings: DetectorSettings) -> Architecture:
    """The architecture, once it is sure that it can be trained so.

    Raises:
        AlprError: no data, sizes that make no sense or that the network cannot take, or other classes than it has.
    """
    plan, architecture = settings.training, settings.make()
    if not 0 < plan.long_sides[0] <= plan.long_sides[1]:
        raise AlprError(
            f"long_sides {list(plan.long_sides)} are no shortest and longest side; write for example [960, 1280]."
        )
    if not plan.sources:
        raise AlprError("there is no data to train on; give --data FOLDER or 'sources' in the configuration file.")
    for height, width in plan.sizes:
        if height <= 0 or width <= 0 or height % architecture.stride or width % architecture.stride:
            raise AlprError(
                f"samples of {height}x{width} pixels do not fit {architecture.name}; "
                f"choose multiples of {architecture.stride}."
            )
    classes = architecture.config.classes  # type: ignore[attr-defined]
    if len(plan.classes) != classes:
        named = ", ".join(plan.classes)
        raise AlprError(
            f"the training names {len(plan.classes)} classes ({named}), the network {classes}; correct one."
        )
    return architecture


def _samples(
    plan: TrainingPlan,
    architecture: Architecture,
    sources: Sequence[DataSource],
    sizes: Sequence[tuple[int, int]],
    batch: int,
    batches: int,
    rules: Augmentation,
) -> DetectionSamples:
    photos = _photos(sources, plan.classes, plan.seed)
    shares = [source.share for source in sources]
    return DetectionSamples(photos, shares, architecture.encoder, sizes, batch, batches, rules, plan.seed)


def _build(plan: TrainingPlan, architecture: Architecture) -> TrainableDetector:
    keras.utils.set_random_seed(plan.seed)
    with dtype_policy(plan.precision):
        network = architecture.build()
    if plan.start_from:
        _start(network, architecture, Path(plan.start_from))
    detector = TrainableDetector(architecture, network)
    rate = cosine_schedule(plan.learning_rate, plan.epochs * plan.epoch_batches, plan.warm_up)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-4, clipnorm=10.0)
    detector.compile(optimizer=optimizer, jit_compile=keras.backend.backend() == "jax")
    return detector


def _start(network: keras.Model, architecture: Architecture, start_from: Path) -> None:
    """Load the weights to begin with: a file of the same network, or of the model folder of another its backbone.

    Raises:
        ModelError: the file or folder is missing, or its weights do not fit.
    """
    if not start_from.is_dir():
        load_weights(network, start_from)
        return
    _, lender = load_network(start_from)
    try:
        for layer in network.layers:
            if layer.name.startswith(BACKBONE):
                layer.set_weights(lender.get_layer(layer.name).get_weights())
    except ValueError as error:
        raise ModelError(
            f"{start_from}: does not have the backbone of this {architecture.name} ({error}); start from another one."
        ) from None


def train_detector(settings: DetectorSettings, run: Path, stop_after: int | None = None) -> Path:
    """Train a detector; calling it again with the same ``run`` resumes after the last finished epoch.

    ``stop_after`` ends the training after that many epochs although the learning rate is planned for all of them: the
    way to make a base for fine-tuning.

    Returns:
        The file with the final weights, ready for ``export_detector``.

    Raises:
        AlprError: no usable photo in a source, sizes or classes that do not fit, or the run was begun with other
            settings.
    """
    plan, architecture = settings.training, _checked(settings)
    prepare_run(run, settings)
    detector = _build(plan, architecture)
    rules = Augmentation(long_side=plan.long_sides[0], coarse_side=plan.coarse_side)
    train = _samples(plan, architecture, plan.sources, plan.sizes, plan.batch, plan.epoch_batches, rules)
    train.epoch = epochs_done(run)
    validation = None
    if plan.validation:  # 64 fixed samples, hardly degraded, so that the curve is comparable between epochs
        clean: Any = dict.fromkeys(("free_scale", "anywhere", "coarse", "grey", "blur", "noise", "jpeg", "shade"), 0.0)
        mild = replace(rules, zoom=(0.9, 1.1), **clean)
        validation = _samples(plan, architecture, [plan.validation], plan.sizes[:1], 64, 1, mild)[0]
    epochs = min(stop_after or plan.epochs, plan.epochs)
    keep_freed_memory()
    detector.fit(train, epochs=epochs, validation_data=validation, callbacks=run_callbacks(run), verbose=2)
    draw_curves(run / LOG, run / "curves.png")
    return run / WEIGHTS
