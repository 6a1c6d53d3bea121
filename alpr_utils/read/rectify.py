"""Where the corners of a plate lie in its crop, and the plate seen from straight ahead, where it is easier to read.

A small network regresses the four corners, as the warped detector of Silva and Jung does (2018, "License Plate
Detection and Recognition in Unconstrained Scenarios"), but in a crop that a detector has already found.
"""

from pathlib import Path

import cv2
import keras
import numpy as np
from keras import layers

from alpr_utils.errors import ModelError
from alpr_utils.models.folder import METADATA_FILE
from alpr_utils.models.weights import WEIGHTS_FILE, compiled, load_weights
from alpr_utils.read.preprocess import HEIGHT, WIDTH, grey, network_input

MODEL_FOLDER = "plate_corners"
UPRIGHT = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
_BORDER = 0.04  # of the plate, kept around it on each side
_SMALLEST_SHARE = 0.15  # of the crop; corners that span less are not those of its plate


def build_corner_network() -> keras.Model:
    """The untrained network: uint8 or float (B, 64, 160, 1), 0..255 -> float32 (B, 8).

    The outputs are x, y of the corners as shares of the crop, clockwise from the top left, less those of the crop.
    """
    picture = keras.Input((HEIGHT, WIDTH, 1), name="plate")
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


def is_plausible(corners: np.ndarray) -> bool:
    """Whether corners float (4, 2), as shares of the crop, span a convex quadrilateral of some size."""
    sides = np.roll(corners, -1, axis=0) - corners
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    return bool((turns > 0).all()) and cv2.contourArea(corners.astype(np.float32)) > _SMALLEST_SHARE


def rectify(plate: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The plate seen from straight ahead, with a little around it.

    Args:
        plate: uint8 (H, W, 3) RGB crop.
        corners: (4, 2), x, y as shares of the crop, clockwise from the top left.

    Returns:
        uint8 (64, 160, 1), as a network reads it.
    """
    image = grey(plate)
    shrink = min(1.0, 2 * WIDTH / image.shape[1])
    if shrink < 1:  # sampling would skip pixels, so they are averaged first
        image = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    inner = UPRIGHT * (1 - 2 * _BORDER) + _BORDER
    source = corners.astype(np.float32) * np.array(image.shape[::-1], np.float32) - 0.5
    target = inner.astype(np.float32) * np.array((WIDTH, HEIGHT), np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(source, target)
    return cv2.warpPerspective(image, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)[..., None]


class Rectifier:
    """A trained corner network, ready for many calls."""

    def __init__(self, folder: Path) -> None:
        """Open a model folder.

        Raises:
            ModelError: the folder is incomplete or corrupt.
        """
        for needed in (folder / METADATA_FILE, folder / WEIGHTS_FILE):
            if not needed.is_file():
                raise ModelError(f"{needed}: is missing; restore the folder or train it with 'train corners'.")
        network = build_corner_network()
        load_weights(network, folder / WEIGHTS_FILE)
        self.weight_count = int(network.count_params())
        self._call = compiled(network, (HEIGHT, WIDTH, 1))

    def corners(self, plate: np.ndarray) -> np.ndarray:
        """The corners of the plate in a crop uint8 (H, W, 3) RGB: float32 (4, 2), x, y as shares of the crop."""
        return self._call(network_input(plate)[None])[0].reshape(4, 2) + UPRIGHT

    def rectified(self, plate: np.ndarray) -> np.ndarray | None:
        """The plate of a crop, rectified: uint8 (64, 160, 1); None when its corners were not found."""
        corners = self.corners(plate)
        return rectify(plate, corners) if is_plausible(corners) else None
