"""The command ``export``: ONNX files of model folders, written again from the weights."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.cli.app import main
from alpr_utils.models.folder import WEIGHTS_FILE, read_metadata, write_metadata
from alpr_utils.runtime.network import ONNX_FILE, open_onnx

MODELS = Path(__file__).resolve().parents[2] / "exported_model_directory"


@pytest.mark.slow
def test_an_exported_file_replaces_the_one_that_is_there(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MODELS / "plate_corners", tmp_path / "plate_corners"))
    before = open_onnx(folder / ONNX_FILE)(np.full((2, 64, 160, 1), 90, np.uint8))
    weights = dict(np.load(folder / WEIGHTS_FILE))
    np.savez_compressed(folder / WEIGHTS_FILE, **weights)
    write_metadata(folder, {"architecture": "corner regression"}, [folder / WEIGHTS_FILE])
    assert main(["export", "plate_corners", "--models", str(tmp_path)]) == 0
    assert read_metadata(folder)["sha256"].keys() == {WEIGHTS_FILE, ONNX_FILE}
    np.testing.assert_allclose(open_onnx(folder / ONNX_FILE)(np.full((2, 64, 160, 1), 90, np.uint8)), before, atol=1e-5)


def test_what_cannot_be_exported_gets_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "nowhere", "--models", str(tmp_path)]) == 1
    assert "nowhere: no such model folder" in capsys.readouterr().err
    write_metadata(tmp_path, {"architecture": "unknown"}, [])
    assert main(["export", str(tmp_path)]) == 1
    assert "its architecture cannot be exported" in capsys.readouterr().err
