"""Readers that vote."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from alpr_utils.read.reading import Reading
from alpr_utils.read.voting import VotingReader

PLATE = np.zeros((40, 120, 3), np.uint8)


class Opinion:
    """A reader that always says the same."""

    network_weights = weight_count = 10

    def __init__(self, *readings: Reading, rectifier: Any = None) -> None:
        self.readings, self.asked, self.rectifier = list(readings), 0, rectifier

    def read_n_best(self, plate: np.ndarray, count: int) -> list[Reading]:
        self.asked += 1
        return self.readings[:count]

    def read(self, plate: np.ndarray) -> Reading:
        self.asked += 1
        return self.readings[0] if self.readings else Reading()


def mongolian(text: str, score: float) -> Reading:
    return Reading(text, score, (score,) * len(text), 2, "mn")


def vote(classical: Any, *networks: Any) -> Reading:
    return VotingReader(networks, classical).read(PLATE)


def test_the_surer_reader_decides() -> None:
    unsure, sure = mongolian("2830УАД", 0.6), mongolian("2830УАА", 0.9)
    assert vote(Opinion(sure), Opinion(unsure)).text == "2830УАА"
    assert vote(Opinion(sure), Opinion(mongolian("2830УАД", 0.95))).text == "2830УАД"


def test_two_outvote_a_surer_third() -> None:
    wrong, right = Opinion(mongolian("2830УАД", 0.99)), Opinion(mongolian("2830УАА", 0.6))
    assert vote(right, wrong, right).text == "2830УАА"
    assert VotingReader((wrong, right), right).weight_count == 30


def test_a_shared_rectifier_counts_once() -> None:
    one, other = SimpleNamespace(weight_count=4), SimpleNamespace(weight_count=4)
    first, second, third = (Opinion(rectifier=corners) for corners in (one, one, other))
    assert VotingReader((first, second), Opinion()).weight_count == 34
    assert VotingReader((first, third), None).weight_count == 28


def test_nobody_else_is_asked_where_the_networks_agree() -> None:
    classical = Opinion(mongolian("2830УАД", 1.0))
    found = vote(classical, Opinion(mongolian("2830УАА", 0.3)), Opinion(mongolian("2830УАА", 0.5)))
    assert (found.text, found.score) == ("2830УАА", pytest.approx(0.4))
    assert classical.asked == 0


def test_a_second_choice_of_one_wins_with_the_support_of_the_other() -> None:
    network = Opinion(mongolian("2830УАД", 0.6), mongolian("2830УАА", 0.3))
    found = vote(Opinion(mongolian("2830УАА", 0.5)), network)
    assert found.text == "2830УАА"
    assert found.score == pytest.approx(0.4)
    assert found.rows == 2


def test_korean_plates_are_left_to_the_networks() -> None:
    classical = Opinion(mongolian("2830УАА", 1.0))
    korean = Reading("12가3456", 0.4, (0.9,) * 7, 1, "kr")
    assert vote(classical, Opinion(korean)) == korean
    assert vote(classical, Opinion(korean), Opinion(Reading("12나3456", 0.9, country="kr"))).text == "12나3456"
    assert classical.asked == 0
    assert vote(None, Opinion(mongolian("2830УАД", 0.6))).text == "2830УАД"


def test_without_a_country_the_characters_tell_whose_plate_it_is() -> None:
    classical = Opinion(mongolian("2830УАА", 0.9))
    assert vote(classical, Opinion(Reading("2830УАД", 0.6))).text == "2830УАА"
    korean = Reading("12가3456", 0.4)
    assert vote(classical, Opinion(korean)) == korean


def test_a_torso_is_no_vote_and_nothing_is_read_from_nothing() -> None:
    whole, torso = mongolian("2830УАА", 0.2), mongolian("283", 0.9)
    assert vote(Opinion(torso), Opinion(whole)) == whole
    assert vote(Opinion(whole), Opinion()).score == pytest.approx(0.2)
    assert vote(Opinion(torso), Opinion()) == torso
    assert vote(Opinion(), Opinion()) == Reading()
