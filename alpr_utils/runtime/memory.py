"""How much memory this process has needed."""

import sys
from pathlib import Path


def peak_mb() -> float:
    """The largest memory of this process so far in megabytes, 0 where the system does not say."""
    status = Path("/proc/self/status")  # of this program alone, while `getrusage` counts its parent before the start
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    if sys.platform == "win32":
        return 0.0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
