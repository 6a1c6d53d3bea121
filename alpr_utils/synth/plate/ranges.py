"""What random values are drawn from: ranges, and choices that are not equally frequent."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Range = tuple[float, float]
"""Smallest and largest value."""

Item = TypeVar("Item")


def weighted_choice(rng: np.random.Generator, items: Sequence[Item], weights: Sequence[float]) -> Item:
    """One of ``items``, drawn in proportion to ``weights``."""
    shares = np.array(weights, float)
    return items[int(rng.choice(len(shares), p=shares / shares.sum()))]
