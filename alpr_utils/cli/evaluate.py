"""The commands ``evaluate``, ``evaluate-characters`` and ``calibrate``."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alpr_utils.cli.figures import (
    say_any_reader,
    say_crop_details,
    say_crop_figures,
    say_photo_figures,
    say_together,
    share_of,
)
from alpr_utils.cli.options import (
    CountryOption,
    EngineOption,
    ModelsOption,
    check_json,
    complain,
    open_detector,
    open_enhance,
    open_reader,
    with_alpr_options,
)
from alpr_utils.errors import AlprError
from alpr_utils.read.load import DEFAULT_READER

if TYPE_CHECKING:
    from alpr_utils.detect.detector import Detector
    from alpr_utils.evaluation.crops import CornerFinder, PlateCrop
    from alpr_utils.read.reading import Reader
    from alpr_utils.training.config import DataSource

GENERATED = "generated"
_UNSEEN_SEED = 770_001  # no training here draws its plates from it
_FITTED_SEED = 770_002

_DATA_HELP = (
    "Labelled photos (VOC, YOLO, COCO), with plates.csv where there is one: a path, or a name in the folder that the "
    "environment variable ALPR_PHOTOS names [default of that: data]. FOLDER:a or FOLDER:b: only that half, split by "
    "plate identity."
)
ReadersOption = Annotated[
    list[str] | None, typer.Option(help=f"Name of a reader [default: {DEFAULT_READER}]; with --crops several.")
]
JsonOption = Annotated[Path | None, typer.Option(help="Write all figures and every plate's fate here.")]
CropsOption = Annotated[
    bool, typer.Option("--crops", help="Only read: true boxes of photos, or pictures of one plate each.")
]
ShrinkOption = Annotated[
    bool, typer.Option("--shrink", help="With --crops: as they are and 160, 120, 80, 60, 40, 30 pixels wide.")
]
ConditionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--condition",
        help="Hard condition: dark, blur, jpeg, night or w50, plates 50 pixels wide; of single plates several, of "
        "photos also no-plates.",
    ),
]
CountOption = Annotated[int, typer.Option(min=1, help="With --data generated: so many plates.")]


_OPTIONS = (
    "detector", "tiles", "vehicle_first", "vehicle_detector", "enhance", "remove_shadows", "min_score", "country",
    "models",
)  # fmt: skip


def _models_folder(models: Path | None) -> Path:
    from alpr_utils.models.paths import default_models_dir

    return models or default_models_dir()


def _source(data: str, may_be_generated: bool = True) -> "DataSource":
    """What ``data`` names, its folder found."""
    from alpr_utils.data.folders import find_data
    from alpr_utils.training.config import DataSource

    source = DataSource.parse(data)
    if str(source) != data or source.swap:
        raise typer.BadParameter(f"{data}: write FOLDER, FOLDER:a or FOLDER:b.")
    if may_be_generated and source.folder == GENERATED:
        if source.half:
            raise typer.BadParameter(f"generated plates have no half {source.half}; ask for it of a folder.")
        return source
    folder = find_data(source.folder)
    if not folder.is_dir():
        raise typer.BadParameter(
            f"{source.folder}: is not a folder, nor the name of one in the folder that ALPR_PHOTOS names."
        )
    return source.model_copy(update={"folder": str(folder)})


def _find_corners(models: Path) -> "CornerFinder | None":
    from alpr_utils.read.rectify import MODEL_FOLDER, Rectifier

    return Rectifier(models / MODEL_FOLDER).corners if (models / MODEL_FOLDER).exists() else None


def _plate_crops(
    source: "DataSource", count: int, country: str, models: Path | None, seed: int = _UNSEEN_SEED
) -> "list[PlateCrop]":
    """The plates of a folder or of its half, or ``count`` generated ones of a country (``auto``: of all)."""
    from alpr_utils.evaluation.crops import fresh_crops, real_crops

    if source.folder == GENERATED:
        return fresh_crops(count, seed, None if country == "auto" else (country,))
    return real_crops(Path(source.folder), source.half, _find_corners(_models_folder(models)))


@with_alpr_options(*_OPTIONS)
def evaluate(
    context: typer.Context,
    data: Annotated[
        list[str], typer.Option(help=f"{_DATA_HELP} With --crops also 'generated', and it may be repeated.")
    ],
    reader: ReadersOption = None,
    json: JsonOption = None,
    engine: EngineOption = "auto",
    crops: CropsOption = False,
    shrink: ShrinkOption = False,
    condition: ConditionsOption = None,
    count: CountOption = 400,
) -> None:
    """Measure a detector and a reader on labelled photos."""
    options = context.params
    names, conditions = reader or [DEFAULT_READER], _checked_conditions(condition, shrink, of_photos=not crops)
    if crops and "none" in names:
        raise typer.BadParameter("--crops needs a reader, not 'none'.")
    if not crops:
        _check_photo_usage(data, names, conditions, shrink)
    sources = [_source(text, may_be_generated=crops) for text in data]
    check_json(json)
    readers = [open_reader(name, options) for name in names]
    if crops:
        sets = {
            text: _plate_crops(source, count, options["country"], options["models"])
            for text, source in zip(data, sources, strict=True)
        }
        _evaluate_crops(sets, [opened for opened in readers if opened], conditions, json)
        return
    detector = open_detector(options["detector"], options)
    if options["min_score"] is not None:
        detector.threshold = options["min_score"]
    _evaluate_photos(sources[0], detector, readers[0], options["enhance"], conditions[0], json)


def _check_photo_usage(data: Sequence[str], names: Sequence[str], conditions: Sequence[str], shrink: bool) -> None:
    if shrink:
        raise typer.BadParameter("--shrink is for plates that are only read; add --crops.")
    for option, values in (("data", data), ("reader", names), ("condition", conditions)):
        if len(values) > 1:
            raise typer.BadParameter(f"several are measured with --crops only; give one --{option}.")


def _checked_conditions(condition: list[str] | None, shrink: bool = False, of_photos: bool = False) -> list[str]:
    """The conditions that were asked for, at least one."""
    from alpr_utils.evaluation.crops import WIDTHS
    from alpr_utils.evaluation.hard_conditions import AS_IS, check_photo_condition, parse_condition

    try:
        for name in condition or ():
            (check_photo_condition if of_photos else parse_condition)(name)
    except AlprError as error:
        raise typer.BadParameter(str(error)) from None
    shrunk = [AS_IS, *(f"w{width}" for width in WIDTHS)] if shrink else []
    return [*shrunk, *(condition or ())] or [AS_IS]


def _evaluate_crops(
    sets: "Mapping[str, Sequence[PlateCrop]]",
    readers: "Sequence[Reader]",
    conditions: Sequence[str],
    json: Path | None,
) -> None:
    from alpr_utils.evaluation.crops import evaluate_crops
    from alpr_utils.results import write_json

    evaluations = []
    for reader in readers:
        typer.echo(f"{reader.name}: {reader.weight_count:,} parameters")
        for data, plates in sets.items():
            if len(sets) > 1:
                typer.echo(f"{data}:")
            for condition in conditions:
                figures = evaluate_crops(plates, reader, data, condition)
                say_crop_figures(figures)
                say_crop_details(figures)
                evaluations.append(figures)
        say_together(evaluations[-len(sets) * len(conditions) :])
    if len(readers) > 1:
        say_any_reader(evaluations)
    if json:
        write_json(json, [asdict(figures) for figures in evaluations])


def _evaluate_photos(
    source: "DataSource",
    detector: "Detector",
    reader: "Reader | None",
    enhance: bool,
    condition: str,
    json: Path | None,
) -> None:
    import faster_coco_eval  # noqa: F401  (where it is missing, say so before all photos are read, not after)

    from alpr_utils.evaluation.photos import evaluate as evaluate_photos
    from alpr_utils.results import write_json

    figures = evaluate_photos(
        Path(source.folder), detector, reader, open_enhance(enhance), source.half, condition=condition
    )
    for problem in figures.problems:
        complain(problem)
    if json:
        write_json(json, asdict(figures))
    say_photo_figures(figures)
    if figures.problems:
        raise typer.Exit(1)


def evaluate_characters(
    data: Annotated[str, typer.Option(help=_DATA_HELP)],
    model: Annotated[str, typer.Option(help="Folder name in the models folder, or a path.")] = "char_cnn_mn",
    models: ModelsOption = None,
) -> None:
    """Measure the character classifier on labelled characters."""
    source = _source(data, may_be_generated=False)
    from alpr_utils.evaluation.characters import evaluate_characters as measure

    named = _models_folder(models) / model
    figures = measure(Path(source.folder), named if named.exists() else Path(model), source.half)
    typer.echo(
        f"{figures.characters} characters: right {share_of(figures.right / figures.characters, figures.characters)}"
    )


def calibrate(
    reader: Annotated[list[str], typer.Option(help="Name of a reader; may be repeated.")],
    data: Annotated[
        list[str] | None,
        typer.Option(help=f"{GENERATED}, or plates that nothing was trained on. {_DATA_HELP} It may be repeated."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Plates to generate.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the generated plates; not one of a training.")] = _FITTED_SEED,
    country: CountryOption = "auto",
    condition: ConditionsOption = None,
    models: ModelsOption = None,
) -> None:
    """Fit the temperature of readers, so that their scores are probabilities, and store it with their weights."""
    from alpr_utils.evaluation.calibration import calibrate as fit
    from alpr_utils.evaluation.crops import in_turns
    from alpr_utils.read.load import ReaderOptions, load_reader
    from alpr_utils.read.reading import NBestReader

    folder = _models_folder(models)
    conditions = _checked_conditions(condition)
    sources = [_source(text) for text in data or [GENERATED]]
    plates = [crop for source in sources for crop in _plate_crops(source, count, country, folder, seed)]
    described = ", ".join(data or [f"{GENERATED}, {count} plates, seed {seed}"])
    if condition:
        plates = in_turns(plates, conditions, seed)
        described += f"; in the conditions {', '.join(conditions)}, in turn"
    for name in reader:
        opened = load_reader(name, ReaderOptions(country=country, models_dir=folder))
        if not isinstance(opened, NBestReader):
            raise typer.BadParameter(f"'{name}' has no temperature; choose another reader.")
        for how, result in zip(("with", "without"), fit(opened, plates, described, folder / name), strict=True):
            typer.echo(
                f"{name}, {how} grammar: temperature {result.temperature.value:g}, weight of the rest "
                f"{result.temperature.rest:g}, fitted on {result.plates} plates; on the "
                f"others, {result.exact:.1%} of them exact, the calibration error goes from "
                f"{result.before.error:.1%} to {result.after.error:.1%}"
            )
