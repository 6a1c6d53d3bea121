"""The command ``export``: the ONNX file of a model folder, from its weights."""

from pathlib import Path
from typing import Annotated

import typer

from alpr_utils.cli.options import ModelsOption
from alpr_utils.errors import ModelError


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
    from alpr_utils.models.tf_import import import_tensorflow_quietly

    folder = _folder(model, models)
    import_tensorflow_quietly()
    from alpr_utils.training.export import export_onnx

    typer.echo(f"exported to {export_onnx(folder)}")
