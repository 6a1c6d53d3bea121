"""The commands ``train ...``. Every training keeps its files in ``--run`` and leaves shipped models alone."""

from collections.abc import Callable
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alpr_utils.cli.options import wrong_usage
from alpr_utils.errors import AlprError
from alpr_utils.models.tf_import import TENSORFLOW, import_keras_quietly

if TYPE_CHECKING:
    from alpr_utils.training.config import TrainConfig

train_app = typer.Typer(help="Train your own models.", no_args_is_help=True, rich_markup_mode=None)


@train_app.callback()
def _training(context: typer.Context) -> None:
    """Train your own models."""
    from alpr_utils.training.interrupt import ends_soon

    context.with_resource(ends_soon())


_PLATES = "generated, a folder of photos (FOLDER:a its half a) or of crops; FOLDER=0.25 sets how often it is drawn."
_PHOTOS = (
    "Labelled photos; FOLDER=0.25: how often they are drawn, FOLDER:a: half a, FOLDER:swap (-kr, -all): new plates."
)

RunOption = Annotated[Path, typer.Option(help="Folder for checkpoints and curves; the same folder resumes.")]


def _model_place(folder: Path | None) -> Path | None:
    """Refuse a place that holds no model, before anything is trained."""
    if folder:
        from alpr_utils.models.folder import check_model_place

        with wrong_usage():
            check_model_place(folder)
    return folder


OutputOption = Annotated[
    Path | None,
    typer.Option(help="Model folder to write [default: model in the run folder].", callback=_model_place),
]
WorkersOption = Annotated[int, typer.Option(min=1, help="Processes that generate plates, then prepare batches.")]
LongSideOption = Annotated[
    int | None, typer.Option(min=32, help="Pixels to which the model resizes pictures [default: 960 to 1280].")
]


def _count(text: str, least: int = 1) -> Any:
    return Annotated[int | None, typer.Option(min=least, help=text)]


# The settings of trainings as options, each described once; None leaves the setting as it is.
_SETTINGS: dict[str, Any] = {
    "data": Annotated[list[str] | None, typer.Option("--data", help=_PHOTOS)],
    "source": Annotated[list[str] | None, typer.Option("--source", help=f"{_PLATES} [default: generated].")],
    "validation": Annotated[list[str] | None, typer.Option(help="Folder for the validation curve, not trained on.")],
    "country": Annotated[
        list[str] | None, typer.Option("--country", help="Whose plates: a code or a country's Python file; repeatable.")
    ],
    "first_look": Annotated[
        str | None, typer.Option(help="Detector whose candidates are learnt, right and wrong ones.")
    ],
    "variant": Annotated[str | None, typer.Option(help="small, lstm or gru.")],
    "generated": _count("Plates to generate; they are drawn repeatedly.", 4),
    "samples_per_class": _count("Generated examples of each character."),
    "epochs": _count("Epochs; the learning rate falls until the last."),
    "epoch_batches": _count("Batches in an epoch."),
    "batch": _count("Samples in a batch."),
    "learning_rate": Annotated[float | None, typer.Option(help="The highest one.")],
    "warm_up": _count("Batches until the learning rate is reached.", 0),
    "start_from": Annotated[str | None, typer.Option(help="Weights to begin with: a file, a run or a model folder.")],
    "precision": Annotated[str | None, typer.Option(help="Keras dtype policy, e.g. mixed_bfloat16.")],
    "seed": _count("The same seed gives the same training.", 0),
}
_COURSE = ("epochs", "epoch_batches", "batch", "learning_rate", "warm_up", "start_from", "precision", "seed")
_PLATES_COURSE = ("source", "validation", "country", "generated", *_COURSE)


def _takes(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command the options of ``_SETTINGS`` of these names in place of its ``**settings``."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [p for p in signature(command).parameters.values() if p.kind is not Parameter.VAR_KEYWORD]
        added = [Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=_SETTINGS[name]) for name in names]
        command.__signature__ = Signature([*own, *added])  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *added)}
        return command

    return decorate


def _configured(config: Any, options: dict[str, Any]) -> Any:
    """The settings with the options that were given; those of the same name, ``source`` and ``data`` for ``sources``.

    Raises:
        typer.BadParameter: an option has a value that makes no sense.
    """
    from alpr_utils.training.config import DataSource

    given = {name: value for name, value in options.items() if value is not None and name in type(config).model_fields}
    try:
        if sources := options.get("source") or options.get("data"):
            given["sources"] = tuple(DataSource.parse(text) for text in sources)
        if validation := options.get("validation"):
            given["validation"] = tuple(DataSource.parse(text) for text in validation)
        if countries := options.get("country"):
            given["countries"] = tuple(countries)
        if side := options.get("long_side"):
            given["long_sides"] = (side, side)
        changed: TrainConfig = config.changed(**given)
        _ = changed.codes  # every country exists
    except AlprError as error:
        raise typer.BadParameter(str(error)) from None
    return changed


def _export(run: Path, export: Callable[[], Path]) -> None:
    """Write the model of a finished run with ``export``, which only TensorFlow can do."""
    import keras

    backend = keras.config.backend()
    if backend == TENSORFLOW:
        typer.echo(f"exported to {export()}")
    else:
        typer.echo(f"{run}: trained; the same command without KERAS_BACKEND={backend} exports it")


@_takes("data", "validation", "country", *_COURSE)
def train_detector(
    context: typer.Context,
    run: RunOption,
    output: OutputOption = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings, such as configs/ssd.json; options override it.")
    ] = None,
    stop_after: Annotated[int | None, typer.Option(min=1, help="Stop after this epoch of the schedule.")] = None,
    threshold: Annotated[float, typer.Option(min=0.0, max=1.0, help="Score from which a box is a plate.")] = 0.5,
    long_side: LongSideOption = None,
    **options: Any,
) -> None:
    """Train a detector and export it."""
    import_keras_quietly()
    from dataclasses import replace

    from alpr_utils.training import detector

    settings = detector.load_settings(context.command.name or "", config)
    training = _configured(settings.training, {**options, "long_side": long_side})
    if options["data"] and not options["validation"]:  # the file's photos for the curve belong to the file's data
        training = training.changed(validation=())
    settings = replace(settings, training=training)
    weights = detector.train_detector(settings, run, stop_after)
    _export(run, lambda: detector.export_trained(weights, output or run / "model", settings, threshold))


for _name, _title in (("ssd", "SSD"), ("faster_rcnn", "Faster R-CNN"), ("yolov3", "YOLOv3")):
    train_app.command(_name, help=f"Train the {_title} plate detector and export it.")(train_detector)


@train_app.command("second_look")
@_takes("data", "country", "first_look", *_COURSE)
def train_second_look(run: RunOption, output: OutputOption = None, **options: Any) -> None:
    """Train the network that looks at every candidate of a detector again."""
    import_keras_quietly()
    from alpr_utils.training import second_look
    from alpr_utils.training.config import SecondLookTrainConfig

    weights = second_look.train_second_look(_configured(SecondLookTrainConfig(), options), run)
    _export(run, lambda: second_look.export_second_look([weights], output or run / "model"))


@train_app.command("two_looks")
def train_two_looks(
    data: Annotated[list[str], typer.Option(help=f"Labelled photos to fit scores on, not trained on. {_PHOTOS}")],
    output: Annotated[Path, typer.Option(help="Model folder to write, beside those of both looks.")],
    first_look: Annotated[str, typer.Option(help="Model folder of the detector that finds candidates.")],
    second_look: Annotated[str, typer.Option(help="Model folder of 'train second_look'.")] = "plate_second_look",
    long_side: Annotated[int, typer.Option(min=32, help="Pixels to which the first look resizes pictures.")] = 640,
    low_res_side: Annotated[int, typer.Option(min=0, help="Pixels of the reduced copy for large plates; 0: none.")] = 0,
    candidate_score: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Score from which a candidate is looked at again.")
    ] = 0.15,
    most: Annotated[int, typer.Option(min=1, help="Candidates of a picture that are looked at again, at most.")] = 8,
    twice: Annotated[bool, typer.Option("--twice/--once", help="See likely candidates again, more exactly.")] = True,
) -> None:
    """Put a first and a second look together as a detector; both lie in the folder of --output."""
    import_keras_quietly()
    from alpr_utils.detect.find_boxes import FindSettings
    from alpr_utils.detect.second_look import LookRule
    from alpr_utils.training.config import DataSource
    from alpr_utils.training.two_looks import put_together

    settings = FindSettings((long_side, long_side), low_res_side)
    sources = [DataSource.parse(text) for text in data]
    rule = LookRule(candidate_score=candidate_score, most=most, twice=twice)
    typer.echo(f"exported to {put_together(first_look, second_look, sources, settings, rule, output)}")


@train_app.command("crnn")
@_takes("variant", *_PLATES_COURSE)
def train_crnn(run: RunOption, output: OutputOption = None, workers: WorkersOption = 1, **options: Any) -> None:
    """Train the CRNN reader: on generated plates, then with --start-from on real ones."""
    import_keras_quietly()
    from alpr_utils.training import crnn
    from alpr_utils.training.config import CRNNTrainConfig

    config = _configured(CRNNTrainConfig(), options)
    weights = crnn.train_crnn(config, run, workers)
    _export(run, lambda: crnn.export_crnn([weights], output or run / "model", config))


@train_app.command("char_detector")
@_takes(*_PLATES_COURSE)
def train_char_detector(
    run: RunOption, output: OutputOption = None, workers: WorkersOption = 1, **options: Any
) -> None:
    """Train the character detector: on generated plates, then with --start-from on photos with labelled characters."""
    import_keras_quietly()
    from alpr_utils.training import char_detector
    from alpr_utils.training.config import CharDetectorTrainConfig

    config = _configured(CharDetectorTrainConfig(), options)
    weights = char_detector.train_char_detector(config, run, workers)
    _export(run, lambda: char_detector.export_char_detector([weights], output or run / "model", config))


@train_app.command("corners")
@_takes("country", "generated", *_COURSE)
def train_corners(run: RunOption, output: OutputOption = None, workers: WorkersOption = 1, **options: Any) -> None:
    """Train the network that finds the corners of a plate; readers use it to rectify plates that they doubt."""
    import_keras_quietly()
    from alpr_utils.training import corners
    from alpr_utils.training.config import CornersTrainConfig

    weights = corners.train_corners(_configured(CornersTrainConfig(), options), run, workers)
    _export(run, lambda: corners.export_corners([weights], output or run / "model"))


@train_app.command("chars")
@_takes("data", "country", "samples_per_class", *_COURSE)
def train_chars(run: RunOption, output: OutputOption = None, **options: Any) -> None:
    """Train the character classifier of the classical reader; --data adds labelled characters to generated ones."""
    import_keras_quietly()
    from alpr_utils.training import char_cnn
    from alpr_utils.training.config import CharsTrainConfig

    config = _configured(CharsTrainConfig(), options)
    weights = char_cnn.train_char_cnn(config, run)
    _export(run, lambda: char_cnn.export_char_cnn([weights], output or run / "model", config))


@train_app.command("average")
def train_average(
    weights: Annotated[
        list[Path], typer.Argument(help="Runs, model folders or weights; one named twice counts twice.")
    ],
    output: Annotated[Path, typer.Option(help="Model folder to write.", callback=_model_place)],
    threshold: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Of detectors: score from which a box is a plate.")
    ] = None,
    long_side: LongSideOption = None,
    low_res_side: Annotated[
        int | None, typer.Option(min=0, help="Of detectors: pixels of the reduced copy for large plates; 0: none.")
    ] = None,
) -> None:
    """Write the mean of the weights of several trainings of one network as a model."""
    import_keras_quietly()
    from alpr_utils.training.average import average

    sides = (long_side, long_side) if long_side else None
    folder = average(weights, output, threshold=threshold, long_sides=sides, low_res_side=low_res_side)
    typer.echo(f"exported to {folder}")
