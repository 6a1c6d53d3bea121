"""Freed memory is kept where the C library can do so."""

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import numpy as np
from alpr_utils.training.memory import keep_freed_memory
kept = keep_freed_memory()
np.ones(20_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(20_000_000)
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has these settings")
def test_a_second_large_array_takes_the_memory_of_the_first():
    environment = {**os.environ, "NUMPY_MADVISE_HUGEPAGE": "0"}  # NumPy's own remedy
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment)
    kept, faults = done.stdout.split()
    assert kept == "True"
    assert int(faults) < 1000  # 160 MB anew would be 40,000 pages
