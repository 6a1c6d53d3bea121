"""Processes that generate plates start quickly and quietly."""

import subprocess
import sys


def test_generating_plates_needs_no_keras() -> None:
    code = "import alpr_utils.training.generated_crops, sys; print({'keras', 'tensorflow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
