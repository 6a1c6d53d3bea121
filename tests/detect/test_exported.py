"""Saved detectors of every kind that contract 5 names, and broken ones."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.detect.architecture import parse_architecture
from alpr_utils.detect.exported import list_detectors, load_detector
from alpr_utils.errors import AlprError, ModelError

IMAGE = np.zeros((40, 60, 3), np.uint8)
BEST_BOX = (0.25, 0.25, 0.45, 0.625)


def test_object_detection_api_saved_model(models_dir: Path) -> None:
    detector = load_detector("plate_detector_two_looks", models_dir)
    found = detector.detect(IMAGE)
    assert detector.name == "plate_detector_two_looks"
    assert [(d.box, d.label) for d in found] == [(pytest.approx(BEST_BOX), "plate")]
    assert [d.score for d in detector.detect(IMAGE, min_score=0.01)] == pytest.approx([0.9, 0.3])


@pytest.mark.parametrize("given", ["plate_detector_two_looks", "plate_detector_two_looks/saved_model"])
def test_by_path(models_dir: Path, tmp_path: Path, given: str) -> None:
    detector = load_detector(models_dir / given, tmp_path)
    assert detector.name == "plate_detector_two_looks"
    assert len(detector.detect(IMAGE)) == 1


def test_model_garden_pixels_are_undone(build_saved_model: Callable[..., Path], tmp_path: Path) -> None:
    import tensorflow as tf

    def garden(picture: tf.Tensor) -> dict[str, tf.Tensor]:
        size = tf.cast(tf.shape(picture)[1:3], tf.float32)
        scale = tf.fill([2], 512.0 / 60.0)
        corner = tf.concat([size * 0.25, size * 0.5], axis=0) * tf.tile(scale, [2])
        info = tf.stack([size, tf.constant([512.0, 512.0]), scale, tf.zeros(2)])
        return {
            "detection_boxes": corner[None, None],
            "detection_scores": tf.constant([[0.8]]),
            "detection_classes": tf.constant([[1]]),
            "num_detections": tf.constant([1]),
            "image_info": info[None],
        }

    build_saved_model(tmp_path / "garden", input_name="inputs", outputs=garden)
    (found,) = load_detector(tmp_path / "garden").detect(IMAGE)
    assert found.box == pytest.approx((0.25, 0.25, 0.5, 0.5))


def test_fixed_float_input(build_saved_model: Callable[..., Path], tmp_path: Path) -> None:
    import tensorflow as tf

    build_saved_model(tmp_path / "fixed", input_name="images", dtype=tf.float32, shape=(1, 32, 32, 3))
    assert load_detector(tmp_path / "fixed").detect(IMAGE)[0].box == pytest.approx(BEST_BOX)


def _frozen_graph(file: Path, input_name: str = "image_tensor") -> None:
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        picture = tf.compat.v1.placeholder(tf.uint8, (None, None, None, 3), name=input_name)
        count = tf.cast(tf.shape(picture)[0], tf.float32)
        tf.constant([[BEST_BOX]], name="detection_boxes")
        tf.multiply(tf.constant([[0.7]]), count, name="detection_scores")
        tf.constant([[2.0]], name="detection_classes")
        tf.constant([1.0], name="num_detections")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(graph.as_graph_def().SerializeToString())


def test_tf1_frozen_graph_with_label_map(tmp_path: Path) -> None:
    file = tmp_path / "old" / "frozen_inference_graph.pb"
    _frozen_graph(file)
    (tmp_path / "old" / "label_map.pbtxt").write_text(
        "item {\n name: 'plate' # two\n id: 2\n}\nitem { id: 1 name: 'x'}"
    )
    for path in (tmp_path / "old", file):
        (found,) = load_detector(path).detect(IMAGE)
        assert (found.box, found.label) == (pytest.approx(BEST_BOX), "plate")


def test_threshold_and_checksums_of_metadata(models_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    shutil.copytree(models_dir / "plate_detector_two_looks", folder)
    graph = folder / "saved_model" / "saved_model.pb"
    checksum = hashlib.sha256(graph.read_bytes()).hexdigest()
    metadata = {"threshold": 0.2, "sha256": {"saved_model/saved_model.pb": checksum}}
    (folder / "metadata.json").write_text(json.dumps(metadata))
    assert len(load_detector(folder).detect(IMAGE)) == 2
    graph.write_bytes(graph.read_bytes() + b" ")
    with pytest.raises(ModelError, match=r"saved_model\.pb: does not have the checksum"):
        load_detector(folder)


def test_available_models_are_listed(models_dir: Path) -> None:
    assert list_detectors(models_dir) == ["plate_detector_two_looks"]
    with pytest.raises(ModelError, match=r"no detector 'nonsense'.*plate_detector_two_looks"):
        load_detector("nonsense", models_dir)


def test_readers_are_not_listed_as_detectors():
    names = list_detectors()
    assert names and all("detector" in name for name in names) and "char_detector" not in names


def _empty(folder: Path) -> None:
    folder.mkdir()


def _pictures_only(folder: Path) -> None:
    folder.mkdir()
    (folder / "0.jpg").write_bytes(b"x")


def _corrupt_saved_model(folder: Path) -> None:
    (folder / "saved_model").mkdir(parents=True)
    (folder / "saved_model" / "saved_model.pb").write_bytes(b"\xff\x00nonsense")


def _empty_saved_model(folder: Path) -> None:
    (folder / "saved_model").mkdir(parents=True)
    (folder / "saved_model" / "saved_model.pb").write_bytes(b"")


def _corrupt_frozen_graph(folder: Path) -> None:
    folder.mkdir()
    (folder / "frozen_inference_graph.pb").write_bytes(b"\xff\x00nonsense")


def _frozen_graph_with_other_input(folder: Path) -> None:
    _frozen_graph(folder / "frozen_inference_graph.pb", "picture")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_empty, "holds nothing; expected saved_model"),
        (_pictures_only, r"holds 0\.jpg; expected"),
        (_corrupt_saved_model, "not a readable SavedModel"),
        (_empty_saved_model, "SavedModel|signatures"),
        (_corrupt_frozen_graph, "not a readable frozen graph"),
        (_frozen_graph_with_other_input, "no input image_tensor"),
    ],
)
def test_broken_folders_say_what_was_found(tmp_path: Path, make: Callable[[Path], None], message: str) -> None:
    make(tmp_path / "broken")
    with pytest.raises(ModelError, match=message) as error:
        load_detector(tmp_path / "broken")
    assert str(tmp_path / "broken") in str(error.value)
    assert "\n" not in str(error.value)


def test_wrong_outputs_and_inputs_are_named(build_saved_model: Callable[..., Path], tmp_path: Path) -> None:
    import tensorflow as tf

    build_saved_model(tmp_path / "classifier", outputs=lambda picture: {"classes": tf.cast(picture, tf.float32)})
    with pytest.raises(ModelError, match="gives classes, no detection_boxes"):
        load_detector(tmp_path / "classifier")
    build_saved_model(tmp_path / "bytes", dtype=tf.string, shape=(1,))
    with pytest.raises(ModelError, match="takes string instead of a picture"):
        load_detector(tmp_path / "bytes")
    build_saved_model(tmp_path / "batch", shape=(8, None, None, 3))
    with pytest.raises(ModelError, match="shape"):
        load_detector(tmp_path / "batch")


@pytest.mark.parametrize("content", [b"", b"not json", b"[1]", b'{"threshold": "high"}', b'{"sha256": 7}'])
def test_broken_metadata(models_dir: Path, tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "ours"
    shutil.copytree(models_dir / "plate_detector_two_looks", folder)
    (folder / "metadata.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"metadata\.json: is damaged"):
        load_detector(folder)


def test_an_unknown_architecture_names_the_file() -> None:
    with pytest.raises(AlprError, match=r"^m/metadata\.json: architecture: there is no 'x'; choose one of ssd"):
        parse_architecture("x", {}, "m/metadata.json: config")
