"""What all training batches here share: an endless source whose every sample is decided by a seed.

Nothing here loads Keras, so that other processes can prepare batches, see `alpr_utils.training.feed`.
"""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np


class SeededBatches(ABC):
    """``batches`` batches an epoch; batch ``index`` of epoch ``epoch`` is always the same, no two epochs are alike."""

    def __init__(self, batches: int, seed: int):
        self.batches, self.seed, self.epoch = batches, seed, 0

    def __len__(self) -> int:
        return self.batches

    @abstractmethod
    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """Batch ``index`` of the present epoch, made with `rng`: pictures and what to learn of them."""

    def rng(self, index: int) -> np.random.Generator:
        """The generator of batch ``index`` of the present epoch."""
        return np.random.default_rng((self.seed, self.epoch, index))
