"""Training of the detectors: photos with VOC boxes in, a run folder out, and then a model folder."""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from alpr_utils.config import parse_settings, read_json
from alpr_utils.detect.architecture import Architecture, architecture_type, parse_architecture
from alpr_utils.detect.stored import load_network
from alpr_utils.errors import AlprError, ModelError
from alpr_utils.models.weights import load_weights
from alpr_utils.networks.backbone import BACKBONE
from alpr_utils.training.config import DetectorTrainConfig
from alpr_utils.training.history import described, save_log, stages_of, trainings_of, weights_file
from alpr_utils.training.photo_augment import PhotoAugmentation
from alpr_utils.training.photo_sources import load_photo_groups
from alpr_utils.training.photos import DetectionSamples
from alpr_utils.training.run import LOG_FILE
from alpr_utils.training.trainable_detector import TrainableDetector
from alpr_utils.training.trainer import Trainer, build_network, compile_network

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_VALIDATION_SAMPLES = 64


@dataclass(frozen=True)
class DetectorSettings:
    """A configuration file of ``train``: the architecture, the numbers of its network, and the training."""

    architecture: str
    network: "DataclassInstance"
    training: DetectorTrainConfig = field(default_factory=DetectorTrainConfig)

    def make(self) -> Architecture:
        """The architecture with its settings, for as many classes as the training has."""
        return architecture_type(self.architecture)(self.network)


def parse_detector_settings(name: str, content: dict[str, Any], where: str) -> DetectorSettings:
    """The settings in the content of a configuration file or of the ``settings.json`` of a run.

    Args:
        name: of the architecture.
        where: how messages name the file.

    Raises:
        AlprError: a key or value is not one of this architecture's, or the file is for another one.
    """
    for key in content:
        if key not in ("architecture", "network", "training"):
            raise AlprError(f"{where}: has the unknown key '{key}'; known are architecture, network, training.")
    if content.get("architecture", name) != name:
        raise AlprError(f"{where}: is for '{content['architecture']}'; run 'train {content['architecture']}' with it.")
    network = parse_architecture(name, content.get("network", {}), f"{where}: network").config
    training = parse_settings(DetectorTrainConfig, content.get("training", {}), f"{where}: training")
    return DetectorSettings(name, network, training)


def load_settings(name: str, file: Path | None = None) -> DetectorSettings:
    """The settings of a configuration file, else the defaults of architecture ``name``.

    Raises:
        AlprError: the file is missing or broken, or as `parse_detector_settings`.
    """
    return parse_detector_settings(name, read_json(file) if file else {}, str(file))


def _checked(settings: DetectorSettings) -> Architecture:
    """The architecture, once it is sure that it can be trained so.

    Raises:
        AlprError: no data, sizes that the network cannot take, or other classes than it has.
    """
    config, architecture = settings.training, settings.make()
    if not config.sources:
        raise AlprError("there is no data to train on; give --data FOLDER or 'sources' in the configuration file.")
    for height, width in config.sizes:
        if height % architecture.stride or width % architecture.stride:
            raise AlprError(
                f"samples of {height}x{width} pixels do not fit {architecture.name}; "
                f"choose multiples of {architecture.stride}."
            )
    classes = architecture.config.classes  # type: ignore[attr-defined]
    if len(config.classes) != classes:
        named = ", ".join(config.classes)
        raise AlprError(
            f"the training names {len(config.classes)} classes ({named}), the network {classes}; correct one."
        )
    return architecture


def start(network: keras.Model, architecture: str, config: "DataclassInstance", start_from: str) -> None:
    """Load the weights to begin with: all where they are of the same network, else those of the backbone.

    Args:
        architecture, config: its name and settings, as run and model folders note them.
        start_from: a file of the same network, or the folder of a run or model.

    Raises:
        ModelError: the file or folder is missing, or its weights do not fit.
    """
    path = Path(start_from)
    known = described(path) if path.is_dir() else {}
    stored = json.loads(json.dumps(asdict(config)))  # with lists in place of tuples
    same = stored == known.get("network", known.get("config")) if known else True
    if not path.is_dir() or (same and known.get("architecture") == architecture):
        load_weights(network, weights_file(path))
        return
    lender = _lender(path, known)
    try:
        for layer in network.layers:
            if layer.name.startswith(BACKBONE):
                layer.set_weights(lender.get_layer(layer.name).get_weights())
    except ValueError as error:
        raise ModelError(
            f"{start_from}: does not have the backbone of this {architecture} ({error}); start from another one."
        ) from None


def _lender(folder: Path, known: dict[str, Any]) -> keras.Model:
    """The network of the folder of a run, or of a model."""
    if "network" not in known:
        return load_network(folder)[1]
    content = {key: known[key] for key in ("architecture", "network", "training")}
    network = parse_detector_settings(known["architecture"], content, str(folder)).make().build()
    load_weights(network, weights_file(folder))
    return network


def train_detector(settings: DetectorSettings, run: Path, stop_after: int | None = None) -> Path:
    """Train a detector; calling it again with the same ``run`` goes on after the last finished epoch.

    ``stop_after`` ends the training after that many epochs although the learning rate is meant for all of them: the
    way to make a base for fine-tuning.

    Returns:
        The file with the final weights, ready for `export_trained`.

    Raises:
        AlprError: no usable photo in a source, sizes or classes that do not fit, or the run began with other settings.
    """
    config, architecture = settings.training, _checked(settings)
    noted = {"architecture": settings.architecture, "network": asdict(settings.network)}
    with Trainer(run, config, noted) as trainer:
        network = build_network(config, architecture.build)
        if config.start_from:
            start(network, architecture.name, settings.network, config.start_from)
        detector = TrainableDetector(architecture, network)
        compile_network(detector, config)
        rules = PhotoAugmentation(long_side=config.long_sides[0], low_res_side=config.low_res_side)
        groups = load_photo_groups(config.sources, config)
        weights = [source.sampling_weight for source in config.sources]
        batches = DetectionSamples(
            groups, weights, architecture.encoder, config.sizes, config.batch, config.epoch_batches, rules, config.seed
        )
        validation = _validation(config, architecture, rules) if config.validation else None
        return trainer.fit(detector, batches, validation, stop_after=stop_after)


def _validation(config: DetectorTrainConfig, architecture: Architecture, rules: PhotoAugmentation) -> Any:
    """Fixed samples, hardly changed, so that the curve is comparable between epochs."""
    off: Any = dict.fromkeys(("free_scale", "anywhere", "low_res", "grey", "blur", "noise", "jpeg", "shade"), 0.0)
    mild = replace(rules, zoom=(0.9, 1.1), **off)
    photos = load_photo_groups(config.validation, config)
    count = _VALIDATION_SAMPLES
    weights = [source.sampling_weight for source in config.validation]
    return DetectionSamples(photos, weights, architecture.encoder, config.sizes[:1], count, 1, mild, config.seed)[0]


def export_trained(weights: Path, folder: Path, settings: DetectorSettings, threshold: float) -> Path:
    """Trained weights as a model folder with the log of all its trainings; errors as `export_detector`.

    Args:
        threshold: operating threshold, the score from which a box counts as an object.
    """
    from alpr_utils.detect.export import export_detector  # needs TensorFlow, the training does not

    config = settings.training
    metadata = {"training": trainings_of([weights])}
    export_detector(
        weights, folder, settings.make(), config.classes, metadata, threshold, config.long_sides, config.low_res_side
    )
    save_log(stages_of([weights]), folder / LOG_FILE)
    return folder
