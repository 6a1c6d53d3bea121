"""The command ``export``: the ONNX files of a model folder, from its weights."""

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
    int8: Annotated[
        list[str] | None,
        typer.Option(help="Write model.int8.onnx with the ranges that this folder of labelled pictures shows."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Pictures to look at for --int8, at most.")] = 40,
) -> None:
    """Write model.onnx of a model folder again, from the weights that are stored there, or model.int8.onnx."""
    from alpr_utils.models.tf_import import import_tensorflow_quietly

    folder = _folder(model, models)
    import_tensorflow_quietly()
    if int8:
        from alpr_utils.training.int8 import export_int8, sample_images

        typer.echo(f"exported to {export_int8(folder, sample_images(int8, count))}")
        return
    from alpr_utils.training.export import export_onnx

    typer.echo(f"exported to {export_onnx(folder)}")
