"""From what the network of the character detector predicts to boxes of possible characters."""

import numpy as np

from alpr_utils.networks.anchors import make_anchors
from alpr_utils.networks.array_ops import decode, sigmoid
from alpr_utils.networks.reader_configs import CHAR_ANCHORS, PLATE_HEIGHT, PLATE_WIDTH
from alpr_utils.read.char_detector.boxes import CharBoxes
from alpr_utils.read.grammar import tokens_of

ARCHITECTURE = "character ssd"
_LEAST_SCORE = 0.03  # of boxes that are considered
_MOST_BOXES = 120


def alphabet_of(countries: tuple[str, ...]) -> tuple[str, ...]:
    """The classes: every character that plates of these countries carry.

    Raises:
        AlprError: no such country.
    """
    return tokens_of(countries, words=False)


def char_anchors() -> np.ndarray:
    """Anchors float32 (N, 4), ymin, xmin, ymax, xmax in pixels of the 64 x 160 input."""
    return make_anchors(PLATE_HEIGHT, PLATE_WIDTH, CHAR_ANCHORS)


def best_boxes(predictions: np.ndarray) -> CharBoxes:
    """The boxes of one plate with the highest scores, best first; predictions: float32 (N, 4 + classes)."""
    logits = predictions[:, 4:].max(axis=1)
    chosen = np.argsort(-logits, kind="stable")[:_MOST_BOXES]
    chosen = chosen[sigmoid(logits[chosen]) >= _LEAST_SCORE]
    return CharBoxes(decode(predictions[chosen, :4], char_anchors()[chosen]), sigmoid(predictions[chosen, 4:]))
