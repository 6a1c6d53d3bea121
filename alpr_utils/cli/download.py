"""The commands ``download ...``."""

from pathlib import Path
from typing import Annotated

import typer

from alpr_utils.cli.options import complain

download_app = typer.Typer(help="Download public photos.", no_args_is_help=True, rich_markup_mode=None)


@download_app.command("mongolian")
def download_mongolian(
    output: Annotated[Path, typer.Option(help="Where the photos and labels go.")] = Path("data/mongolian"),
    base_url: Annotated[str | None, typer.Option(help="A mirror of the repository's files.")] = None,
) -> None:
    """Download 36 public photos of the Mongolian-ALPR project with their labels; run it again to resume."""
    from alpr_utils.data.download import PUBLIC_PHOTOS_URL, download_photos, public_photos

    problems = download_photos(public_photos(), output, base_url or PUBLIC_PHOTOS_URL)
    for problem in problems:
        complain(problem)
    if problems:
        raise typer.Exit(1)
