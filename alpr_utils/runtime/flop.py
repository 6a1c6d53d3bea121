"""How much work a network is: its multiplications and additions, counted while onnxruntime computes it once."""

import json
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from alpr_utils.runtime.network import RuntimeOptions, open_session

_DTYPES = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32}


def input_of(file: Path) -> tuple[list[int | None], type]:
    """The shape of an ONNX network's input, None where any length is allowed, and the type of its numbers.

    Raises:
        ModelError: the file is missing or damaged.
    """
    (network_input,) = open_session(file).get_inputs()
    shape = [length if isinstance(length, int) else None for length in network_input.shape]
    return shape, _DTYPES[network_input.type]


def flop(file: Path, pictures: np.ndarray) -> int:
    """Floating-point operations of an ONNX network for an input.

    A multiplication and an addition are two. Convolutions, matrix products and recurrent layers count, all else takes
    next to none.

    Raises:
        ModelError: the file is missing or damaged.
    """
    with TemporaryDirectory() as folder:
        session = open_session(file, RuntimeOptions(), Path(folder) / "profile")
        (network_input,) = session.get_inputs()
        session.run(None, {network_input.name: pictures})
        events = json.loads(Path(session.end_profiling()).read_text())
    nodes = (event["args"] for event in events if event.get("cat") == "Node" and "output_type_shape" in event["args"])
    return sum(
        _node_flop(node["op_name"], _shapes(node["input_type_shape"]), _shapes(node["output_type_shape"]))
        for node in nodes
    )


def _shapes(tensors: list[dict[str, list[int]]]) -> list[list[int]]:
    return [shape for tensor in tensors for shape in tensor.values()]


def _node_flop(kind: str, inputs: list[list[int]], outputs: list[list[int]]) -> int:
    if kind == "Conv":  # each output pixel: one kernel (filters, channels, rows, columns) without the filters
        return 2 * prod(outputs[0]) * prod(inputs[1][1:])
    if kind in ("MatMul", "Gemm"):  # (.., m, k) x (k, n)
        return 2 * prod(outputs[0]) * prod(inputs[0]) // prod(outputs[0][:-1])
    if kind in ("GRU", "LSTM"):  # (steps, batch, channels), the weights of the inputs and of the states
        steps, batch = inputs[0][:2]
        return 2 * steps * batch * (prod(inputs[1]) + prod(inputs[2]))
    return 0
