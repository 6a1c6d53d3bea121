"""The corner network: where the corners of a plate are in its crop.

It regresses the four corners, as the warped detector of Silva and Jung does (2018, "License Plate Detection and
Recognition in Unconstrained Scenarios"), but in a crop that a detector has already found.
"""

import keras
from keras import layers

from alpr_utils.networks.reader_configs import PLATE_HEIGHT, PLATE_WIDTH


def build_corner_network() -> keras.Model:
    """The untrained network: uint8 or float (B, 64, 160, 1), 0..255 -> float32 (B, 8).

    The outputs are x, y of the corners as shares of the crop, clockwise from the top left, less those of the crop.
    """
    picture = keras.Input((PLATE_HEIGHT, PLATE_WIDTH, 1), name="plate")
    x = layers.Rescaling(1 / 127.5, -1, name="rescale")(picture)
    for number, filters in enumerate((16, 32, 48, 64)):
        x = layers.Conv2D(filters, 5 if number == 0 else 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
    x = layers.Flatten()(x)  # (B, 4 * 10 * 64): places matter, so nothing is pooled
    x = layers.Dense(128, activation="swish")(x)
    # Beginning with the corners of the crop keeps the first steps small.
    corners = layers.Dense(8, kernel_initializer="zeros", dtype="float32", name="corners")(x)
    return keras.Model(picture, corners, name="plate_corners")
