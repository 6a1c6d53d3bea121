"""CTC's sums over alignments (Graves et al. 2006): the probability of a text, and where in it each token stands."""

from collections.abc import Sequence

import numpy as np

BLANK = 0  # class of CTC's blank
FIRST_TOKEN = BLANK + 1  # class of the alphabet's first token
Labels = tuple[int, ...]
_IDLE = -1e-4  # log probability of the blank from which a step says nothing


def without_idle_steps(log_probs: np.ndarray) -> np.ndarray:
    """Of each run of steps at which only a blank is possible, only the first: (T, 1 + K) -> (at most T, 1 + K).

    A second certain blank changes no probability, and most steps of a plate are such.
    """
    idle = log_probs[:, BLANK] > _IDLE
    again = idle & np.concatenate([[False], idle[:-1]])
    return log_probs[~again]


def forward_sums(log_probs: np.ndarray, texts: Sequence[Labels]) -> tuple[np.ndarray, np.ndarray]:
    """CTC's forward sums, for all texts at once.

    Returns:
        alphas: float64 (T, N, S), log probability of being at each of blank, token, blank, token ... after each step.
        totals: float64 (N,), log probability of each text.
    """
    lengths = np.array([len(text) for text in texts], int)
    classes = np.full((len(texts), 2 * lengths.max(initial=1) + 1), BLANK)
    for row, text in zip(classes, texts, strict=True):
        row[1 : 2 * len(text) : 2] = np.add(text, FIRST_TOKEN)
    emitted = log_probs[:, classes]
    skippable = np.full(classes.shape, -np.inf)
    skippable[:, 1] = 0.0  # only the start lies two before the first token
    skippable[:, 2:][(classes[:, 2:] != BLANK) & (classes[:, 2:] != classes[:, :-2])] = 0.0
    # Two columns in front make every shift a view; before the first step all stands on the first of the states.
    padded = np.full((len(log_probs) + 1, len(texts), classes.shape[1] + 2), -np.inf)
    padded[0, :, 1] = 0.0
    for step in range(len(log_probs)):
        before = padded[step]
        arrived = np.logaddexp(before[:, 2:], before[:, 1:-1])
        arrived = np.logaddexp(arrived, before[:, :-2] + skippable)
        padded[step + 1, :, 2:] = arrived + emitted[step]
    rows = np.arange(len(texts))
    # For an empty text the column left of the blank is padding; before any step only the empty text is possible.
    totals = np.logaddexp(padded[-1, rows, 2 * lengths + 2], padded[-1, rows, 2 * lengths + 1])
    return padded[1:, :, 2:], totals


def clearest_steps(alphas: np.ndarray, log_probs: np.ndarray, text: Labels) -> list[int]:
    """For each token the step, on an alignment traced back through ``alphas`` (T, S), where it is most probable."""
    sums = alphas.tolist()
    end = 2 * len(text)
    place = end if not text or sums[-1][end] > sums[-1][end - 1] else end - 1
    skippable = [place % 2 and place > 1 and text[place // 2] != text[place // 2 - 1] for place in range(end + 1)]
    steps: list[list[int]] = [[] for _ in text]
    for step in range(len(sums) - 1, -1, -1):
        if place % 2:
            steps[place // 2].append(step)
        if step and place:
            before, reached = sums[step - 1], place
            if before[reached - 1] > before[place]:
                place = reached - 1
            if skippable[reached] and before[reached - 2] > before[place]:
                place = reached - 2
    return [
        max(at, key=log_probs[:, FIRST_TOKEN + token].__getitem__) if at else 0
        for token, at in zip(text, steps, strict=True)
    ]


def scores_of(log_probs: np.ndarray, log_weights: np.ndarray) -> np.ndarray:
    """Scores of the n best texts, float (n,), as the head of `alpr_utils.read.ctc` defines them."""
    rest = max(1.0 - float(np.exp(log_probs).sum()), 0.0)
    logs = np.append(log_probs + log_weights, np.log(rest) if rest > 0 else -np.inf)
    if not np.isfinite(logs.max()):
        return np.zeros(len(log_probs))
    powers = np.exp(logs - logs.max())
    return powers[:-1] / powers.sum()
