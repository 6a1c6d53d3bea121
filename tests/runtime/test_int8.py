"""Networks in bytes: when they are chosen, and that they read and find the same."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.data.labels import LabelledImage, LabelledPlate
from alpr_utils.detect.exported import load_detector
from alpr_utils.evaluation.crops import fresh_crops
from alpr_utils.evaluation.matching import boxes_px, match
from alpr_utils.images import read_image
from alpr_utils.models.folder import read_metadata
from alpr_utils.read.load import ReaderOptions, load_reader
from alpr_utils.runtime.network import INT8_FILE, ONNX_FILE, RuntimeOptions, multiplies_bytes, onnx_file

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "exported_model_directory"


def test_bytes_are_chosen_where_they_are_fast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alpr_utils.runtime.network.multiplies_bytes", lambda: True)
    assert onnx_file(tmp_path).name == ONNX_FILE, "there is no other"
    (tmp_path / INT8_FILE).touch()
    assert onnx_file(tmp_path).name == INT8_FILE
    assert onnx_file(tmp_path, RuntimeOptions("onnx")).name == ONNX_FILE
    monkeypatch.setattr("alpr_utils.runtime.network.multiplies_bytes", lambda: False)
    assert onnx_file(tmp_path).name == ONNX_FILE


@pytest.mark.slow
@pytest.mark.skipif(not multiplies_bytes(), reason="int8 is not used on this processor")
def test_a_detector_in_bytes_finds_the_same_plates() -> None:
    in_bytes, exact = (load_detector("plate_detector_two_looks", MODELS, RuntimeOptions(e)) for e in ("auto", "onnx"))
    for picture in sorted((ROOT / "mongol_alpr_images").glob("*.jpg"))[:4]:
        image = read_image(picture)
        found, expected = (boxes_px(d.detect(image), *image.shape[:2]) for d in (in_bytes, exact))
        assert len(found) == len(expected)
        assert match(found, expected)[1].min(initial=1) > 0.9


@pytest.mark.slow
def test_a_reader_is_exported_in_bytes_and_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from alpr_utils.training.int8 import export_int8

    monkeypatch.setattr("alpr_utils.runtime.network.multiplies_bytes", lambda: True)
    folder = tmp_path / "crnn_small"
    shutil.copytree(MODELS / "crnn_small", folder, ignore=shutil.ignore_patterns(INT8_FILE))
    file = folder / "metadata.json"
    metadata = json.loads(file.read_text("utf-8"))
    del metadata["sha256"][INT8_FILE]
    file.write_text(json.dumps(metadata), "utf-8")
    plates = fresh_crops(24, 515_152)
    seen = [
        LabelledImage(plate.name, plate.image, (LabelledPlate((0, 0, *plate.image.shape[:2]), plate.text),))
        for plate in plates
    ]
    assert export_int8(folder, seen[:12]).name == INT8_FILE
    assert INT8_FILE in read_metadata(folder)["sha256"]
    options = [ReaderOptions(models_dir=tmp_path, runtime=RuntimeOptions(engine)) for engine in ("auto", "onnx")]
    in_bytes, exact = (load_reader("crnn_small", how).read([p.image for p in plates[12:]]) for how in options)
    same = np.mean([a.text == b.text for a, b in zip(in_bytes, exact, strict=True)])
    assert same > 0.9
    assert any(a.score != b.score for a, b in zip(in_bytes, exact, strict=True)), "it is another network"
