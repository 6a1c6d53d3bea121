"""Batches that processes share: their large arrays are written once and read by each as it needs them."""

import pickle
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from alpr_utils.training.batches import SeededBatches


def write_shared(batches: SeededBatches, file: Path) -> None:
    """Write batches for `prepare`; their arrays stand behind the rest, as pickle's protocol 5 allows."""
    arrays: list[pickle.PickleBuffer] = []
    rest = pickle.dumps(batches, protocol=5, buffer_callback=arrays.append)
    views = [array.raw() for array in arrays]
    with file.open("wb") as shared:
        pickle.dump((rest, [view.nbytes for view in views]), shared)
        for view in views:
            shared.write(view)


@cache
def _opened(file: Path) -> SeededBatches:
    with file.open("rb") as shared:
        rest, sizes = pickle.load(shared)
        start = shared.tell()
    mapped = np.memmap(file, np.uint8, "r")
    ends = start + np.cumsum([0, *sizes])
    arrays = [mapped[begin:end] for begin, end in pairwise(ends.tolist())]
    batches: SeededBatches = pickle.loads(rest, buffers=arrays)
    return batches


def prepare(file: Path, epoch: int, index: int) -> tuple[Any, ...]:
    """A batch of what `write_shared` wrote; called in another process, which opens the file once."""
    batches = _opened(file)
    batches.epoch = epoch
    return batches[index]
