"""What all training batches here share: an endless source whose every sample is decided by a seed."""

import keras
import numpy as np


class SeededBatches(keras.utils.PyDataset):
    """``batches`` batches an epoch; batch ``index`` of epoch ``epoch`` is always the same, no two epochs are alike.

    Subclasses make a batch in ``__getitem__`` from `rng`.
    """

    def __init__(self, batches: int, seed: int):
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
        self.batches, self.seed, self.epoch = batches, seed, 0

    def __len__(self) -> int:
        return self.batches

    def on_epoch_end(self) -> None:
        """Draw new samples in the next epoch."""
        self.epoch += 1

    def rng(self, index: int) -> np.random.Generator:
        """The generator of batch ``index`` of the present epoch."""
        return np.random.default_rng((self.seed, self.epoch, index))
