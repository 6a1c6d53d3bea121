"""The machine that something is measured on."""

import os
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np

from alpr_utils.models.folder import package_versions
from alpr_utils.runtime.network import physical_cores

_PACKAGES = ("alpr-utils", "numpy", "onnxruntime", "opencv-python-headless", "pillow", "tensorflow", "keras")
# What decides how fast networks run on processors that have it.
_INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd")


def machine() -> dict[str, Any]:
    """Processor, cores, memory, system and versions."""
    info = _cpu_info()
    flags = set(info.get("flags", info.get("Features", "")).split())
    return {
        "processor": info.get("model name") or platform.processor() or platform.machine(),
        "instructions": [name for name in _INSTRUCTIONS if name in flags],
        "physical_cores": physical_cores(),
        "memory_gb": _memory_gb(),
        "system": platform.platform(),
        "versions": package_versions(_PACKAGES),
    }


def _cpu_info() -> dict[str, str]:
    """What Linux says about the first processor, nothing elsewhere."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().split("\n\n")[0].splitlines() if file.exists() else []
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, ValueError, OSError):  # another system
        return None


def sgemm_gflops(side: int = 1536, rounds: int = 8) -> float:
    """GFLOP/s of NumPy's product of two float32 matrices on all cores: about the most that a network can reach."""
    matrix = np.random.default_rng(0).random((side, side), np.float32)
    seconds = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - start)
    return 2 * side**3 / min(seconds) / 1e9
