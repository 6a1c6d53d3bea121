"""How memory is handed back to the operating system while a network trains on a CPU."""

import ctypes
import sys

# Numbers of the settings in glibc's malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX, _ARENA_MAX = -1, -2, -4, -8


def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees, for its next tensors.

    TensorFlow frees and asks again for hundreds of megabytes in every training step; by default glibc hands them back
    each time, and the kernel clears every page anew. That was seen to take nearly half of the time of a training.

    Returns:
        Whether it could be set: elsewhere than on Linux with glibc nothing is changed.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, 2**26), (_ARENA_MAX, 1))
    return mallopt is not None and all(mallopt(name, value) == 1 for name, value in settings)
