"""Boxes of characters that nobody has drawn: where a network sees a text that is known, it says where it stands."""

from collections.abc import Sequence
from dataclasses import replace

import keras
import numpy as np

from alpr_utils.read.char_detector.boxes import CharBoxes, merge_duplicates, reading_order
from alpr_utils.read.char_detector.predictions import best_boxes
from alpr_utils.read.preprocess import HEIGHT, WIDTH
from alpr_utils.training.char_batches import class_numbers
from alpr_utils.training.plate_crops import UPRIGHT_VIEW, PlateCrops, padded, upright

_SEEN = 0.1  # score that the network gives each character of a text, at least


def boxes_of_text(found: CharBoxes, classes: Sequence[int]) -> np.ndarray | None:
    """The boxes that spell a known text, one a character, in reading order.

    The most probable choice, by dynamic programming: a box is a character of the text or none at all.

    Args:
        found: possible characters.
        classes: of the text.

    Returns:
        float32 (len(classes), 4), ymin, xmin, ymax, xmax in pixels of what the network saw; None where it does not see
        the text.
    """
    found = merge_duplicates(found)
    ordered = [index for row in reading_order(found.boxes, found.scores.max(axis=1, initial=0) > 0.25) for index in row]
    if len(ordered) < len(classes):
        return None
    scores = np.clip(found.scores[ordered], 1e-6, 1 - 1e-6)
    spelt, passed = np.log(scores[:, list(classes)]), np.log(1 - scores.max(axis=1))
    best = np.full((len(ordered) + 1, len(classes) + 1), -np.inf)  # boxes seen, characters spelt
    best[0, 0] = 0.0
    for box in range(len(ordered)):
        best[box + 1] = best[box] + passed[box]
        best[box + 1, 1:] = np.maximum(best[box + 1, 1:], best[box, :-1] + spelt[box])
    chosen, count = [], len(classes)
    for box in range(len(ordered) - 1, -1, -1):
        if count and best[box + 1, count] == best[box, count - 1] + spelt[box, count - 1]:
            count -= 1
            chosen.append(box)
    chosen.reverse()
    if (scores[chosen, list(classes)] < _SEEN).any():
        return None
    return found.boxes[np.array(ordered)[chosen]]


def with_boxes(plates: PlateCrops, network: keras.Model, alphabet: Sequence[str]) -> PlateCrops:
    """Plates with the boxes that a trained character detector finds where none are known, see `boxes_of_text`."""
    unknown = np.flatnonzero(np.isnan(plates.char_boxes[:, 0, 0]))
    if not len(unknown):
        return plates
    char_boxes, numbers = plates.char_boxes.copy(), class_numbers(plates, alphabet)
    top, left, bottom, right = UPRIGHT_VIEW
    scale = np.tile([(bottom - top) / HEIGHT, (right - left) / WIDTH], 2)
    predictions = network.predict(upright(plates)[unknown], verbose=0)
    for plate, predicted in zip(unknown, predictions, strict=True):
        boxes = boxes_of_text(best_boxes(predicted), numbers[plate][numbers[plate] >= 0].tolist())
        if boxes is not None:
            char_boxes[plate] = padded(boxes * scale + [top, left, top, left])
    return replace(plates, char_boxes=char_boxes)
