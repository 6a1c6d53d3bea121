"""The numbers of an ONNX graph, taken from the ``weights.npz`` beside it instead of being stored a second time."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from alpr_utils.models.arrays import StoredArray, stored_arrays

if TYPE_CHECKING:
    import onnx

_SMALLEST = 256  # numbers; smaller arrays stay in the graph
# Keras: rows, columns, channels, filters; ONNX: filters, channels, rows, columns. Dense layers: as they are or turned.
_ORDERS = {4: ((3, 2, 0, 1),), 3: ((0, 1, 2),), 2: ((0, 1), (1, 0))}


class _Source(NamedTuple):
    """A constant is ``weight``, its axes in ``order``, times ``factors`` (filters, 1, 1, 1) if there are any."""

    weight: StoredArray
    order: tuple[int, ...]
    factors: np.ndarray | None


def share_weights(graph: "onnx.GraphProto", weights: Path) -> None:
    """Replace constants that are in ``weights`` by references to that file.

    A reference is followed by the steps that make the constant of it: from half precision to float32, to the order of
    the axes, times the factors of a batch normalisation that a convolution took in. The runtime computes them once,
    when it opens the file.
    """
    from onnx import numpy_helper

    stored = [weight for weight in stored_arrays(weights) if weight.array.size >= _SMALLEST]
    kept, nodes = [], []
    referred: dict[int, str] = {}
    for constant in graph.initializer:
        source = _source(numpy_helper.to_array(constant), stored)
        if source is None:
            kept.append(constant)
            continue
        offset = source.weight.offset
        if offset not in referred:
            referred[offset] = f"weights/{offset}"
            kept.append(_reference(referred[offset], source.weight, weights.name))
        more, steps = _steps(constant.name, referred[offset], source)
        kept += more
        nodes += steps
    _replace(graph.initializer, kept)
    _replace(graph.node, [*nodes, *graph.node])


def _replace(field: Any, content: list[Any]) -> None:
    del field[:]
    field.extend(content)


def _reference(name: str, weight: StoredArray, file: str) -> "onnx.TensorProto":
    from onnx import StringStringEntryProto, TensorProto, helper

    place = {"location": file, "offset": weight.offset, "length": weight.length}
    return TensorProto(
        name=name,
        dims=weight.array.shape,
        data_type=helper.np_dtype_to_tensor_dtype(weight.array.dtype),
        data_location=TensorProto.EXTERNAL,
        external_data=[StringStringEntryProto(key=key, value=str(value)) for key, value in place.items()],
    )


def _steps(name: str, reference: str, source: _Source) -> tuple[list[Any], list[Any]]:
    """Further constants, and the nodes that lead from ``reference`` to ``name``."""
    from onnx import TensorProto, helper, numpy_helper

    kinds: list[tuple[str, dict[str, Any]]] = [("Cast", {"to": TensorProto.FLOAT})]
    if source.order != tuple(range(len(source.order))):
        kinds.append(("Transpose", {"perm": source.order}))
    constants = []
    if source.factors is not None:
        constants.append(numpy_helper.from_array(source.factors, f"{name}/factors"))
        kinds.append(("Mul", {}))
    nodes, last = [], reference
    for number, (kind, attributes) in enumerate(kinds):
        output = name if number == len(kinds) - 1 else f"{name}/{kind}"
        inputs = [last, f"{name}/factors"] if kind == "Mul" else [last]
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        last = output
    return constants, nodes


def _source(array: np.ndarray, stored: list[StoredArray]) -> _Source | None:
    if array.dtype != np.float32 or array.size < _SMALLEST:
        return None
    candidates = [
        (weight, order, weight.array.astype(np.float32).transpose(order))
        for weight in stored
        for order in _ORDERS.get(weight.array.ndim, ())
        if weight.array.size == array.size and weight.array.transpose(order).shape == array.shape
    ]
    for weight, order, turned in candidates:
        if np.array_equal(turned, array):
            return _Source(weight, order, None)
    for weight, order, turned in candidates:
        factors = _factors(array, turned) if array.ndim == 4 else None
        if factors is not None:
            return _Source(weight, order, factors)
    return None


def _factors(folded: np.ndarray, kernel: np.ndarray) -> np.ndarray | None:
    """What each filter of ``kernel`` was multiplied with to give ``folded``: (filters, 1, 1, 1); None if it was not."""
    wanted, given = folded.reshape(len(folded), -1), kernel.reshape(len(kernel), -1)
    largest = np.abs(given).argmax(axis=1)[:, None]
    divisors = np.take_along_axis(given, largest, axis=1)
    factors = np.take_along_axis(wanted, largest, axis=1) / np.where(divisors == 0, 1, divisors)
    if not np.allclose(given * factors, wanted, rtol=1e-5, atol=1e-9):
        return None
    return factors.reshape(-1, 1, 1, 1).astype(np.float32)
