"""Commands are killed at random moments; the next call must end as if nothing had happened.

Each command is killed ``KILLS`` times (default 1; ``make fuzz`` takes 20), at moments that a seed decides, up to three
times in a row before it may come to its end.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.models.arrays import load_arrays

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")]
KILLS = int(os.environ.get("KILLS", "1"))
SCENES = Path(__file__).parents[2] / "mongol_alpr_images"
# With one thread, the same training gives the same weights.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four of the scenes that are included."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(4):
        for suffix in (".jpg", ".xml"):
            shutil.copy(SCENES / f"{number}{suffix}", folder)
    return folder


def _start(command: list[str]) -> "subprocess.Popen[str]":
    environment = {**os.environ, **ONE_THREAD, "TF_CPP_MIN_LOG_LEVEL": "3"}
    run = [sys.executable, "-m", "alpr_utils", *command]
    return subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)


def _end(command: list[str]) -> float:
    """Run to the end; how many seconds that took."""
    start = time.monotonic()
    running = _start(command)
    _, errors = running.communicate()
    assert running.returncode == 0, errors
    return time.monotonic() - start


def _killed(command: list[str], after_s: float) -> float | None:
    """Start and kill after so many seconds; where it ended before, how many it took."""
    start, running = time.monotonic(), _start(command)
    try:
        running.communicate(timeout=after_s)
        return time.monotonic() - start
    except subprocess.TimeoutExpired:
        running.kill()
        running.communicate()
        return None


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _weights(run: Path) -> dict[str, object]:
    """The names of the files, the last weights of the exported model, and the log."""
    numbers = sum(int(np.prod(array.shape)) for array in np.load(run / "model" / "weights.npz").values())
    weights = [array.tobytes() for array in load_arrays(run / "model" / "weights.npz", numbers)]
    return {"names": sorted(_contents(run)), "weights": weights, "log": (run / "log.csv").read_text()}


def _survives(
    command: Callable[[Path], list[str]],
    folder: Path,
    seed: int,
    result: Callable[[Path], object] = _contents,
    again: bool = True,
) -> None:
    """Kill a command that writes into the folder it is given, again and again, and compare what the next call gives.

    Args:
        result: of a folder; what has to be the same.
        again: whether the command may be given again when it is done; if not, its folder is there when it is whole.
    """
    whole = folder / "whole" / "out"
    lasts_s = _end(command(whole))
    rng = np.random.default_rng(seed)
    kills = 0
    while kills < KILLS:
        out = folder / "killed" / "out"  # the same depth and name, should those be noted
        shares = rng.uniform(0.1, 1.0, min(int(rng.integers(1, 4)), KILLS - kills)).tolist()
        for number, share in enumerate(shares):
            ended_s = _killed(command(out), share * lasts_s)
            kills += ended_s is None
            if number == 0:
                lasts_s = ended_s or lasts_s  # the machine is less busy than before
            if ended_s or (out.exists() and not again):
                break
        if again or not out.exists():
            _end(command(out))
        assert result(out) == result(whole), f"killed after {shares} of {lasts_s:.2f} s"
        assert not [path.name for path in out.rglob("*") if path.name.startswith((".", "part_"))]
        assert sorted(path.name for path in out.parent.iterdir()) == ["out"]
        shutil.rmtree(out.parent)


def test_read(photos: Path, tmp_path: Path) -> None:
    fast = ["--detector", "plate_detector_two_looks_fast", "--reader", "crnn_small", "--resume"]
    _survives(lambda out: ["read", str(photos), "--output", str(out), *fast], tmp_path, 0)


def test_generate(tmp_path: Path) -> None:
    def command(out: Path) -> list[str]:
        return ["generate", "plates", "--count", "60", "--out", str(out), "--workers", "2"]

    _survives(command, tmp_path, 1)


def test_generate_clips(tmp_path: Path) -> None:
    def command(out: Path) -> list[str]:
        return ["generate", "clips", "--count", "2", "--out", str(out), "--fps", "2", "--width", "320"]

    def names_and_truth(out: Path) -> dict[str, bytes]:  # at few frames a second x264 does not always write the same
        return {name: b"" if name.endswith(".mp4") else content for name, content in _contents(out).items()}

    _survives(command, tmp_path, 2, names_and_truth)


def test_tfrecord(photos: Path, tmp_path: Path) -> None:
    _survives(lambda out: ["tfrecord", "--data", str(photos), "--out", str(out), "--per-file", "1"], tmp_path, 3)


@pytest.mark.parametrize("form", ["voc", "yolo", "coco"])
def test_convert(photos: Path, tmp_path: Path, form: str) -> None:
    def command(out: Path) -> list[str]:
        return ["convert", "--data", str(photos), "--out", str(out), "--format", form]

    _survives(command, tmp_path, 4, again=False)


NETWORK = {
    "stem": 4, "widths": [4, 4], "blocks": [1, 1], "pyramid": 4,
    "anchors": {"strides": [4, 8], "scales": [[14], [22]], "aspect_ratios": [3]},
}  # fmt: skip
TRAINING = {"height": 64, "width": 96, "long_sides": [96, 96], "low_res_side": 0}
COURSE = ["--epochs", "3", "--epoch-batches", "2", "--batch", "2"]


def test_train_crnn(tmp_path: Path) -> None:
    def command(out: Path) -> list[str]:
        return ["train", "crnn", "--run", str(out), "--country", "mn", "--generated", "16", *COURSE]

    _survives(command, tmp_path, 5, _weights)


def test_train_ssd(photos: Path, tmp_path: Path) -> None:
    small = tmp_path / "ssd.json"
    small.write_text(json.dumps({"architecture": "ssd", "network": NETWORK, "training": TRAINING}))

    def command(out: Path) -> list[str]:
        return ["train", "ssd", "--config", str(small), "--run", str(out), "--data", str(photos), *COURSE]

    _survives(command, tmp_path, 6, _weights)
