"""Decoding of hand-made candidates and probabilities."""

import numpy as np
import pytest

from alpr_utils.plates.mongolia import ALPHABET
from alpr_utils.read.classical.decode import Decoded, decode_free, decode_grammar, merge_lookalikes
from alpr_utils.read.classical.segment import Candidate


def _candidate(x: int, width: int = 20, row: int = 0, whole: bool = True) -> Candidate:
    top = 60 * row
    return Candidate((top, x, top + 40, x + width), row, whole)


def _sure(char: str, share: float = 0.95, other: str = "#") -> np.ndarray:
    """Probabilities of one candidate; ``#`` is "not a character"."""
    classes = ALPHABET + "#"
    p = np.full(len(classes), 1e-5)
    p[classes.index(char)] = share
    p[classes.index(other)] += 1 - p.sum()
    return p


def _row(text: str, row: int = 0, start: int = 0) -> tuple[list[Candidate], list[np.ndarray]]:
    return [_candidate(start + 30 * i, row=row) for i in range(len(text))], [_sure(char) for char in text]


def test_one_row_is_read():
    candidates, probabilities = _row("1537УНЛ")
    decoded = decode_grammar(candidates, np.array(probabilities))
    assert (decoded.text, decoded.rows, decoded.chosen) == ("1537УНЛ", 1, tuple(range(7)))
    assert len(decoded.char_scores) == 7
    assert 0.9 < decoded.score <= 1


def test_two_rows_are_read_from_the_top():
    digits, letters = _row("5933"), _row("УНИ", row=1)
    decoded = decode_grammar(letters[0] + digits[0], np.array(letters[1] + digits[1]))
    assert (decoded.text, decoded.rows) == ("5933УНИ", 2)


def test_position_tells_o_from_zero():
    candidates, probabilities = _row("О0О0УО0")
    assert decode_grammar(candidates, np.array(probabilities)).text == "0000УОО"


def test_grammar_overrules_a_look_alike():
    candidates, probabilities = _row("1537УБ3")
    probabilities[6] = _sure("3", 0.8, "З")
    assert decode_grammar(candidates, np.array(probabilities)).text == "1537УБЗ"


def test_emblem_and_oval_are_passed_over():
    candidates, probabilities = _row("#9494#УБМ#")
    decoded = decode_grammar(candidates, np.array(probabilities))
    assert decoded.text == "9494УБМ"
    assert decoded.chosen == (1, 2, 3, 4, 6, 7, 8)


def test_a_whole_character_beats_its_halves():
    candidates, probabilities = _row("1537УН")
    candidates += [_candidate(180, 40), _candidate(180, 20, whole=False), _candidate(202, 18, whole=False)]
    probabilities += [_sure("М"), _sure("1", 0.5), _sure("1", 0.5)]
    assert decode_grammar(candidates, np.array(probabilities)).text == "1537УНМ"


def test_halves_beat_two_characters_that_touch():
    candidates, probabilities = _row("1537У")
    candidates += [_candidate(150, 45), _candidate(150, 21, whole=False), _candidate(173, 22, whole=False)]
    probabilities += [_sure("#"), _sure("Б"), _sure("Г")]
    assert decode_grammar(candidates, np.array(probabilities)).text == "1537УБГ"


def test_a_listed_region_wins_a_close_race():
    candidates, probabilities = _row("1537УНЛ")
    probabilities[5] = _sure("И", 0.55, "Н")
    assert decode_grammar(candidates, np.array(probabilities)).text == "1537УНЛ"
    probabilities[5] = _sure("И", 0.99, "Н")
    assert decode_grammar(candidates, np.array(probabilities)).text == "1537УИЛ"


@pytest.mark.parametrize("text", ["", "153", "1537УН"])
def test_too_few_characters_are_no_plate(text):
    candidates, probabilities = _row(text)
    shaped = np.array(probabilities).reshape(-1, len(ALPHABET) + 1)
    assert decode_grammar(candidates, shaped) == Decoded()
    assert decode_free(candidates, shaped).text == text


def test_free_decoding_takes_what_stands_there():
    candidates, probabilities = _row("#12АБ3#")
    decoded = decode_free(candidates, np.array(probabilities))
    assert decoded.text == "12АБ3"
    assert len(decoded.char_scores) == 5


def test_free_decoding_settles_o_by_its_neighbours():
    candidates, probabilities = _row("10О7УОЛ")
    assert decode_free(candidates, np.array(probabilities)).text == "1007УОЛ"
    assert decode_free(*[x[:1] for x in (candidates, np.array([_sure("О")]))]).text == "0"


def test_nothing_but_rejects_is_empty():
    candidates, probabilities = _row("####")
    assert decode_free(candidates, np.array(probabilities)) == Decoded()


def test_merging_gives_both_look_alikes_the_sum():
    merged = merge_lookalikes(np.array([_sure("0", 0.6, "О")]))[0]
    assert merged[ALPHABET.index("0")] == merged[ALPHABET.index("О")] == pytest.approx(1.0, abs=0.01)
