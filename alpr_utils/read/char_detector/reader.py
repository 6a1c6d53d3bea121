"""The character detector as a reader: boxes of characters in, rows and order from geometry, the grammar chooses.

Every box is one step with the probabilities of its classes; that no character stands there at all is CTC's blank. Seen
so, ordered boxes are what a CTC network gives, and its decoders choose among the alternatives of all boxes at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from alpr_utils.boxes import iou_matrix
from alpr_utils.errors import AlprError, ModelError
from alpr_utils.read.ctc import Temperature, beam_search, greedy
from alpr_utils.read.grammar import Grammar, check_alphabet
from alpr_utils.read.preprocess import WIDTH
from alpr_utils.read.reading import Reading
from alpr_utils.read.rectify import Rectifier
from alpr_utils.read.rows import Row, find_rows
from alpr_utils.read.views import RIVALS, ViewReader

_SAME_CHARACTER = 0.45  # IoU; neighbours of slanted rows reach 0.3
_MOST_BOXES = 32  # after merging; a plate has 9 characters
_CLEAR = 0.25  # score from which a box is likelier a character than not, and helps to find the rows
_DECISION = 4  # how fast doubt ends around it: the focal loss leaves all scores nearer to the middle than they mean
_IN_ROW = 0.4  # share of a box's height that lies in its row
_STACKED = 0.5  # two boxes that share this much of their width stand one above the other in one row
_FLOOR = 1e-4  # no single box may veto a reading


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


class FindsCharacters(Protocol):
    """A trained network that finds characters.

    Attributes:
        name: of the reader.
        alphabet: its classes, one character each.
        countries: two-letter codes of those whose plates it was trained on.
        temperatures: of its scores with and without grammar, see `alpr_utils.read.ctc.tempered`.
        weight_count: weights of the network.
    """

    name: str
    alphabet: tuple[str, ...]
    countries: tuple[str, ...]
    temperatures: tuple[Temperature, Temperature]
    weight_count: int

    def __call__(self, views: np.ndarray) -> list[CharBoxes]:
        """Views uint8 (B, 64, 160, 1) of one plate each -> the possible characters of each."""
        ...


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
        clear: bool (N,), which boxes tell where the rows lie; none: all do.
    """
    if not len(boxes):
        return []
    telling = boxes[clear] if clear.any() else boxes
    slope, rows = find_rows(telling.tolist(), WIDTH)
    shift = slope * ((boxes[:, 1] + boxes[:, 3]) / 2 - WIDTH / 2)
    top, bottom = boxes[:, 0] - shift, boxes[:, 2] - shift
    if not rows:
        rows = (Row(float(telling[:, 0].min()), float(telling[:, 2].max())),)
    shared = np.array([np.minimum(bottom, row.bottom) - np.maximum(top, row.top) for row in rows])  # (rows, N)
    inside = shared.max(axis=0) > _IN_ROW * (bottom - top)
    of_row = shared.argmax(axis=0)
    members = [np.flatnonzero(inside & (of_row == row)) for row in range(len(rows))]
    return [_sorted_row(boxes, row) for row in members if len(row)]


def step_log_probs(scores: np.ndarray) -> np.ndarray:
    """Scores (N, classes) of ordered boxes -> log probabilities float64 (2 N - 1, classes + 1), the blank last.

    That a box holds no character is its blank.

    Between two boxes stands a certain blank, so that equal neighbours remain two characters.
    """
    best = np.maximum(scores.max(axis=1, keepdims=True), 1e-6)
    character = best**_DECISION / (best**_DECISION + _CLEAR**_DECISION)
    kinds = (scores / best) ** 2  # the many classes that no box excludes add up to nothing
    shares = np.hstack([character * kinds / np.maximum(kinds.sum(axis=1, keepdims=True), 1e-6), 1 - character])
    shares = np.maximum(shares, _FLOOR)
    steps = np.full((2 * len(scores) - 1, shares.shape[1]), -np.inf)
    steps[:, -1] = 0.0
    steps[::2] = np.log(shares / shares.sum(axis=1, keepdims=True))
    return steps


def read_boxes(
    found: CharBoxes, alphabet: Sequence[str], grammar: Grammar | None = None, count: int = RIVALS
) -> list[Reading]:
    """The likeliest readings of one plate, best first.

    Args:
        found: as the network gives them, several boxes a character and some of none.
        alphabet: the classes.
        grammar: of single characters, `Grammar.of` with ``words=False``; None takes the best class of every box.
    """
    found = merge_duplicates(found)
    clear = found.scores.max(axis=1, initial=0.0) > _CLEAR
    rows = reading_order(found.boxes, clear)
    if not rows:
        return []
    log_probs = step_log_probs(found.scores[[index for row in rows for index in row]])
    if grammar is None:
        texts = [greedy(log_probs, alphabet)]
    else:
        texts = beam_search(log_probs, alphabet, grammar, n_best=count, prune=-np.log(_FLOOR))
    written = max(sum(bool(clear[row].any()) for row in rows), 1)
    return [Reading(text.text, text.score, text.char_scores, written, text.country) for text in texts if text.text]


class CharDetectorReader(ViewReader):
    """Reads plates of all countries of its network, one row or two."""

    def __init__(
        self, network: FindsCharacters, country: str = "auto", grammar: bool = True, rectifier: Rectifier | None = None
    ) -> None:
        """Put a reader together.

        Args:
            network: finds the characters.
            country: ``mn``, ``kr`` or ``auto``: whose grammar decides.
            grammar: False takes what the network says.
            rectifier: see `ViewReader`.

        Raises:
            ModelError: the network does not read that country, or its alphabet is not that of its countries.
        """
        countries = network.countries if country == "auto" else (country,)
        if not set(countries) <= set(network.countries):
            raise ModelError(f"{network.name}: reads plates of {', '.join(network.countries)}, not of {country}.")
        try:
            check_alphabet(network.alphabet)
            self.grammar = Grammar.of(countries, network.alphabet, words=False) if grammar else None
        except AlprError as error:
            raise ModelError(f"{network.name}: {error}") from None
        self.network = network
        super().__init__(network.name, network.temperatures[0 if grammar else 1], rectifier, network.weight_count)

    def read_view(self, view: np.ndarray, count: int) -> list[Reading]:
        """The likeliest readings of ``view: uint8 (64, 160, 1)``, best first."""
        return read_boxes(self.network(view[None])[0], self.network.alphabet, self.grammar, count)
