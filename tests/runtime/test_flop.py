"""The work of a network is counted as textbooks do: two operations for a multiplication and its addition."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from alpr_utils.runtime.flop import flop, input_of
from alpr_utils.runtime.memory import peak_mb


def _saved(
    folder: Path, kind: str, shape: list[Any], weights: list[np.ndarray], dtype: int = TensorProto.FLOAT, **options: Any
) -> Path:
    """A file with one operator."""
    names = [f"weight_{number}" for number in range(len(weights))]
    node = helper.make_node(kind, ["pictures", *names], ["result"], **options)
    graph = helper.make_graph(
        [node],
        "test",
        [helper.make_tensor_value_info("pictures", dtype, shape)],
        [helper.make_tensor_value_info("result", dtype, None)],
        [numpy_helper.from_array(weight, name) for weight, name in zip(weights, names, strict=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(folder / "model.onnx"))
    return folder / "model.onnx"


def _floats(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def test_convolutions_count_their_outputs_and_kernels(tmp_path: Path) -> None:
    file = _saved(tmp_path, "Conv", ["N", 4, "H", "W"], [_floats(6, 2, 3, 5)], group=2, strides=[2, 1])
    assert input_of(file) == ([None, 4, None, None], np.float32)
    assert flop(file, _floats(3, 4, 9, 10)) == 2 * (3 * 6 * 4 * 6) * (2 * 3 * 5)


def test_products_and_recurrent_layers_count(tmp_path: Path) -> None:
    file = _saved(tmp_path, "MatMul", ["N", 7, 5], [_floats(5, 11)])
    assert flop(file, _floats(2, 7, 5)) == 2 * 2 * 7 * 11 * 5
    file = _saved(tmp_path, "GRU", ["T", "N", 5], [_floats(1, 12, 5), _floats(1, 12, 4)], hidden_size=4)
    assert flop(file, _floats(8, 3, 5)) == 2 * 8 * 3 * (12 * 5 + 12 * 4)
    assert flop(_saved(tmp_path, "Relu", ["N", 3], []), _floats(2, 3)) == 0


def test_the_type_of_the_input_is_told(tmp_path: Path) -> None:
    file = _saved(tmp_path, "Identity", [1, 2], [], TensorProto.UINT8)
    assert input_of(file) == ([1, 2], np.uint8)


def test_peak_memory_grows_with_what_is_held() -> None:
    before = peak_mb()
    held = np.ones(30_000_000, np.uint8)
    assert 50 < before <= peak_mb()
    assert held.sum() == pytest.approx(30_000_000)
