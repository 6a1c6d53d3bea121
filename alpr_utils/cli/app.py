"""The command line. Exit status: 0 everything done, 1 something could not be processed, 2 wrong usage."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alpr_utils.cli.crops import calibrate, load_plates, measure_readers
from alpr_utils.cli.detectors import anchors, import_darknet
from alpr_utils.cli.generate import generate_app
from alpr_utils.cli.tfrecord import tfrecord
from alpr_utils.cli.train import train_app
from alpr_utils.errors import AlprError
from alpr_utils.models.tf_import import import_tensorflow_quietly

if TYPE_CHECKING:
    from alpr_utils.alpr import Enhance
    from alpr_utils.detect.detector import Detector
    from alpr_utils.evaluation.crops import PlateCrop
    from alpr_utils.evaluation.photos import Evaluation
    from alpr_utils.read.reading import Reader
    from alpr_utils.results import PictureResult

DEFAULT_READER = "voting"

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
app.command("calibrate")(calibrate)
app.command("tfrecord")(tfrecord)
app.command("anchors")(anchors)
app.command("import-darknet")(import_darknet)

DetectorOption = Annotated[str, typer.Option(help="Folder name in the models folder, or a path.")]
TilesOption = Annotated[bool, typer.Option("--tiles", help="Look at overlapping parts of large pictures, too.")]
VehicleFirstOption = Annotated[
    bool, typer.Option("--vehicle-first", help="Find vehicles in large pictures and look at each of them, too.")
]
VehicleDetectorOption = Annotated[
    str, typer.Option(help="With --vehicle-first: folder name in the models folder, or a path.")
]
ReaderOption = Annotated[str, typer.Option(help="Name of a reader; 'none' only detects.")]
EnhanceOption = Annotated[bool, typer.Option("--enhance/--no-enhance", help="Correct light and colours first.")]
ShadowsOption = Annotated[bool, typer.Option("--remove-shadows/--keep-shadows", help="Flatten light on plates.")]
CountryOption = Annotated[str, typer.Option(help="Whose plates: mn, kr or auto.")]
MinScoreOption = Annotated[float | None, typer.Option(min=0.0, max=1.0, help="Replaces the detector's own threshold.")]
ModelsOption = Annotated[
    Path | None, typer.Option("--models", help="Folder of the models [default: exported_model_directory].")
]


def _complain(error: object) -> None:
    from tqdm import tqdm

    tqdm.write(f"error: {error}", file=sys.stderr)


def _detector(name: str, models: Path | None, tiles: bool, vehicle_first: bool, vehicle_detector: str) -> "Detector":
    from alpr_utils.detect.exported import list_detectors, load_detector
    from alpr_utils.models.paths import default_models_dir

    if tiles and vehicle_first:
        raise typer.BadParameter("--tiles and --vehicle-first are two ways to the same end; give one of them.")
    models = models or default_models_dir()
    if not (models / name).exists() and not Path(name).exists():
        known = ", ".join(list_detectors(models)) or "none"
        raise typer.BadParameter(f"no detector '{name}'; give a path or one of {models}: {known}.")
    import_tensorflow_quietly()
    if tiles:
        from alpr_utils.detect.tiles import TiledDetector

        return TiledDetector(load_detector(name, models))
    if vehicle_first:
        from alpr_utils.detect.vehicle_first import (
            VehicleFirstDetector,
            load_vehicle_detector,
            no_vehicle_detector,
        )

        if not (models / vehicle_detector).exists() and not Path(vehicle_detector).exists():
            raise typer.BadParameter(no_vehicle_detector(vehicle_detector, models))
        vehicles = load_vehicle_detector(vehicle_detector, models)
        return VehicleFirstDetector(load_detector(name, models), vehicles)
    return load_detector(name, models)


def _reader(name: str, models: Path | None, country: str, grammar: bool, remove_shadows: bool) -> "Reader | None":
    from alpr_utils.read.load import COUNTRIES, READERS, load_reader

    if country not in COUNTRIES:
        raise typer.BadParameter(f"no country '{country}'; choose one of {', '.join(COUNTRIES)}.")
    if name == "none":
        return None
    if name not in READERS:
        raise typer.BadParameter(f"no reader '{name}'; choose one of {', '.join(READERS)}, none.")
    import_tensorflow_quietly()
    return load_reader(name, models, country, grammar, remove_shadows)


def _enhance(wanted: bool) -> "Enhance | None":
    if not wanted:
        return None
    from alpr_utils.enhance import enhance

    return enhance


def _find(paths: Sequence[str]) -> tuple[list[Path], bool]:
    """The pictures to process, and whether some paths led nowhere (said on stderr)."""
    from alpr_utils.images import find_pictures

    found, problems = find_pictures(paths)
    for problem in problems:
        _complain(problem)
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

    opened_reader = _reader(reader, models, country, grammar, remove_shadows)
    chosen_enhance = _enhance(enhance)
    if crops:
        if opened_reader is None:
            raise typer.BadParameter("--crops needs a reader, not 'none'.")
        pictures, incomplete = _find(paths)
        results = process_batch(pictures, lambda image: [read_whole(image, opened_reader)], every)
    else:
        opened_detector = _detector(detector, models, tiles, vehicle_first, vehicle_detector)
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

    from alpr_utils.charts.draw import draw_plates
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
                _complain(result.error)
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


@app.command()
def evaluate(
    data: Annotated[
        Path,
        typer.Option(help="Photos with VOC XML, and plates.csv where there is one; with --crops also 'generated'."),
    ],
    detector: DetectorOption = "plate_detector_ssd",
    tiles: TilesOption = False,
    vehicle_first: VehicleFirstOption = False,
    vehicle_detector: VehicleDetectorOption = "vehicle_detector_ssd",
    reader: Annotated[
        list[str] | None, typer.Option(help=f"Name of a reader [default: {DEFAULT_READER}]; with --crops several.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write all figures and every plate's fate here.")] = None,
    enhance: EnhanceOption = False,
    remove_shadows: ShadowsOption = True,
    split: Annotated[str, typer.Option(help="a or b: only that half, split by plate identity.")] = "",
    country: CountryOption = "auto",
    models: ModelsOption = None,
    crops: Annotated[
        bool, typer.Option("--crops", help="Only read: true boxes of photos, or pictures of one plate each.")
    ] = False,
    width: Annotated[
        list[int] | None, typer.Option(min=1, help="With --crops: shrink plates to this width; may be repeated.")
    ] = None,
    shrink: Annotated[
        bool, typer.Option("--shrink", help="With --crops: as they are and 160, 120, 80, 60, 40, 30 pixels wide.")
    ] = False,
    count: Annotated[int, typer.Option(min=1, help="With --data generated: so many plates.")] = 400,
    min_score: MinScoreOption = None,
) -> None:
    """Measure a detector and a reader on labelled photos."""
    from alpr_utils.evaluation.photos import evaluate as measure
    from alpr_utils.results import write_json

    if split not in ("", "a", "b"):
        raise typer.BadParameter(f"no half '{split}'; choose a or b.")
    if (width or shrink) and not crops:
        raise typer.BadParameter("--width and --shrink are for plates that are only read; add --crops.")
    readers = [
        [_reader(name, models, country, grammar, remove_shadows) for grammar in (True, False)]
        for name in reader or [DEFAULT_READER]
    ]
    if crops:
        _evaluate_crops(load_plates(data, split, count, country, models), readers, data, width, shrink, json)
        return
    if len(readers) > 1:
        raise typer.BadParameter("several readers are measured with --crops only; give one --reader.")
    opened_detector = _detector(detector, models, tiles, vehicle_first, vehicle_detector)
    if min_score is not None:
        opened_detector.threshold = min_score
    figures = measure(data, opened_detector, readers[0][0], readers[0][1], _enhance(enhance), split)
    for problem in figures.problems:
        _complain(problem)
    if json:
        write_json(json, asdict(figures))
    _say_figures(figures)
    if figures.problems:
        raise typer.Exit(1)


def _evaluate_crops(
    plates: "Sequence[PlateCrop]",
    readers: "Sequence[Sequence[Reader | None]]",
    data: Path,
    width: list[int] | None,
    shrink: bool,
    json: Path | None,
) -> None:
    from alpr_utils.evaluation.crops import WIDTHS

    pairs = [(one, free) for one, free in readers if one is not None and free is not None]
    if len(pairs) < len(readers):
        raise typer.BadParameter("--crops needs a reader, not 'none'.")
    widths = (None, *WIDTHS) if shrink else width or (None,)
    measure_readers(plates, pairs, str(data), widths, json)


def _say_figures(figures: "Evaluation") -> None:
    def percent(value: float | None) -> str:
        return "-" if value is None else f"{value:.1%}"

    texts = figures.texts
    typer.echo(f"{figures.pictures} pictures, {figures.plates} plates ({figures.plates_with_text} with known text)")
    typer.echo(f"AP {figures.ap:.3f}  AP50 {figures.ap50:.3f}  AP75 {figures.ap75:.3f}")
    typer.echo(
        f"found {percent(figures.recall_at_threshold)} at score >= {figures.threshold:g}, "
        f"{figures.false_boxes_per_picture:.2f} false boxes a picture, "
        f"{figures.pictures_with_two_false_boxes} pictures with two or more"
    )
    typer.echo("by width: " + ", ".join(f"{band.title} {band.found} of {band.plates}" for band in figures.by_width))
    for title, exact, free, cer in (
        ("all plates", texts.exact, texts.exact_without_grammar, texts.cer),
        ("found plates", texts.exact_of_found, texts.exact_of_found_without_grammar, texts.cer_of_found),
        ("true boxes", texts.exact_in_true_boxes, None, texts.cer_in_true_boxes),
    ):
        typer.echo(f"{title}: exact {percent(exact)}, without grammar {percent(free)}, CER {percent(cer)}")
    typer.echo("lost: " + ", ".join(f"{stage} {count}" for stage, count in figures.lost.items()))
    typer.echo("ms a picture: " + ", ".join(f"{stage} {ms:g}" for stage, ms in figures.milliseconds.items()))


@download_app.command("mongolian")
def download_mongolian(
    output: Annotated[Path, typer.Option(help="Where the photos and labels go.")] = Path("data/mongolian"),
    base_url: Annotated[str | None, typer.Option(help="A mirror of the repository's files.")] = None,
) -> None:
    """Download 36 public photos of the Mongolian-ALPR project with their labels; run it again to resume."""
    from alpr_utils.data.download import PUBLIC_PHOTOS_URL, download_photos, public_photos

    problems = download_photos(public_photos(), output, base_url or PUBLIC_PHOTOS_URL)
    for problem in problems:
        _complain(problem)
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
        _complain(error)
        return 1
    return 0
