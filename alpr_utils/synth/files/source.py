"""Generated plates as an endless training source: nothing is written, every epoch has new plates."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from alpr_utils.synth.photo.degrade import DegradedPlate
from alpr_utils.synth.photo.sample import sample_plate


class GeneratedPlates(keras.utils.PyDataset):
    """Batches for ``fit``, whatever ``encode`` makes of a list of plates; runs with every Keras backend.

    Batch ``index`` of epoch ``epoch`` is always the same for the same seed, and no two epochs are alike.

    Args:
        encode: plates -> the batch, usually a tuple of inputs and targets as NumPy arrays.
        batch: plates in a batch.
        batches_per_epoch: after so many batches `on_epoch_end` is called.
        country: two-letter code, or several, drawn evenly.
        preset: kind of camera, or ``mixed``.
        seed: of everything.
        balanced: rare characters more often than on the road.
        first_epoch: epochs that an earlier part of the training has seen. ``fit`` looks at a batch or two and ends an
            epoch before it begins, so its own epochs are ``first_epoch`` + 1 and following.
        workers: threads, or with ``use_multiprocessing`` processes, that make batches ahead of the training.
        max_queue_size: batches made ahead.
    """

    def __init__(
        self,
        encode: Callable[[list[DegradedPlate]], Any],
        batch: int,
        batches_per_epoch: int,
        country: str | Sequence[str],
        preset: str = "mixed",
        seed: int = 0,
        balanced: bool = False,
        first_epoch: int = 0,
        workers: int = 1,
        use_multiprocessing: bool = False,
        max_queue_size: int = 8,
    ):
        super().__init__(workers=workers, use_multiprocessing=use_multiprocessing, max_queue_size=max_queue_size)
        self.encode, self.batch, self.batches = encode, batch, batches_per_epoch
        self.countries = (country,) if isinstance(country, str) else tuple(country)
        self.preset, self.seed, self.balanced, self.epoch = preset, seed, balanced, first_epoch

    def __len__(self) -> int:
        return self.batches

    def on_epoch_end(self) -> None:
        """Draw new plates in the next epoch."""
        self.epoch += 1

    def plates(self, index: int) -> list[DegradedPlate]:
        """The plates of batch ``index`` of the present epoch."""
        rng = np.random.default_rng([self.seed, self.epoch, index])
        countries = [self.countries[i] for i in rng.integers(len(self.countries), size=self.batch)]
        return [sample_plate(rng, country, self.preset, self.balanced) for country in countries]

    def __getitem__(self, index: int) -> Any:
        return self.encode(self.plates(index))
