"""Run folders: which settings they accept, how they resume, and what their weights come from."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from alpr_utils.errors import AlprError, ModelError, OutputError
from alpr_utils.training.batches import SeededBatches
from alpr_utils.training.config import DataSource, ReaderTrainConfig, TrainConfig
from alpr_utils.training.history import earlier_trainings
from alpr_utils.training.run import KEPT_STAGES, Run, read_log
from alpr_utils.training.trainer import Trainer, compile_network

CONFIG = ReaderTrainConfig(sources=(DataSource(folder="typo"),))
CORRECTED = CONFIG.changed(sources=(DataSource(folder="photos"),))


def begin(folder: Path, config: TrainConfig) -> None:
    Run(folder).begin({"architecture": "any", "training": config.model_dump(mode="json")})


def _noted(folder: Path) -> str:
    return json.loads((folder / "settings.json").read_text(encoding="utf-8"))["training"]["sources"][0]["folder"]


def test_settings_may_be_corrected_before_the_first_epoch(tmp_path: Path) -> None:
    begin(tmp_path, CONFIG)
    (tmp_path / "log.csv").touch()
    begin(tmp_path, CORRECTED)
    assert _noted(tmp_path) == "photos"


def test_settings_stay_after_an_epoch(tmp_path: Path) -> None:
    begin(tmp_path, CONFIG)
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "epoch_00001.weights.h5").touch()
    with pytest.raises(AlprError, match="other settings"):
        begin(tmp_path, CORRECTED)
    begin(tmp_path, CONFIG)
    assert _noted(tmp_path) == "typo"


@pytest.mark.parametrize("change", [{"seed": 1}, {"generated": 9}, {"countries": ("kr",)}])
def test_plates_of_other_settings_are_not_mixed_in(change: dict[str, object], tmp_path: Path) -> None:
    begin(tmp_path, CONFIG)
    (tmp_path / "generated").mkdir()
    begin(tmp_path, CONFIG.changed(**change))
    begin(tmp_path, CONFIG)
    (tmp_path / "generated" / "mn_0000000.npz").touch()
    with pytest.raises(AlprError, match="generated: its plates have another seed"):
        begin(tmp_path, CONFIG.changed(**change))
    begin(tmp_path, CORRECTED)


def test_damaged_settings_are_named(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"training": ', encoding="utf-8")
    with pytest.raises(ModelError, match=r"settings\.json: is damaged"):
        earlier_trainings(str(tmp_path / "last.weights.h5"))


def test_readers_neither_halve_generated_plates_nor_swap() -> None:
    assert DataSource.parse("crops:a=0.5") == DataSource(folder="crops", sampling_weight=0.5, half="a")
    for text, message in (("generated:a=0.5", "half of generated"), ("photos:swap", "not swap plates")):
        with pytest.raises(AlprError, match=message):
            CONFIG.changed(sources=(DataSource.parse(text),))


class Lines(SeededBatches):
    """Points on a line."""

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        x = self.rng(index).normal(size=(8, 1)).astype(np.float32)
        return x, 3 * x + 1


class KilledError(Exception):
    pass


TINY = TrainConfig(epochs=4, epoch_batches=3, batch=8, learning_rate=0.1)


def fit_line(folder: Path, killed_in: int = 0) -> list[np.ndarray]:
    """Train, perhaps only until that epoch is logged but not backed up; the weights."""
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    compile_network(network, TINY, "mse")
    with Trainer(folder, TINY, {"architecture": "line"}) as trainer:
        if killed_in:

            def save(self: Run, network: keras.Model, epochs: int) -> None:
                if epochs == killed_in:
                    raise KilledError
                original(self, network, epochs)

            original = Run.save
            with pytest.MonkeyPatch.context() as patch, pytest.raises(KilledError):
                patch.setattr(Run, "save", save)
                trainer.fit(network, Lines(3, 0))
        else:
            trainer.fit(network, Lines(3, 0))
    return network.get_weights()


@pytest.mark.slow
def test_a_killed_training_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole = fit_line(tmp_path / "whole")
    fit_line(tmp_path / "killed", killed_in=3)
    run = Run(tmp_path / "killed")
    assert run.epochs_done == 2
    assert [row["epoch"] for row in read_log(run.log)] == ["0", "1", "2"], "the third was logged, but not backed up"
    with run.log.open("a") as file:
        file.write("3,0.")  # a line cut off
    weights = fit_line(tmp_path / "killed")
    for one, other in zip(whole, weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    assert run.log.read_text() == Run(tmp_path / "whole").log.read_text()
    assert len(list((run.folder / "backup").iterdir())) == 2
    assert run.weights.exists()
    assert [stage.name for stage in run.stages] == [f"00{epoch}.weights.h5" for epoch in (1, 2, 3, 4)]
    assert run.stages[-1].read_bytes() == run.weights.read_bytes()
    assert not list(run.folder.rglob("part_*"))


def test_only_the_last_stages_are_kept(tmp_path: Path) -> None:
    network, run = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]), Run(tmp_path)
    compile_network(network, TINY, "mse")
    for epochs in range(1, KEPT_STAGES + 3):
        run.save(network, epochs)
    assert [int(stage.name[:3]) for stage in run.stages] == list(range(3, KEPT_STAGES + 3))
    run.stages[-1].unlink()  # as if the training was killed after its backup
    assert Run(tmp_path).resume(network) == KEPT_STAGES + 2
    assert len(run.stages) == KEPT_STAGES


def test_a_damaged_backup_gives_way_to_the_one_before(tmp_path: Path) -> None:
    network, run = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]), Run(tmp_path)
    compile_network(network, TINY, "mse")
    for epochs in (1, 2, 3):
        run.save(network, epochs)
    first, second = sorted((tmp_path / "backup").iterdir())
    second.write_bytes(second.read_bytes()[:500])
    assert run.resume(network) == 2
    first.write_bytes(b"")
    with pytest.raises(ModelError, match=r"epoch_00002\.weights\.h5: is damaged; delete it to begin again"):
        run.resume(network)


def test_a_full_disk_is_one_sentence_and_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, run = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]), Run(tmp_path)
    compile_network(network, TINY, "mse")
    run.save(network, 1)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.h5")}

    def full(_: Path, __: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match=r"cannot be written \(No space left on device\); .* goes on after 1 epochs"):
        run.save(network, 2)
    with pytest.raises(OutputError, match="No space left"):
        run.log_epoch(1, {"loss": 1.0})
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.h5")} == before


def test_logs_that_are_cut_or_mixed_up(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(b"epoch,loss\n0,1.5\n1,0.5,7\n2,\xff\0\n3\n")
    assert [row["epoch"] for row in read_log(tmp_path / "log.csv")] == ["0", "2"]


def test_a_model_folder_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "metadata.json").write_text("{}")
    with pytest.raises(OutputError, match="holds a model; choose another --run"):
        Run(tmp_path).begin({"training": {}})


def test_a_folder_of_other_files_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("my own notes")
    with pytest.raises(OutputError, match=r"holds log\.csv and no run; choose a new folder for --run"):
        Run(tmp_path).begin({"training": {}})
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "part_settings.json").write_text("{")  # of a run that was killed
    Run(tmp_path / "run").begin({"training": {}})


def test_ctrl_c_says_what_is_kept(tmp_path: Path) -> None:
    with (
        pytest.raises(AlprError, match=r"run: stopped; 0 of 4 epochs .* are kept, and the same command goes on"),
        Trainer(tmp_path / "run", TINY, {"architecture": "line"}),
    ):
        raise KeyboardInterrupt


def test_too_little_memory_is_one_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(AlprError, match="run: there is not enough memory; give a smaller --batch"),
        Trainer(tmp_path / "run", TINY, {"architecture": "line"}),
    ):
        np.empty((1 << 30, 1 << 20), np.uint8)
    with pytest.raises(AlprError, match="batch must be at most 10000, not 1000000000"):
        TINY.changed(batch=10**9)
