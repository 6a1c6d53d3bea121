"""ONNX networks with convolutions in bytes: static quantisation with the ranges that sample inputs show.

Source: Jacob et al., 2018, "Quantization and training of neural networks for efficient integer-arithmetic-only
inference"; computed by onnxruntime.
"""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from alpr_utils.errors import ModelError
from alpr_utils.models.folder import WEIGHTS_FILE, read_metadata, replaced_folder, update_checksums
from alpr_utils.runtime.network import INT8_FILE, ONNX_FILE
from alpr_utils.runtime.onnx_weights import share_weights

if TYPE_CHECKING:
    import onnx


class _Inputs:
    """Sample inputs as onnxruntime's quantisation asks for them."""

    def __init__(self, name: str, inputs: Iterable[np.ndarray]):
        self.name, self.inputs = name, iter(inputs)

    def get_next(self) -> dict[str, np.ndarray] | None:
        found = next(self.inputs, None)
        return None if found is None else {self.name: found}


def add_int8(folder: Path, inputs: Iterable[np.ndarray], kept: Sequence[str] = ()) -> Path:
    """Write ``model.int8.onnx`` into a model folder that has a ``model.onnx``.

    Args:
        inputs: what the network sees of a few dozen pictures that nothing is measured on, each with a batch dimension.
        kept: parts of the names of operators that stay in float32.

    Raises:
        ModelError: the folder is damaged, or onnx is not installed.
        OutputError: the folder cannot be written.
    """
    metadata = read_metadata(folder)
    try:
        import onnx
    except ImportError:
        raise ModelError(f"{folder}: to export, install onnx ('pip install alpr-utils[train]').") from None
    with TemporaryDirectory() as place, replaced_folder(folder) as draft:
        shutil.copytree(folder, draft, dirs_exist_ok=True)
        model = _quantised(onnx.load(folder / ONNX_FILE), Path(place), inputs, kept)
        share_weights(model.graph, draft / WEIGHTS_FILE)
        onnx.save(model, str(draft / INT8_FILE))
        update_checksums(draft, metadata, [INT8_FILE])
    return folder / INT8_FILE


def _quantised(
    model: "onnx.ModelProto", place: Path, inputs: Iterable[np.ndarray], kept: Sequence[str]
) -> "onnx.ModelProto":
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    whole, prepared, result = (str(place / f"{name}.onnx") for name in ("whole", "prepared", "result"))
    onnx.save(model, whole)
    quant_pre_process(whole, prepared, skip_symbolic_shape=True)
    graph = onnx.load(prepared).graph
    reader: Any = _Inputs(graph.input[0].name, inputs)
    excluded = [node.name for node in graph.node if any(part in node.name for part in kept)]
    quantize_static(
        prepared,
        result,
        reader,
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=excluded,
    )
    return onnx.load(result)
