"""Boxes of possible characters: which are one, which stand in one row, and what CTC's decoders make of them.

Every box is one step with the probabilities of its classes; that it holds no character at all is CTC's blank. Seen so,
ordered boxes are what a CTC network gives, and its decoders choose among the alternatives of all boxes at once.
"""

from dataclasses import dataclass

import numpy as np

from alpr_utils.boxes import iou_matrix
from alpr_utils.read.alignments import BLANK
from alpr_utils.read.preprocess import WIDTH
from alpr_utils.read.rows import Row, find_rows

_SAME_CHARACTER = 0.45  # IoU; neighbours of slanted rows reach 0.3
_MOST_BOXES = 32  # after merging; a plate has 9 characters
_CLEAR = 0.25  # score from which a box is likelier a character than not, and helps to find the rows
_DECISION = 4  # how fast doubt ends around it: the focal loss leaves all scores nearer to the middle than they mean
_IN_ROW = 0.4  # share of a box's height that lies in its row
_STACKED = 0.5  # two boxes that share this much of their width stand one above the other in one row
FLOOR = 1e-4  # no single box may veto a reading


@dataclass(frozen=True)
class CharBoxes:
    """Possible characters.

    Attributes:
        boxes: float32 (N, 4), ymin, xmin, ymax, xmax in pixels of what the network saw.
        scores: float32 (N, classes), 0..1, of each class by itself.
    """

    boxes: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.boxes)

    def only(self, chosen: np.ndarray) -> "CharBoxes":
        """Those at the given places, in that order."""
        return CharBoxes(self.boxes[chosen], self.scores[chosen])


def merge_duplicates(found: CharBoxes) -> CharBoxes:
    """One box a character, the surest first: boxes that overlap are averaged, weighted by their best score."""
    if not len(found):
        return found
    best = found.scores.max(axis=1)
    near = iou_matrix(found.boxes, found.boxes) > _SAME_CHARACTER
    left = np.ones(len(found), bool)
    boxes: list[np.ndarray] = []
    scores: list[np.ndarray] = []
    for index in np.argsort(-best, kind="stable"):
        if left[index] and len(boxes) < _MOST_BOXES:
            members = np.flatnonzero(near[index] & left)
            left[members] = False
            weights = best[members] / best[members].sum()
            boxes.append(weights @ found.boxes[members])
            scores.append(weights @ found.scores[members])
    return CharBoxes(np.array(boxes, np.float32), np.array(scores, np.float32))


def _sorted_row(boxes: np.ndarray, members: np.ndarray) -> list[int]:
    """Indices of a row's boxes from left to right, those that are stacked from top to bottom."""
    ordered = [int(i) for i in members[np.argsort(boxes[members, 1] + boxes[members, 3], kind="stable")]]
    for place in range(len(ordered) - 1):
        first, second = boxes[ordered[place]], boxes[ordered[place + 1]]
        shared = min(first[3], second[3]) - max(first[1], second[1])
        narrower = min(first[3] - first[1], second[3] - second[1])
        if shared > _STACKED * narrower and second[0] + second[2] < first[0] + first[2]:
            ordered[place : place + 2] = ordered[place + 1], ordered[place]
    return ordered


def reading_order(boxes: np.ndarray, clear: np.ndarray) -> list[list[int]]:
    """The rows of a plate from top to bottom, each with the indices of its boxes in reading order.

    Args:
        boxes: float (N, 4), ymin, xmin, ymax, xmax in pixels of a view 160 wide; boxes in no row are left out.
        clear: bool (N,), which boxes decide where the rows lie; none: all do.
    """
    if not len(boxes):
        return []
    deciding = boxes[clear] if clear.any() else boxes
    slope, rows = find_rows(deciding.tolist(), WIDTH)
    shift = slope * ((boxes[:, 1] + boxes[:, 3]) / 2 - WIDTH / 2)
    top, bottom = boxes[:, 0] - shift, boxes[:, 2] - shift
    if not rows:
        rows = (Row(float(deciding[:, 0].min()), float(deciding[:, 2].max())),)
    shared = np.array([np.minimum(bottom, row.bottom) - np.maximum(top, row.top) for row in rows])  # (rows, N)
    inside = shared.max(axis=0) > _IN_ROW * (bottom - top)
    of_row = shared.argmax(axis=0)
    members = [np.flatnonzero(inside & (of_row == row)) for row in range(len(rows))]
    return [_sorted_row(boxes, row) for row in members if len(row)]


def step_log_probs(scores: np.ndarray) -> np.ndarray:
    """Scores (N, classes) of ordered boxes -> log probabilities float64 (2 N - 1, 1 + classes) as in `ctc`.

    That a box holds no character is its blank. Between two boxes stands a certain blank, so that equal neighbours
    remain two characters.
    """
    best = np.maximum(scores.max(axis=1, keepdims=True), 1e-6)
    character = best**_DECISION / (best**_DECISION + _CLEAR**_DECISION)
    kinds = (scores / best) ** 2  # the many classes that no box excludes add up to nothing
    shares = np.hstack([1 - character, character * kinds / np.maximum(kinds.sum(axis=1, keepdims=True), 1e-6)])
    shares = np.maximum(shares, FLOOR)
    steps = np.full((2 * len(scores) - 1, shares.shape[1]), -np.inf)
    steps[:, BLANK] = 0.0
    steps[::2] = np.log(shares / shares.sum(axis=1, keepdims=True))
    return steps


def box_log_probs(found: CharBoxes) -> tuple[np.ndarray, int]:
    """Boxes as the network gives them, several a character and some of none -> log probabilities, rows of text.

    The log probabilities are those of `step_log_probs`, (0, 1 + classes) when no box stands in a row.
    """
    classes = found.scores.shape[1]
    found = merge_duplicates(found)
    clear = found.scores.max(axis=1, initial=0.0) > _CLEAR
    rows = reading_order(found.boxes, clear)
    if not rows:
        return np.empty((0, 1 + classes)), 0
    written = max(sum(bool(clear[row].any()) for row in rows), 1)
    return step_log_probs(found.scores[[index for row in rows for index in row]]), written
