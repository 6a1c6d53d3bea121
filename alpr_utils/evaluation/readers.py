"""The figures of a reader, counted over single plates: exact, CER, confusions, groups of plates, calibration."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein

from alpr_utils.evaluation.crop_conditions import Conditions

_THIRDS = (1 / 3, 2 / 3)


@dataclass(frozen=True)
class CropOutcome:
    """One plate: name of its picture, true text, conditions, and what was read with its score, 0..1.

    ``shown_text`` is ``text`` with ``?`` in the place of unsure characters.
    """

    name: str
    true_text: str
    country: str
    rows: int
    conditions: Conditions
    text: str
    score: float
    text_without_grammar: str
    score_without_grammar: float
    shown_text: str

    @property
    def is_exact(self) -> bool:
        """Read without any mistake, with the grammar."""
        return self.text == self.true_text

    @property
    def is_exact_without_grammar(self) -> bool:
        """The same, decoded without the grammar."""
        return self.text_without_grammar == self.true_text


@dataclass(frozen=True)
class UnsureFigures:
    """What ``?`` in the place of unsure characters tells; of plates read with as many characters as stand there.

    Attributes:
        characters, wrong: their number, and of those that are not the true ones.
        shown, wrong_shown: how many of each are shown as ``?``.
    """

    characters: int
    wrong: int
    shown: int
    wrong_shown: int


@dataclass(frozen=True)
class Confusion:
    """How often ``read`` was read in place of ``true``; ``""``: a character was missed (read) or invented (true)."""

    true: str
    read: str
    count: int


@dataclass(frozen=True)
class GroupFigures:
    """The figures of the plates that have something in common.

    Attributes:
        measure: ``country``, ``rows``, ``blur``, ``tilt``, ``darkness`` or ``width``, see `Conditions`.
        group: ``mn``, ``2`` or the range of a third of the plates: ``1.3 to 2.4``.
        exact, exact_without_grammar, cer: as in `alpr_utils.evaluation.crops.CropEvaluation`.
    """

    measure: str
    group: str
    plates: int
    exact: float
    exact_without_grammar: float
    cer: float


@dataclass(frozen=True)
class CalibrationBin:
    """The plates whose score lies between ``low`` and ``high``: their mean score, and the share read exactly."""

    low: float
    high: float
    plates: int
    score: float
    exact: float


@dataclass(frozen=True)
class Calibration:
    """Whether scores are probabilities.

    Attributes:
        error: expected calibration error (Guo et al. 2017, arXiv:1706.04599): the mean over all plates of the gap
            between score and share of exact readings in the bin of the plate, 0..1.
        by_chance: the error that scores which are probabilities would show on so few plates on average.
        bins: those with plates in them.
    """

    error: float
    by_chance: float
    bins: tuple[CalibrationBin, ...]


def share(values: Sequence[bool]) -> float:
    """Share of true values, of at least one, rounded to four digits."""
    return round(sum(values) / len(values), 4)


def character_error_rate(pairs: Sequence[tuple[str, str]]) -> float:
    """Levenshtein distance / true characters, of at least one (true, read) pair, rounded to four digits."""
    edits = sum(Levenshtein.distance(true, read) for true, read in pairs)
    return round(edits / sum(len(true) for true, _ in pairs), 4)


def _aligned(true: str, read: str) -> Iterator[tuple[str, str]]:
    """The characters of both texts side by side, aligned by their Levenshtein distance, ``""`` for a gap."""
    for step in Levenshtein.opcodes(true, read):
        first, second = true[step.src_start : step.src_end], read[step.dest_start : step.dest_end]
        for place in range(max(len(first), len(second))):
            yield first[place : place + 1], second[place : place + 1]


def unsure_figures(outcomes: Sequence[CropOutcome]) -> UnsureFigures:
    """Count what is shown as ``?``."""
    comparable = (outcome for outcome in outcomes if len(outcome.text) == len(outcome.true_text))
    seen = [  # wrong, shown as ?
        (character != true, shown != character)
        for outcome in comparable
        for character, true, shown in zip(outcome.text, outcome.true_text, outcome.shown_text, strict=True)
    ]
    counts = Counter(seen)
    return UnsureFigures(
        characters=len(seen),
        wrong=counts[True, True] + counts[True, False],
        shown=counts[True, True] + counts[False, True],
        wrong_shown=counts[True, True],
    )


def confusions(pairs: Sequence[tuple[str, str]]) -> tuple[Confusion, ...]:
    """What was read for each character of (true, read) texts, right readings included, the most frequent first."""
    counts = Counter(pair for true, read in pairs for pair in _aligned(true, read))
    return tuple(Confusion(*pair, count) for pair, count in sorted(counts.items(), key=lambda item: (-item[1], item)))


def calibration(scores: Sequence[float], right: Sequence[bool], bins: int = 10) -> Calibration:
    """Compare the scores of plates, 0..1, with whether they were read exactly, in ``bins`` bins of equal width."""
    values, exact = np.asarray(scores, float), np.asarray(right, float)
    number = np.clip((values * bins).astype(int), 0, bins - 1)
    filled, by_chance = [], 0.0
    for index in np.unique(number):
        inside = number == index
        # The mean distance of a sum of coin tosses from its expectation, nearly that of a normal distribution.
        by_chance += float(np.sqrt(2 / np.pi * np.sum(values[inside] * (1 - values[inside])))) / len(values)
        means = float(values[inside].mean()), float(exact[inside].mean())
        filled.append(CalibrationBin(float(index / bins), float((index + 1) / bins), int(inside.sum()), *means))
    error = sum(scores.plates * abs(scores.score - scores.exact) for scores in filled) / max(len(values), 1)
    return Calibration(round(error, 4), round(by_chance, 4), tuple(filled))


def _figures(measure: str, group: str, outcomes: Sequence[CropOutcome]) -> GroupFigures:
    return GroupFigures(
        measure=measure,
        group=group,
        plates=len(outcomes),
        exact=share([outcome.is_exact for outcome in outcomes]),
        exact_without_grammar=share([outcome.is_exact_without_grammar for outcome in outcomes]),
        cer=character_error_rate([(outcome.true_text, outcome.text) for outcome in outcomes]),
    )


def _by_value(
    measure: str, outcomes: Sequence[CropOutcome], value: Callable[[CropOutcome], str]
) -> Iterator[GroupFigures]:
    groups = sorted({value(outcome) for outcome in outcomes})
    for group in groups:
        yield _figures(measure, group, [outcome for outcome in outcomes if value(outcome) == group])


def _by_thirds(
    measure: str, outcomes: Sequence[CropOutcome], value: Callable[[Conditions], float | None]
) -> Iterator[GroupFigures]:
    """Thirds of the plates, so that no group is empty; the same plates whatever the reader."""
    measured = [(number, outcome) for outcome in outcomes if (number := value(outcome.conditions)) is not None]
    if not measured:
        return
    numbers = np.array([number for number, _ in measured])
    thirds = np.searchsorted(np.quantile(numbers, _THIRDS), numbers, side="left")
    for third in np.unique(thirds):
        inside = numbers[thirds == third]
        members = [outcome for (_, outcome), place in zip(measured, thirds, strict=True) if place == third]
        yield _figures(measure, f"{inside.min():g} to {inside.max():g}", members)


def groups(outcomes: Sequence[CropOutcome]) -> tuple[GroupFigures, ...]:
    """The figures by country, by rows, and by thirds of blur, tilt, darkness and width."""
    return (
        *_by_value("country", outcomes, lambda outcome: outcome.country),
        *_by_value("rows", outcomes, lambda outcome: str(outcome.rows)),
        *_by_thirds("blur", outcomes, lambda conditions: conditions.blur),
        *_by_thirds("tilt", outcomes, lambda conditions: conditions.tilt),
        *_by_thirds("darkness", outcomes, lambda conditions: conditions.darkness),
        *_by_thirds("width", outcomes, lambda conditions: conditions.width),
    )
