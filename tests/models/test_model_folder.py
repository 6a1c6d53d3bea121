"""Foreign, damaged and hostile model folders get one sentence when they are opened; other folders are kept."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from alpr_utils import ALPR
from alpr_utils.cli.app import main
from alpr_utils.detect.exported import load_detector
from alpr_utils.errors import ModelError, OutputError
from alpr_utils.models.arrays import load_arrays, save_arrays
from alpr_utils.models.folder import METADATA_FILE, check_model_place, read_metadata, replaced_folder
from alpr_utils.runtime.network import open_onnx

GREY = {"detection_boxes": [[[0.1, 0.1, 0.2, 0.2]]], "detection_scores": [[0.9]], "detection_classes": [[1.0]]}


@pytest.mark.parametrize(
    "content",
    [
        '{"sha256": [[1, 2]]}',
        '{"sha256": {"a": 5}}',
        '{"alphabet": 5}',
        '{"variant": [1]}',
        '{"calibration": [1]}',
        '{"threshold": NaN}',
        '{"threshold": 7}',
        '{"parameters": -1}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "5",
        "",
    ],
)
def test_broken_metadata_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / METADATA_FILE).write_text(content)
    with pytest.raises(ModelError, match=r"metadata\.json: is damaged") as error:
        read_metadata(tmp_path)
    assert len(str(error.value).splitlines()) == 1


def _flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[200:260] = bytes(60)
    file.write_bytes(content)


def _bomb(file: Path) -> None:
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("arr_0.npy", bytes(40_000_000))


def _single_array(file: Path) -> None:
    with file.open("wb") as opened:
        np.save(opened, np.zeros(24, np.float16))


@pytest.mark.parametrize(
    "damage",
    [
        _flipped,
        _bomb,
        _single_array,
        lambda file: save_arrays(file, [np.full((4, 6), np.nan, np.float16)]),
        lambda file: save_arrays(file, [np.zeros((4, 7), np.float16)]),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:-50]),
    ],
)
def test_damaged_weights_are_refused(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    file = tmp_path / "weights.npz"
    save_arrays(file, [np.ones((4, 6), np.float16)])
    assert [array.shape for array in load_arrays(file, 24)] == [(4, 6)]
    damage(file)
    start = time.process_time()
    with pytest.raises(Exception):  # noqa: B017 - whatever zipfile raises; `load_weights` makes a sentence of it
        load_arrays(file, 24)
    assert time.process_time() - start < 1


def _onnx(file: Path, factor: float, rank: int = 4) -> Path:
    shape: list[int | str] = ["batch", "height", "width", 3][:rank]
    node = helper.make_node("Mul", ["pictures", "factor"], ["out"])
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.array([factor], np.float32), "factor")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, str(file))
    return file


def test_networks_are_tried_when_they_are_opened(tmp_path: Path) -> None:
    (outputs,) = open_onnx(_onnx(tmp_path / "good.onnx", 2.0))(np.ones((1, 4, 4, 3), np.float32))
    assert (outputs == 2).all()
    with pytest.raises(ModelError, match=r"nan\.onnx: fails when it is tried .*not finite"):
        open_onnx(_onnx(tmp_path / "nan.onnx", np.nan))
    with pytest.raises(ModelError, match=r"flat\.onnx: fails when it is tried .*takes a tensor of shape"):
        open_onnx(_onnx(tmp_path / "flat.onnx", 1.0, rank=2))


def test_cut_weights_beside_a_network_are_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = _onnx(tmp_path / "m.onnx", 2.0)
    network = onnx.load(str(file))
    onnx.save(network, str(file), save_as_external_data=True, location="weights.npz", size_threshold=0)
    (tmp_path / "weights.npz").write_bytes(b"")
    with pytest.raises(ModelError, match=r"m\.onnx: is not a readable ONNX network \(tensor.*factor") as error:
        open_onnx(file)
    assert len(str(error.value)) < 400 + len(str(file))
    assert not capfd.readouterr().err, "onnxruntime's own lines"


def test_networks_that_fail_later_say_so(tmp_path: Path) -> None:
    network = open_onnx(_onnx(tmp_path / "good.onnx", 2.0))
    with pytest.raises(ModelError, match=r"good\.onnx: fails on pictures of shape \(1, 4, 4, 4\)"):
        network(np.ones((1, 4, 4, 4), np.float32))


@pytest.mark.parametrize(
    "change",
    [
        {"detection_boxes": [[0.1, 0.1, 0.2, 0.2]]},
        {"num_detections": [float("nan")]},
        {"detection_classes": [["plate"]]},
        {"detection_scores": [[0.9, 0.8]]},
        {"detection_boxes": [[[0.1, 0.1, float("inf"), 0.2]]]},
        {"detection_boxes": [[[10.0, 10.0, 50.0, 50.0]]]},
        {"detection_boxes": [[[10.0, 10.0, 50.0, 50.0]]], "image_info": [1.0]},
        {"num_detections": [-3.0]},
    ],
)
def test_foreign_detectors_are_tried(
    tmp_path: Path, build_saved_model: Callable[..., Path], change: dict[str, list]
) -> None:
    import tensorflow as tf

    def outputs(picture: tf.Tensor) -> dict[str, tf.Tensor]:
        count = tf.shape(picture)[0]
        given = {name: tf.constant(value) for name, value in {**GREY, **change}.items()}
        return {name: tf.repeat(value, count, axis=0) for name, value in given.items()}

    build_saved_model(tmp_path / "m" / "saved_model", outputs=outputs)
    with pytest.raises(ModelError, match="is not a detector, it fails on a grey picture") as error:
        load_detector(tmp_path / "m")
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("what", ["fails", "nan"])
def test_a_detector_that_fails_later_costs_the_pictures_that_it_fails_on(
    tmp_path: Path, build_saved_model: Callable[..., Path], what: str
) -> None:
    import tensorflow as tf

    def outputs(picture: tf.Tensor) -> dict[str, tf.Tensor]:
        large = tf.shape(picture)[1] > 100
        scores = tf.where(large, np.nan, 0.9)[None, None]
        if what == "fails":
            scores = tf.reshape(tf.ones(1), tf.where(large, [3, 5], [1, 1]))
        return {name: tf.constant(value) for name, value in GREY.items()} | {"detection_scores": scores}

    build_saved_model(tmp_path / "m" / "saved_model", outputs=outputs)
    for name, side in (("a", 80), ("b", 200), ("c", 80)):
        Image.new("RGB", (side, side)).save(tmp_path / f"{name}.png")
    a, b, c = ALPR(tmp_path / "m", reader=None).read_many([tmp_path / f"{name}.png" for name in "abc"])
    assert len(a.plates) == len(c.plates) == 1
    assert re.search(r"b\.png: cannot be processed, .*(fails on a picture of 200 x 200|not finite)", str(b.error))


def test_sizes_that_no_memory_holds_are_refused(tmp_path: Path, build_saved_model: Callable[..., Path]) -> None:
    build_saved_model(tmp_path / "m" / "saved_model", shape=(1, 60000, 60000, 3))
    with pytest.raises(ModelError, match="60000 x 60000 pixels"):
        load_detector(tmp_path / "m")


def test_only_models_are_replaced_by_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"photos: holds a\.jpg and no model"), replaced_folder(photos):
        pass
    run = tmp_path / "run"
    arguments = ["--run", str(run), "--output", str(photos)]
    for command in (["train", "ssd", "--data", "x"], ["train", "crnn"], ["train", "chars"]):
        assert main([*command, *arguments]) == 2
        assert "holds a.jpg and no model" in " ".join(capsys.readouterr().err.split())
    assert not run.exists() and (photos / "a.jpg").read_bytes() == b"mine"
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / METADATA_FILE).write_text(json.dumps({}))
    check_model_place(tmp_path / "model")
    check_model_place(tmp_path / "new")


def test_a_model_whose_replacement_was_killed_is_there_again(tmp_path: Path) -> None:
    (tmp_path / ".model.old").mkdir()
    (tmp_path / ".model.old" / METADATA_FILE).write_text("{}")
    with pytest.raises(OutputError, match="No space left"), replaced_folder(tmp_path / "model") as draft:
        (draft / "weights.npz").write_bytes(b"half")
        raise OSError(28, "No space left on device")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert read_metadata(tmp_path / "model") == {}
