"""A plate is looked at a second time only where the first look leaves doubt."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from alpr_utils.read.reading import Reading
from alpr_utils.read.temperature import Temperature, Temperatures
from alpr_utils.read.views import SURE, ViewReader

PLATE = np.full((40, 120, 3), 200, np.uint8)


class Corners:
    """A rectifier that makes every plate black, or that finds no corners."""

    weight_count = 5

    def __init__(self, found: bool = True) -> None:
        self.found, self.asked = found, 0

    def rectified(self, plate: np.ndarray) -> np.ndarray | None:
        self.asked += 1
        return np.zeros((64, 160, 1), np.uint8) if self.found else None


class TwoViews(ViewReader):
    """Reads one text in bright views and another one in black views."""

    def __init__(self, straight: Reading, flat: Reading, rectifier: Any) -> None:
        super().__init__("two views", Temperatures(without_grammar=Temperature(2)), rectifier, 7)
        self.straight, self.flat = straight, flat

    def read_view(self, view: np.ndarray, count: int, grammar: bool) -> Sequence[Reading]:
        assert view.shape == (64, 160, 1)
        assert view.dtype == np.uint8
        return [self.straight if view.mean() > 100 else self.flat]


def test_a_sure_first_look_is_enough() -> None:
    corners = Corners()
    reader = TwoViews(Reading("12가3456", SURE), Reading("99가9999", 1.0), corners)
    assert reader.read([PLATE])[0].text == "12가3456"
    assert reader.read([PLATE])[0].score == pytest.approx(SURE)
    assert corners.asked == 0
    assert reader.weight_count == 12


def test_an_unsure_plate_is_rectified_and_the_surer_reading_counts() -> None:
    corners = Corners()
    reader = TwoViews(Reading("12가3456", 0.5), Reading("12나3456", 0.8), corners)
    best, second = reader.read_n_best([PLATE], 2)[0]
    assert (best.text, best.score) == ("12나3456", pytest.approx(0.4))
    assert (second.text, second.score) == ("12가3456", pytest.approx(0.25))
    assert corners.asked == 1


def test_without_corners_the_first_look_stands() -> None:
    for rectifier in (None, Corners(found=False)):
        reading = TwoViews(Reading("12가3456", 0.5), Reading("", 0.0), rectifier).read([PLATE])[0]
        assert (reading.text, reading.score) == ("12가3456", pytest.approx(0.5))


def test_tiny_crops_hold_nothing() -> None:
    assert TwoViews(Reading("12가3456", 1.0), Reading(), None).read([PLATE[:3, :3]] * 2) == [Reading()] * 2


def test_each_way_of_reading_has_its_temperature() -> None:
    reader = TwoViews(Reading("12가3456", 0.95), Reading(), None)
    assert reader.read([PLATE])[0].score == pytest.approx(0.95)
    assert reader.read([PLATE], grammar=False)[0].score < 0.9
    (readings,) = reader.read_n_best([PLATE], 1, grammar=False, calibrated=False)
    assert readings[0].score == pytest.approx(0.95)
