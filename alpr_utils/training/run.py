"""What every training here shares: a run folder that resumes, a learning-rate schedule, learning curves.

A run folder holds ``plan.json`` (every setting), ``log.csv`` and ``curves.png`` (learning curves), ``backup/`` (what a
stopped training resumes from) and ``last.weights.h5``.
"""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from alpr_utils.errors import AlprError, ModelError
from alpr_utils.models.folder import read_metadata

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

WEIGHTS = "last.weights.h5"
PLAN_FILE = "plan.json"
LOG = "log.csv"
BACKUP = "backup"
GENERATED = "generated"  # folder of the plates that a reader's run has generated
_DECIDE_PLATES = ("countries", "generated", "seed")  # the settings of a plan that decide which plates are generated


def parse_source(text: str, parts: Sequence[str]) -> tuple[str, float, str]:
    """``FOLDER``, ``FOLDER=SHARE``, ``FOLDER:PART`` or ``FOLDER:PART=SHARE`` -> folder, share (default 1), part.

    Raises:
        AlprError: the share is no number.
    """
    folder, _, share = text.partition("=")
    part = next((part for part in parts if folder.endswith(f":{part}")), "")
    folder = folder.removesuffix(f":{part}")
    try:
        return folder, float(share or 1), part
    except ValueError:
        raise AlprError(f"{text}: the share after '=' is no number; write for example {folder}=0.25.") from None


@contextmanager
def dtype_policy(precision: str) -> Iterator[None]:
    """Layers built inside compute in ``precision``, a Keras dtype policy such as ``mixed_bfloat16``."""
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy("float32")


def cosine_schedule(
    learning_rate: float, steps: int, warm_up: int = 200
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Warm-up over ``warm_up`` steps, a tenth of ``steps`` at most, then a cosine down to a hundredth of the start."""
    warmup = min(warm_up, steps // 10)
    return keras.optimizers.schedules.CosineDecay(
        learning_rate / 20, steps - warmup, alpha=0.01, warmup_target=learning_rate, warmup_steps=warmup
    )


def epochs_done(run: Path) -> int:
    """Number of epochs in the log of a run."""
    log = run / LOG
    return max(0, len(log.read_text().splitlines()) - 1) if log.exists() else 0


def draw_curves(log: Path, picture: Path) -> None:
    """Draw every loss column of a ``log.csv`` over the epochs."""
    from matplotlib.figure import Figure

    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="epoch", ylabel="loss", yscale="log")
    for column in ("loss", "val_loss"):
        losses = [float(row[column]) for row in rows if row.get(column, "NA") != "NA"]  # NA: no validation photos
        if losses:
            axes.plot(losses, label={"loss": "training"}.get(column, "validation"))
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(picture, dpi=110)


def run_callbacks(run: Path) -> list[keras.callbacks.Callback]:
    """Checkpoint to resume from, log, and the weights after every epoch."""
    return [
        keras.callbacks.BackupAndRestore(run / BACKUP, delete_checkpoint=False),
        keras.callbacks.CSVLogger(run / LOG, append=True),
        keras.callbacks.ModelCheckpoint(run / WEIGHTS, save_weights_only=True),
    ]


def prepare_run(run: Path, plan: "DataclassInstance") -> None:
    """Make the run folder and note the settings in it, in place of others with which no epoch was finished.

    Raises:
        AlprError: with other settings an epoch was finished, or plates were generated that these do not give.
        ModelError: the noted settings are damaged.
    """
    run.mkdir(parents=True, exist_ok=True)
    settings = json.dumps(asdict(plan), indent=2, ensure_ascii=False)
    file = run / PLAN_FILE
    if file.exists() and file.read_text(encoding="utf-8") != settings:
        if epochs_done(run) or any((run / BACKUP).glob("*")):
            raise AlprError(
                f"{file}: this run was begun with other settings; resume with those or choose another --run."
            )
        begun, now = _plan_in(run), json.loads(settings)
        if any((run / GENERATED).glob("*")) and any(begun.get(name) != now.get(name) for name in _DECIDE_PLATES):
            raise AlprError(
                f"{run / GENERATED}: its plates are of another seed, number or country; delete it or use another --run."
            )
    file.write_text(settings, encoding="utf-8")


def _plan_in(folder: Path) -> dict[str, Any]:
    """The settings that a run folder notes, ``{}`` where it is none.

    Raises:
        ModelError: they are damaged.
    """
    file = folder / PLAN_FILE
    if not file.exists():
        return {}
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ModelError(f"{file}: is damaged ({error}); delete it or choose another run.") from None


def facts_beside(weights: str) -> dict[str, Any]:
    """What the folder of a weights file tells of them: the plan of a run, the metadata of a model, or ``{}``.

    Raises:
        ModelError: they are damaged.
    """
    folder = Path(weights).parent
    return _plan_in(folder) or read_metadata(folder)


def earlier_trainings(start_from: str) -> list[dict[str, Any]]:
    """The plans that made the weights which a reader's training started from, as far as their folder tells."""
    if not start_from:
        return []
    folder = Path(start_from).parent
    plan = _plan_in(folder)
    if plan:
        return [*earlier_trainings(plan.get("start_from", "")), plan]
    return list(read_metadata(folder).get("training", []))


def _stages(folder: Path) -> list[list[dict[str, str]]]:
    """The rows of the logs of all stages that led to a run or to a model folder; what is gone is left out."""
    if not (folder / LOG).exists():
        return []
    with (folder / LOG).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    plan = _plan_in(folder)
    if not plan:  # a model folder, whose log numbers its stages
        numbers = sorted({int(row.get("stage", 0)) for row in rows})
        return [[row for row in rows if int(row.get("stage", 0)) == number] for number in numbers]
    start_from = plan.get("start_from", "")
    return [*(_stages(Path(start_from).parent) if start_from else []), rows]


def save_log(run: Path, file: Path) -> None:
    """The learning curves of all stages of a training: ``stage, epoch, loss, val_loss, val_exact``."""
    with file.open("w", newline="", encoding="utf-8") as target:
        columns = ("stage", "epoch", "loss", "val_loss", "val_exact")
        writer = csv.DictWriter(target, columns, extrasaction="ignore")
        writer.writeheader()
        for stage, rows in enumerate(_stages(run)):
            writer.writerows({**row, "stage": stage} for row in rows)
