"""Two readers that vote."""

from typing import Any

import numpy as np
import pytest

from alpr_utils.read.reading import Reading
from alpr_utils.read.voting import VotingReader

PLATE = np.zeros((40, 120, 3), np.uint8)


class Opinion:
    """A reader that always says the same."""

    weight_count = 10

    def __init__(self, *readings: Reading) -> None:
        self.readings, self.asked = list(readings), 0

    def read_n_best(self, plate: np.ndarray, count: int) -> list[Reading]:
        self.asked += 1
        return self.readings[:count]

    def read(self, plate: np.ndarray) -> Reading:
        self.asked += 1
        return self.readings[0] if self.readings else Reading()


def mongolian(text: str, score: float) -> Reading:
    return Reading(text, score, (score,) * len(text), 2, "mn")


def vote(crnn: Any, classical: Any) -> Reading:
    return VotingReader(crnn, classical).read(PLATE)


def test_the_surer_reader_decides() -> None:
    unsure, sure = mongolian("2830УАД", 0.6), mongolian("2830УАА", 0.9)
    assert vote(Opinion(unsure), Opinion(sure)).text == "2830УАА"
    assert vote(Opinion(mongolian("2830УАД", 0.95)), Opinion(sure)).text == "2830УАД"


def test_a_second_choice_of_one_wins_with_the_support_of_the_other() -> None:
    crnn = Opinion(mongolian("2830УАД", 0.6), mongolian("2830УАА", 0.3))
    found = vote(crnn, Opinion(mongolian("2830УАА", 0.5)))
    assert found.text == "2830УАА"
    assert found.score == pytest.approx(0.4)
    assert found.rows == 2


def test_korean_plates_are_left_to_the_crnn() -> None:
    classical = Opinion(mongolian("2830УАА", 1.0))
    korean = Reading("12가3456", 0.4, (0.9,) * 7, 1, "kr")
    assert vote(Opinion(korean), classical) == korean
    assert classical.asked == 0


def test_a_torso_is_no_vote_and_nothing_is_read_from_nothing() -> None:
    whole, torso = mongolian("2830УАА", 0.2), mongolian("283", 0.9)
    assert vote(Opinion(whole), Opinion(torso)) == whole
    assert vote(Opinion(), Opinion(whole)).score == pytest.approx(0.2)
    assert vote(Opinion(), Opinion()) == Reading()
