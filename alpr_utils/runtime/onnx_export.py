"""Keras networks -> small ONNX files: batch normalisation folded, every number stored once in half precision."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from alpr_utils.errors import ModelError
from alpr_utils.models.folder import add_file
from alpr_utils.runtime.network import ONNX_FILE
from alpr_utils.runtime.onnx_recurrent import add_layers, split_at_recurrence

if TYPE_CHECKING:
    import keras
    import onnx

OPSET = 18
_SMALLEST = 64  # numbers; smaller arrays stay as they are


def write_onnx(network: "keras.Model", file: Path, dtype: str = "float32") -> None:
    """Write the network; its batch dimension, and all that Keras leaves open, stay open.

    Args:
        network: one input, one output or several; the weights should be exact in half precision, as those of model
            folders are.
        dtype: of the input, ``uint8`` or ``float32``.

    Raises:
        ModelError: tf2onnx is not installed.
    """
    try:
        import onnx
        import tensorflow as tf
        import tf2onnx
    except ImportError as error:
        raise ModelError(f"{file}: to export, install {error.name} ('pip install alpr-utils[train]').") from None
    front, recurrent = split_at_recurrence(network)
    signature = [tf.TensorSpec((None, *network.input.shape[1:]), dtype, name="pictures")]
    function = tf.function(lambda pictures: front(pictures, training=False), input_signature=signature)
    model, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    if recurrent:
        add_layers(model.graph, recurrent)
    kernels = [weight for weight in network.get_weights() if weight.ndim == 4]
    _store_in_half_precision(model, kernels)
    onnx.checker.check_model(model)
    onnx.save(model, str(file))


def add_onnx(folder: Path, network: "keras.Model", dtype: str = "float32") -> Path:
    """Write ``model.onnx`` of ``network`` into its model folder and list it in the metadata.

    Raises:
        ModelError: the folder has no valid metadata, or tf2onnx is not installed.
    """
    with TemporaryDirectory() as place:
        write_onnx(network, Path(place) / ONNX_FILE, dtype)
        add_file(folder, Path(place) / ONNX_FILE)
    return folder / ONNX_FILE


def _store_in_half_precision(model: "onnx.ModelProto", kernels: Sequence[np.ndarray]) -> None:
    """Replace float32 constants by float16 ones and a Cast, which onnxruntime computes once, when it opens the file.

    A convolution that took in the batch normalisation after it is a kernel of the network times a factor for each
    filter. Kernels are exact in half precision, products are not; so kernel and factors are stored.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    stored: dict[tuple[Any, bytes], str] = {}
    nodes: list[Any] = []
    kept = []
    for constant in graph.initializer:
        array = numpy_helper.to_array(constant)
        kernel, factors = _factored(array, kernels)
        if kernel is None:
            kept.append(constant)
            continue
        key = kernel.shape, kernel.tobytes()
        if key not in stored:
            stored[key] = f"{constant.name}/half"
            kept.append(numpy_helper.from_array(kernel.astype(np.float16), stored[key]))
        whole = constant.name if factors is None else f"{constant.name}/kernel"
        nodes.append(helper.make_node("Cast", [stored[key]], [whole], to=1))
        if factors is not None:
            kept.append(numpy_helper.from_array(factors, f"{constant.name}/factors"))
            nodes.append(helper.make_node("Mul", [whole, f"{constant.name}/factors"], [constant.name]))
    del graph.initializer[:]
    graph.initializer.extend(kept)
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *rest])


def _factored(array: np.ndarray, kernels: Sequence[np.ndarray]) -> tuple[np.ndarray | None, np.ndarray | None]:
    """``array`` as an array that is exact in half precision, times factors (filters, 1, 1, 1) where it needs them."""
    if array.dtype != np.float32 or array.size < _SMALLEST:
        return None, None
    if np.array_equal(array.astype(np.float16).astype(np.float32), array):
        return array, None
    for kernel in kernels:
        turned = kernel.transpose(3, 2, 0, 1)  # Keras: rows, columns, channels, filters; ONNX: filters first
        if turned.shape == array.shape and np.array_equal(turned.astype(np.float16).astype(np.float32), turned):
            top = np.abs(turned).reshape(len(turned), -1).argmax(axis=1)[:, None]
            flat, folded = turned.reshape(len(turned), -1), array.reshape(len(array), -1)
            factors = np.take_along_axis(folded, top, 1) / np.take_along_axis(flat, top, 1)
            if np.allclose(flat * factors, folded, rtol=1e-5, atol=1e-9):
                return np.ascontiguousarray(turned), factors.reshape(-1, 1, 1, 1).astype(np.float32)
    return None, None
