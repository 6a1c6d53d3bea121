"""What a plate may say, as a finite automaton over tokens: the decoder of a sequence reader walks it.

A token is one character, except that a country's words (`PlateType.words`), such as the region ``서울``, are one token
each: on some plates their syllables are stacked, so that a reader that goes from left to right sees them at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.plates import COUNTRIES, plate_type

Tokens = tuple[str, ...]
_Choices = Mapping[Tokens, float]  # what may stand somewhere, with its log weight; all of one length


class AlphabetError(AlprError):
    """Tokens that are missing, unknown or twice in an alphabet."""


def check_alphabet(tokens: Sequence[str]) -> None:
    """Raises `AlphabetError` when a token is empty or occurs twice."""
    if len(set(tokens)) < len(tokens) or "" in tokens:
        doubled = sorted({token for token in tokens if tokens.count(token) > 1})
        named = f"the tokens {' '.join(doubled)} twice" if any(doubled) else "an empty token"
        raise AlphabetError(f"The alphabet holds {named}; give every token once, as tokens_of() does.")


def _forms_of(country: str, words: bool) -> list[list[_Choices]]:
    """All ways to write a plate of the country, each a list of what may stand there one after the other.

    A word of the country is one token if ``words``, all else falls into its characters.
    """
    plates = plate_type(country)
    whole = set(plates.words) if words else set()
    return [
        [
            {(text,) if text in whole else tuple(text): float(np.log(weight)) for text, weight in part.weights.items()}
            for part in form.parts
        ]
        for form in plates.forms
    ]


@cache
def _vocabulary(code: str, words: bool = True) -> frozenset[str]:
    forms = _forms_of(code, words)
    return frozenset(token for form in forms for choices in form for pieces in choices for token in pieces)


def tokens_of(countries: Sequence[str], words: bool = True) -> Tokens:
    """All tokens that plates of these countries need, each once: digits, letters, syllables, then words.

    Without ``words`` their syllables are tokens, for a reader that sees each of them by itself.

    Raises:
        AlprError: no such country.
    """
    found = frozenset().union(*(_vocabulary(plate_type(country).country, words) for country in countries))
    return tuple(sorted(found, key=lambda token: (len(token), token)))


def tokenise(text: str, country: str) -> Tokens:
    """Canonical ``text`` as tokens: ``서울71바8669`` -> ``서울 7 1 바 8 6 6 9``. The text need not be a valid plate.

    Raises:
        AlphabetError: a character that no plate of the country carries.
        AlprError: no such country.
    """
    vocabulary = _vocabulary(plate_type(country).country)
    longest = max(len(token) for token in vocabulary)
    tokens: list[str] = []
    start = 0
    while start < len(text):
        pieces = (text[start : start + length] for length in range(longest, 0, -1))
        token = next((piece for piece in pieces if piece in vocabulary), None)
        if token is None:
            raise AlphabetError(
                f"'{text}' holds '{text[start]}', which no plate of '{country}' carries; correct the text."
            )
        tokens.append(token)
        start += len(token)
    return tuple(tokens)


class _Place(NamedTuple):  # hashed thousands of times
    """A position inside a form: the beginning of the choices of part ``part`` that was read already."""

    form: int
    part: int
    begun: Tokens


class _Builder:
    """Subset construction and minimisation in one pass over forms, possible because every text is finite.

    States are numbered from the ends to the start and two states with the same future are one (Daciuk et al. 2000).
    """

    def __init__(self, forms: Sequence[tuple[int, list[_Choices]]]) -> None:
        self.forms = forms
        self.futures: dict[tuple[int, tuple[tuple[str, int, float], ...]], int] = {}
        self._states: dict[frozenset[_Place], int] = {}
        self._best = [[self._best_weights(choices) for choices in form] for _, form in forms]

    @staticmethod
    def _best_weights(choices: _Choices) -> dict[Tokens, dict[str, float]]:
        """For each beginning of the choices the tokens that may follow and the best log weight that each leads to."""
        best: dict[Tokens, dict[str, float]] = {}
        for pieces, weight in choices.items():
            for at, token in enumerate(pieces):
                following = best.setdefault(pieces[:at], {})
                following[token] = max(following.get(token, -np.inf), weight)
        return best

    def _steps(self, place: _Place) -> Iterable[tuple[str, _Place, float]]:
        """Tokens that may follow, the place each leads to, and its log weight: what it loses against the best."""
        _, form = self.forms[place.form]
        if place.part == len(form):
            return
        following = self._best[place.form][place.part][place.begun]
        best = max(following.values())
        for token, weight in following.items():
            begun = (*place.begun, token)
            done = begun in form[place.part]
            following_place = _Place(place.form, place.part + done, () if done else begun)
            yield token, following_place, weight - (best if place.begun else 0.0)

    def state(self, places: frozenset[_Place]) -> int:
        """Number of the state that stands for these places."""
        if places not in self._states:
            following: dict[str, set[_Place]] = {}
            weights: dict[str, float] = {}
            for place in places:
                for token, reached, weight in self._steps(place):
                    following.setdefault(token, set()).add(reached)
                    weights[token] = max(weights.get(token, -np.inf), weight)
            ended = [self.forms[place.form][0] for place in places if place.part == len(self.forms[place.form][1])]
            arcs = tuple(
                (token, self.state(frozenset(following[token])), weights[token]) for token in sorted(following)
            )
            self._states[places] = self.futures.setdefault((min(ended, default=-1), arcs), len(self.futures))
        return self._states[places]


@dataclass(frozen=True, eq=False)
class Grammar:
    """A deterministic, minimal automaton that accepts the plates of some countries; state 0 is the start.

    Attributes:
        tokens: the alphabet of the reader, K tokens; it may hold more than the countries need.
        countries: two-letter codes.
        next_state: int32 (S, K), the state after reading a token, -1 where the token cannot stand there.
        weights: float32 (S, K), log weight of the token there, 0 or less; -inf where it cannot stand.
        ends: int32 (S,), index into ``countries`` of the plate that is complete in this state, -1 where none is.
    """

    tokens: Tokens
    countries: tuple[str, ...]
    next_state: np.ndarray
    weights: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, countries: Sequence[str], tokens: Sequence[str] | None = None, words: bool = True) -> "Grammar":
        """The grammar of the plates of ``countries`` over an alphabet, `tokens_of` the countries by default.

        ``words``: whether words are one token, as in `tokens_of`.

        Raises:
            AlphabetError: the alphabet lacks a token of these countries or holds one twice.
            AlprError: no such country, or none at all.
        """
        if not countries:
            raise AlprError("A grammar needs a country; name at least one.")
        codes = tuple(plate_type(country).country for country in countries)
        needed = tokens_of(countries, words)
        alphabet = needed if tokens is None else tuple(tokens)
        check_alphabet(alphabet)
        lacking = sorted(set(needed) - set(alphabet))
        if lacking:
            named = f"'{', '.join(countries)}' need the tokens {' '.join(lacking)}"
            raise AlphabetError(f"Plates of {named}, which the alphabet lacks; use a reader trained for them.")
        forms = [(index, form) for index, country in enumerate(codes) for form in _forms_of(country, words)]
        builder = _Builder(forms)
        builder.state(frozenset(_Place(form, 0, ()) for form in range(len(forms))))
        next_state = np.full((len(builder.futures), len(alphabet)), -1, np.int32)
        weights = np.full(next_state.shape, -np.inf, np.float32)
        ends = np.full(len(next_state), -1, np.int32)
        columns = {token: column for column, token in enumerate(alphabet)}
        start = len(next_state) - 1  # numbered last, so turning the numbers round makes it 0
        for (end, arcs), state in builder.futures.items():
            ends[start - state] = end
            for token, reached, weight in arcs:
                next_state[start - state, columns[token]] = start - reached
                weights[start - state, columns[token]] = weight
        return cls(alphabet, codes, next_state, weights, ends)

    @cached_property
    def arcs(self) -> tuple[dict[int, tuple[int, float]], ...]:
        """For each state: token index -> next state and weight 0..1, for searches in plain Python."""
        factors = np.exp(self.weights.astype(np.float64))
        return tuple(
            {int(k): (int(row[k]), float(factor[k])) for k in np.flatnonzero(row >= 0)}
            for row, factor in zip(self.next_state, factors, strict=True)
        )

    @cached_property
    def rivals(self) -> tuple[np.ndarray, ...]:
        """For each state the classes of a CTC network that may follow: token k is class k + 1, the blank class 0."""
        return tuple(np.append(np.flatnonzero(row >= 0) + 1, 0) for row in self.next_state)

    @cached_property
    def lookalikes(self) -> tuple[tuple[int, int], ...]:
        """Columns of the alphabet that hold the same shape, in any country."""
        pairs = dict.fromkeys(pair for plates in COUNTRIES.values() for pair in plates.lookalikes)
        shared = [pair for pair in pairs if set(pair) <= set(self.tokens)]
        return tuple((self.tokens.index(first), self.tokens.index(second)) for first, second in shared)

    @cached_property
    def columns(self) -> dict[str, int]:
        """The column of each token."""
        return {token: column for column, token in enumerate(self.tokens)}

    def path(self, tokens: Iterable[str]) -> tuple[int, ...]:
        """The states that a text goes through, the start included; shorter than that where it leaves the grammar."""
        states = [0]
        for token in tokens:
            reached, _ = self.arcs[states[-1]].get(self.columns.get(token, -1), (-1, 0.0))
            if reached < 0:
                break
            states.append(reached)
        return tuple(states)

    def log_weight(self, tokens: Sequence[str]) -> float:
        """Log weight of a text: 0 for a usual plate, less for an unlikely one, -inf for none."""
        states = self.path(tokens)
        if len(states) <= len(tokens) or self.ends[states[-1]] < 0:
            return -np.inf
        return float(sum(self.weights[s, self.columns[t]] for s, t in zip(states, tokens, strict=False)))

    def country(self, tokens: Sequence[str]) -> str:
        """The country whose plate says this, ``""`` when none does."""
        states = self.path(tokens)
        complete = len(states) > len(tokens) and self.ends[states[-1]] >= 0
        return self.countries[self.ends[states[-1]]] if complete else ""
