"""Trained weights -> a model folder that `load_detector` opens, for every architecture."""

import json
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf

from alpr_utils.detect.export import ServedDetector, export_detector
from alpr_utils.detect.exported import load_detector
from alpr_utils.detect.faster_rcnn import FasterRCNN
from alpr_utils.detect.find_boxes import FindSettings
from alpr_utils.detect.ssd import SSD
from alpr_utils.detect.stored import load_network
from alpr_utils.errors import ModelError
from alpr_utils.evaluation.detectors import labelled_photos, measure_detector
from alpr_utils.models.weights import load_mean_weights, load_weights
from alpr_utils.networks.configs import FasterRCNNConfig, SSDConfig

TINY_SSD = SSD(SSDConfig(stem=4, widths=(4, 8, 8, 8), blocks=(0, 0, 0, 0), pyramid=8))
TINY_RCNN = FasterRCNN(FasterRCNNConfig(stem=4, widths=(4, 8, 8, 8), blocks=(0, 0, 0, 0), pyramid=8, hidden=16))
MODELS = Path(__file__).resolve().parents[2] / "exported_model_directory"


@pytest.mark.slow
@pytest.mark.parametrize("architecture", [TINY_SSD, TINY_RCNN], ids=["ssd", "faster_rcnn"])
def test_an_exported_detector_takes_pictures_of_any_size(architecture: SSD | FasterRCNN, tmp_path: Path):
    keras.utils.set_random_seed(0)
    weights = tmp_path / "last.weights.h5"
    trained = architecture.build()
    trained.save_weights(weights)
    metadata = {"training_data": "made up"}
    folder = export_detector(
        weights, tmp_path / "exported", architecture, metadata=metadata, threshold=0.0, long_sides=(192, 256)
    )
    described = json.loads((folder / "metadata.json").read_text())
    assert described["architecture"] == architecture.name
    assert described["training_data"] == "made up"
    assert described["sha256"].keys() >= {"saved_model/saved_model.pb", "weights.npz"}
    detector = load_detector(folder)
    assert detector.labels == {1: "plate"}
    for height, width in ((90, 120), (1, 1), (700, 40)):
        image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        found = detector.detect(image, min_score=0.0)
        assert len(found) <= 50
        boxes = np.array([item.box for item in found]).reshape(-1, 4)
        assert ((boxes >= 0) & (boxes <= 1)).all()
    again = architecture.build()
    load_weights(again, folder / "weights.npz")
    for before, after in zip(trained.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-6)


class TwoClasses:
    """Always the same candidates: two equal boxes of different classes, a worse double, and one far away."""

    name: ClassVar[str] = "fixed"
    config = SSDConfig(classes=2)
    stride = 32

    def box_outputs(self, predictions: object) -> list[np.ndarray]:
        return []

    def scores(self, outputs: object, xp: Any) -> Any:
        return xp.array([[0.9, 0.8], [0.3, 0.0], [0.0, 0.5]], "float32")

    def boxes(self, outputs: object, numbers: Any, height: Any, width: Any, xp: Any) -> Any:
        boxes = [[10, 10, 30, 70], [11, 10, 31, 70], [60, 60, 90, 90]]
        return xp.take(xp.array(boxes, "float32"), numbers, axis=0)


def test_only_boxes_of_the_same_class_suppress_each_other_and_vote():
    served = ServedDetector(lambda picture, training: picture, TwoClasses(), FindSettings((100, 100)))  # type: ignore[arg-type]
    found = {name: value.numpy()[0] for name, value in served(np.zeros((1, 100, 100, 3), np.uint8)).items()}
    assert found["num_detections"] == 3
    np.testing.assert_array_equal(found["detection_classes"], [1, 2, 2])
    np.testing.assert_allclose(found["detection_scores"], [0.9, 0.8, 0.5])
    mean = (0.9 * np.array([10, 10, 30, 70]) + 0.3 * np.array([11, 10, 31, 70])) / 1.2
    np.testing.assert_allclose(found["detection_boxes"][0] * 100, mean, atol=1e-2)
    np.testing.assert_allclose(found["detection_boxes"][1:] * 100, [[10, 10, 30, 70], [60, 60, 90, 90]], atol=0.1)


class SeesOneSize:
    """Finds a piece of a plate and a small plate in a wide picture, in a small copy the whole plate and a speck."""

    name: ClassVar[str] = "one size"
    config = SSDConfig()
    stride = 32

    def __init__(self, whole_score: float) -> None:
        self.whole_score = whole_score

    def box_outputs(self, width: int) -> list[np.ndarray]:
        if width > 160:
            boxes = [[100, 100, 160, 220, 0.6], [300, 10, 360, 50, 0.5]]
        else:
            boxes = [[10, 10, 70, 130, self.whole_score], [1, 1, 9, 20, 0.9]]
        return [np.array([boxes], np.float32)]

    def scores(self, outputs: Any, xp: Any) -> Any:
        return xp.array(outputs[0][:, 4:])

    def boxes(self, outputs: Any, numbers: Any, height: Any, width: Any, xp: Any) -> Any:
        return xp.take(xp.array(outputs[0][:, :4]), numbers, axis=0)


@pytest.mark.parametrize(
    ("low_res_side", "whole_score", "found"),
    [
        (0, 0.7, ["piece", "small"]),
        (160, 0.7, ["whole", "small"]),  # what lies inside the surer whole was a piece of it; the speck never counts
        (160, 0.55, ["piece", "whole", "small"]),
        (400, 0.7, ["piece", "small"]),  # a copy as large as that would show nothing new
    ],
)
def test_the_low_res_pass_finds_what_fills_the_picture(low_res_side: int, whole_score: float, found: list[str]):
    boxes = {"piece": [100, 100, 160, 220], "small": [300, 10, 360, 50], "whole": [40, 40, 280, 520]}
    architecture: Any = SeesOneSize(whole_score)
    served = ServedDetector(
        lambda picture, training: picture.shape[2], architecture, FindSettings((640, 640), low_res_side)
    )  # type: ignore[arg-type]
    tf.config.run_functions_eagerly(True)  # so that the architecture above knows the size of what it is shown
    try:
        detections = served(np.zeros((1, 480, 640, 3), np.uint8))["detection_boxes"].numpy()[0]
    finally:
        tf.config.run_functions_eagerly(False)
    np.testing.assert_allclose(detections * [480, 640, 480, 640], [boxes[name] for name in found], atol=0.1)


@pytest.mark.slow
def test_weights_of_another_network_are_refused(tmp_path: Path):
    other = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save_weights(other)
    with pytest.raises(ModelError, match=r"other\.weights\.h5"):
        export_detector(other, tmp_path / "out", TINY_SSD)
    with pytest.raises(ModelError, match="missing"):
        export_detector(tmp_path / "missing.weights.h5", tmp_path / "out", TINY_SSD)


@pytest.mark.slow
@pytest.mark.parametrize("folder", sorted(MODELS.glob("plate_detector_*")), ids=lambda folder: folder.name)
def test_the_shipped_detectors_fit_todays_networks_and_find_plates(folder: Path):
    if (folder / "weights.npz").exists():
        load_network(folder)  # for fine-tuning and for looking inside
    scenes = list(islice(labelled_photos(MODELS.parent / "mongol_alpr_images"), 6))
    figures = measure_detector(load_detector(folder), scenes)
    assert figures.recall >= 0.6
    assert figures.false_boxes <= len(scenes)


def test_the_mean_of_two_stages(tmp_path: Path):
    files = []
    for seed in (0, 1):
        keras.utils.set_random_seed(seed)
        stage = TINY_SSD.build()
        stage.save_weights(tmp_path / f"{seed}.weights.h5")
        files.append((tmp_path / f"{seed}.weights.h5", stage.get_weights()))
    network = TINY_SSD.build()
    load_mean_weights(network, [file for file, _ in files])
    for mean, first, second in zip(network.get_weights(), files[0][1], files[1][1], strict=True):
        np.testing.assert_allclose(mean, (first + second) / 2, atol=1e-6)
    with pytest.raises(ModelError, match=r"gone\.weights\.h5"):
        load_mean_weights(network, [files[0][0], tmp_path / "gone.weights.h5"])
