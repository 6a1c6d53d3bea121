"""Stored networks as functions: ONNX files are small, equal to Keras and open for any batch; damaged ones are named."""

from pathlib import Path

import keras
import numpy as np
import onnx
import pytest

from alpr_utils.errors import ModelError
from alpr_utils.models.folder import WEIGHTS_FILE, read_metadata, write_metadata
from alpr_utils.models.weights import save_weights
from alpr_utils.runtime.network import ONNX_FILE, RuntimeOptions, open_network, open_onnx, physical_cores
from alpr_utils.runtime.onnx_export import add_onnx, write_onnx

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 16, 24, 1), dtype=np.uint8)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """A convolution with batch normalisation and a dense layer, weights exact in half precision as in model folders."""
    keras.utils.set_random_seed(0)
    picture = keras.Input((16, 24, 1))
    x = keras.layers.Rescaling(1 / 127.5, -1)(picture)
    x = keras.layers.Conv2D(32, 3, padding="same", use_bias=False)(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)(keras.layers.ReLU()(x))
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(x))
    made = keras.Model(picture, [keras.layers.Dense(40)(x), x])
    rng = np.random.default_rng(1)
    weights = [
        rng.uniform(0.5, 1.5, w.shape) if w.ndim == 1 else rng.normal(0, 0.2, w.shape) for w in made.get_weights()
    ]
    made.set_weights([weight.astype(np.float16).astype(np.float32) for weight in weights])
    return made


def test_onnx_gives_what_keras_gives_and_shares_its_weights(network: keras.Model, tmp_path: Path) -> None:
    save_weights(network, tmp_path / WEIGHTS_FILE)
    write_onnx(network, tmp_path, "uint8")
    assert (tmp_path / WEIGHTS_FILE).stat().st_size < 2 * network.count_params() + 8_000
    assert (tmp_path / ONNX_FILE).stat().st_size < 8_000
    kinds = [node.op_type for node in onnx.load(tmp_path / ONNX_FILE).graph.node]
    assert kinds.index("Reshape") < kinds.index("Add"), "grey pictures are scaled in the shape that is fast"
    call = open_onnx(tmp_path / ONNX_FILE, RuntimeOptions(threads=1))
    for count in (1, 3):
        for ours, expected in zip(call(PICTURES[:count]), network(PICTURES[:count], training=False), strict=True):
            np.testing.assert_allclose(ours, keras.ops.convert_to_numpy(expected), atol=1e-4)


def test_a_folder_without_onnx_is_computed_by_keras(network: keras.Model, tmp_path: Path) -> None:
    save_weights(network, tmp_path / WEIGHTS_FILE)
    write_metadata(tmp_path, {"architecture": "test"}, [])
    expected = open_network(tmp_path, lambda: network)(PICTURES)
    add_onnx(tmp_path, network, "uint8")
    assert read_metadata(tmp_path)["sha256"].keys() == {WEIGHTS_FILE, ONNX_FILE}
    for runtime in (RuntimeOptions(), RuntimeOptions("tensorflow")):
        for ours, other in zip(open_network(tmp_path, lambda: network, runtime)(PICTURES), expected, strict=True):
            np.testing.assert_allclose(ours, other, atol=1e-4)
    add_onnx(tmp_path, network, "uint8")  # again, in place of the first


def test_damaged_files_are_named(tmp_path: Path) -> None:
    (tmp_path / ONNX_FILE).write_bytes(b"nonsense")
    for file in (tmp_path / ONNX_FILE, tmp_path / "missing.onnx"):
        with pytest.raises(ModelError, match=f"{file.name}: is not a readable ONNX network"):
            open_onnx(file)


def test_cores_are_counted() -> None:
    assert physical_cores() >= 1
