"""The run folder of a training, the same for all: what it holds, and how a stopped training goes on.

It holds ``settings.json``, ``log.csv`` and ``curves.png`` (learning curves), ``backup/`` (weights and state of the
optimiser after the last two finished epochs; the earlier ones serve when the later ones are damaged),
``last.weights.h5``, ``stages/`` (the same after each of the last ten epochs, whose mean ``train average`` makes),
``generated/`` (plates that a reader learns from) and ``model/``, the exported model. Every file is written under
another name and renamed, so that a training that is killed at any moment leaves none half written.
"""

import csv
import io
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alpr_utils.errors import AlprError, ModelError, OutputError
from alpr_utils.images import written_whole
from alpr_utils.models.folder import METADATA_FILE

if TYPE_CHECKING:
    import keras

SETTINGS_FILE = "settings.json"
LOG_FILE = "log.csv"
WEIGHTS_FILE = "last.weights.h5"
STAGES = "stages"
_NAMES_OF_RUNS = {SETTINGS_FILE, "backup", "generated", STAGES}
KEPT_STAGES = 10
_KEPT_BACKUPS = 2
_DECIDE_PLATES = ("countries", "generated", "seed")  # the settings that decide which plates are generated
_NO_VALUE = "NA"


def read_settings(folder: Path) -> dict[str, Any]:
    """The settings that a run folder notes, ``{}`` where it is not one.

    Raises:
        ModelError: they are damaged.
    """
    file = folder / SETTINGS_FILE
    if not file.exists():
        return {}
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
        _ = settings["training"].keys()
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(f"{file}: is damaged ({error}); delete it or choose another run.") from None
    return settings


def read_log(file: Path) -> list[dict[str, str]]:
    """The rows of a ``log.csv``, ``[]`` where there is none; incomplete rows are left out."""
    if not file.exists():
        return []
    text = file.read_bytes().decode(errors="replace").replace("\0", "")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [row for row in rows if (row.get("epoch") or "").isdecimal() and None not in [*row, *row.values()]]


@dataclass(frozen=True)
class Run:
    """The run folder ``folder``."""

    folder: Path

    @property
    def weights(self) -> Path:
        """The weights after the last finished epoch."""
        return self.folder / WEIGHTS_FILE

    @property
    def log(self) -> Path:
        """The learning curves: a row an epoch, counted from 0."""
        return self.folder / LOG_FILE

    @property
    def generated(self) -> Path:
        """Where generated plates are kept."""
        return self.folder / "generated"

    @property
    def stages(self) -> list[Path]:
        """The weights after each of the last epochs, `KEPT_STAGES` of them at most, oldest first."""
        found = (self.folder / STAGES).glob("[0-9]*.weights.h5")
        return sorted(found, key=lambda file: int(file.name.split(".")[0]))

    @property
    def _backups(self) -> list[Path]:
        return sorted((self.folder / "backup").glob("epoch_*.weights.h5"))

    @property
    def epochs_done(self) -> int:
        """Epochs after which the training goes on."""
        return int(self._backups[-1].name.split("_")[1].split(".")[0]) if self._backups else 0

    def begin(self, settings: Mapping[str, Any]) -> None:
        """Make the folder and note the settings in it, in place of others with which no epoch was finished.

        Raises:
            AlprError: with other settings an epoch was finished, or plates were generated that these do not give.
            ModelError: the noted settings are damaged.
            OutputError: the folder cannot be written, or holds something else.
        """
        if (self.folder / METADATA_FILE).exists():
            raise OutputError(f"{self.folder}: holds a model; choose another --run.")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            names = {path.name for path in self.folder.iterdir() if not path.name.startswith("part_")}
        except OSError as error:
            raise OutputError(f"{self.folder}: cannot be made ({error.strerror}); choose another --run.") from None
        if names and not names & _NAMES_OF_RUNS:
            raise OutputError(f"{self.folder}: holds {min(names)} and no run; choose a new folder for --run.")
        text = json.dumps(settings, indent=2, ensure_ascii=False)
        now, begun = json.loads(text), read_settings(self.folder)
        file = self.folder / SETTINGS_FILE
        if begun and begun != now and self.epochs_done:
            raise AlprError(f"{file}: this run began with other settings; go on with those or choose another --run.")
        plates = [[known.get("training", {}).get(name) for name in _DECIDE_PLATES] for known in (begun, now)]
        if begun and plates[0] != plates[1] and any(self.generated.glob("*")):
            raise AlprError(
                f"{self.generated}: its plates have another seed, number or country; delete it or use another --run."
            )
        with self._writing(), written_whole(file) as draft:
            draft.write_text(text, encoding="utf-8")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say in one sentence that the disk is full or read-only, and how to go on."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error).splitlines()[0][:120]
            raise OutputError(
                f"{self.folder}: cannot be written ({reason}); free some space, then the same command goes on after "
                f"{self.epochs_done} epochs."
            ) from None

    def resume(self, network: "keras.Model") -> int:
        """Load weights and optimiser of a compiled network as they were after the last epoch; return `epochs_done`.

        A backup that cannot be read is deleted, and the one before it serves.

        Raises:
            ModelError: no backup can be read.
        """
        if not self._backups:
            return 0
        network.optimizer.build(network.trainable_variables)
        while self._backups:
            try:
                network.load_weights(self._backups[-1])
            except Exception:  # h5py and Keras raise nearly anything on damaged files
                if len(self._backups) == 1:
                    raise ModelError(f"{self._backups[-1]}: is damaged; delete it to begin again.") from None
                self._backups[-1].unlink()
                continue
            break
        with self._writing():
            self._publish_weights()
        return self.epochs_done

    def save(self, network: "keras.Model", epochs: int) -> None:
        """Keep the state of a network after that many epochs, and its weights.

        Raises:
            OutputError: the disk is full or read-only; what was kept before is still there.
        """
        backup = self.folder / "backup" / f"epoch_{epochs:05d}.weights.h5"
        with self._writing():
            backup.parent.mkdir(exist_ok=True)
            with written_whole(backup) as draft:
                network.save_weights(draft)
            self._publish_weights()
            for old in self._backups[:-_KEPT_BACKUPS]:
                old.unlink()

    def _publish_weights(self) -> None:
        stage = self.folder / STAGES / f"{self.epochs_done:03d}.weights.h5"
        stage.parent.mkdir(exist_ok=True)
        for file in (self.weights, stage):
            with written_whole(file) as draft:
                shutil.copyfile(self._backups[-1], draft)
        for old in self.stages[:-KEPT_STAGES]:
            old.unlink()

    def log_epoch(self, epoch: int, values: Mapping[str, float]) -> None:
        """Add the row of an epoch, counted from 0; rows of this and later epochs give way to it."""
        rows: list[dict[str, Any]] = [row for row in read_log(self.log) if int(row["epoch"]) < epoch]
        rows.append({"epoch": epoch, **values})
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (
            self._writing(),
            written_whole(self.log) as draft,
            draft.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, columns, restval=_NO_VALUE)
            writer.writeheader()
            writer.writerows(rows)

    def draw_curves(self) -> None:
        """Draw the losses of the log over the epochs as ``curves.png``."""
        from matplotlib.figure import Figure

        rows = read_log(self.log)
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.add_subplot(xlabel="epoch", ylabel="loss", yscale="log")
        for column, label in (("loss", "training"), ("val_loss", "validation")):
            losses = [float(row[column]) for row in rows if row.get(column, _NO_VALUE) != _NO_VALUE]
            if losses:
                axes.plot(losses, label=label)
        axes.legend()
        axes.grid(alpha=0.3)
        with self._writing(), written_whole(self.folder / "curves.png") as draft:
            figure.savefig(draft, dpi=110)
