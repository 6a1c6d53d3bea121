"""Trained networks -> model folders, and what runs without Keras: ``model.onnx``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from alpr_utils.config import parse_settings
from alpr_utils.detect.architecture import ARCHITECTURES
from alpr_utils.detect.stored import load_network
from alpr_utils.errors import ModelError
from alpr_utils.models.folder import METADATA_FILE, WEIGHTS_FILE, read_metadata, replaced_folder, write_metadata
from alpr_utils.models.weights import load_weights, save_weights
from alpr_utils.networks.char_cnn import build_char_cnn
from alpr_utils.networks.char_detector import build_char_detector
from alpr_utils.networks.configs import SecondLookConfig
from alpr_utils.networks.corners import build_corner_network
from alpr_utils.networks.crnn import build_crnn
from alpr_utils.networks.second_look import build_second_look
from alpr_utils.runtime.network import ONNX_FILE
from alpr_utils.runtime.onnx_export import add_onnx, write_onnx
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


def _other_network(metadata: dict[str, Any]) -> keras.Model | None:
    """The network of a reader or of a helper, with random weights."""
    classes = len(metadata.get("alphabet", ()))
    match metadata.get("architecture"):
        case "crnn":
            return build_crnn(classes, metadata["variant"])
        case "character ssd":
            return build_char_detector(classes)
        case "char_cnn":
            return build_char_cnn(classes + 1)  # "not a character"
        case "corner regression":
            return build_corner_network()
        case "second look":
            return build_second_look(parse_settings(SecondLookConfig, metadata["config"], METADATA_FILE))
    return None


def export_onnx(folder: Path) -> Path:
    """Write ``model.onnx`` of any model folder of this package again, from its weights.

    Raises:
        ModelError: the folder is damaged, or its architecture is not one of this package.
    """
    metadata = read_metadata(folder)
    if metadata.get("architecture") in ARCHITECTURES:
        from alpr_utils.detect.export import with_box_outputs  # needs TensorFlow, which trainings do without

        architecture, detector = load_network(folder)
        return add_onnx(folder, with_box_outputs(detector, architecture))
    network = _other_network(metadata)
    if network is None:
        raise ModelError(f"{folder / METADATA_FILE}: its architecture cannot be exported; give one of this package.")
    load_weights(network, folder / WEIGHTS_FILE)
    return add_onnx(folder, network, "uint8")
