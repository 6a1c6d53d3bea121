"""The command line. Exit status: 0 everything done, 1 something could not be processed, 2 wrong usage."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alpr_utils.cli.detectors import anchors, import_darknet
from alpr_utils.cli.evaluate import calibrate, evaluate
from alpr_utils.cli.generate import generate_app
from alpr_utils.cli.options import (
    DEFAULT_READER,
    CountryOption,
    DetectorOption,
    EnhanceOption,
    MinScoreOption,
    ModelsOption,
    ReaderOption,
    ShadowsOption,
    TilesOption,
    VehicleDetectorOption,
    VehicleFirstOption,
    complain,
    open_detector,
    open_enhance,
    open_reader,
)
from alpr_utils.cli.tfrecord import tfrecord
from alpr_utils.cli.train import train_app
from alpr_utils.errors import AlprError

if TYPE_CHECKING:
    from alpr_utils.alpr import Enhance
    from alpr_utils.results import PictureResult

app = typer.Typer(
    name="alpr_utils",
    help="Find and read licence plates, measure and train the models that do it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
download_app = typer.Typer(help="Download public photos.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(train_app, name="train")
app.add_typer(generate_app, name="generate")
app.add_typer(download_app, name="download")
app.command("evaluate")(evaluate)
app.command("calibrate")(calibrate)
app.command("tfrecord")(tfrecord)
app.command("anchors")(anchors)
app.command("import-darknet")(import_darknet)


def _find(paths: Sequence[str]) -> tuple[list[Path], bool]:
    """The pictures to process, and whether some paths led nowhere (said on stderr)."""
    from alpr_utils.images import find_pictures

    found, problems = find_pictures(paths)
    for problem in problems:
        complain(problem)
    return found, bool(problems)


def _with_progress(results: "Iterable[PictureResult]", total: int) -> "Iterable[PictureResult]":
    from tqdm import tqdm

    return tqdm(results, total=total, unit="picture", disable=None, file=sys.stderr)


def _say_plates(result: "PictureResult") -> None:
    from tqdm import tqdm

    for plate in result.plates:
        score = plate.text_score if plate.text else plate.detection_score
        tqdm.write(f"{result.name}\t{plate.text or '-'}\t{score:.2f}", file=sys.stdout)


@app.command()
def read(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Pictures, folders, globs or videos.")],
    output: Annotated[Path | None, typer.Option(help="Folder for drawings and plates.csv.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Table [default: OUTPUT/plates.csv].")] = None,
    json: Annotated[Path | None, typer.Option(help="The same with the score of every character.")] = None,
    detector: DetectorOption = "plate_detector_ssd",
    tiles: TilesOption = False,
    vehicle_first: VehicleFirstOption = False,
    vehicle_detector: VehicleDetectorOption = "vehicle_detector_ssd",
    reader: ReaderOption = DEFAULT_READER,
    enhance: EnhanceOption = False,
    remove_shadows: ShadowsOption = True,
    min_score: MinScoreOption = None,
    crops: Annotated[bool, typer.Option("--crops", help="Every picture is one plate; nothing is detected.")] = False,
    country: CountryOption = "auto",
    grammar: Annotated[bool, typer.Option("--grammar/--no-grammar", help="Let the grammar settle look-alikes.")] = True,
    every: Annotated[int, typer.Option(min=1, help="Take every so many frames of a video.")] = 1,
    models: ModelsOption = None,
) -> None:
    """Find and read the plates of pictures and videos."""
    from alpr_utils.alpr import process_batch, read_plates, read_whole

    opened_reader = open_reader(reader, models, country, grammar, remove_shadows)
    chosen_enhance = open_enhance(enhance)
    if crops:
        if opened_reader is None:
            raise typer.BadParameter("--crops needs a reader, not 'none'.")
        pictures, incomplete = _find(paths)
        results = process_batch(pictures, lambda image: [read_whole(image, opened_reader)], every)
    else:
        opened_detector = open_detector(detector, models, tiles, vehicle_first, vehicle_detector)
        pictures, incomplete = _find(paths)
        results = process_batch(
            pictures, lambda image: read_plates(image, opened_detector, opened_reader, chosen_enhance, min_score), every
        )
    table = csv or (output / "plates.csv" if output else None)
    failed = _write_results(_with_progress(results, len(pictures)), table, json, output, crops, chosen_enhance)
    if failed or incomplete:
        raise typer.Exit(1)


def _write_results(
    results: "Iterable[PictureResult]",
    table: Path | None,
    json: Path | None,
    drawings: Path | None,
    crops: bool,
    enhance: "Enhance | None",
) -> bool:
    """Write each result as it comes, drawn on what the detector saw; whether some picture failed."""
    from contextlib import ExitStack

    from alpr_utils.draw import draw_plates
    from alpr_utils.images import write_image
    from alpr_utils.results import (
        CROP_COLUMNS,
        PLATE_COLUMNS,
        CsvTable,
        crop_rows,
        drawing_name,
        picture_facts,
        plate_rows,
        write_json,
    )

    failed = False
    facts = []
    taken: set[str] = set()
    with ExitStack() as stack:
        rows = stack.enter_context(CsvTable(table, CROP_COLUMNS if crops else PLATE_COLUMNS)) if table else None
        for result in results:
            if result.error:
                failed = True
                complain(result.error)
                continue
            if rows:
                rows.add(crop_rows(result) if crops else plate_rows(result))
            if drawings and not crops:
                name = drawing_name(result, enhance is not None, taken)
                seen = enhance(result.image) if enhance else result.image
                write_image(drawings / name, draw_plates(seen, result.plates))
            if json:
                facts.append(picture_facts(result))
            _say_plates(result)
    if json:
        write_json(json, facts)
    return failed


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with ``arguments`` (default: those of the process) and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        # Consoles that know no Cyrillic must not stop a batch.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app(list(arguments) if arguments is not None else None)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except AlprError as error:
        complain(error)
        return 1
    return 0
