"""Keras networks -> ONNX files without numbers of their own: they point into the ``weights.npz`` beside them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alpr_utils.errors import ModelError
from alpr_utils.models.arrays import save_arrays
from alpr_utils.models.folder import WEIGHTS_FILE, read_metadata, replaced_folder, update_checksums
from alpr_utils.models.tf_import import TENSORFLOW
from alpr_utils.runtime.network import ONNX_FILE
from alpr_utils.runtime.onnx_recurrent import add_layers, split_at_recurrence
from alpr_utils.runtime.onnx_scaling import scale_last
from alpr_utils.runtime.onnx_weights import share_weights

if TYPE_CHECKING:
    import keras

OPSET = 18


def write_onnx(network: "keras.Model", folder: Path, dtype: str = "float32") -> Path:
    """Write ``model.onnx``; its batch dimension, and all that Keras leaves open, stay open.

    Args:
        network: one input, one output or several; with the weights in ``folder / WEIGHTS_FILE``.
        dtype: of the input, ``uint8`` or ``float32``.

    Raises:
        ModelError: tf2onnx is not installed, or Keras computes with another library than TensorFlow.
    """
    file = folder / ONNX_FILE
    try:
        import keras
        import onnx
        import tensorflow as tf
        import tf2onnx
    except ImportError as error:
        raise ModelError(f"{file}: to export, install {error.name} ('pip install alpr-utils[train]').") from None
    if keras.config.backend() != TENSORFLOW:
        raise ModelError(f"{file}: only TensorFlow can export; give the command without KERAS_BACKEND.")
    front, recurrent = split_at_recurrence(network)
    signature = [tf.TensorSpec((None, *network.input.shape[1:]), dtype, name="pictures")]
    function: Callable = tf.function(lambda pictures: front(pictures, training=False), input_signature=signature)
    model, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    if recurrent:
        add_layers(model.graph, recurrent)
    scale_last(model.graph)
    share_weights(model.graph, folder / WEIGHTS_FILE)
    onnx.save(model, str(file))
    onnx.checker.check_model(str(file))
    return file


def add_onnx(folder: Path, network: "keras.Model", dtype: str = "float32") -> Path:
    """Write ``model.onnx`` into an existing model folder, whose ``weights.npz`` keeps its numbers.

    Raises:
        ModelError: the folder is damaged, or tf2onnx is not installed.
        OutputError: the folder cannot be written.
    """
    metadata = read_metadata(folder)
    with replaced_folder(folder) as draft:
        shutil.copytree(folder, draft, dirs_exist_ok=True)
        with np.load(folder / WEIGHTS_FILE) as arrays:
            save_arrays(draft / WEIGHTS_FILE, [arrays[name] for name in arrays.files])
        write_onnx(network, draft, dtype)
        update_checksums(draft, metadata, [WEIGHTS_FILE, ONNX_FILE])
    return folder / ONNX_FILE
