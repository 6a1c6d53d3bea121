"""From batches to Keras: made when they are asked for, or by other processes ahead of that."""

from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras

from alpr_utils.training.batches import SeededBatches
from alpr_utils.training.processes import worker_processes
from alpr_utils.training.shared_batches import prepare, write_shared

_AHEAD = 3  # batches prepared for each process


class Feed(keras.utils.PyDataset):
    """Batches for ``fit``, the same whoever prepares them; a context manager.

    Args:
        batches: epoch by epoch.
        workers: processes that prepare them; with one it is a thread of this process.
        folder: for a file of the size of all pictures, removed at the end; used with two workers or more.
    """

    def __init__(self, batches: SeededBatches, workers: int = 1, folder: Path | None = None):
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self.batches, self.count, self.folder = batches, workers, folder
        self._resources = ExitStack()
        self._coming: dict[int, Future[tuple[Any, ...]]] = {}

    def __enter__(self) -> "Feed":
        if self.count > 1:
            folder = self._resources.enter_context(TemporaryDirectory(dir=self.folder, ignore_cleanup_errors=True))
            self.file = Path(folder) / "batches"
            write_shared(self.batches, self.file)
            self.pool = worker_processes(self.count)
            self._resources.callback(self.pool.shutdown, cancel_futures=True)
        return self

    def __exit__(self, *error: object) -> None:
        self._resources.close()

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        if self.count == 1:
            return self.batches[index]
        asked = self.batches.epoch * len(self) + index
        for number in range(asked, asked + _AHEAD * self.count):
            if number not in self._coming:
                self._coming[number] = self.pool.submit(prepare, self.file, *divmod(number, len(self)))
        return self._coming.pop(asked).result()

    def on_epoch_end(self) -> None:
        """Draw new samples in the next epoch."""
        self.batches.epoch += 1
