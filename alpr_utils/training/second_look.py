"""Training of the second look: labelled photos in, a run folder out, and then a model folder."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np

from alpr_utils.config import parse_settings
from alpr_utils.data.labels import LabelledPicture
from alpr_utils.detect.detector import Detector
from alpr_utils.detect.exported import load_detector
from alpr_utils.detect.second_look import TwoLooks
from alpr_utils.errors import AlprError
from alpr_utils.images import read_image
from alpr_utils.models.weights import load_mean_weights
from alpr_utils.networks.configs import SecondLookConfig
from alpr_utils.networks.second_look import build_second_look, second_look_loss
from alpr_utils.synth.scene.swap import swap_plate
from alpr_utils.training.config import DataSource, SecondLookTrainConfig
from alpr_utils.training.detector import start
from alpr_utils.training.export import export_network
from alpr_utils.training.history import described
from alpr_utils.training.photo_sources import load_source
from alpr_utils.training.run import written_whole
from alpr_utils.training.second_look_samples import PlatePhoto, SecondLookSamples
from alpr_utils.training.trainer import Trainer, build_network, compile_network

ARCHITECTURE = "second look"
_LONGEST_SIDE = 1920  # photos are kept in memory at most this large
_FIRST_SCORE, _MOST_CANDIDATES = 0.02, 20  # of the first look, in each photo


def _open(picture: LabelledPicture) -> PlatePhoto:
    image = read_image(picture.path)
    unknown = ((np.nan, np.nan),) * 4
    boxes = np.array([plate.box_px for plate in picture.plates], np.float32).reshape(-1, 4)
    corners = np.array([plate.corners_px or unknown for plate in picture.plates], np.float32).reshape(-1, 4, 2)
    scale = min(1.0, _LONGEST_SIDE / max(image.shape[:2]))
    to_image = np.array(image.shape[:2], np.float32) / (picture.height, picture.width) * scale
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return PlatePhoto(image, boxes * np.tile(to_image, 2), corners * to_image[::-1], np.empty((0, 4), np.float32))


def _swapped(photo: PlatePhoto, countries: Sequence[str], rng: np.random.Generator) -> PlatePhoto:
    image, boxes, corners = photo.image, photo.boxes.copy(), photo.corners.copy()
    for i, box in enumerate(photo.boxes):
        country = countries[int(rng.integers(len(countries)))]
        image, boxes[i], corners[i] = swap_plate(image, box, rng, country=country)
    return replace(photo, image=image, boxes=boxes, corners=corners)


def load_plate_photos(source: DataSource, config: SecondLookTrainConfig) -> list[PlatePhoto]:
    """The photos of a source, their plates replaced by generated ones where it asks for that.

    Raises:
        AlprError: no photo of the source is usable.
    """
    pictures, problems = load_source(source)
    photos = []
    for picture in pictures:
        try:
            photos.append(_open(picture))
        except AlprError as error:
            problems.append(error)
    for problem in problems:
        print(f"left out: {problem}")
    if not photos:
        raise AlprError(f"{source.folder}: no usable photo is left; mend the files named above.")
    countries = source.swap_countries(config.countries)
    if countries:
        photos = [_swapped(photo, countries, np.random.default_rng((config.seed, i))) for i, photo in enumerate(photos)]
    print(f"{source}: {len(photos)} photos, {sum(len(photo.boxes) for photo in photos)} plates")
    return photos


def _candidates(photo: PlatePhoto, first: Detector) -> np.ndarray:
    found = first.detect(photo.image, _FIRST_SCORE)[:_MOST_CANDIDATES]
    scale = np.array(photo.image.shape[:2] * 2, np.float32)
    return np.array([detection.box for detection in found], np.float32).reshape(-1, 4) * scale


def _with_candidates(photos: list[PlatePhoto], first: Detector, file: Path) -> list[PlatePhoto]:
    """The photos with the candidates of the first look, kept in ``file`` for a training that goes on later."""
    if not file.exists():
        with written_whole(file) as draft:
            np.savez(draft, *(_candidates(photo, first) for photo in photos))
    with np.load(file) as arrays:
        return [replace(photo, candidates=arrays[f"arr_{i}"]) for i, photo in enumerate(photos)]


def _first_look(name: str) -> Detector:
    """The detector of that name, of one that looks twice its first look."""
    detector = load_detector(name)
    return detector.first if isinstance(detector, TwoLooks) else detector


def train_second_look(config: SecondLookTrainConfig, run: Path) -> Path:
    """Train the second look; calling it again with the same ``run`` goes on after the last finished epoch.

    Returns:
        The file with the final weights, ready for `export_second_look`.

    Raises:
        AlprError: no usable photo in a source, or the run began with other settings.
    """
    if not config.sources:
        raise AlprError("there is no data to train on; give --data FOLDER.")
    network = SecondLookConfig()
    first = _first_look(config.first_look) if config.first_look else None
    with Trainer(run, config, {"architecture": ARCHITECTURE, "network": asdict(network)}) as trainer:
        model = build_network(config, lambda: build_second_look(network))
        if config.start_from:
            start(model, ARCHITECTURE, network, config.start_from)
        compile_network(model, config, second_look_loss, clipnorm=5.0)
        groups = []
        for number, source in enumerate(config.sources):
            photos = load_plate_photos(source, config)
            file = run / f"candidates_{number}.npz"
            groups.append(_with_candidates(photos, first, file) if first else photos)
        weights = [source.sampling_weight for source in config.sources]
        return trainer.fit(model, SecondLookSamples(groups, weights, config, network))


def export_second_look(weights: Sequence[Path], folder: Path) -> Path:
    """Trained weights, of several files their mean, as a model folder; one that exists is replaced in the end.

    Raises:
        ModelError: ``weights`` are missing or belong to another network.
        OutputError: ``folder`` cannot be written.
    """
    known: dict[str, Any] = described(weights[0])
    config = parse_settings(SecondLookConfig, known.get("network", known.get("config", {})), str(weights[0]))
    network: keras.Model = build_second_look(config)
    load_mean_weights(network, weights)
    return export_network(network, weights, folder, {"architecture": ARCHITECTURE, "config": asdict(config)})
