"""Batches of plates for the training of the character detector: with the boxes of their characters."""

from collections.abc import Sequence

import numpy as np

from alpr_utils.networks.anchors import assign_targets
from alpr_utils.read.char_detector.predictions import char_anchors
from alpr_utils.read.preprocess import HEIGHT, WIDTH
from alpr_utils.training.plate_batches import PlateBatches
from alpr_utils.training.plate_crops import ROW_BREAK, UPRIGHT_VIEW, PlateCrops, boxes_in

_VISIBLE = 0.4  # share of a character that must lie in the view for the network to find it
_POSITIVE_IOU, _NEGATIVE_IOU = 0.45, 0.35  # narrow characters miss the anchors of their cell by more than plates do


def characters_of(text: Sequence[str]) -> str:
    """The characters of a token text, without the break between its rows."""
    return "".join(text).replace(ROW_BREAK, "")


def class_numbers(plates: PlateCrops, alphabet: Sequence[str]) -> np.ndarray:
    """int16 (N, 9): the class of each character of each plate, -1 behind the last one."""
    columns = {char: column for column, char in enumerate(alphabet)}
    numbers = np.full(plates.char_boxes.shape[:2], -1, np.int16)
    for row, text in zip(numbers, plates.texts, strict=True):
        row[: len(characters_of(text))] = [columns[char] for char in characters_of(text)]
    return numbers


class CharBatches(PlateBatches):
    """Batches for ``fit``: images uint8 (B, 64, 160, 1), and targets float32 (B, N, 5) as `SSDLoss` takes them.

    Args:
        sources: with boxes of characters.
        alphabet: the classes.
    """

    def __init__(
        self,
        sources: Sequence[PlateCrops],
        sampling_weights: Sequence[float],
        alphabet: Sequence[str],
        batch: int,
        batches: int,
        seed: int = 0,
    ):
        super().__init__(sources, sampling_weights, batch, batches, seed)
        self.classes = [class_numbers(source, alphabet) for source in sources]
        self.anchors = char_anchors()

    def target(self, group: int, number: int, view: np.ndarray) -> np.ndarray:
        """The characters that are seen, see `char_targets`."""
        return char_targets(self.anchors, self.sources[group].char_boxes[number], self.classes[group][number], view)


def char_targets(anchors: np.ndarray, char_boxes: np.ndarray, classes: np.ndarray, view: np.ndarray) -> np.ndarray:
    """What the network should answer for a view: float32 (N, 5), box in pixels of the view and label.

    Args:
        anchors: float32 (N, 4), pixels of the view.
        char_boxes: (9, 4), pixels of the stored plate; NaN behind the last character.
        classes: (9,), of each box.
        view: (4,), the part of the stored plate that is seen, pixels.
    """
    boxes = boxes_in(char_boxes[classes >= 0], view, (WIDTH, HEIGHT))
    seen = np.clip(boxes, 0, (HEIGHT, WIDTH, HEIGHT, WIDTH))
    visible = np.prod(seen[:, 2:] - seen[:, :2], axis=1) > _VISIBLE * np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    found = assign_targets(anchors, seen[visible].astype(np.float32), _POSITIVE_IOU, _NEGATIVE_IOU)
    labels = found.objectness.copy()
    positive = labels > 0
    labels[positive] = classes[classes >= 0][visible][found.matched_gt[positive]] + 1
    return np.concatenate([found.boxes, labels[:, None]], axis=1)


def upright_targets(plates: PlateCrops, alphabet: Sequence[str]) -> np.ndarray:
    """The targets of plates as `upright` shows them: float32 (B, N, 5)."""
    anchors, classes = char_anchors(), class_numbers(plates, alphabet)
    return np.array(
        [char_targets(anchors, *pair, UPRIGHT_VIEW) for pair in zip(plates.char_boxes, classes, strict=True)]
    )
