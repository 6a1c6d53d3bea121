"""CTC decoding against sums over every alignment, and on what no network should give."""

import itertools

import numpy as np
import pytest

from alpr_utils.errors import AlprError
from alpr_utils.read.alignments import BLANK
from alpr_utils.read.ctc import DecodedText, beam_search, greedy
from alpr_utils.read.grammar import Grammar, tokenise, tokens_of
from alpr_utils.read.temperature import Temperature, tempered

TINY = ("a", "b", "c")
MONGOLIA = Grammar.of(["mn"])
BOTH = Grammar.of(["mn", "kr"])


def tiny_grammar() -> Grammar:
    """Accepts two or three tokens that do not begin with c; a third token counts half."""
    next_state = np.array([[1, 1, -1], [2, 2, 2], [3, 3, 3], [-1, -1, -1]], np.int32)
    weights = np.where(next_state >= 0, 0.0, -np.inf).astype(np.float32)
    weights[2] = np.log(0.5)
    return Grammar(TINY, ("xx",), next_state, weights, np.array([-1, -1, 0, 0], np.int32))


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def exhaustive(log_probs: np.ndarray) -> dict[str, float]:
    """Probability of every text: the sum over all alignments."""
    totals: dict[str, float] = {}
    for path in itertools.product(range(len(TINY) + 1), repeat=len(log_probs)):
        labels = [label for label, _ in itertools.groupby(path) if label != BLANK]
        text = "".join(TINY[label - 1] for label in labels)
        totals[text] = totals.get(text, 0.0) + float(np.exp(log_probs[range(len(path)), path].sum()))
    return totals


def drawn(tokens: tuple[str, ...], grammar: Grammar, noise: float, seed: int = 0, gap: int = 7) -> np.ndarray:
    """Log probabilities of a network that sees ``tokens`` one after the other, with noise."""
    rng = np.random.default_rng(seed)
    classes = len(grammar.tokens) + 1
    logits = rng.normal(0, noise, (gap * len(tokens) + 8, classes))
    logits[:, BLANK] += 14
    for place, token in enumerate(tokens):
        at = 4 + gap * place
        logits[at : at + 2, BLANK] -= 14
        logits[at : at + 2, 1 + grammar.tokens.index(token)] += 14
    return log_softmax(logits)


@pytest.mark.parametrize("seed", range(6))
def test_beam_search_finds_what_the_sum_over_all_alignments_finds(seed: int) -> None:
    log_probs = log_softmax(np.random.default_rng(seed).normal(0, 2, (6, 4)))
    totals = exhaustive(log_probs)
    assert sum(totals.values()) == pytest.approx(1)
    allowed = {
        text: total * (0.5 if len(text) == 3 else 1)
        for text, total in totals.items()
        if len(text) in (2, 3) and text[0] != "c"
    }
    expected = sorted(allowed, key=lambda text: -allowed[text])[:5]
    found = beam_search(log_probs, TINY, tiny_grammar(), beam=200, n_best=5, prune=np.inf)
    assert [one.text for one in found] == expected
    assert [np.exp(one.log_prob) for one in found] == pytest.approx([allowed[text] for text in expected])
    rest = 1 - sum(totals[text] for text in expected)
    weighted = sum(allowed[text] for text in expected)
    assert [one.score for one in found] == pytest.approx([allowed[text] / (weighted + rest) for text in expected])


@pytest.mark.parametrize("seed", range(4))
def test_greedy_reports_the_probability_of_its_text(seed: int) -> None:
    log_probs = log_softmax(np.random.default_rng(seed).normal(0, 3, (6, 4)))
    read = greedy(log_probs, TINY)
    assert read.text and np.exp(read.log_prob) == pytest.approx(exhaustive(log_probs)[read.text])
    assert read.score == pytest.approx(np.exp(read.log_prob))


def test_repeated_tokens_need_a_blank_between_them() -> None:
    with np.errstate(divide="ignore"):
        log_probs = np.log(np.eye(4)[[1, 1, BLANK, 1, 2, 2]])
    assert greedy(log_probs, TINY).text == "aab"
    assert [one.text for one in beam_search(log_probs, TINY, tiny_grammar())] == ["aab"]


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("1537УНЛ", "mn"),
        ("0000УБО", "mn"),
        ("ДК1100", "mn"),
        ("서울71바8669", "kr"),
        ("외교321678", "kr"),
        ("112가1111", "kr"),
    ],
)
def test_plates_of_both_countries_are_read_with_a_score_a_character(text: str, country: str) -> None:
    log_probs = drawn(tokenise(text, country), BOTH, noise=1)
    best = beam_search(log_probs, BOTH.tokens, BOTH)[0]
    assert (best.text, best.country) == (text, country)
    assert len(best.char_scores) == len(text) and min(best.char_scores) > 0.9
    assert 0.3 < best.score <= 1 and greedy(log_probs, BOTH.tokens).text == text


@pytest.mark.parametrize("pair", ["0О", "3З", "8В", "6Б"])
def test_lookalikes_are_told_apart_by_position(pair: str) -> None:
    digit, letter = pair
    seen = drawn(tuple(f"15{letter}7У{digit}{digit}"), MONGOLIA, noise=0.5)
    rival = [1 + MONGOLIA.tokens.index(token) for token in pair]
    seen[:, rival] = np.logaddexp(seen[:, rival], seen[:, rival[::-1]] - 4)
    texts = [one.text for one in beam_search(log_softmax(seen), MONGOLIA.tokens, MONGOLIA)]
    assert texts[0] == f"15{digit}7У{letter}{letter}"


def test_zero_and_o_count_with_the_probability_of_both() -> None:
    seen = drawn(tuple("1507УБА"), MONGOLIA, noise=0.1)
    zero, o, eight = (1 + MONGOLIA.tokens.index(token) for token in "0О8")
    probabilities = np.exp(seen)
    step = int(probabilities[:, zero].argmax()) // 7 * 7 + 4
    for at in (step, step + 1):
        share = probabilities[at, zero]
        probabilities[at, [zero, o, eight]] = np.array([0.3, 0.3, 0.4]) * share
    assert greedy(np.log(probabilities), MONGOLIA.tokens).text == "1587УБА"
    best = beam_search(np.log(probabilities), MONGOLIA.tokens, MONGOLIA)[0]
    assert best.text == "1507УБА" and best.char_scores[2] == pytest.approx(0.6, abs=0.05)


def test_a_listed_region_is_preferred_and_an_unlisted_one_possible() -> None:
    clear = drawn(tuple("1537УЯЛ"), MONGOLIA, noise=0.1)
    assert beam_search(clear, MONGOLIA.tokens, MONGOLIA)[0].text == "1537УЯЛ"
    doubtful = clear.copy()
    listed, unlisted = 1 + MONGOLIA.tokens.index("Н"), 1 + MONGOLIA.tokens.index("Я")
    doubtful[:, listed] = clear[:, unlisted] - np.log(4)
    assert beam_search(log_softmax(doubtful), MONGOLIA.tokens, MONGOLIA)[0].text == "1537УНЛ"


def test_a_character_that_the_network_nearly_missed_is_found() -> None:
    seen = drawn(tuple("1537УНЛ"), MONGOLIA, noise=0.5)
    seven = 1 + MONGOLIA.tokens.index("7")
    steps = slice(4 + 3 * 7, 6 + 3 * 7)
    seen[steps, BLANK], seen[steps, seven] = 3.0, -3.0
    best = beam_search(log_softmax(seen), MONGOLIA.tokens, MONGOLIA)[0]
    assert best.text == "1537УНЛ" and best.char_scores[3] < 0.1 < 0.9 < best.char_scores[2] and best.score < 0.1


def test_a_higher_temperature_is_less_sure_and_keeps_the_order() -> None:
    surer, same, less_sure = (tempered([0.6, 0.3], Temperature(value)) for value in (0.5, 1, 2))
    assert same == pytest.approx((0.6, 0.3)) and surer[0] > 0.6 > less_sure[0] > less_sure[1]
    assert surer == pytest.approx((0.36 / 0.46, 0.09 / 0.46)), "squared, with the rest of 0.1 as one more text"
    assert sum(less_sure) < 1
    assert tempered([1.0], Temperature(4))[0] < 0.995, "even certainty gives way"
    assert tempered([0.0], Temperature(4))[0] < 0.01 and tempered([], Temperature(2)) == ()
    assert tempered([0.2, 0.1], Temperature(1, 0.1)) == pytest.approx((0.2 / 0.37, 0.1 / 0.37)), "less for the others"


@pytest.mark.parametrize("steps", [0, 1, 6, 80])
def test_noise_gives_nothing_or_a_low_score(steps: int) -> None:
    uniform = np.full((steps, len(BOTH.tokens) + 1), -np.log(len(BOTH.tokens) + 1))
    readings = beam_search(uniform, BOTH.tokens, BOTH)
    assert (steps >= 7 or readings == []) and all(one.score < 0.01 for one in readings)
    assert greedy(uniform, BOTH.tokens).score < 0.02


def test_impossible_steps_give_an_empty_reading() -> None:
    nothing = np.full((20, len(BOTH.tokens) + 1), -np.inf)
    assert beam_search(nothing, BOTH.tokens, BOTH) == [] and greedy(nothing, BOTH.tokens) == DecodedText()
    blank = nothing.copy()
    blank[:, BLANK] = 0
    assert beam_search(blank, BOTH.tokens, BOTH) == []
    assert greedy(blank, BOTH.tokens) == DecodedText(log_prob=0.0)


def test_a_plate_of_another_country_is_no_sure_reading() -> None:
    korea = Grammar.of(["kr"], BOTH.tokens)
    seen = drawn(tokenise("1537УНЛ", "mn"), BOTH, noise=1)
    assert all(one.score < 0.01 for one in beam_search(seen, BOTH.tokens, korea))


def test_wrong_input_is_named() -> None:
    good = drawn(tuple("1537УНЛ"), MONGOLIA, noise=1)
    broken = good.copy()
    broken[3, 3] = np.nan
    with pytest.raises(AlprError, match="NaN"):
        greedy(broken, MONGOLIA.tokens)
    with pytest.raises(AlprError, match="log_softmax"):
        beam_search(np.exp(good), MONGOLIA.tokens, MONGOLIA)
    with pytest.raises(AlprError, match="alphabet"):
        beam_search(good[:, 1:], MONGOLIA.tokens, MONGOLIA)
    with pytest.raises(AlprError, match="another alphabet"):
        beam_search(good, tokens_of(["kr"]), MONGOLIA)
    with pytest.raises(AlprError, match="twice"):
        greedy(good, ("1", *MONGOLIA.tokens[1:]))
    with pytest.raises(AlprError, match="temperature"):
        Temperature(0)
    with pytest.raises(AlprError, match="beam"):
        beam_search(good, MONGOLIA.tokens, MONGOLIA, beam=0)
