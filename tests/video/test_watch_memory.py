"""Memory of ``watch`` with real models over a looped clip: ``WATCH_SECONDS`` (default 20) of it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from alpr_utils.cli.app import main

SECONDS = float(os.environ.get("WATCH_SECONDS", "20"))
MOST_MB, MOST_GROWTH_MB = 400, 30
FAST = ["--detector", "plate_detector_two_looks_fast", "--reader", "crnn_small", "--threads", "1"]


def _resident_mb(process: int) -> float:
    (line,) = (line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
def test_memory_stays_flat(tmp_path: Path) -> None:
    make = ["generate", "clips", "--count", "1", "--kind", "passing", "--fps", "6", "--out", str(tmp_path)]
    assert main(make) == 0
    watch = ["watch", str(tmp_path / "000_passing.mp4"), "--loop", "--every-frame", "--again", "1"]
    command = [sys.executable, "-m", "alpr_utils", *watch, "--database", str(tmp_path / "e.sqlite"), *FAST]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout and running.stdout.readline(), "no vehicle was seen"
            begun, seen_mb = time.monotonic(), list[float]()
            while time.monotonic() - begun < SECONDS:
                time.sleep(min(1.0, SECONDS / 20))
                seen_mb.append(_resident_mb(running.pid))
        finally:
            running.terminate()
    middle = len(seen_mb) // 2
    assert max(seen_mb) < MOST_MB
    assert max(seen_mb[middle:]) < max(seen_mb[:middle]) + MOST_GROWTH_MB
