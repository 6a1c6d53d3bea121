"""Opening a reader or a detector loads neither the generator nor anything for training or measuring."""

import subprocess
import sys

import pytest

OPEN = {
    "reader": "from alpr_utils.read.load import load_reader; load_reader('voting')",
    "detector": "from alpr_utils.detect.exported import load_detector; load_detector('plate_detector_ssd')",
}
LOADED = "import sys; print([name for name in sys.modules if name.split('.')[:2] in {rooms}])"
ROOMS = [["alpr_utils", room] for room in ("synth", "training", "evaluation")]


@pytest.mark.parametrize("kind", OPEN)
def test_opening_loads_nothing_of_synth_training_and_evaluation(kind: str) -> None:
    code = f"{OPEN[kind]}; {LOADED.format(rooms=ROOMS)}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
