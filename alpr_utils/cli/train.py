"""The commands ``train ...``."""

import shutil
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from alpr_utils.models.tf_import import import_tensorflow_quietly

train_app = typer.Typer(help="Train your own models.", no_args_is_help=True, rich_markup_mode=None)

RunOption = Annotated[Path, typer.Option(help="Folder for checkpoints and curves; the same folder resumes.")]
CountriesOption = Annotated[list[str] | None, typer.Option(help="Whose plates: mn or kr; repeat it for both.")]
RealPlatesOption = Annotated[list[str] | None, typer.Option(help="Real plates for the curve.")]
GeneratedOption = Annotated[int | None, typer.Option(min=1, help="Plates to generate; they are drawn repeatedly.")]
EpochsOption = Annotated[int | None, typer.Option(min=1, help="Epochs of 100 batches.")]
BatchOption = Annotated[int | None, typer.Option(min=1)]
LearningRateOption = Annotated[float | None, typer.Option()]
PrecisionOption = Annotated[str | None, typer.Option(help="Keras dtype policy, e.g. mixed_bfloat16.")]
SeedOption = Annotated[int | None, typer.Option()]
WorkersOption = Annotated[int, typer.Option(min=1, help="Processes that generate plates before the training.")]


def train_detector(
    context: typer.Context,
    run: RunOption,
    config: Annotated[
        Path | None, typer.Option(help="Settings, such as configs/ssd.json; the options below override it.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            help="VOC folder; FOLDER=0.25 sets its share, FOLDER:a its half a, FOLDER:swap (-kr, -all) new plates."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Model folder [default: exported_model_directory/plate_detector_...].")
    ] = None,
    validation: Annotated[str | None, typer.Option(help="VOC folder for the validation curve.")] = None,
    epochs: EpochsOption = None,
    stop_after: Annotated[int | None, typer.Option(min=1, help="Stop after this epoch of the schedule.")] = None,
    batch: BatchOption = None,
    learning_rate: LearningRateOption = None,
    warm_up: Annotated[int | None, typer.Option(min=0, help="Batches until the learning rate is reached.")] = None,
    start_from: Annotated[str | None, typer.Option(help="Weights to fine-tune: .weights.h5 or weights.npz.")] = None,
    precision: PrecisionOption = None,
    threshold: Annotated[float, typer.Option(min=0.0, max=1.0, help="Score from which a box is a plate.")] = 0.5,
    long_side: Annotated[
        int | None,
        typer.Option(
            min=32, help="Pixels to which the model resizes pictures [default: the file's, else 960 to 1280]."
        ),
    ] = None,
    seed: SeedOption = None,
) -> None:
    """Train a detector and export it."""
    import_tensorflow_quietly()
    from alpr_utils.detect.export import export_detector
    from alpr_utils.training.detector import DataSource, load_settings
    from alpr_utils.training.detector import train_detector as train
    from alpr_utils.training.run import LOG

    name = context.command.name or ""
    settings = load_settings(name, config)
    chosen: dict[str, Any] = {
        "sources": tuple(DataSource.parse(text) for text in data) if data else None,
        "validation": DataSource.parse(validation) if validation else None,
        "epochs": epochs,
        "batch": batch,
        "learning_rate": learning_rate,
        "warm_up": warm_up,
        "start_from": start_from,
        "precision": precision,
        "long_sides": (long_side, long_side) if long_side else None,
        "seed": seed,
    }
    plan = replace(settings.training, **{key: value for key, value in chosen.items() if value is not None})
    if data and not validation:  # the file's photos for the curve belong to the file's data
        plan = replace(plan, validation=None)
    settings = replace(settings, training=plan)
    weights = train(settings, run, stop_after)
    folder = output or Path("exported_model_directory") / f"plate_detector_{name}"
    facts: dict[str, object] = {"training": asdict(plan)}
    export_detector(weights, folder, settings.make(), plan.classes, facts, threshold, plan.long_sides, plan.coarse_side)
    shutil.copyfile(run / LOG, folder / LOG)
    typer.echo(f"exported to {folder}")


for _name, _title in (("ssd", "SSD"), ("faster_rcnn", "Faster R-CNN"), ("yolov3", "YOLOv3")):
    train_app.command(_name, help=f"Train the {_title} plate detector and export it.")(train_detector)


@train_app.command("chars")
def train_chars(
    output: Annotated[Path, typer.Option(help="Model folder to write.")] = Path("exported_model_directory/char_cnn_mn"),
    data: Annotated[
        list[Path] | None, typer.Option(help="Folder with labelled plates and characters, added to generated ones.")
    ] = None,
    samples_per_class: Annotated[int, typer.Option(min=1, help="Generated examples of each character.")] = 1500,
    epochs: Annotated[int, typer.Option(min=1)] = 10,
    seed: Annotated[int, typer.Option()] = 0,
    half: Annotated[str, typer.Option(help="a or b: only that half of the data, split by plate identity.")] = "",
    start_from: Annotated[Path | None, typer.Option(help="Model folder to tune further.")] = None,
) -> None:
    """Train the character classifier of the classical reader."""
    import_tensorflow_quietly()
    from alpr_utils.training.char_cnn import train_char_cnn

    if half not in ("", "a", "b"):
        raise typer.BadParameter(f"no half '{half}'; choose a or b.")
    result = train_char_cnn(output, data or [], samples_per_class, epochs, seed, half, start_from)
    typer.echo(f"exported to {result.folder}; {result.generated_accuracy:.1%} of kept-back generated characters right")


def _reader_plan(kind: Any, options: dict[str, Any]) -> Any:
    """The plan of a reader's training, a `ReaderPlan` of that kind, from the options of a command, named alike."""
    from alpr_utils.training.reader import CropSource

    chosen = {item.name: options.get(item.name) for item in fields(kind)}
    for name, option in (("sources", "source"), ("validation", "validation")):
        chosen[name] = tuple(CropSource.parse(text) for text in options[option] or ()) or None
    chosen["countries"] = tuple(options["country"] or ()) or None
    return kind(**{name: value for name, value in chosen.items() if value is not None})


@train_app.command("crnn")
def train_crnn(
    context: typer.Context,
    run: RunOption,
    source: Annotated[
        list[str],
        typer.Option(
            help="generated, a folder of photos (FOLDER:a its half a) or of crops; FOLDER=0.25 sets its share."
        ),
    ],
    output: Annotated[
        Path | None, typer.Option(help="Model folder [default: exported_model_directory/crnn_...].")
    ] = None,
    variant: Annotated[str | None, typer.Option(help="small, lstm or gru.")] = None,
    country: CountriesOption = None,
    validation: RealPlatesOption = None,
    generated: GeneratedOption = None,
    epochs: EpochsOption = None,
    batch: BatchOption = None,
    learning_rate: LearningRateOption = None,
    start_from: Annotated[str | None, typer.Option(help="Weights to fine-tune: .weights.h5 or weights.npz.")] = None,
    precision: PrecisionOption = None,
    seed: SeedOption = None,
    workers: WorkersOption = 1,
) -> None:
    """Train the CRNN reader: on generated plates, then with --start-from on real ones."""
    import_tensorflow_quietly()
    from alpr_utils.training.crnn import CRNNPlan, export_crnn
    from alpr_utils.training.crnn import train_crnn as train

    plan = _reader_plan(CRNNPlan, context.params)
    weights = train(plan, run, workers)
    folder = output or Path("exported_model_directory") / f"crnn_{plan.variant}"
    typer.echo(f"exported to {export_crnn(weights, folder, plan)}")


@train_app.command("char_detector")
def train_char_detector(
    context: typer.Context,
    run: RunOption,
    source: Annotated[
        list[str],
        typer.Option(help="generated, or a folder of photos with labelled characters (FOLDER:a its half a); =SHARE."),
    ],
    output: Annotated[Path, typer.Option(help="Model folder to write.")] = Path(
        "exported_model_directory/char_detector"
    ),
    country: CountriesOption = None,
    validation: RealPlatesOption = None,
    generated: GeneratedOption = None,
    epochs: EpochsOption = None,
    batch: BatchOption = None,
    learning_rate: LearningRateOption = None,
    start_from: Annotated[str | None, typer.Option(help="Weights to fine-tune: .weights.h5 or weights.npz.")] = None,
    precision: PrecisionOption = None,
    seed: SeedOption = None,
    workers: WorkersOption = 1,
) -> None:
    """Train the character detector: on generated plates, then with --start-from on real ones."""
    import_tensorflow_quietly()
    from alpr_utils.training.char_detector import CharDetectorPlan, export_char_detector
    from alpr_utils.training.char_detector import train_char_detector as train

    plan = _reader_plan(CharDetectorPlan, context.params)
    typer.echo(f"exported to {export_char_detector(train(plan, run, workers), output, plan)}")


@train_app.command("corners")
def train_corners(
    run: RunOption,
    output: Annotated[Path, typer.Option(help="Model folder to write.")] = Path(
        "exported_model_directory/plate_corners"
    ),
    generated: Annotated[int, typer.Option(min=4, help="Plates to generate; they are drawn repeatedly.")] = 40_000,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of 100 batches.")] = 40,
    precision: Annotated[str, typer.Option(help="Keras dtype policy, e.g. mixed_bfloat16.")] = "float32",
    seed: Annotated[int, typer.Option()] = 0,
    workers: WorkersOption = 1,
) -> None:
    """Train the network that finds the corners of a plate, with which readers lay plates flat that leave doubt."""
    import_tensorflow_quietly()
    from alpr_utils.training.corners import CornerPlan, export_corners
    from alpr_utils.training.corners import train_corners as train

    plan = CornerPlan(generated=generated, epochs=epochs, precision=precision, seed=seed)
    typer.echo(f"exported to {export_corners(train(plan, run, workers), output, plan)}")
