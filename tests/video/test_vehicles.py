"""One row a vehicle."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from coloured import TEXTS, ColourDetector, coloured_alpr, road
from conftest import FixedReader

from alpr_utils import ALPR
from alpr_utils.video.frames import Frame
from alpr_utils.video.vehicles import VEHICLE_COLUMNS, VehicleReading, follow


@pytest.fixture
def alpr() -> ALPR:
    return coloured_alpr()


def _frames(count: int, *ways: tuple[int, float, float, int], fps: float = 10) -> Iterator[Frame]:
    """Boxes that drive down: of each way its channel, the time when it is at the top, pixels a second, and left."""
    for number in range(count):
        time_s = number / fps
        boxes = [(channel, round((time_s - start) * speed), left) for channel, start, speed, left in ways]
        yield Frame(number, time_s, road(*boxes))


def _ended(alpr: ALPR, frames: Iterator[Frame], every: int = 1) -> list[VehicleReading]:
    return [vehicle for scene in follow(alpr, frames, every) for vehicle in scene.ended]


def test_two_vehicles_give_two_rows(alpr: ALPR) -> None:
    frames = _frames(40, (0, 0.5, 90.0, 30), (2, 1.0, 120.0, 200))
    first, second = _ended(alpr, frames)
    assert (first.vehicle, second.vehicle) == (1, 2)
    assert (first.plate.text, second.plate.text) == (TEXTS[0], TEXTS[2])
    assert first.first_s == pytest.approx(0.5, abs=0.2)
    assert first.last_s == pytest.approx(2.4, abs=0.2)
    assert dict(zip(VEHICLE_COLUMNS, first.row("a.mp4"), strict=True)) == {
        "video": "a.mp4", "vehicle": 1, "first_s": f"{first.first_s:.2f}", "last_s": f"{first.last_s:.2f}",
        "frames": first.frames, "text": TEXTS[0], "text_score": f"{first.plate.text_score:.4f}", "rows": 1,
        "country": "mn", "best_frame": first.best_frame, "xmin": 30, "xmax": 70,
        "ymin": round((first.best_frame / 10 - 0.5) * 90), "ymax": round((first.best_frame / 10 - 0.5) * 90) + 20,
    }  # fmt: skip
    assert first.crop.shape[0] >= 20


def test_boxes_keep_their_numbers_and_are_shown_between_looks(alpr: ALPR) -> None:
    scenes = list(follow(alpr, _frames(30, (1, 0.2, 60.0, 100)), every=2))
    shown = [scene for scene in scenes if scene.plates]
    assert {tuple(scene.plates) for scene in shown} == {(1,)}
    between = [scene for scene in shown if not scene.looked]
    assert len(between) > 5
    for scene in between[2:]:
        assert scene.plates[1].box[0] * 180 == pytest.approx((scene.frame.time_s - 0.2) * 60, abs=4)


def test_a_vehicle_behind_a_post_is_one(alpr: ALPR) -> None:
    def frames() -> Iterator[Frame]:
        for frame in _frames(60, (0, 0.0, 30.0, 100)):
            if 15 < frame.number < 32:  # longer than a track lives
                frame.image[:] = 90
            yield frame

    scenes = list(follow(alpr, frames()))
    (vehicle,) = [vehicle for scene in scenes for vehicle in scene.ended]
    assert {number for scene in scenes for number in scene.plates} == {1}
    assert (vehicle.plate.text, vehicle.frames > 25) == (TEXTS[0], True)
    assert vehicle.last_s - vehicle.first_s > 5


def test_the_same_text_much_later_is_another_visit(alpr: ALPR) -> None:
    frames = _frames(130, (0, 0.0, 90.0, 100), (0, 10.0, 90.0, 100))
    assert [vehicle.plate.text for vehicle in _ended(alpr, frames)] == [TEXTS[0], TEXTS[0]]


def test_what_cannot_be_read_is_no_vehicle() -> None:
    frames = list(_frames(25, (0, 0.0, 90.0, 100)))
    assert _ended(ALPR(ColourDetector(), FixedReader("")), iter(frames)) == []
    (unread,) = _ended(ALPR(ColourDetector(), None), iter(frames))
    assert unread.plate.text == ""


def test_an_empty_video_and_an_early_end_leave_no_thread(alpr: ALPR) -> None:
    assert list(follow(alpr, iter(()))) == []
    before = threading.active_count()
    scenes = follow(alpr, (Frame(n, n / 10, np.zeros((40, 40, 3), np.uint8)) for n in range(1000)))
    next(scenes)
    scenes.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
