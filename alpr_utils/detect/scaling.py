"""At which size a network sees a picture, and what lies outside the picture."""

import numpy as np

PADDING_GREY = 114  # of the pixels outside the picture, in training and in exported models
# Pixels, shortest and longest, to which exported models resize the longer side of a picture: large photos keep more of
# their far plates, small ones are seen as in training.
LONG_SIDES = (960, 1280)


def network_picture(image: np.ndarray, stride: int) -> np.ndarray:
    """``image: uint8 (H, W, 3)`` as networks take it: float32 (1, h, w, 3), h and w the next multiples of ``stride``.

    Boxes in pixels stay the same: grey is added below and at the right, as the exported models do.
    """
    height, width = image.shape[:2]
    padding = ((0, -height % stride), (0, -width % stride), (0, 0))
    return np.pad(image, padding, constant_values=PADDING_GREY)[None].astype(np.float32)
