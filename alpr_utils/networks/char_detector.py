"""The network of the character detector: an SSD on a plate crop, one class a character."""

import keras
from keras import layers

from alpr_utils.networks.reader_configs import PLATE_HEIGHT, PLATE_WIDTH, char_detector_config
from alpr_utils.networks.ssd import build_ssd


def build_char_detector(classes: int) -> keras.Model:
    """The untrained network: uint8 or float (B, 64, 160, 1), 0..255 -> (B, N, 4 + classes), see `build_ssd`."""
    plate = keras.Input((PLATE_HEIGHT, PLATE_WIDTH, 1), name="plate")
    picture = layers.Concatenate(name="grey")([plate] * 3)
    return keras.Model(plate, build_ssd(char_detector_config(classes))(picture), name="char_detector")
