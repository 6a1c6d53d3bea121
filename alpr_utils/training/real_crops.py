"""Plates to learn reading from that are real: of labelled photos, or crops named by their text."""

from pathlib import Path

import numpy as np

from alpr_utils.data.images import labelled_images
from alpr_utils.training.plate_crops import (
    MAX_CHARACTERS,
    STORED_HEIGHT,
    STORED_WIDTH,
    PlateCrops,
    aspect_of,
    boxes_in,
    labelled_tokens,
    padded,
    stored,
    with_margin,
)


def load_crops(folder: Path, half: str = "") -> PlateCrops:
    """The plates with known text of a folder, see `alpr_utils.data.images.labelled_images`."""
    images, texts, char_boxes, aspects = [], [], [], []
    for photo in labelled_images(folder, half):
        for plate in photo.plates:
            box = np.array(plate.box_px)
            images.append(stored(photo.image, box))
            texts.append(labelled_tokens(plate.text, plate.country, plate.rows))
            aspects.append(aspect_of(box))
            char_boxes.append(padded(boxes_in(plate.char_boxes_px, with_margin(box), (STORED_WIDTH, STORED_HEIGHT))))
    pictures = np.array(images, np.uint8).reshape(-1, STORED_HEIGHT, STORED_WIDTH)
    boxes = np.array(char_boxes, np.float32).reshape(-1, MAX_CHARACTERS, 4)
    corners = np.full((len(texts), 4, 2), np.nan, np.float32)
    return PlateCrops(pictures, tuple(texts), corners, boxes, np.array(aspects, np.float32))
