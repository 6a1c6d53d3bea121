"""The command ``convert``: labelled photos with labels of another format."""

from pathlib import Path
from typing import Annotated

import typer

from alpr_utils.cli.options import complain, wrong_usage


def convert(
    data: Annotated[Path, typer.Option(help="Folder of photos with VOC XML, YOLO or COCO labels.")],
    out: Annotated[Path, typer.Option(help="New folder for the pictures and their labels.")],
    form: Annotated[str, typer.Option("--format", help="voc, yolo or coco.")],
) -> None:
    """Write labelled photos again with labels as PASCAL VOC, YOLO or COCO."""
    from alpr_utils.data.convert import FORMATS
    from alpr_utils.data.convert import convert as write
    from alpr_utils.errors import AlprError

    with wrong_usage():
        if form not in FORMATS:
            raise AlprError(f"there is no format '{form}'; choose one of {', '.join(FORMATS)}.")
    count, problems = write(data, out, form)
    for problem in problems:
        complain(problem)
    typer.echo(f"{count} photo{'' if count == 1 else 's'} in {out}")
    if problems:
        raise typer.Exit(1)
