"""The command ``vehicle-boxes``."""

from pathlib import Path
from typing import Annotated

import typer


def vehicle_boxes(
    photos: Annotated[Path, typer.Argument(metavar="PHOTOS", help="Folder of photos with labelled plates.")],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="New folder for images/ and annotations/, ready for 'train'.")
    ],
) -> None:
    """Estimate the boxes of vehicles from those of their plates and write both as VOC files."""
    from alpr_utils.data.vehicle_boxes import write_vehicle_labels

    count = write_vehicle_labels(photos, out)
    typer.echo(f"{count} photo{'' if count == 1 else 's'} in {out}")
