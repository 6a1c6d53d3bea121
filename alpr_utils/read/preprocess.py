"""What a network sees of a plate: grey, stretched to one size."""

import cv2
import numpy as np

from alpr_utils.networks.reader_configs import PLATE_HEIGHT as HEIGHT
from alpr_utils.networks.reader_configs import PLATE_WIDTH as WIDTH


def grey(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) RGB -> uint8 (H, W)."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def stretch(image: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Cut a box out of a grey picture and stretch it; outside the picture its edge is repeated.

    Args:
        image: uint8 (H, W).
        box: ymin, xmin, ymax, xmax in pixels, may reach outside.
        size: width, height of the result.
    """
    ymin, xmin, ymax, xmax = (float(side) for side in box)
    scale_x, scale_y = size[0] / max(xmax - xmin, 1.0), size[1] / max(ymax - ymin, 1.0)
    if min(scale_x, scale_y) < 0.75:  # sampling would skip pixels, so they are averaged first
        fx, fy = min(scale_x, 1.0), min(scale_y, 1.0)
        shape = max(1, round(image.shape[1] * fx)), max(1, round(image.shape[0] * fy))
        fx, fy = shape[0] / image.shape[1], shape[1] / image.shape[0]
        image = cv2.resize(image, shape, interpolation=cv2.INTER_AREA)
        xmin, ymin, scale_x, scale_y = xmin * fx, ymin * fy, scale_x / fx, scale_y / fy
    # Half a pixel, because pixel centres and not pixel corners lie at whole coordinates.
    matrix = np.array(
        [[scale_x, 0, (0.5 - xmin) * scale_x - 0.5], [0, scale_y, (0.5 - ymin) * scale_y - 0.5]], np.float32
    )
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def network_input(plate: np.ndarray) -> np.ndarray:
    """A crop ``uint8 (H, W, 3)`` RGB that holds one plate -> uint8 (64, 160, 1), what the network sees."""
    box = np.array([0, 0, plate.shape[0], plate.shape[1]])
    return stretch(grey(plate), box, (WIDTH, HEIGHT))[..., None]
