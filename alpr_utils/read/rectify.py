"""Where the corners of a plate lie in its crop, and the plate seen from straight ahead, where it is easier to read.

A small network regresses the four corners, as the warped detector of Silva and Jung does (2018, "License Plate
Detection and Recognition in Unconstrained Scenarios"), but in a crop that a detector has already found.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from alpr_utils.errors import ModelError
from alpr_utils.models.folder import METADATA_FILE, WEIGHTS_FILE, read_metadata
from alpr_utils.read.preprocess import HEIGHT, WIDTH, grey, network_input
from alpr_utils.runtime.network import DEFAULT_RUNTIME, RuntimeOptions, open_network

if TYPE_CHECKING:
    import keras

MODEL_FOLDER = "plate_corners"
UPRIGHT = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
_BORDER = 0.04  # of the plate, kept around it on each side
_SMALLEST_SHARE = 0.15  # of the crop; corners that span less are not those of its plate


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


def _build() -> "keras.Model":
    from alpr_utils.networks.corners import build_corner_network

    return build_corner_network()


class Rectifier:
    """A trained corner network, ready for many calls."""

    def __init__(self, folder: Path, runtime: RuntimeOptions = DEFAULT_RUNTIME) -> None:
        """Open a model folder.

        Raises:
            ModelError: the folder is incomplete or corrupt.
        """
        for needed in (folder / METADATA_FILE, folder / WEIGHTS_FILE):
            if not needed.is_file():
                raise ModelError(f"{needed}: is missing; restore the folder or train it with 'train corners'.")
        self.weight_count = int(read_metadata(folder).get("parameters", 0))
        self._network = open_network(folder, _build, runtime)

    def corners(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        """The corners of the plate in each of N crops uint8 (H, W, 3) RGB, N at least 1.

        Returns:
            float32 (N, 4, 2), x, y as shares of the crop, clockwise from the top left.
        """
        return self._network(np.stack([network_input(crop) for crop in crops]))[0].reshape(-1, 4, 2) + UPRIGHT

    def rectified(self, crops: Sequence[np.ndarray]) -> list[np.ndarray | None]:
        """The plate of each crop, rectified: uint8 (64, 160, 1); None where its corners were not found."""
        found = zip(crops, self.corners(crops), strict=True)
        return [rectify(crop, corners) if is_plausible(corners) else None for crop, corners in found]
