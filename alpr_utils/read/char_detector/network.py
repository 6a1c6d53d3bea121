"""The network of the character detector: an SSD on a plate crop, one class a character."""

import keras
import numpy as np
from keras import layers, ops

from alpr_utils.networks.anchors import AnchorSpec, make_anchors
from alpr_utils.networks.array_ops import decode
from alpr_utils.networks.configs import SSDConfig
from alpr_utils.networks.ssd import build_ssd
from alpr_utils.read.char_detector.boxes import CharBoxes
from alpr_utils.read.grammar import tokens_of
from alpr_utils.read.preprocess import HEIGHT, WIDTH

ARCHITECTURE = "character ssd"
# Characters of a plate stretched to 160 x 64 are 12 to 30 pixels wide and 13 to 55 high.
ANCHORS = AnchorSpec(strides=(8,), scales=((22.0,),), aspect_ratios=(0.33, 0.6, 1.0))
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
    return make_anchors(HEIGHT, WIDTH, ANCHORS)


def build_char_network(classes: int) -> keras.Model:
    """The untrained network: uint8 or float (B, 64, 160, 1), 0..255 -> (B, N, 4 + classes), see `build_ssd`."""
    config = SSDConfig(stem=24, widths=(48, 96), blocks=(1, 2), pyramid=64, anchors=ANCHORS, classes=classes)
    plate = keras.Input((HEIGHT, WIDTH, 1), name="plate")
    picture = layers.Concatenate(name="grey")([plate] * 3)
    return keras.Model(plate, build_ssd(config)(picture), name="char_detector")


def with_decoding(network: keras.Model) -> keras.Model:
    """The same network, sharing its weights, with boxes in pixels and scores 0..1 for what it gives."""
    predictions = network.output
    boxes = decode(predictions[..., :4], ops.convert_to_tensor(char_anchors()), ops)
    return keras.Model(network.input, ops.concatenate([boxes, ops.sigmoid(predictions[..., 4:])], axis=-1))


def best_boxes(decoded: np.ndarray) -> CharBoxes:
    """The surest boxes of one plate, the surest first; decoded: float32 (N, 4 + classes) from `with_decoding`."""
    best = decoded[:, 4:].max(axis=1)
    chosen = np.argsort(-best, kind="stable")[:_MOST_BOXES]
    chosen = chosen[best[chosen] >= _LEAST_SCORE]
    return CharBoxes(decoded[chosen, :4], decoded[chosen, 4:])
