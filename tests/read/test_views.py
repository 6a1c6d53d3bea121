"""A plate is looked at a second time only where the first look leaves doubt."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from alpr_utils.images.motion import Motion
from alpr_utils.read import views
from alpr_utils.read.reading import Reading, best_of
from alpr_utils.read.temperature import Temperature, Temperatures
from alpr_utils.read.views import MOVED, SURE, PlateViews, ViewReader

PLATE = np.full((40, 120, 3), 200, np.uint8)


class Corners:
    """A rectifier that makes every plate black, or that finds no corners."""

    weight_count = 5

    def __init__(self, found: bool = True) -> None:
        self.found, self.asked = found, 0

    def rectified(self, crops: Sequence[np.ndarray]) -> list[np.ndarray | None]:
        self.asked += len(crops)
        return [np.zeros((64, 160, 1), np.uint8) if self.found else None for _ in crops]


class TwoViews(ViewReader):
    """Reads one text in bright views and another one in black views."""

    def __init__(self, straight: Reading, flat: Reading, rectifier: Any) -> None:
        super().__init__("two views", Temperatures(without_grammar=Temperature(2)), rectifier, 7)
        self.straight, self.flat = straight, flat

        self.batches: list[int] = []

    def read_views(self, seen: np.ndarray, count: int, grammar: bool) -> list[list[Reading]]:
        assert seen.shape[1:] == (64, 160, 1)
        assert seen.dtype == np.uint8
        self.batches.append(len(seen))
        return [[self.straight if view.mean() > 100 else self.flat] for view in seen]


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


def test_a_reading_knows_what_else_it_could_be_and_doubts_what_the_others_contradict() -> None:
    straight, flat = (Reading(text, score, (0.9,) * 7) for text, score in (("12나3456", 0.8), ("12가3456", 0.5)))
    reading = TwoViews(flat, straight, Corners()).read([PLATE])[0]
    assert reading.alternatives == (("12가3456", pytest.approx(0.25)),)
    assert reading.char_scores == pytest.approx((0.9, 0.9, 0.75, 0.9, 0.9, 0.9, 0.9))
    longer = Reading("12가34567", 0.3, (0.9,) * 8)
    assert best_of([straight, longer]).char_scores == straight.char_scores, "places of other lengths do not compare"
    decided = Reading("8911ГЗГ", 0.95, (0.99,) * 5 + (0.4, 0.99), 1, "mn")
    assert min(best_of([decided]).char_scores) == 0.95, "the grammar decided about a character"
    assert best_of([]) == Reading()


def test_all_plates_go_through_the_network_together_and_are_rectified_once() -> None:
    corners, unsure = Corners(), Reading("12나3456", 0.8)
    readers = [TwoViews(Reading("12가3456", 0.5), unsure, corners) for _ in range(2)]
    plates = PlateViews([PLATE, PLATE[:3], PLATE // 4 * 3, PLATE])
    for reader in readers:
        found = reader.n_best_of(plates, 1)
        assert [len(readings) for readings in found] == [1, 0, 1, 1]
        assert {reading.text for readings in found for reading in readings} == {"12나3456"}
        assert reader.batches == [3, 3]
    assert corners.asked == 3


def test_without_corners_the_first_look_stands() -> None:
    for rectifier in (None, Corners(found=False)):
        reading = TwoViews(Reading("12가3456", 0.5), Reading("", 0.0), rectifier).read([PLATE])[0]
        assert (reading.text, reading.score) == ("12가3456", pytest.approx(0.5))


def test_a_plate_that_seems_to_have_moved_is_also_read_without_its_motion(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_for = []

    def motion(image: np.ndarray) -> Motion:
        looked_for.append(image.shape)
        return Motion(0.1, 0.0, depth=MOVED if image.mean() > 190 else 0.0)

    monkeypatch.setattr(views, "likeliest_motion", motion)
    monkeypatch.setattr(views, "without_motion", lambda image, motion: image // 8)
    corners = Corners()
    reader = TwoViews(Reading("12가3456", 0.5), Reading("12나3456", 0.8), corners)
    moved, stood = reader.read([PLATE, PLATE // 10 * 9])
    assert (moved.text, moved.score) == ("12나3456", pytest.approx(0.6)), "of two looks, then of the rectified plate"
    assert (stood.text, stood.score) == ("12나3456", pytest.approx(0.4))
    assert looked_for == [PLATE.shape[:2]] * 2
    sure = TwoViews(Reading("12가3456", SURE), Reading("12나3456", 1.0), corners)
    assert sure.read([PLATE])[0].text == "12가3456"
    assert len(looked_for) == 2


def test_tiny_crops_hold_nothing() -> None:
    assert TwoViews(Reading("12가3456", 1.0), Reading(), None).read([PLATE[:3, :3]] * 2) == [Reading()] * 2


def test_each_way_of_reading_has_its_temperature() -> None:
    reader = TwoViews(Reading("12가3456", 0.95), Reading(), None)
    assert reader.read([PLATE])[0].score == pytest.approx(0.95)
    assert reader.read([PLATE], grammar=False)[0].score < 0.9
    (readings,) = reader.read_n_best([PLATE], 1, grammar=False, calibrated=False)
    assert readings[0].score == pytest.approx(0.95)
