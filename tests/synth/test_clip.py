"""Generated clips: vehicles that drive, and the truth about them."""

import numpy as np
import pytest

from alpr_utils.errors import AlprError
from alpr_utils.synth.scene.clip import CLIP_KINDS, clip_frames


def _clip(kind: str, fps: float = 5, seed: int = 3) -> list:
    return list(clip_frames(np.random.default_rng(seed), "mn", kind, fps, 320))


@pytest.mark.parametrize("kind", CLIP_KINDS)
def test_every_vehicle_is_seen_and_drives_through(kind: str) -> None:
    frames = _clip(kind)
    assert {frame.image.shape for frame in frames} == {(180, 320, 3)}
    assert [frame.time_s for frame in frames] == pytest.approx([number / 5 for number in range(len(frames))])
    numbers = sorted({number for frame in frames for number in frame.plates})
    assert numbers == list(range(1, {"passing": 3, "stopping": 1}.get(kind, 2) + 1))
    for number in numbers:
        seen = [frame.plates[number] for frame in frames if number in frame.plates]
        assert len({plate.text for plate in seen}) == 1
        middles = [float(plate.box[0] + plate.box[2]) / 2 for plate in seen]
        assert abs(middles[-1] - middles[0]) > 40
    assert not frames[-1].plates


def test_boxes_lie_on_the_plates() -> None:
    frame = next(frame for frame in _clip("passing") if frame.plates)
    top, left, bottom, right = frame.plates[min(frame.plates)].box.round().astype(int)
    plate = frame.image[top:bottom, left:right].astype(int)
    assert plate.std() > 20 and plate.max() > 100


def test_a_stopped_vehicle_stands_still() -> None:
    boxes = [tuple(plate.box.round(1)) for frame in _clip("stopping") for plate in frame.plates.values()]
    assert max(boxes.count(box) for box in boxes) >= 6


def test_the_same_seed_gives_the_same_clip() -> None:
    assert np.array_equal(_clip("two", 2)[1].image, _clip("two", 2)[1].image)
    assert not np.array_equal(_clip("two", 2)[1].image, _clip("two", 2, 4)[1].image)


def test_unknown_kinds_are_named() -> None:
    with pytest.raises(AlprError, match="no kind of clip 'flying'; choose one of passing"):
        _clip("flying")


def test_pictures_of_odd_sides_lose_a_row_and_a_column() -> None:
    frame = next(clip_frames(np.random.default_rng(0), "mn", "two", 5, 401))
    assert frame.image.shape == (224, 400, 3)
