"""`alpr serve` in a process of its own, which finds and reads coloured boxes."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
from coloured import road

_SERVE = """
import sys
from coloured import coloured_alpr
from alpr_utils.cli import app, serve
serve.alpr_of = lambda options: coloured_alpr()
sys.exit(app.main(["serve", *sys.argv[1:]]))
"""
PICTURE = cv2.imencode(".png", road((0, 40, 60))[..., ::-1])[1].tobytes()  # has the text TEXTS[0]


@contextmanager
def served(*options: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The process and the address that it says."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    command = [sys.executable, "-c", _SERVE, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr
        said = process.stderr.readline()
        while "http://" not in said:
            assert said, "it ended"
            said = process.stderr.readline()
        yield process, re.findall(r"http://\S+:\d+", said)[0]
    finally:
        process.kill()
        process.communicate()
