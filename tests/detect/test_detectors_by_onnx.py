"""The shipped detectors by onnxruntime: the same boxes as their SavedModels, without TensorFlow."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.detect.exported import load_detector
from alpr_utils.detect.numpy_tools import NumpyTools
from alpr_utils.images import read_image
from alpr_utils.runtime.network import ONNX_FILE, RuntimeOptions

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "exported_model_directory"
FOLDERS = sorted(file.parent for file in MODELS.glob(f"*detector_*/{ONNX_FILE}"))
PICTURES = sorted((ROOT / "mongol_alpr_images").glob("*.jpg"))[:3]


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_same_boxes_as_the_saved_model(folder: Path) -> None:
    ours, saved = load_detector(folder), load_detector(folder, runtime=RuntimeOptions("tensorflow"))
    for picture in PICTURES:
        image = read_image(picture)
        for given in (image, np.ascontiguousarray(image[:300, :200])):
            found, expected = ours.detect(given, 0.1), saved.detect(given, 0.1)
            assert len(found) == len(expected)
            np.testing.assert_allclose([d.score for d in found], [d.score for d in expected], atol=1e-3)
            boxes, others = (np.array([d.box for d in detections]).reshape(-1, 4) for detections in (found, expected))
            # Equal scores may change places; a candidate at the very threshold of the vote may count only once.
            tolerance = 3e-3 if folder.name.startswith("vehicle") else 1e-3
            distances = np.abs(boxes[:, None] - others[None]).max(axis=2)
            assert all(row.min() < tolerance for row in distances)


def test_neither_tensorflow_nor_keras_is_needed() -> None:
    program = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        "from alpr_utils.detect.exported import load_detector\n"
        "from alpr_utils.images import read_image\n"
        f"print(len(load_detector('plate_detector_yolov3').detect(read_image({str(PICTURES[0])!r}), 0.01)))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 0


def test_the_highest_scores_come_first() -> None:
    scores = np.array([0.1, 0.9, 0.5, 0.9, 0.2], np.float32)
    best, places = NumpyTools().highest(scores, 3)
    np.testing.assert_allclose(best, [0.9, 0.9, 0.5])
    assert set(places) == {1, 2, 3}
    assert NumpyTools().highest(scores, 10)[1].tolist() == [1, 3, 2, 4, 0]


@pytest.mark.parametrize(("size", "scale", "expected"), [((40, 60), 0.5, (20, 30)), ((4, 600), 0.01, (1, 6))])
def test_pictures_are_resized(size: tuple[int, int], scale: float, expected: tuple[int, int]) -> None:
    picture = np.full((1, *size, 3), 200, np.uint8)
    resized = NumpyTools().resize(picture, np.float32(scale))
    assert resized.shape == (1, *expected, 3) and resized.dtype == np.float32
    np.testing.assert_allclose(resized, 200)
