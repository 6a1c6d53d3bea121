"""The command ``export``: the ONNX file of a model folder, from its weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alpr_utils.cli.options import ModelsOption
from alpr_utils.errors import ModelError

if TYPE_CHECKING:
    import keras


def _reader_network(metadata: dict[str, Any]) -> "keras.Model | None":
    """The network of a reader or of one of its helpers, with random weights."""
    from alpr_utils.networks.char_cnn import build_char_cnn
    from alpr_utils.networks.char_detector import build_char_detector
    from alpr_utils.networks.corners import build_corner_network
    from alpr_utils.networks.crnn import build_crnn

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
    return None


def _folder(model: str, models: Path | None) -> Path:
    from alpr_utils.models.paths import default_models_dir

    for folder in ((models or default_models_dir()) / model, Path(model)):
        if folder.is_dir():
            return folder
    raise ModelError(f"{model}: no such model folder; give its name or path.")


def export(
    model: Annotated[str, typer.Argument(help="Name or path of a model folder, such as plate_detector_ssd.")],
    models: ModelsOption = None,
) -> None:
    """Write model.onnx of a model folder again, from the weights that are stored there."""
    from alpr_utils.models.folder import METADATA_FILE, WEIGHTS_FILE, read_metadata
    from alpr_utils.models.tf_import import import_tensorflow_quietly

    folder = _folder(model, models)
    metadata = read_metadata(folder)
    import_tensorflow_quietly()
    from alpr_utils.detect.architecture import ARCHITECTURES
    from alpr_utils.detect.export import with_box_outputs
    from alpr_utils.detect.stored import load_network
    from alpr_utils.models.weights import load_weights
    from alpr_utils.runtime.onnx_export import add_onnx

    if metadata.get("architecture") in ARCHITECTURES:
        architecture, detector = load_network(folder)
        file = add_onnx(folder, with_box_outputs(detector, architecture))
    else:
        network = _reader_network(metadata)
        if network is None:
            raise ModelError(
                f"{folder / METADATA_FILE}: its architecture cannot be exported; give one of this package."
            )
        load_weights(network, folder / WEIGHTS_FILE)
        file = add_onnx(folder, network, "uint8")
    typer.echo(f"exported to {file}")
