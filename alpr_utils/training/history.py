"""What led to some weights: the settings and logs of all trainings, one after the other, for a model's metadata."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from alpr_utils.errors import ModelError
from alpr_utils.models.folder import WEIGHTS_FILE as MODEL_WEIGHTS
from alpr_utils.models.folder import read_metadata
from alpr_utils.training.run import LOG_FILE, STAGES, WEIGHTS_FILE, read_log, read_settings

T = TypeVar("T")


def weights_file(path: Path) -> Path:
    """The weights that ``path`` names: a file, or the folder of a run or of a model.

    Raises:
        ModelError: the folder holds no weights.
    """
    if not path.is_dir():
        return path
    for name in (WEIGHTS_FILE, MODEL_WEIGHTS):
        if (path / name).is_file():
            return path / name
    raise ModelError(f"{path}: holds neither {WEIGHTS_FILE} nor {MODEL_WEIGHTS}; give the folder of a run or a model.")


def folder_of(path: Path) -> Path:
    """The folder of the run or model to which some weights belong: a file in it or in its ``stages/``, or itself."""
    if path.is_dir():
        return path
    return path.parent.parent if path.parent.name == STAGES else path.parent


def described(path: Path) -> dict[str, Any]:
    """What the folder of some weights says of them: ``architecture``, ``variant``, ``countries`` ..., or ``{}``.

    Raises:
        ModelError: its settings or metadata are damaged.
    """
    folder = folder_of(path)
    settings = read_settings(folder)
    if settings:
        return {**settings["training"], **settings}
    return read_metadata(folder)


def earlier_trainings(start_from: str) -> list[dict[str, Any]]:
    """The settings of the trainings that made the weights ``start_from``, as far as their folders say; first first."""
    if not start_from:
        return []
    found = described(Path(start_from))
    training = found.get("training", found.get("training_data", []))
    if isinstance(training, list):
        return training
    return [*earlier_trainings(training.get("start_from", "")), training]


def stages(folder: Path) -> list[list[dict[str, str]]]:
    """The rows of the logs of all trainings that led to a run or model folder; what is gone is left out."""
    rows = read_log(folder / LOG_FILE)
    settings = read_settings(folder)
    if not settings:  # a model folder, whose log numbers its stages
        numbers = sorted({int(row.get("stage", 0)) for row in rows})
        return [[row for row in rows if int(row.get("stage", 0)) == number] for number in numbers]
    start_from = Path(settings["training"].get("start_from", ""))
    before = stages(folder_of(start_from)) if start_from.name else []
    return [*before, rows] if rows else before


def save_log(found: list[list[dict[str, str]]], file: Path) -> None:
    """Write `stages` as one log with the column ``stage``."""
    columns = dict.fromkeys(["stage", "epoch", *(column for rows in found for row in rows for column in row)])
    with file.open("w", newline="", encoding="utf-8") as target:
        writer = csv.DictWriter(target, list(columns), restval="NA")
        writer.writeheader()
        for stage, rows in enumerate(found):
            writer.writerows({**row, "stage": stage} for row in rows)


def trainings_of(weights: Sequence[Path]) -> list[dict[str, Any]]:
    """The settings of all trainings that made some weights, each once."""
    return _once(training for file in weights for training in earlier_trainings(str(file)))


def stages_of(weights: Sequence[Path]) -> list[list[dict[str, str]]]:
    """The `stages` that led to some weights, each once."""
    return _once(rows for file in weights for rows in stages(folder_of(file)))


def _once(items: Iterable[T]) -> list[T]:
    found: list[T] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found
