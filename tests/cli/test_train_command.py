"""The commands that train, without a training."""

import subprocess
import sys
from pathlib import Path

import keras
import pytest

from alpr_utils.cli.app import main
from alpr_utils.errors import ModelError
from alpr_utils.runtime.onnx_export import write_onnx
from alpr_utils.training import crnn
from alpr_utils.training.config import CRNNTrainConfig


@pytest.fixture
def jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")


@pytest.mark.usefixtures("jax")
def test_other_backends_train_and_leave_the_export_to_tensorflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(crnn, "train_crnn", lambda config, run, workers: run / "last.weights.h5")
    assert main(["train", "crnn", "--run", str(tmp_path)]) == 0
    assert "trained; the same command without KERAS_BACKEND=jax exports it" in capsys.readouterr().out
    with pytest.raises(ModelError, match="without KERAS_BACKEND"):
        write_onnx(keras.Sequential([keras.Input((1,))]), tmp_path)


@pytest.mark.usefixtures("jax")
def test_other_backends_get_no_unrolled_lstm() -> None:
    network = crnn.build(CRNNTrainConfig(countries=("mn",), variant="lstm", epochs=2, epoch_batches=crnn.LONG_TRAINING))
    assert not network.get_layer("recurrent_0").forward_layer.unroll


def test_a_training_needs_nothing_of_the_export_of_detectors_which_needs_tensorflow() -> None:
    code = "import alpr_utils.training.crnn, alpr_utils.training.char_detector, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "alpr_utils.training.crnn" in done.stdout.split()
    assert "alpr_utils.detect.export" not in done.stdout.split()
