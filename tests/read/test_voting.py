"""Readers that vote."""

from collections.abc import Collection, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from alpr_utils.read.reading import Reading
from alpr_utils.read.temperature import Temperature, Temperatures
from alpr_utils.read.views import PlateViews
from alpr_utils.read.voting import VotingReader

PLATE = np.zeros((40, 120, 3), np.uint8)


class FixedVoter:
    """A reader that always says the same."""

    network_weights = weight_count = 10

    def __init__(self, *readings: Reading, rectifier: Any = None) -> None:
        self.readings, self.asked, self.rectifier = list(readings), 0, rectifier
        self.doubted: list[int] = []

    def first_look(
        self, plates: PlateViews, count: int, grammar: bool = True, *, skipped: Collection[int] = ()
    ) -> dict[int, list[Reading]]:
        seen = [number for number in range(len(plates)) if number not in skipped]
        self.asked += bool(seen)
        return dict.fromkeys(seen, self.readings[:count])

    def second_look(
        self,
        plates: PlateViews,
        first: Mapping[int, list[Reading]],
        count: int,
        grammar: bool = True,
        *,
        settled: Collection[int] = (),
    ) -> list[list[Reading]]:
        self.doubted += [number for number in first if number not in settled]
        return [first.get(number, []) for number in range(len(plates))]

    def read(self, crops: Sequence[np.ndarray], grammar: bool = True) -> list[Reading]:
        self.asked += 1
        return [self.readings[0] if self.readings else Reading()] * len(crops)


def mongolian(text: str, score: float) -> Reading:
    return Reading(text, score, (score,) * len(text), 2, "mn")


def vote(classical: Any, *networks: Any) -> Reading:
    return VotingReader(networks, classical).read([PLATE])[0]


def test_the_surer_reader_decides() -> None:
    unsure, sure = mongolian("2830УАД", 0.6), mongolian("2830УАА", 0.9)
    assert vote(FixedVoter(sure), FixedVoter(unsure)).text == "2830УАА"
    assert vote(FixedVoter(sure), FixedVoter(mongolian("2830УАД", 0.95))).text == "2830УАД"


@pytest.mark.parametrize(
    ("other", "doubted"),
    [(mongolian("2830УАА", 0.5), []), (mongolian("2830УАД", 0.5), [0]), (mongolian("2830УАД", 0.95), [0])],
)
def test_only_where_they_differ_a_second_look_is_asked_for(other: Reading, doubted: list[int]) -> None:
    voters = FixedVoter(mongolian("2830УАА", 0.95)), FixedVoter(other)
    vote(None, *voters)
    assert [voter.doubted for voter in voters] == [doubted, doubted]


def test_a_temperature_makes_voters_that_agree_surer() -> None:
    voters = [FixedVoter(mongolian("2830УАА", 0.6)) for _ in range(2)]
    surer = VotingReader(voters, None, Temperatures(Temperature(0.5)))
    assert surer.read([PLATE])[0].score == pytest.approx(0.36 / (0.36 + 0.16))
    assert surer.read_n_best([PLATE], 1, calibrated=False)[0][0].score == pytest.approx(0.6)


def test_two_unsure_readers_look_again_even_if_they_agree() -> None:
    voters = [FixedVoter(mongolian("2830УАА", 0.5)) for _ in range(2)]
    vote(None, *voters)
    assert voters[0].doubted == [0]


def test_a_plate_of_which_the_first_network_is_very_sure_is_left_to_it() -> None:
    voters = [FixedVoter(mongolian(text, 0.99)) for text in ("2830УАА", "2830УАД", "2830УАД")]
    found = vote(voters[2], *voters[:2])
    assert (found.text, found.score) == ("2830УАА", pytest.approx(0.99))
    assert [voter.asked for voter in voters] == [1, 0, 0]
    assert [voter.doubted for voter in voters] == [[], [], []]


def test_a_third_network_is_asked_about_plates_that_two_leave_in_doubt() -> None:
    third = FixedVoter(mongolian("2830УАА", 0.8))
    vote(None, FixedVoter(mongolian("2830УАА", 0.6)), FixedVoter(mongolian("2830УАА", 0.95)), third)
    assert third.asked == 0
    voters = FixedVoter(mongolian("2830УАД", 0.6)), FixedVoter(mongolian("2830УАА", 0.5)), third
    assert vote(None, *voters).text == "2830УАА" and third.asked == 1


def test_two_outvote_a_surer_third() -> None:
    wrong, right = FixedVoter(mongolian("2830УАД", 0.97)), FixedVoter(mongolian("2830УАА", 0.6))
    assert vote(right, wrong, right).text == "2830УАА"
    assert VotingReader((wrong, right), right).weight_count == 30


def test_a_shared_rectifier_counts_once() -> None:
    one, other = SimpleNamespace(weight_count=4), SimpleNamespace(weight_count=4)
    first, second, third = (FixedVoter(rectifier=corners) for corners in (one, one, other))
    assert VotingReader((first, second), FixedVoter()).weight_count == 34
    assert VotingReader((first, third), None).weight_count == 28


def test_nobody_else_is_asked_where_the_networks_agree() -> None:
    classical = FixedVoter(mongolian("2830УАД", 1.0))
    found = vote(classical, FixedVoter(mongolian("2830УАА", 0.3)), FixedVoter(mongolian("2830УАА", 0.5)))
    assert (found.text, found.score) == ("2830УАА", pytest.approx(0.4))
    assert classical.asked == 0


def test_a_second_choice_of_one_wins_with_the_support_of_the_other() -> None:
    network = FixedVoter(mongolian("2830УАД", 0.6), mongolian("2830УАА", 0.3))
    found = vote(FixedVoter(mongolian("2830УАА", 0.5)), network)
    assert found.text == "2830УАА"
    assert found.score == pytest.approx(0.4)
    assert found.rows == 2
    assert found.alternatives == (("2830УАД", pytest.approx(0.3)),)
    assert found.char_scores == pytest.approx((0.5,) * 7), "less sure than 1 - 0.3"


def test_korean_plates_are_left_to_the_networks() -> None:
    classical = FixedVoter(mongolian("2830УАА", 1.0))
    korean = Reading("12가3456", 0.4, (0.9,) * 7, 1, "kr")
    assert vote(classical, FixedVoter(korean)) == korean
    assert vote(classical, FixedVoter(korean), FixedVoter(Reading("12나3456", 0.9, country="kr"))).text == "12나3456"
    assert classical.asked == 0
    assert vote(None, FixedVoter(mongolian("2830УАД", 0.6))).text == "2830УАД"


def test_without_a_country_the_characters_say_whose_plate_it_is() -> None:
    classical = FixedVoter(mongolian("2830УАА", 0.9))
    assert vote(classical, FixedVoter(Reading("2830УАД", 0.6))).text == "2830УАА"
    korean = Reading("12가3456", 0.4)
    assert vote(classical, FixedVoter(korean)) == korean


def test_an_incomplete_reading_does_not_vote_and_nothing_is_read_from_nothing() -> None:
    whole, incomplete = mongolian("2830УАА", 0.2), mongolian("283", 0.9)
    assert vote(FixedVoter(incomplete), FixedVoter(whole)).text == whole.text
    assert vote(FixedVoter(whole), FixedVoter()).score == pytest.approx(0.2)
    assert vote(FixedVoter(incomplete), FixedVoter()).text == incomplete.text
    assert vote(FixedVoter(), FixedVoter()) == Reading()
