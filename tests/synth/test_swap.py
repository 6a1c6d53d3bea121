"""Plate swapping: the new plate lies in its box and nothing else of the photo changes."""

import numpy as np
import pytest

from alpr_utils.errors import AlprError
from alpr_utils.synth.scene.swap import swap_plate


def street(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(40, 60, (300, 480, 3), np.uint8)


def test_swapped_box_holds_the_change() -> None:
    for seed in range(12):
        photo = street(seed)
        old = np.array([140, 180, 168, 310] if seed % 2 else [130, 200, 180, 270], np.float32)
        photo[int(old[0]) : int(old[2]), int(old[1]) : int(old[3])] = 220
        swapped, box, _ = swap_plate(photo, old, np.random.default_rng(seed), "mn")
        assert swapped.shape == photo.shape and swapped.dtype == np.uint8
        changed = np.abs(swapped.astype(int) - photo).max(axis=-1) > 60
        margin = 6
        low = np.minimum(box[:2], old[:2]) - margin
        high = np.maximum(box[2:], old[2:]) + margin
        y, x = np.nonzero(changed)
        assert (y >= low[0]).all() and (x >= low[1]).all() and (y <= high[0]).all() and (x <= high[1]).all()
        centre = swapped[int(box[0]) : int(box[2]), int(box[1]) : int(box[3])]
        assert centre.std() > 15, "a plate has contrast"


def test_plates_at_the_edge_stay_inside() -> None:
    photo = street(0)
    for old in ([0, 0, 20, 90], [280, 400, 300, 480]):
        swapped, box, _ = swap_plate(photo, np.array(old, np.float32), np.random.default_rng(1), "mn")
        assert swapped.shape == photo.shape
        assert (box >= 0).all() and box[2] <= 300 and box[3] <= 480 and (box[2:] > box[:2]).all()


def test_same_seed_same_picture() -> None:
    photo, box = street(3), np.array([140, 180, 168, 310], np.float32)
    first = swap_plate(photo, box, np.random.default_rng(7), "mn")
    second = swap_plate(photo, box, np.random.default_rng(7), "mn")
    assert np.array_equal(first[0], second[0]) and np.array_equal(first[1], second[1])


def test_new_plate_has_the_shape_of_its_layout() -> None:
    photo, old = street(4), np.array([140, 180, 168, 310], np.float32)
    boxes = [swap_plate(photo, old, np.random.default_rng(seed), country="kr")[1] for seed in range(24)]
    aspects = [(box[3] - box[1]) / (box[2] - box[0]) for box in boxes]
    assert min(aspects) < 2.3 < 3.3 < max(aspects), "short and long Korean plates"


def test_countries_give_different_plates() -> None:
    photo, old = street(5), np.array([140, 180, 168, 310], np.float32)
    mongolian, korean = (swap_plate(photo, old, np.random.default_rng(2), country=c)[0] for c in ("mn", "kr"))
    assert not np.array_equal(mongolian, korean)
    with pytest.raises(AlprError, match="mn, kr"):
        swap_plate(photo, old, np.random.default_rng(2), country="xx")
