"""Many readings of one plate, one text: each frame votes, and those that show the plate well count more.

Every candidate is a text that the grammar allows, because the readers propose no others. Each frame says how probable
it finds each candidate; what differs from its own texts in one character is still a little likely. The votes
multiply, so that two frames that are unsure between 로 and 하 but agree on the rest settle on what both find likely.
Neighbouring frames share their blur and their light, however, so ten of them do not know ten times as much as one:
all votes together count as `_INDEPENDENT` independent ones at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rapidfuzz.distance import Levenshtein

from alpr_utils.results import PlateReading

_INDEPENDENT = 3.0
_NAMED = 4  # other texts that the elected reading names
_LEAST_LEFT = 0.01  # no frame is surer than that of its texts: errors that scores do not foresee
_SLIP = 0.1  # how much less likely a text is for each character in which it differs from one that a frame names
_UNSEEN = 0.02  # share of one text that a frame does not name in what its named texts leave over


@dataclass(frozen=True)
class Ballot:
    """What one frame says about a plate.

    Attributes:
        weight: how well the frame shows it, more than 0; only ratios matter.
        reading: what it says, with its alternatives.
    """

    weight: float
    reading: PlateReading

    @property
    def says(self) -> dict[str, float]:
        """The probability of each text that it names."""
        named = dict(self.reading.alternatives)
        return {**named, self.reading.text: self.reading.text_score} if self.reading.text else named


def elect(ballots: Sequence[Ballot]) -> PlateReading | None:
    """The reading with the text that all ballots together find likeliest; None where no frame could be read.

    Its ``text_score`` is the probability that the votes give it; the rest is as in the best frame that reads this text.
    """
    shares = shares_of(ballots)
    if not shares:
        return None
    text = max(shares, key=lambda candidate: shares[candidate])
    saying = [ballot for ballot in ballots if ballot.reading.text == text] or [b for b in ballots if text in b.says]
    best = max(saying, key=lambda ballot: ballot.weight * ballot.says[text]).reading
    others = sorted(((other, share) for other, share in shares.items() if other != text), key=lambda pair: -pair[1])
    scores = best.char_scores if best.text == text else ()
    return replace(best, text=text, text_score=shares[text], char_scores=scores, alternatives=tuple(others[:_NAMED]))


def shares_of(ballots: Sequence[Ballot]) -> dict[str, float]:
    """The probability of each candidate text; together at most 1, the rest is for texts that no frame named."""
    voting = [ballot for ballot in ballots if ballot.says]
    candidates = sorted({text for ballot in voting for text in ballot.says})
    if not candidates:
        return {}
    weights = np.array([ballot.weight for ballot in voting])
    powers = weights / weights.sum() * min(len(voting), _INDEPENDENT)
    total = np.zeros(len(candidates) + 1)  # the last one stands for all other texts, each as likely as any unseen one
    total[-1] = -np.log(_UNSEEN)
    for power, ballot in zip(powers, voting, strict=True):
        left = max(1 - sum(ballot.says.values()), _LEAST_LEFT)
        says = [ballot.says.get(text) or max(_slipped(text, ballot.says), left * _UNSEEN) for text in candidates]
        total += power * np.log([*says, left * _UNSEEN])
    odds = np.exp(total - total.max())
    return dict(zip(candidates, (odds / odds.sum()).tolist(), strict=False))


def _slipped(text: str, named: dict[str, float]) -> float:
    """How probable a frame that names other texts finds ``text``, if it has slipped in a character or two."""
    return sum(probability * _SLIP ** Levenshtein.distance(text, other) for other, probability in named.items())
