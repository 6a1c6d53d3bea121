"""From the log probabilities of a CTC network to text: the best path, or a prefix beam search that knows the grammar.

Everywhere in this package the first class of a CTC network is the blank, as `keras.losses.ctc` expects it, and token k
of the alphabet is class k + 1.

What scores mean. CTC gives every text a probability, the sum over all alignments (Graves et al. 2006), and these sum
to 1 over all texts. With the n best texts, their probabilities ``P_i`` times grammar weights ``w_i``, and the rest
``R = 1 - sum P_i``, which holds all other texts and all that the grammar shut out, the score of text i is

    w_i P_i / (sum_j w_j P_j + R)

so the score of a text of weight 1 is its CTC probability. It is not calibrated yet; `temperature.tempered` does that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.read.alignments import (
    BLANK,
    FIRST_TOKEN,
    Labels,
    clearest_steps,
    forward_sums,
    scores_of,
    without_idle_steps,
)
from alpr_utils.read.grammar import Grammar, check_alphabet

OBVIOUS = 0.9  # score of the best path above which no other text is looked for
_TOKENS_A_BEAM = 3  # tokens kept in a time step, times the beam: only noise has more that matter


@dataclass(frozen=True)
class DecodedText:
    """A text and how sure it is.

    Attributes:
        text: canonical text.
        tokens: the same as tokens of the alphabet.
        log_prob: natural log of the text's CTC probability times its grammar weight.
        char_scores: one a character of ``text``, 0..1: at the time step where its token is clearest, the token's share
            of the probability of the blank and all tokens that may stand in its place. A word's characters share one.
        country: whose plate it is, ``""`` when no grammar was asked.
        score: of the whole text, 0..1, see above; 0 for an empty text.
    """

    text: str = ""
    tokens: tuple[str, ...] = ()
    log_prob: float = -np.inf
    char_scores: tuple[float, ...] = ()
    country: str = ""
    score: float = 0.0


def _checked(log_probs: np.ndarray, tokens: Sequence[str]) -> np.ndarray:
    """``log_probs`` in float64, without idle steps; raises `AlprError` when they are no log probabilities of these."""
    check_alphabet(tokens)
    array = np.asarray(log_probs, np.float64)
    if array.ndim != 2 or array.shape[1] != len(tokens) + 1:
        expected = f"(T, {len(tokens) + 1})"
        raise AlprError(
            f"Log probabilities are {array.shape}, not {expected}; use the alphabet of the reader's weights."
        )
    if np.isnan(array).any():
        raise AlprError("The log probabilities hold NaN; the reader's weights are broken, load or train them anew.")
    if array.size and array.max() > 1e-3:
        raise AlprError("Log probabilities exceed 0; pass the network's output through log_softmax first.")
    return without_idle_steps(array)


def _a_character(tokens: Sequence[str], scores: Sequence[float]) -> tuple[float, ...]:
    return tuple(score for token, score in zip(tokens, scores, strict=True) for _ in token)


def greedy(log_probs: np.ndarray, tokens: Sequence[str]) -> DecodedText:
    """The text of the best path: the likeliest class of every step, repetitions and blanks removed; any text at all.

    Args:
        log_probs: float (T, 1 + K), natural logs, the first class is the blank.
        tokens: K tokens.

    Raises:
        AlprError: NaN, values over 0, a wrong shape, an alphabet with a token twice.
    """
    array = _checked(log_probs, tokens)
    classes = array.argmax(axis=1) if len(array) else np.empty(0, int)
    starts = np.flatnonzero(np.diff(classes, prepend=-1))
    labels = tuple(int(classes[start]) - FIRST_TOKEN for start in starts if classes[start] != BLANK)
    alphas, totals = forward_sums(array, [labels])
    if not labels or not np.isfinite(totals[0]):
        return DecodedText(log_prob=float(totals[0]) if not labels else -np.inf)
    read = tuple(tokens[label] for label in labels)
    peaks = np.exp(array[clearest_steps(alphas[:, 0], array, labels), np.add(labels, FIRST_TOKEN)])
    score = float(scores_of(totals, np.zeros(1))[0])
    return DecodedText("".join(read), read, float(totals[0]), _a_character(read, peaks.tolist()), "", score)


def _merge_lookalikes(log_probs: np.ndarray, grammar: Grammar) -> np.ndarray:
    """Tokens of one shape get the probability of both; the grammar decides which stands there. Shape unchanged."""
    merged = log_probs.copy()
    for pair in grammar.lookalikes:
        first, second = (FIRST_TOKEN + token for token in pair)
        merged[:, [first, second]] = np.logaddexp(log_probs[:, first], log_probs[:, second])[:, None]
    return np.minimum(merged, 0.0)


def _kept_tokens(log_probs: np.ndarray, prune: float, most: int) -> list[list[int]]:
    """For each step the at most ``most`` tokens that are less than ``prune`` less log-probable than the likeliest."""
    log_tokens = log_probs[:, FIRST_TOKEN:]
    chosen = log_tokens > log_probs.max(axis=1, keepdims=True) - prune
    crowded = np.flatnonzero(chosen.sum(axis=1) > most)
    chosen[crowded[:, None], np.argsort(-log_tokens[crowded], axis=1, kind="stable")[:, most:]] = False
    kept: list[list[int]] = [[] for _ in log_probs]
    for step, token in np.argwhere(chosen).tolist():
        kept[step].append(token)
    return kept


def _add(beams: dict[Labels, list], prefix: Labels, ends_blank: float, ends_token: float, state: int) -> None:
    """Add probabilities to a prefix, which may be new; see `_Search`."""
    entry = beams.get(prefix)
    if entry is None:
        beams[prefix] = [ends_blank, ends_token, state]
    else:
        entry[0] += ends_blank
        entry[1] += ends_token


class _Search:
    """One prefix beam search (Hannun et al. 2014, arXiv:1408.2873) whose prefixes are paths in the grammar.

    ``beams`` maps each prefix to the probability that it ends in a blank, that it ends in its last token (both relative
    to the best prefix), and the grammar's state.
    """

    def __init__(self, log_probs: np.ndarray, grammar: Grammar, beam: int, prune: float) -> None:
        self.relative = np.exp(log_probs - log_probs.max(axis=1, keepdims=True))
        self.kept = _kept_tokens(log_probs, prune, _TOKENS_A_BEAM * beam)
        self.arcs, self.beam = grammar.arcs, beam
        self.beams: dict[Labels, list] = {(): [1.0, 0.0, 0]}

    def run(self) -> dict[Labels, int]:
        """The prefixes left at the end with their states; none when all have probability 0."""
        for relative, kept in zip(self.relative, self.kept, strict=True):
            if not kept:
                self._pass_blank(relative)
                continue
            blank, *row = relative.tolist()
            self._extend(blank, row, kept)
            if not self._select():
                return {}
        return {prefix: state for prefix, (_, _, state) in self.beams.items()}

    def _pass_blank(self, relative: np.ndarray) -> None:
        """A step at which only the blank is probable: all prefixes stand, so none has to be left out."""
        for prefix, entry in self.beams.items():
            again = entry[1] * relative.item(FIRST_TOKEN + prefix[-1]) if prefix else 0.0
            entry[0], entry[1] = (entry[0] + entry[1]) * relative.item(BLANK), again

    def _extend(self, blank: float, row: list[float], kept: list[int]) -> None:
        """Let every prefix stand or grow by one token; ``blank`` and ``row`` hold the step's probabilities."""
        grown: dict[Labels, list] = {}
        for prefix, (ends_blank, ends_token, state) in self.beams.items():
            total = ends_blank + ends_token
            last = prefix[-1] if prefix else -1
            _add(grown, prefix, total * blank, ends_token * row[last] if prefix else 0.0, state)
            arcs = self.arcs[state]
            tokens = [token for token in kept if token in arcs]
            if not tokens and blank < 1.0 and arcs:
                # What the grammar allows is improbable here, but a token is likeliest, so the best must be tried.
                tokens = [max(arcs, key=row.__getitem__)]
            for token in tokens:
                reached, weight = arcs[token]
                probability = (ends_blank if token == last else total) * row[token] * weight
                longer = (*prefix, token)
                if longer in grown:
                    grown[longer][1] += probability
                else:
                    grown[longer] = [0.0, probability, reached]
        self.beams = grown

    def _select(self) -> bool:
        """Keep the best prefixes and scale them to the best; False when none is left."""
        entries = sorted(self.beams.items(), key=lambda item: item[1][0] + item[1][1], reverse=True)[: self.beam]
        best = sum(entries[0][1][:2])
        if not best > 0:
            return False
        self.beams = {p: [a / best, b / best, state] for p, (a, b, state) in entries if a + b > 0}
        return True


def _place_scores(merged: np.ndarray, alphas: np.ndarray, text: Labels, grammar: Grammar) -> list[float]:
    """For each token its share among the blank and what the grammar allows in its place, where it is clearest."""
    state, scores = 0, []
    for token, step in zip(text, clearest_steps(alphas, merged, text), strict=True):
        rivals = merged[step, grammar.rivals[state]]
        highest = rivals.max()
        share = np.exp(merged[step, FIRST_TOKEN + token] - highest) / np.exp(rivals - highest).sum()
        scores.append(float(share))
        state = grammar.arcs[state][token][0]
    return scores


def beam_search(
    log_probs: np.ndarray,
    tokens: Sequence[str],
    grammar: Grammar,
    beam: int = 8,
    n_best: int = 3,
    prune: float = 8.0,
) -> list[DecodedText]:
    """The likeliest complete plates, best first; empty when the search finds none.

    Prefixes are searched with pruning, then the complete ones are weighed exactly, by the sum over all alignments.
    Where the best path is a plate with nearly all of the probability, nothing is searched, and it is the only one.

    Args:
        log_probs: float (T, 1 + K), natural logs, the first class is the blank.
        tokens: K tokens, those of the grammar.
        grammar: what plates may say; look-alikes such as О and 0 count with the probability of both.
        beam: prefixes kept at each step.
        n_best: most texts returned.
        prune: tokens that are this much less probable than the likeliest class of a step, in natural logs, are not
            tried there, unless no other token may stand there and a token is likelier than the blank.

    Raises:
        AlprError: NaN, values over 0, a wrong shape, an alphabet with a token twice or of another grammar, a beam or
            n_best below 1.
    """
    if tuple(tokens) != grammar.tokens:
        raise AlprError("The grammar was made for another alphabet; build it with Grammar.of(countries, tokens).")
    if beam < 1 or n_best < 1:
        raise AlprError(f"The beam is {beam} and n_best {n_best}; both must be at least 1.")
    merged = _merge_lookalikes(_checked(log_probs, tokens), grammar)
    if not len(merged) or not np.isfinite(merged.max(axis=1)).all():
        return []
    best_path = _best_path(merged, grammar)
    if best_path:
        found = _weighed(merged, [best_path], grammar, 1)
        if found and found[0].score > OBVIOUS:
            return found
    reached = _Search(merged, grammar, beam, prune).run()
    complete = [(text, state) for text, state in reached.items() if grammar.ends[state] >= 0]
    if not complete:
        return []
    return _weighed(merged, complete, grammar, n_best)


def _best_path(merged: np.ndarray, grammar: Grammar) -> tuple[Labels, int] | None:
    """The text of the likeliest class of every step and its state; None where the grammar does not accept it."""
    twins = dict(grammar.lookalikes) | {second: first for first, second in grammar.lookalikes}
    classes = merged.argmax(axis=1)
    changes = np.flatnonzero(np.diff(classes, prepend=-1))
    text, state = [], 0
    for seen in (classes[changes][classes[changes] != BLANK] - FIRST_TOKEN).tolist():
        token = seen if seen in grammar.arcs[state] else twins.get(seen, seen)
        if token not in grammar.arcs[state]:
            return None
        text.append(token)
        state = grammar.arcs[state][token][0]
    return (tuple(text), state) if grammar.ends[state] >= 0 else None


def _weighed(
    merged: np.ndarray, complete: Sequence[tuple[Labels, int]], grammar: Grammar, n_best: int
) -> list[DecodedText]:
    """The best of some complete texts, at least one, each with its state in the grammar, by their exact sums."""
    alphas, totals = forward_sums(merged, [text for text, _ in complete])
    read = [tuple(grammar.tokens[label] for label in text) for text, _ in complete]
    log_weights = np.array([grammar.log_weight(text) for text in read])
    order = [int(i) for i in np.argsort(-(totals + log_weights), kind="stable") if np.isfinite(totals[i])][:n_best]
    scores = scores_of(totals[order], log_weights[order])
    return [
        DecodedText(
            "".join(read[i]),
            read[i],
            float(totals[i] + log_weights[i]),
            _a_character(read[i], _place_scores(merged, alphas[:, i], complete[i][0], grammar)),
            grammar.countries[grammar.ends[complete[i][1]]],
            float(score),
        )
        for i, score in zip(order, scores, strict=True)
    ]
