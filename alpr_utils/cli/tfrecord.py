"""The command ``tfrecord``: labelled photos as files that the TensorFlow Object Detection API trains on."""

from pathlib import Path
from typing import Annotated

import typer

from alpr_utils.cli.options import complain
from alpr_utils.models.tf_import import import_tensorflow_quietly


def tfrecord(
    data: Annotated[Path, typer.Option(help="Folder of labelled photos.")],
    out: Annotated[Path, typer.Option(help="Folder of the TFRecord files and their label_map.pbtxt.")],
    name: Annotated[str, typer.Option(help="How the files begin: NAME-00000-of-00010.tfrecord.")] = "train",
    class_name: Annotated[
        list[str] | None,
        typer.Option("--class", help="Only these classes, numbered from 1; repeat it [default: all, by alphabet]."),
    ] = None,
    per_file: Annotated[int | None, typer.Option(min=1, help="Photos in one file.")] = None,
) -> None:
    """Pack labelled photos into TFRecord files of the Object Detection API."""
    import_tensorflow_quietly()
    from alpr_utils.data.checks import class_name as spelled
    from alpr_utils.data.tfrecord import write_tfrecord

    ids = {
        class_: number for number, class_ in enumerate(dict.fromkeys(map(spelled, class_name or ())), start=1)
    } or None
    paths, problems = write_tfrecord(data, out, name, ids, per_file, leave_out_others=ids is not None)
    for problem in problems:
        complain(problem)
    typer.echo(f"{len(paths)} file{'s' if len(paths) > 1 else ''} in {out}")
    if problems:
        raise typer.Exit(1)
