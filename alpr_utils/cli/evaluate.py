"""The commands ``evaluate`` and ``calibrate``."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alpr_utils.cli.options import (
    DEFAULT_READER,
    CountryOption,
    DetectorOption,
    EnhanceOption,
    MinScoreOption,
    ModelsOption,
    ShadowsOption,
    TilesOption,
    VehicleDetectorOption,
    VehicleFirstOption,
    complain,
    open_detector,
    open_enhance,
    open_reader,
)
from alpr_utils.models.tf_import import import_tensorflow_quietly

if TYPE_CHECKING:
    from alpr_utils.evaluation.crops import CornerFinder, CropEvaluation, PlateCrop
    from alpr_utils.evaluation.photos import Evaluation
    from alpr_utils.read.reading import Reader

GENERATED = "generated"
_UNSEEN_SEED = 770_001  # no training here draws its plates from it
_FITTED_SEED = 770_002


def _find_corners(models: Path) -> "CornerFinder | None":
    from alpr_utils.read.rectify import MODEL_FOLDER, Rectifier

    return Rectifier(models / MODEL_FOLDER).corners if (models / MODEL_FOLDER).exists() else None


def _models_folder(models: Path | None) -> Path:
    from alpr_utils.models.paths import default_models_dir

    return models or default_models_dir()


def load_plates(
    data: Path, split: str, count: int, country: str, models: Path | None, seed: int = _UNSEEN_SEED
) -> "list[PlateCrop]":
    """The plates of a folder, or of its half ``split``, or ``count`` generated ones of a country, ``auto``: of all."""
    from alpr_utils.evaluation.crops import fresh_crops, real_crops
    from alpr_utils.plates import COUNTRIES

    if str(data) == GENERATED:
        if split:
            raise typer.BadParameter(f"generated plates have no half {split}; ask for it of a folder.")
        return fresh_crops(count, seed, tuple(COUNTRIES) if country == "auto" else (country,))
    import_tensorflow_quietly()
    return real_crops(data, split, _find_corners(_models_folder(models)))


def measure_readers(
    plates: "Sequence[PlateCrop]",
    readers: "Sequence[tuple[Reader, Reader]]",
    data: str,
    widths: Sequence[int | None],
    json: Path | None,
) -> None:
    """Measure (with grammar, without) readers at each width, say the figures and write all of them as JSON."""
    from alpr_utils.evaluation.crops import evaluate_crops
    from alpr_utils.results import write_json

    found = []
    for reader, free_reader in readers:
        of_reader = [evaluate_crops(plates, reader, free_reader, data, width) for width in widths]
        typer.echo(f"{reader.name}: {reader.weight_count:,} parameters")
        for figures in of_reader:
            _say_figures(figures)
        _say_details(of_reader[0])
        found += of_reader
    if json:
        write_json(json, [asdict(figures) for figures in found])


def _say_figures(figures: "CropEvaluation") -> None:
    typer.echo(
        f"{figures.plates} plates{f' {figures.width} pixels wide' if figures.width else ''}: "
        f"exact {figures.exact:.1%}, without grammar {figures.exact_without_grammar:.1%}, "
        f"CER {figures.cer:.1%}, {figures.milliseconds:g} ms a plate "
        f"({figures.processor_milliseconds:g} ms of processor time), "
        f"calibration error {figures.calibration.error:.1%}"
    )


def _say_details(figures: "CropEvaluation") -> None:
    for group in figures.groups:
        typer.echo(
            f"  {group.measure} {group.group}: {group.plates} plates, exact {group.exact:.1%}, "
            f"without grammar {group.exact_without_grammar:.1%}"
        )
    wrong = [one for one in figures.confusions_without_grammar if one.true != one.read][:10]
    if wrong:
        said = ", ".join(f"{one.true or '-'} as {one.read or '-'} {one.count}" for one in wrong)
        typer.echo(f"  read without grammar: {said}")
    for outcome in figures.outcomes:
        if not outcome.is_exact:
            typer.echo(f"  {outcome.name}: {outcome.true_text} read as {outcome.text or '-'} ({outcome.score:.0%})")


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
        [open_reader(name, models, country, grammar, remove_shadows) for grammar in (True, False)]
        for name in reader or [DEFAULT_READER]
    ]
    if crops:
        _evaluate_crops(load_plates(data, split, count, country, models), readers, data, width, shrink, json)
        return
    if len(readers) > 1:
        raise typer.BadParameter("several readers are measured with --crops only; give one --reader.")
    opened_detector = open_detector(detector, models, tiles, vehicle_first, vehicle_detector)
    if min_score is not None:
        opened_detector.threshold = min_score
    figures = measure(data, opened_detector, readers[0][0], readers[0][1], open_enhance(enhance), split)
    for problem in figures.problems:
        complain(problem)
    if json:
        write_json(json, asdict(figures))
    _say_photo_figures(figures)
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


def _say_photo_figures(figures: "Evaluation") -> None:
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


def calibrate(
    reader: Annotated[list[str], typer.Option(help="Name of a reader; may be repeated.")],
    data: Annotated[
        list[str] | None,
        typer.Option(help="generated, or a folder of plates that nothing was trained on, FOLDER:a its half a."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Plates to generate.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the generated plates; not one of a training.")] = _FITTED_SEED,
    models: Annotated[
        Path | None, typer.Option("--models", help="Folder of the models [default: exported_model_directory].")
    ] = None,
) -> None:
    """Fit the temperature of readers, so that their scores are probabilities, and store it with their weights."""
    import_tensorflow_quietly()
    from alpr_utils.evaluation.calibration import TemperedReader
    from alpr_utils.evaluation.calibration import calibrate as fit
    from alpr_utils.read.load import load_reader
    from alpr_utils.training.run import parse_source

    folder = _models_folder(models)
    sources = [parse_source(text, ("a", "b")) for text in data or [GENERATED]]
    plates = [
        crop for source, _, half in sources for crop in load_plates(Path(source), half, count, "auto", folder, seed)
    ]
    described = ", ".join(data or [f"{GENERATED}, {count} plates, seed {seed}"])
    for name in reader:
        opened, free = (load_reader(name, folder, grammar=grammar) for grammar in (True, False))
        if not isinstance(opened, TemperedReader) or not isinstance(free, TemperedReader):
            raise typer.BadParameter(f"'{name}' has no temperature; choose another reader.")
        for how, result in zip(("with", "without"), fit(opened, free, plates, described, folder / name), strict=True):
            typer.echo(
                f"{name}, {how} grammar: temperature {result.temperature.value:g}, weight of the rest "
                f"{result.temperature.rest:g}, fitted on {result.plates} plates; on the "
                f"others, {result.exact:.1%} of them exact, the calibration error goes from "
                f"{result.before.error:.1%} to {result.after.error:.1%}"
            )
