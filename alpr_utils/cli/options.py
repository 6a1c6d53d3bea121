"""Options that several commands share, and what opens the things they name."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alpr_utils.models.tf_import import import_tensorflow_quietly

if TYPE_CHECKING:
    from alpr_utils.alpr import Enhance
    from alpr_utils.detect.detector import Detector
    from alpr_utils.read.reading import Reader

DEFAULT_READER = "voting"

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


def complain(error: object) -> None:
    from tqdm import tqdm

    tqdm.write(f"error: {error}", file=sys.stderr)


def open_detector(
    name: str, models: Path | None, tiles: bool, vehicle_first: bool, vehicle_detector: str
) -> "Detector":
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


def open_reader(name: str, models: Path | None, country: str, grammar: bool, remove_shadows: bool) -> "Reader | None":
    from alpr_utils.read.load import COUNTRIES, READERS, load_reader

    if country not in COUNTRIES:
        raise typer.BadParameter(f"no country '{country}'; choose one of {', '.join(COUNTRIES)}.")
    if name == "none":
        return None
    if name not in READERS:
        raise typer.BadParameter(f"no reader '{name}'; choose one of {', '.join(READERS)}, none.")
    import_tensorflow_quietly()
    return load_reader(name, models, country, grammar, remove_shadows)


def open_enhance(wanted: bool) -> "Enhance | None":
    if not wanted:
        return None
    from alpr_utils.enhance import enhance

    return enhance
