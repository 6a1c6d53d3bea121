"""What the command line does with readers alone: measure them on plates, make their scores probabilities."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alpr_utils.models.tf_import import import_tensorflow_quietly

if TYPE_CHECKING:
    from alpr_utils.evaluation.crops import CornerFinder, CropEvaluation, PlateCrop
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
