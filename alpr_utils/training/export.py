"""Trained readers and their helpers -> model folders."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from alpr_utils.models.folder import WEIGHTS_FILE, replaced_folder, write_metadata
from alpr_utils.models.weights import load_weights, save_weights
from alpr_utils.runtime.network import ONNX_FILE
from alpr_utils.runtime.onnx_export import write_onnx
from alpr_utils.training.history import save_log, stages_of, trainings_of
from alpr_utils.training.run import LOG_FILE


def export_network(
    network: keras.Model,
    weights: Sequence[Path],
    folder: Path,
    metadata: dict[str, Any],
    dtype: type[np.floating] = np.float16,
) -> Path:
    """Write a model folder with the settings and logs of all trainings.

    Args:
        network: with its trained weights; takes uint8.
        weights: the files that they come from.
        folder: replaced, once all is written, if it exists.
        metadata: the entries of metadata.json besides the training.
        dtype: in which weights are stored.

    Raises:
        OutputError: ``folder`` cannot be written.
    """
    entries = {**metadata, "parameters": network.count_params(), "training": trainings_of(weights)}
    with replaced_folder(folder) as draft:
        save_weights(network, draft / WEIGHTS_FILE, dtype)
        load_weights(network, draft / WEIGHTS_FILE)  # rounded: model.onnx gets the same numbers
        write_onnx(network, draft, "uint8")
        save_log(stages_of(weights), draft / LOG_FILE)
        write_metadata(draft, entries, [draft / WEIGHTS_FILE, draft / ONNX_FILE])
    return folder
