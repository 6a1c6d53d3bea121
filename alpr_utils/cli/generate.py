"""The commands ``generate ...``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alpr_utils.errors import AlprError

if TYPE_CHECKING:
    from alpr_utils.synth.files.recipe import Recipe

generate_app = typer.Typer(help="Generate labelled pictures.", no_args_is_help=True, rich_markup_mode=None)

OutOption = Annotated[Path, typer.Option(help="Folder to write; a stopped command goes on when it is given again.")]
CountOption = Annotated[int, typer.Option(min=1, help="Pictures; a larger number adds to a finished folder.")]
CountryOption = Annotated[str, typer.Option(help="Whose plates: a code such as mn, or the path of a country's file.")]
SeedOption = Annotated[int, typer.Option(min=0, help="The same seed gives the same pictures.")]
WorkersOption = Annotated[int, typer.Option(min=1, help="Processes; they do not change the pictures.")]
FormatOption = Annotated[
    str, typer.Option("--format", help="voc: pictures with XML; tfrecord: TFRecord files instead; all: both.")
]


def _generate(out: Path, recipe: "Recipe", count: int, workers: int, form: str) -> None:
    """Write a data set with a progress bar; settings that cannot work are wrong usage."""
    if form != "voc":
        from alpr_utils.models.tf_import import import_tensorflow_quietly

        import_tensorflow_quietly()
    from tqdm import tqdm

    from alpr_utils.synth.files.dataset import check_dataset, complete_pictures, write_dataset

    try:
        done = check_dataset(out, recipe, count, form)
    except AlprError as error:
        raise typer.BadParameter(str(error)) from None
    with tqdm(total=count, initial=done, unit="picture", disable=None, file=sys.stderr) as bar:
        try:
            write_dataset(out, recipe, count, workers, form, bar.update)
        except KeyboardInterrupt:
            kept = f"{complete_pictures(out)} of {count} pictures are complete and kept"
            raise AlprError(f"{out}: stopped; {kept}. Give the same command again to go on.") from None
    typer.echo(f"{count} picture{'s' if count > 1 else ''} in {out}")


@generate_app.command("plates")
def generate_plates(
    out: OutOption,
    count: CountOption = 1000,
    country: CountryOption = "mn",
    preset: Annotated[str, typer.Option(help="Kind of camera: parking, cctv, phone or mixed.")] = "mixed",
    seed: SeedOption = 0,
    workers: WorkersOption = 1,
    balanced: Annotated[bool, typer.Option("--balanced", help="Rare characters more often than on the road.")] = False,
    form: FormatOption = "voc",
) -> None:
    """Generate labelled crops of single plates."""
    from alpr_utils.synth.files.recipe import Recipe

    _generate(out, Recipe("plates", country, preset, seed, balanced), count, workers, form)


@generate_app.command("scenes")
def generate_scenes(
    out: OutOption,
    count: CountOption = 30,
    country: CountryOption = "mn",
    preset: Annotated[str, typer.Option(help="Kind of camera: parking, cctv, street or mixed.")] = "mixed",
    seed: SeedOption = 0,
    workers: WorkersOption = 1,
    quality: Annotated[str, typer.Option(help="fast: composed; rendered: ray traced, seconds a picture.")] = "fast",
    backgrounds: Annotated[Path | None, typer.Option(help="Folder of photos to stand behind the vehicles.")] = None,
    form: FormatOption = "voc",
) -> None:
    """Generate scenes with labelled plates, characters and vehicles."""
    from alpr_utils.synth.files.recipe import Recipe, background_pictures

    try:
        photos = background_pictures(backgrounds) if backgrounds else ()
    except AlprError as error:
        raise typer.BadParameter(str(error)) from None
    recipe = Recipe("scenes", country, preset, seed, quality=quality, backgrounds=photos)
    _generate(out, recipe, count, workers, form)


@generate_app.command("clips")
def generate_clips(
    out: OutOption,
    count: Annotated[int, typer.Option(min=1, help="Clips; the kinds take turns.")] = 5,
    country: CountryOption = "mn",
    kind: Annotated[str, typer.Option(help="passing, stopping, overtaking, dusk, two or all.")] = "all",
    seed: SeedOption = 0,
    fps: Annotated[float, typer.Option(min=1, max=60, help="Frames a second.")] = 25,
    width: Annotated[int, typer.Option(min=320, max=1280, help="Of the pictures, in pixels; they are 16:9.")] = 1280,
) -> None:
    """Generate videos of a parked camera with the truth: every vehicle, its text, when and where its plate is seen."""
    from alpr_utils.cli.clips import write_clips

    vehicles = write_clips(out, kind, count, country, seed, fps, width)
    typer.echo(f"{count} clip{'s' if count > 1 else ''} with {vehicles} vehicles in {out}")


@generate_app.command("benchmark")
def generate_benchmark(
    seconds: Annotated[float, typer.Option(min=0.1, help="How long each kind is measured.")] = 10,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
) -> None:
    """Measure how many plates and fast scenes a second this machine generates, and the memory it takes."""
    from alpr_utils.synth.files.benchmark import benchmark

    for figure in benchmark(seconds, workers):
        typer.echo(
            f"{figure.name}: {figure.per_second:.1f} / s with {workers} worker{'s' if workers > 1 else ''}, "
            f"{figure.per_core_second:.1f} / s of one core's time, "
            f"peak memory of a worker {figure.peak_mb:.0f} MB, grown by {figure.growth_mb:.1f} MB"
        )
