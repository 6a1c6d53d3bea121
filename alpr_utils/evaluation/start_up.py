"""How long ``alpr read`` of one picture takes in a new process, from start to end, and how much memory."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alpr_utils.errors import AlprError

_PROGRAM = """
import sys
from alpr_utils.cli.app import main
status = main(["read", *sys.argv[1:]])
from alpr_utils.runtime.memory import peak_mb
print(peak_mb())
sys.exit(status)
"""


@dataclass(frozen=True)
class StartUp:
    """The figures of one detector and reader.

    Attributes:
        seconds, longest_s: median and longest, of the whole process.
        peak_mb: largest memory that it ever had, in megabytes.
    """

    detector: str
    reader: str
    seconds: float
    longest_s: float
    peak_mb: float


def start_up(picture: Path, detector: str, reader: str, models_dir: Path | None, rounds: int) -> StartUp:
    """Start ``alpr read`` ``rounds`` times, and once before that to fill the caches.

    Raises:
        AlprError: it failed; the message is what it said.
    """
    options = ["--detector", detector, "--reader", reader, *(["--models", str(models_dir)] if models_dir else [])]
    seconds, peaks = [], []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, str(picture), *options], capture_output=True, text=True, check=False
        )
        seconds.append(time.perf_counter() - start)
        if done.returncode:
            raise AlprError(done.stderr.strip() or f"{picture}: could not be read; read it with 'alpr read'.")
        peaks.append(float(done.stdout.splitlines()[-1]))
    return StartUp(detector, reader, float(np.median(seconds[1:])), max(seconds[1:]), max(peaks))
