"""Many readings of one plate, one text: each frame votes for its n best texts, weighted by how well it shows the plate.

Every candidate is a text that the grammar allows, because the readers propose no others. Each frame says how probable
it finds each candidate; the votes multiply, so that two frames that are unsure between 로 and 하 but agree on the rest
settle on what both find likely. Neighbouring frames share their blur and their light, however, so ten of them do not
know ten times as much as one: all votes together count as `_INDEPENDENT` independent ones at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from alpr_utils.results import PlateReading

_INDEPENDENT = 3.0
_UNSEEN = 0.02  # probability of a text that a frame does not name, as a share of what its named texts leave over


@dataclass(frozen=True)
class Ballot:
    """What one frame says about a plate.

    Attributes:
        weight: how well the frame shows it, more than 0; only ratios matter.
        readings: its n best readings, best first.
    """

    weight: float
    readings: tuple[PlateReading, ...]


def elect(ballots: Sequence[Ballot]) -> PlateReading | None:
    """The reading with the text that all ballots together find likeliest; None where no frame could be read.

    Its ``text_score`` is the probability that the votes give it, ``char_scores`` and the rest are those of the best frame
    that reads this text.
    """
    shares = shares_of(ballots)
    if not shares:
        return None
    text = max(shares, key=lambda candidate: shares[candidate])
    named = [(b.weight * r.text_score, r) for b in ballots for r in b.readings if r.text == text]
    best = max(named, key=lambda pair: pair[0])[1]
    return replace(best, text_score=shares[text])


def shares_of(ballots: Sequence[Ballot]) -> dict[str, float]:
    """The probability of each candidate text; together at most 1, the rest is for texts that no frame named."""
    voting = [ballot for ballot in ballots if ballot.readings]
    candidates = sorted({reading.text for ballot in voting for reading in ballot.readings})
    if not candidates:
        return {}
    weights = np.array([ballot.weight for ballot in voting])
    powers = weights / weights.sum() * min(len(voting), _INDEPENDENT)
    total = np.zeros(len(candidates) + 1)  # the last one stands for any other text
    for power, ballot in zip(powers, voting, strict=True):
        named = {reading.text: reading.text_score for reading in ballot.readings}
        left = max(1 - sum(named.values()), 1e-3)
        says = [max(named.get(text, left * _UNSEEN), 1e-9) for text in candidates]
        total += power * np.log([*says, left])
    odds = np.exp(total - total.max())
    return dict(zip(candidates, (odds / odds.sum()).tolist(), strict=False))
