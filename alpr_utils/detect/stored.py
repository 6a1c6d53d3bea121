"""The architecture and the network of a model folder that was trained here, to fine-tune it or to look inside."""

from pathlib import Path
from typing import TYPE_CHECKING

from alpr_utils.detect.architecture import Architecture, parse_architecture
from alpr_utils.errors import ModelError
from alpr_utils.models.folder import METADATA_FILE, read_metadata

if TYPE_CHECKING:
    import keras


def load_network(folder: Path) -> "tuple[Architecture, keras.Model]":
    """The architecture and the Keras network of a model folder; `load_detector` is the way to detect.

    Raises:
        ModelError: the folder is missing or damaged, or its model was not trained here.
    """
    from alpr_utils.models.folder import WEIGHTS_FILE
    from alpr_utils.models.weights import load_weights

    if not folder.is_dir():
        raise ModelError(f"{folder}: does not exist; train such a detector or copy its folder there.")
    metadata = read_metadata(folder)
    if "architecture" not in metadata or "config" not in metadata:
        raise ModelError(f"{folder / METADATA_FILE}: names no architecture; choose a detector that was trained here.")
    where = f"{folder / METADATA_FILE}: config"
    architecture = parse_architecture(metadata["architecture"], metadata["config"], where)
    network = architecture.build()
    load_weights(network, folder / WEIGHTS_FILE)
    return architecture, network
