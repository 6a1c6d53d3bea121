"""Formulas that training computes with Keras and the runtime with NumPy.

``xp`` is the module that computes, `numpy` or `keras.ops`: both know the same functions by the same names.
"""

from typing import Any

import numpy as np

# Liu et al. (SSD) divide the offsets by these standard deviations, so that the network predicts numbers near 1.
CENTRE_DEVIATION = 0.1
SIZE_DEVIATION = 0.2


def decode(offsets: Any, anchors: Any, xp: Any = np) -> Any:
    """Offsets (..., N, 4) and anchors (N, 4) or (..., N, 4) -> boxes (..., N, 4), unit of the anchors (SSD, eq. 2)."""
    size = anchors[..., 2:] - anchors[..., :2]
    centre = (anchors[..., 2:] + anchors[..., :2]) / 2 + offsets[..., :2] * CENTRE_DEVIATION * size
    half = size * xp.exp(xp.clip(offsets[..., 2:] * SIZE_DEVIATION, -4.0, 4.0)) / 2
    return xp.concatenate([centre - half, centre + half], axis=-1)


def sigmoid(logits: Any, xp: Any = np) -> Any:
    """1 / (1 + exp(-x)), written so that no large number overflows."""
    return (1 + xp.tanh(logits / 2)) / 2


def softmax(logits: Any, xp: Any = np) -> Any:
    """Probabilities that sum to 1 along the last axis."""
    powers = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))
    return powers / xp.sum(powers, axis=-1, keepdims=True)
