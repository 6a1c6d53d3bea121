"""The picture of one character as the classifier sees it: ink bright on black, padded to a square, resized."""

import cv2
import numpy as np

from alpr_utils.networks.reader_configs import CHAR_SIDE
from alpr_utils.read.rows import PixelBox

INK_SIDE = 26  # the longer side of the character inside the square; the rest is empty margin


def character_image(grey: np.ndarray, box: PixelBox) -> np.ndarray:
    """Cut one character out and bring it to the classifier's form.

    Args:
        grey: uint8 (h, w), dark characters on light ground.
        box: ymin, xmin, ymax, xmax in pixels of ``grey``; parts outside the picture are dropped.

    Returns:
        uint8 (32, 32), ink near 255, ground 0; all 0 for a box without area.
    """
    canvas = np.zeros((CHAR_SIDE, CHAR_SIDE), np.uint8)
    ymin, xmin, ymax, xmax = (max(0, side) for side in box)
    patch = grey[ymin:ymax, xmin:xmax]
    if patch.size == 0:
        return canvas
    scale = INK_SIDE / max(patch.shape)
    width, height = max(1, round(patch.shape[1] * scale)), max(1, round(patch.shape[0] * scale))
    small = cv2.resize(patch, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    # Percentiles, not extremes: one glint or one black screw must not set the contrast of the whole character.
    dark, light = np.percentile(small, (4, 92))
    ink = np.clip((light - small) / max(light - dark, 8.0), 0.0, 1.0)
    top, left = (CHAR_SIDE - height) // 2, (CHAR_SIDE - width) // 2
    canvas[top : top + height, left : left + width] = np.rint(255 * ink).astype(np.uint8)
    return canvas


def character_images(grey: np.ndarray, boxes: list[PixelBox]) -> np.ndarray:
    """`character_image` of every box: uint8 (N, 32, 32, 1)."""
    images = [character_image(grey, box) for box in boxes]
    return np.array(images, np.uint8).reshape(-1, CHAR_SIDE, CHAR_SIDE, 1)
