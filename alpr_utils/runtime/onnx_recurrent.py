"""Recurrent Keras layers as single ONNX operators; converted step by step they would be loops, ten times as slow."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

# The gates in ONNX's order as places in Keras's: update, reset, hidden; input, output, forget, cell.
_GATES = {"GRU": (0, 1, 2), "LSTM": (0, 3, 1, 2)}


def split_at_recurrence(network: "keras.Model") -> "tuple[keras.Model, list[keras.Layer]]":
    """The network up to its first bidirectional layer, and that layer with all after it, which have to be a chain."""
    import keras

    layers = list(network.layers)
    places = [number for number, layer in enumerate(layers) if isinstance(layer, keras.layers.Bidirectional)]
    if not places:
        return network, []
    return keras.Model(network.input, layers[places[0]].input), layers[places[0] :]


def add_layers(graph: Any, layers: "Sequence[keras.Layer]") -> None:
    """Append bidirectional GRUs or LSTMs and linear dense layers to an ONNX graph whose output is (B, T, C)."""
    from onnx import TensorProto, helper

    name = graph.output[0].name
    steps = layers[0].input.shape[1]
    for layer in layers:
        name = (_dense if hasattr(layer, "kernel") else _bidirectional)(graph, layer, name)
    del graph.output[:]
    shape = [None, steps, layers[-1].output.shape[-1]]
    graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))


def _constant(graph: Any, name: str, array: np.ndarray) -> str:
    from onnx import numpy_helper

    graph.initializer.append(numpy_helper.from_array(array, name))
    return name


def _node(graph: Any, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
    from onnx import helper

    graph.node.append(helper.make_node(kind, inputs, [output], **attributes))
    return output


def _dense(graph: Any, layer: "keras.Layer", name: str) -> str:
    kernel, bias = (np.asarray(weight) for weight in layer.get_weights())
    product = _node(graph, "MatMul", [name, _constant(graph, f"{layer.name}/kernel", kernel)], f"{layer.name}/product")
    return _node(graph, "Add", [product, _constant(graph, f"{layer.name}/bias", bias)], layer.name)


def _bidirectional(graph: Any, layer: "keras.Layer", name: str) -> str:
    kind = type(layer.forward_layer).__name__
    inputs = [_both_directions(graph, layer, part, kind) for part in ("kernel", "recurrent", "bias")]
    options = {"linear_before_reset": 1} if kind == "GRU" else {}
    turned = _node(graph, "Transpose", [name], f"{layer.name}/steps", perm=(1, 0, 2))  # (T, B, C)
    units = layer.forward_layer.units
    states = _node(
        graph, kind, [turned, *inputs], f"{layer.name}/states", direction="bidirectional", hidden_size=units, **options
    )  # (T, 2, B, units)
    turned = _node(graph, "Transpose", [states], f"{layer.name}/batch", perm=(2, 0, 1, 3))
    shape = _constant(graph, f"{layer.name}/shape", np.array([0, 0, 2 * units], np.int64))
    return _node(graph, "Reshape", [turned, shape], layer.name)  # (B, T, 2 units)


def _both_directions(graph: Any, layer: "keras.Layer", part: str, kind: str) -> str:
    """Kernels (2, G units, C), recurrent kernels (2, G units, units) or biases (2, 2 G units), in ONNX's order.

    The constants are Keras's own arrays, so that they can be shared; the runtime turns them once.
    """
    halves = []
    place = ("kernel", "recurrent", "bias").index(part)
    for direction, half in (("forward", layer.forward_layer), ("backward", layer.backward_layer)):
        array, name = np.asarray(half.get_weights()[place], np.float32), f"{layer.name}/{direction}/{part}"
        if part == "bias":
            array = array if array.ndim == 2 else np.stack([array, np.zeros_like(array)])  # of the input, of the state
            halves.append(_constant(graph, name, _in_order(array, kind).reshape(1, -1)))
            continue
        gates = _constant(graph, f"{name}/gates", _in_order(np.arange(array.shape[1]), kind))
        ordered = _node(graph, "Gather", [_constant(graph, f"{name}/keras", array), gates], f"{name}/ordered", axis=1)
        turned = _node(graph, "Transpose", [ordered], f"{name}/turned", perm=(1, 0))
        axes = _constant(graph, f"{name}/axes", np.array([0], np.int64))
        halves.append(_node(graph, "Unsqueeze", [turned, axes], name))
    return _node(graph, "Concat", halves, f"{layer.name}/{part}", axis=0)


def _in_order(array: np.ndarray, kind: str) -> np.ndarray:
    """The gates along the last axis (G units) in ONNX's order instead of Keras's."""
    parts = np.split(array, len(_GATES[kind]), axis=-1)
    return np.concatenate([parts[gate] for gate in _GATES[kind]], axis=-1)
