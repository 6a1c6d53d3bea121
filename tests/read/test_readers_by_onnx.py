"""Readers by onnxruntime: the same texts as by Keras, and no need of TensorFlow or Keras."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.read.load import READERS, ReaderOptions, load_reader
from alpr_utils.runtime.network import RuntimeOptions
from alpr_utils.synth.photo.sample import sample_plate

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "mongol_alpr_images" / "0.jpg"


@pytest.fixture(scope="module")
def crops() -> list[np.ndarray]:
    return [
        sample_plate(np.random.default_rng([5, number]), country, "phone").image
        for number in range(4)
        for country in ("mn", "kr")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_the_same_texts_as_keras(name: str, crops: list[np.ndarray]) -> None:
    by_onnx, by_keras = (
        load_reader(name, ReaderOptions(runtime=RuntimeOptions(engine))) for engine in ("onnx", "tensorflow")
    )
    assert by_onnx.weight_count == by_keras.weight_count > 0
    for grammar in (True, False):
        for ours, other in zip(by_onnx.read(crops, grammar), by_keras.read(crops, grammar), strict=True):
            assert ours.text == other.text
            assert ours.score == pytest.approx(other.score, abs=1e-3)


@pytest.mark.parametrize("reader", ["voting", "crnn_small"])
def test_a_picture_is_read_where_neither_tensorflow_nor_keras_is_installed(reader: str) -> None:
    program = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        "from alpr_utils import ALPR\n"
        f"plates = ALPR(reader={reader!r}).read({str(PICTURE)!r})\n"
        "print(sum(bool(plate.text) for plate in plates))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 0
