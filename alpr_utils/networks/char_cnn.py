"""The character classifier: a small convolutional network in the manner of LeNet (LeCun et al. 1998)."""

import keras
from keras import layers

from alpr_utils.networks.reader_configs import CHAR_SIDE


def build_char_cnn(classes: int) -> keras.Model:
    """The untrained network: uint8 or float (N, 32, 32, 1) with values 0..255 -> float32 (N, classes) probabilities."""
    inputs = keras.Input((CHAR_SIDE, CHAR_SIDE, 1), name="characters")
    x = layers.Rescaling(1 / 255)(inputs)
    for index, (filters, repeats) in enumerate(((16, 1), (32, 2), (64, 2))):
        for repeat in range(repeats):
            x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv_{index}_{repeat}")(x)
            x = layers.BatchNormalization(name=f"norm_{index}_{repeat}")(x)
            x = layers.ReLU(name=f"relu_{index}_{repeat}")(x)
        x = layers.MaxPooling2D(name=f"pool_{index}")(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(96, activation="relu", name="features")(x)
    x = layers.Dropout(0.3)(x)
    return keras.Model(inputs, layers.Dense(classes, activation="softmax", name="probabilities")(x), name="char_cnn")
