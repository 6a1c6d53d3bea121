"""The options of commands that find and read plates, and what opens the things they name."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alpr_utils.detect.detector import DEFAULT_DETECTOR, VEHICLE_DETECTOR
from alpr_utils.errors import AlprError
from alpr_utils.read.load import DEFAULT_READER, MIN_TEXT_SCORE

if TYPE_CHECKING:
    import numpy as np

    from alpr_utils.alpr import ALPR
    from alpr_utils.detect.detector import Detector
    from alpr_utils.read.reading import Reader

    Enhance = Callable[[np.ndarray], np.ndarray]

Command = Callable[..., None]

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
ThreadsOption = Annotated[
    int, typer.Option(min=0, help="Threads of each network; 0: one for each core; 1: also one picture at a time.")
]
EngineOption = Annotated[str, typer.Option(help="auto (int8 where fast), onnx (float32) or tensorflow.")]
CountryOption = Annotated[str, typer.Option(help="Whose plates: a code such as mn, a file with PLATES, or auto.")]
MinScoreOption = Annotated[float | None, typer.Option(min=0.0, max=1.0, help="Replaces the detector's own threshold.")]
MinTextScoreOption = Annotated[
    float | None,
    typer.Option(min=0.0, max=1.0, help=f"Leave out texts that score less [default: {MIN_TEXT_SCORE}; crops: 0]."),
]
GrammarOption = Annotated[bool, typer.Option("--grammar/--no-grammar", help="Let the grammar settle look-alikes.")]
ModelsOption = Annotated[
    Path | None, typer.Option("--models", help="Folder of the models [default: exported_model_directory].")
]
# What describes an `ALPR`: each option and its default, in the order of the help.
ALPR_OPTIONS: dict[str, tuple[Any, object]] = {
    "detector": (DetectorOption, DEFAULT_DETECTOR),
    "tiles": (TilesOption, False),
    "vehicle_first": (VehicleFirstOption, False),
    "vehicle_detector": (VehicleDetectorOption, VEHICLE_DETECTOR),
    "reader": (ReaderOption, DEFAULT_READER),
    "enhance": (EnhanceOption, False),
    "remove_shadows": (ShadowsOption, True),
    "min_score": (MinScoreOption, None),
    "min_text_score": (MinTextScoreOption, None),
    "country": (CountryOption, "auto"),
    "grammar": (GrammarOption, True),
    "models": (ModelsOption, None),
    "threads": (ThreadsOption, 0),
}


def with_alpr_options(*names: str, **others: tuple[Any, object]) -> Callable[[Command], Command]:
    """Give a command options of ``ALPR_OPTIONS`` after its own; it finds their values in ``context.params``.

    Args:
        names: which; all of them where none is named.
        others: an option and its default that a command has in the place of one of these.
    """

    def give(command: Command) -> Command:
        options = {name: others.get(name, ALPR_OPTIONS[name]) for name in names or ALPR_OPTIONS}
        own = signature(command).parameters

        def with_options(**values: Any) -> None:
            command(**{name: values[name] for name in own})

        given = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=option)
            for name, (option, default) in options.items()
        ]
        parameters = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in own.values()] + given
        # What typer looks at.
        with_options.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        with_options.__name__, with_options.__doc__ = command.__name__, command.__doc__
        return with_options

    return give


def complain(error: object) -> None:
    """One line on stderr, above the progress bar where there is one."""
    from tqdm import tqdm

    tqdm.write(f"error: {error}", file=sys.stderr)


def find_inputs(paths: Sequence[str]) -> tuple[list[Path], bool]:
    """The pictures to process, and whether some paths led nowhere (said on stderr)."""
    from alpr_utils.images import find_pictures

    found, problems = find_pictures(paths)
    for problem in problems:
        complain(problem)
    return found, bool(problems)


@contextmanager
def wrong_usage() -> Iterator[None]:
    """Errors in here are the caller's: exit status 2 with their sentence."""
    try:
        yield
    except AlprError as error:
        raise typer.BadParameter(str(error)) from None


def check_json(place: Path | None) -> None:
    """Refuse a place for JSON that holds something else, before anything is computed."""
    if place:
        from alpr_utils.results import check_json_place

        with wrong_usage():
            check_json_place(place)


def alpr_of(options: Mapping[str, Any]) -> "ALPR":
    """The `ALPR` that the options of a command describe, which are called like its arguments; nothing is opened."""
    from alpr_utils.alpr import ALPR

    options = {**options, "models_dir": options["models"]}
    chosen = {name: options[name] for name in signature(ALPR).parameters if name in options}
    if chosen.get("min_text_score") is None:
        chosen.pop("min_text_score", None)
    with wrong_usage():
        return ALPR(**chosen)


def open_detector(name: str, options: Mapping[str, Any]) -> "Detector":
    """The detector of that name, made to look closer where the options of the command say so."""
    return alpr_of({**options, "detector": name, "reader": None}).detector


def open_reader(name: str, options: Mapping[str, Any]) -> "Reader | None":
    """The reader of that name, None for ``none``, as the options of the command say."""
    return alpr_of({**options, "detector": None, "reader": name}).reader


def open_enhance(wanted: bool) -> "Enhance | None":
    """The enhancement of pictures where it is wanted."""
    options = {"detector": None, "reader": None, "models": None, "enhance": True}
    return alpr_of(options).seen if wanted else None
