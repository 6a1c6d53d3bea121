"""Tracks keep their plates: through gaps, past each other, and through frames of which the detector is not sure."""

import numpy as np
import pytest

from alpr_utils.results import PlateReading
from alpr_utils.video.tracker import Kalman, Tracker


def _plate(y: float, x: float, score: float = 0.9) -> PlateReading:
    return PlateReading((y, x, y + 0.05, x + 0.1), score)


def test_kalman_learns_a_speed() -> None:
    kalman = Kalman((0.1, 0.4, 0.15, 0.5))
    for step in range(1, 8):
        kalman.predict(0.1)
        kalman.correct((0.1 + 0.05 * step, 0.4, 0.15 + 0.05 * step, 0.5))
    assert kalman.mean[1] == pytest.approx([0.5, 0, 0, 0], abs=0.02)
    kalman.predict(0.2)
    assert kalman.box == pytest.approx([0.55, 0.4, 0.6, 0.5], abs=0.02)
    wide = kalman.covariance[0, 0, 0]
    kalman.correct((0.55, 0.4, 0.6, 0.5))
    assert kalman.covariance[0, 0, 0] < wide


def test_fast_plates_keep_their_tracks_past_each_other() -> None:
    tracker = Tracker(sure=0.5)
    numbers = []
    for step in range(12):
        tracker.move_to(0.08 * step)
        down, up = _plate(0.05 + 0.07 * step, 0.3), _plate(0.85 - 0.07 * step, 0.45)
        seen = tracker.look([down, up] if step % 2 else [up, down])
        numbers.append({track.number: track.plate for track in seen})
    ways = {number: [seen[number].box[1] for seen in numbers] for number in numbers[0]}
    assert len(ways) == 2
    assert all(len(set(way)) == 1 for way in ways.values())


def test_unsure_boxes_keep_a_track_and_begin_none() -> None:
    tracker = Tracker(sure=0.5, lost_s=0.3)
    for step in range(10):
        assert tracker.move_to(0.1 * step) == []
        tracker.look([_plate(0.1 + 0.02 * step, 0.3, 0.9 if step < 2 else 0.3), _plate(0.8, 0.8, 0.3)])
    assert [(t.hits, t.first_s, t.last_s, t.alive_s) for t in tracker.tracks] == [(10, 0.0, 0.1, 0.9)]


def test_a_gap_is_bridged_and_a_long_one_ends_the_track() -> None:
    tracker = Tracker(sure=0.5, lost_s=0.5)
    for time_s in (0.0, 0.1, 0.2, 0.6):
        assert tracker.move_to(time_s) == []
        tracker.look([_plate(0.1 + 0.5 * time_s, 0.3)])
    assert [track.hits for track in tracker.tracks] == [4]
    tracker.look([])
    (ended,) = tracker.move_to(1.2)
    assert (ended.first_s, ended.last_s) == (0.0, 0.6)
    assert tracker.tracks == []


def test_boxes_far_from_a_track_begin_another() -> None:
    tracker = Tracker(sure=0.5)
    for step in range(3):
        tracker.move_to(0.1 * step)
        tracker.look([_plate(0.5, 0.5)])
    tracker.move_to(0.3)
    (track,) = tracker.look([_plate(0.1, 0.1)])
    assert (track.number, track.hits) == (2, 1)
    assert np.isfinite(track.kalman.covariance).all()
