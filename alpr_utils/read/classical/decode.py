"""From possible characters and their probabilities to the text of the plate, with or without the plate's grammar.

Candidates of a row may overlap (a component and its halves). A reading is a left-to-right path of candidates that do
not overlap; taking a candidate costs ``-log p(character)``, passing one over costs ``-log p(not a character)``. The
cheapest path is found by dynamic programming. With grammar the path has one step for each slot of the plate.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alpr_utils.read.classical.form import (
    ALPHABET,
    DIGIT_LIKE,
    DIGIT_SLOTS,
    LETTER_LIKE,
    LETTERS,
    PLATES,
    REGION,
    SLOTS,
)
from alpr_utils.read.classical.segment import Candidate

_FLOOR = 1e-4  # no single candidate may veto a reading
_SKIP_WEIGHT = 0.5  # doubts about what was passed over count half
_OVERLAP = 0.12  # of the character height; tilted neighbours' boxes overlap a little
_LETTER_COLUMNS = np.array([ALPHABET.index(c) for c in LETTERS])
_LOOKALIKES = [(ALPHABET.index(a), ALPHABET.index(b)) for a, b in PLATES.lookalikes]


@dataclass(frozen=True)
class Decoded:
    """A reading and where it came from.

    Attributes:
        text: the characters, row by row.
        char_scores: probability of each, 0..1; with grammar among the characters that its slot allows.
        score: of the whole, 0..1: geometric mean of the path's probabilities.
        rows: number of rows used.
        chosen: index of the candidate behind each character.
    """

    text: str = ""
    char_scores: tuple[float, ...] = ()
    score: float = 0.0
    rows: int = 0
    chosen: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Path:
    """A way through a lattice: its cost, and the index of the candidate of each step."""

    cost: float
    steps: tuple[int, ...]


def merge_lookalikes(probabilities: np.ndarray) -> np.ndarray:
    """О and 0 have the same shape, so each gets the probability of both; position decides later. Shape unchanged."""
    merged = probabilities.astype(np.float64)
    for first, second in _LOOKALIKES:
        merged[:, [first, second]] = merged[:, [first, second]].sum(axis=1, keepdims=True)
    return merged


class _Lattice:
    """The candidates of one row, left to right, and what it costs to take them, to pass them over and to go on.

    All costs are negative natural logs. N is the number of candidates.
    """

    def __init__(
        self, indices: Sequence[int], candidates: Sequence[Candidate], probabilities: np.ndarray, free: bool
    ) -> None:
        self.indices = sorted(indices, key=lambda i: (candidates[i].box[1] + candidates[i].box[3], i))
        boxes = np.array([candidates[i].box for i in self.indices], float).reshape(-1, 4)
        self.left, self.right = boxes[:, 1], boxes[:, 3]
        self.centres = (self.left + self.right) / 2
        self.height = float(np.median(boxes[:, 2] - boxes[:, 0])) if len(boxes) else 0.0
        self.logs = np.log(np.maximum(probabilities[self.indices], _FLOOR))
        whole = np.array([candidates[i].whole for i in self.indices], bool)
        # Slots force a path to take the parts of joined characters; a free path takes them only if skipping costs.
        self.skip = np.where(whole | free, -_SKIP_WEIGHT * self.logs[:, -1], 0.0)

    def __len__(self) -> int:
        return len(self.indices)

    def skipped(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Cost of passing over all candidates whose centre lies between x positions; shapes broadcast."""
        order = np.argsort(self.centres, kind="stable")
        ordered, total = self.centres[order], np.concatenate([[0.0], np.cumsum(self.skip[order])])
        until = total[np.searchsorted(ordered, end, side="left")]
        return np.maximum(until - total[np.searchsorted(ordered, start, side="right")], 0.0)

    def before(self) -> np.ndarray:
        """float (N,): cost of beginning with each candidate."""
        return self.skipped(np.array(-np.inf), self.left)

    def after(self) -> np.ndarray:
        """float (N,): cost of ending with each candidate."""
        return self.skipped(self.right, np.array(np.inf))

    def gaps(self) -> np.ndarray:
        """float (N, N): cost of going from candidate i straight to j; infinite unless j lies to the right of i."""
        apart = self.left[None, :] >= self.right[:, None] - _OVERLAP * self.height
        ahead = np.arange(len(self))[None, :] > np.arange(len(self))[:, None]
        return np.where(apart & ahead, self.skipped(self.right[:, None], self.left[None, :]), np.inf)

    def take(self, allowed: str) -> np.ndarray:
        """float (N,): cost of taking each candidate for a slot that allows these characters."""
        return -self.logs[:, [ALPHABET.index(c) for c in allowed]].max(axis=1)


def _slot_path(row: _Lattice, slots: Sequence[str]) -> _Path | None:
    """The cheapest path with exactly one candidate a slot; None when the row has too few candidates."""
    if len(row) < len(slots):
        return None
    gaps = row.gaps()
    best = row.take(slots[0]) + row.before()
    came_from = []
    for slot in slots[1:]:
        through = best[:, None] + gaps
        came_from.append(through.argmin(axis=0))
        best = through.min(axis=0) + row.take(slot)
    best = best + row.after()
    last = int(best.argmin())
    if not np.isfinite(best[last]):
        return None
    steps = [last]
    for previous in reversed(came_from):
        steps.append(int(previous[steps[-1]]))
    return _Path(float(best[last]), tuple(row.indices[step] for step in reversed(steps)))


def _free_path(row: _Lattice) -> _Path:
    """The cheapest path of any length."""
    if len(row) == 0:
        return _Path(0.0, ())
    gaps, take = row.gaps(), row.take(ALPHABET)
    best = row.before() + take
    came_from = np.full(len(row), -1)
    for j in range(1, len(row)):
        through = best[:j] + gaps[:j, j] + take[j]
        if through.min() < best[j]:
            best[j], came_from[j] = through.min(), through.argmin()
    ends = best + row.after()
    if ends.min() >= row.skip.sum():
        return _Path(float(row.skip.sum()), ())
    steps = [int(ends.argmin())]
    while came_from[steps[-1]] >= 0:
        steps.append(int(came_from[steps[-1]]))
    return _Path(float(ends.min()), tuple(row.indices[step] for step in reversed(steps)))


def _lattices(candidates: Sequence[Candidate], probabilities: np.ndarray, free: bool = False) -> list[_Lattice]:
    count = 1 + max((c.row for c in candidates), default=-1)
    members = [[i for i, c in enumerate(candidates) if c.row == row] for row in range(count)]
    return [_Lattice(indices, candidates, probabilities, free) for indices in members]


def _region_letters(probabilities: np.ndarray) -> str:
    """The likeliest two letters for two candidates, listed region codes first; probabilities: (2, classes)."""
    pair = np.log(np.maximum(probabilities[:, _LETTER_COLUMNS], _FLOOR))
    joint = pair[0][:, None] + pair[1][None, :] + np.log(REGION.others_weight)
    for code in REGION.choices:
        joint[LETTERS.index(code[0]), LETTERS.index(code[1])] -= np.log(REGION.others_weight)
    first, second = np.unravel_index(int(joint.argmax()), joint.shape)
    return LETTERS[first] + LETTERS[second]


def _grammatical(steps: tuple[int, ...], cost: float, rows: int, probabilities: np.ndarray) -> Decoded:
    """The reading of a path with one candidate a slot; probabilities: (all candidates, classes)."""
    used = probabilities[list(steps)]
    text = "".join(max(slot, key=lambda c: p[ALPHABET.index(c)]) for slot, p in zip(SLOTS, used, strict=True))
    text = text[:DIGIT_SLOTS] + _region_letters(used[DIGIT_SLOTS : DIGIT_SLOTS + 2]) + text[DIGIT_SLOTS + 2 :]
    scores = []
    for char, slot, p in zip(text, SLOTS, used, strict=True):
        rivals = p[[ALPHABET.index(c) for c in slot]].sum() + p[-1]
        scores.append(float(p[ALPHABET.index(char)] / max(rivals, 1e-12)))
    return Decoded(text, tuple(scores), float(np.exp(-cost / len(SLOTS))), rows, steps)


def decode_grammar(candidates: Sequence[Candidate], probabilities: np.ndarray) -> Decoded:
    """The best reading with four digits and three letters, in one row or in two (digits above letters).

    Args:
        candidates: of all rows, as `segment` gives them.
        probabilities: float (N, 37), one row a candidate.

    Returns:
        The reading; empty when no seven candidates stand in such an order.
    """
    probabilities = merge_lookalikes(probabilities)
    rows = _lattices(candidates, probabilities)
    total_skip = sum(float(row.skip.sum()) for row in rows)
    readings = []
    for index, row in enumerate(rows):
        path = _slot_path(row, SLOTS)
        if path:
            unused = total_skip - float(row.skip.sum())
            readings.append(_grammatical(path.steps, path.cost + unused, 1, probabilities))
        digits = _slot_path(row, SLOTS[:DIGIT_SLOTS])
        for below in rows[index + 1 :] if digits else ():
            letters = _slot_path(below, SLOTS[DIGIT_SLOTS:])
            if digits and letters:
                unused = total_skip - float(row.skip.sum()) - float(below.skip.sum())
                cost = digits.cost + letters.cost + unused
                readings.append(_grammatical(digits.steps + letters.steps, cost, 2, probabilities))
    return max(readings, key=lambda reading: reading.score, default=Decoded())


def _settle_lookalikes(chars: list[str], centres: list[float]) -> str:
    """Without grammar О and 0 take after the nearest character of their row that is neither; alone they are 0."""
    pair = (DIGIT_LIKE, LETTER_LIKE)
    firm = [i for i, char in enumerate(chars) if char not in pair]
    settled = list(chars)
    for i, char in enumerate(chars):
        if char in pair:
            nearest = min(firm, key=lambda j: abs(centres[j] - centres[i]), default=None)
            settled[i] = LETTER_LIKE if nearest is not None and chars[nearest] in LETTERS else DIGIT_LIKE
    return "".join(settled)


def decode_free(candidates: Sequence[Candidate], probabilities: np.ndarray) -> Decoded:
    """The best reading of every row by itself, any characters in any number; arguments as `decode_grammar`."""
    probabilities = merge_lookalikes(probabilities)
    text, cost, used_rows = "", 0.0, 0
    scores: list[float] = []
    steps: list[int] = []
    for row in _lattices(candidates, probabilities, free=True):
        path = _free_path(row)
        cost += path.cost
        used = probabilities[list(path.steps)][:, : len(ALPHABET)]
        chars = [ALPHABET[int(p.argmax())] for p in used]
        centres = [(candidates[i].box[1] + candidates[i].box[3]) / 2 for i in path.steps]
        text += _settle_lookalikes(chars, centres)
        scores += [float(min(p.max(), 1.0)) for p in used]
        steps += path.steps
        used_rows += bool(path.steps)
    if not text:
        return Decoded()
    return Decoded(text, tuple(scores), float(np.exp(-cost / len(text))), used_rows, tuple(steps))
