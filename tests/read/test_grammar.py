"""The automaton accepts what the plates of a country may say, and nothing else."""

import numpy as np
import pytest

from alpr_utils.errors import AlprError
from alpr_utils.plates import COUNTRIES, PlateType
from alpr_utils.plates.korea.text import DIPLOMATIC, REGIONS
from alpr_utils.read.grammar import AlphabetError, Grammar, check_alphabet, tokenise, tokens_of

GRAMMARS = {country: Grammar.of([country]) for country in COUNTRIES}
BOTH = Grammar.of(list(COUNTRIES))


def random_texts(plates: PlateType, count: int) -> list[str]:
    rng = np.random.default_rng(0)
    return [plates.random_text(rng, layout, False) for layout in plates.layouts for _ in range(count)]


def broken(texts: list[str], plates: PlateType) -> list[str]:
    """Each text with a character replaced, doubled, left out or two exchanged; some are plates all the same."""
    rng = np.random.default_rng(1)
    changed = []
    for text in texts:
        at, char = int(rng.integers(len(text))), plates.alphabet[rng.integers(len(plates.alphabet))]
        other = int(rng.integers(len(text)))
        exchanged = list(text)
        exchanged[at], exchanged[other] = text[other], text[at]
        replaced = text[:at] + char + text[at + 1 :]
        changed += [replaced, text[:at] + text[at:] * 2, text[:at] + text[at + 1 :], "".join(exchanged)]
    return changed


def is_listed(grammar: Grammar, text: str, country: str) -> bool:
    try:
        return grammar.log_weight(tokenise(text, country)) > -1e-6
    except AlphabetError:
        return False


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_text_of_every_layout_is_accepted(country: str) -> None:
    for text in random_texts(COUNTRIES[country], 60):
        tokens = tokenise(text, country)
        assert "".join(tokens) == text
        assert GRAMMARS[country].log_weight(tokens) == pytest.approx(0, abs=1e-6), text
        assert BOTH.country(tokens) == country


@pytest.mark.parametrize("country", COUNTRIES)
def test_broken_texts_are_accepted_only_where_they_are_plates(country: str) -> None:
    plates = COUNTRIES[country]
    texts = broken(random_texts(plates, 60), plates)
    accepted = [is_listed(GRAMMARS[country], text, country) for text in texts]
    assert accepted == [plates.validate(text) for text in texts]
    assert 0.02 < np.mean(accepted) < 0.9


def test_unlisted_mongolian_regions_are_unlikely_and_other_shapes_impossible() -> None:
    grammar = GRAMMARS["mn"]
    for text in ("1537ЯЯЯ", "1537УЯЛ", "1537УТА"):
        assert grammar.log_weight(tuple(text)) == pytest.approx(np.log(0.03))
    for text in ("", "1537", "1537УН", "153УНЛ", "1537УНЛА", "О537УНЛ", "1537УН0"):
        assert grammar.log_weight(tuple(text)) == -np.inf and grammar.country(tuple(text)) == ""


def test_korean_words_are_one_token() -> None:
    assert tokenise("서울71바8669", "kr") == ("서울", "7", "1", "바", "8", "6", "6", "9")
    assert tokenise("외교321678", "kr") == ("외교", *"321678")
    assert set(REGIONS) | set(DIPLOMATIC) <= set(tokens_of(["kr"]))
    with pytest.raises(AlphabetError, match="울"):
        tokenise("울71바8669", "kr")


def test_tokens_are_sorted_and_single_in_any_order_of_countries() -> None:
    tokens = tokens_of(["mn", "kr"])
    assert tokens == tokens_of(["kr", "mn", "kr"]) and len(set(tokens)) == len(tokens)
    assert tokens[:10] == tuple("0123456789") and len(tokens[-1]) == 2
    assert set(tokens) == set(tokens_of(["mn"])) | set(tokens_of(["kr"]))


def test_the_automaton_is_small_deterministic_and_without_dead_ends() -> None:
    assert BOTH.next_state.shape == (len(BOTH.ends), len(BOTH.tokens)) and len(BOTH.ends) < 100
    assert ((BOTH.next_state >= 0) == np.isfinite(BOTH.weights)).all() and BOTH.weights.max() <= 1e-6
    assert ((BOTH.next_state >= 0).any(axis=1) | (BOTH.ends >= 0)).all()
    reached = set(BOTH.next_state[BOTH.next_state >= 0].tolist())
    assert reached == set(range(1, len(BOTH.ends)))
    rows = {
        (*row, *np.round(weights, 4), end)
        for row, weights, end in zip(BOTH.next_state, BOTH.weights, BOTH.ends, strict=True)
    }
    assert len(rows) == len(BOTH.ends)


def test_a_larger_alphabet_reads_one_country_alone() -> None:
    grammar = Grammar.of(["mn"], BOTH.tokens)
    assert grammar.country(tuple("1537УНЛ")) == "mn" and grammar.country(tokenise("12가3456", "kr")) == ""


def test_wrong_alphabets_and_countries_are_named() -> None:
    with pytest.raises(AlphabetError, match="1 2 twice"):
        check_alphabet(("1", "2", "1", "2"))
    with pytest.raises(AlphabetError, match="Ө"):
        Grammar.of(["mn"], [token for token in tokens_of(["mn"]) if token != "Ө"])
    with pytest.raises(AlprError, match="choose one of"):
        tokens_of(["xx"])
    with pytest.raises(AlprError, match="at least one"):
        Grammar.of([])
