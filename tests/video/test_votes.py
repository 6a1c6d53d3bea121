"""The votes of frames on one text."""

import pytest

from alpr_utils.results import PlateReading
from alpr_utils.video.votes import Ballot, elect, shares_of


def _ballot(weight: float, **scores: float) -> Ballot:
    (text, score), *others = [(f"28{key}3700", score) for key, score in scores.items()]
    return Ballot(weight, PlateReading((0, 0, 1, 1), 0.9, text, score, alternatives=tuple(others)))


def test_second_choices_of_several_frames_win() -> None:
    ballots = [_ballot(1, 하=0.5, 로=0.4), _ballot(1, 모=0.5, 로=0.4), _ballot(1, 로=0.45, 하=0.05)]
    reading = elect(ballots)
    assert reading is not None and reading.text == "28로3700"
    assert 0.5 < reading.text_score < 1
    assert {text for text, _ in reading.alternatives} == {"28하3700", "28모3700"}


def test_better_frames_count_more() -> None:
    ballots = [_ballot(5, 로=0.8, 하=0.1), _ballot(1, 하=0.8, 로=0.1), _ballot(1, 하=0.8, 로=0.1)]
    assert elect(ballots).text == "28로3700"  # type: ignore[union-attr]
    assert elect(ballots[1:]).text == "28하3700"  # type: ignore[union-attr]


def test_many_alike_frames_do_not_make_an_unsure_text_certain() -> None:
    shares = shares_of([_ballot(1, 로=0.6, 하=0.4)] * 50)
    assert shares["28로3700"] == pytest.approx(0.6**3 / (0.6**3 + 0.4**3), abs=0.01)
    assert sum(shares.values()) <= 1


def test_one_frame_keeps_its_score_and_none_gives_none() -> None:
    assert shares_of([_ballot(3, 로=0.7, 하=0.2)]) == pytest.approx({"28로3700": 0.7, "28하3700": 0.2}, abs=0.02)
    assert elect([]) is None
    assert elect([Ballot(1.0, PlateReading((0, 0, 1, 1), 0.9))]) is None


def test_wrong_readings_that_differ_in_different_characters_elect_the_text_between_them() -> None:
    texts = [("2347УБХ", 0.45), ("2342УЕК", 0.55), ("2142УЕХ", 0.6), ("2342УЕХ", 0.4), ("2342УБХ", 0.5)]
    reading = elect([Ballot(1, PlateReading((0, 0, 1, 1), 0.9, text, score)) for text, score in texts])
    assert reading is not None and reading.text == "2342УЕХ"
