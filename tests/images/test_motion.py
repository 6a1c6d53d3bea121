"""Motion is found in the picture alone, and taken from it again."""

import cv2
import numpy as np
import pytest

from alpr_utils.evaluation.crops import fresh_crops
from alpr_utils.images.motion import Motion, likeliest_motion, line_kernel, without_motion
from alpr_utils.read.preprocess import grey
from alpr_utils.read.views import MOVED

ANGLES = [0.0, 0.7, np.pi / 2, 2.5]


@pytest.fixture(scope="module")
def plates() -> list[np.ndarray]:
    """Eight plates of our own that stood still, uint8 (H, W)."""
    return [grey(crop.image) for crop in fresh_crops(8, 20_261, preset="phone") if crop.image.shape[1] >= 120]


def moved(image: np.ndarray, motion: Motion) -> np.ndarray:
    kernel = line_kernel(motion.length * image.shape[1], motion.angle)
    return cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE)


@pytest.mark.parametrize("angle", ANGLES)
def test_a_line_has_its_length_and_moves_nothing(angle: float) -> None:
    kernel = line_kernel(12, angle)
    places = np.arange(len(kernel)) - len(kernel) // 2
    x, y = (kernel * places).sum(), (kernel * places[:, None]).sum()
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    assert (x, y) == (pytest.approx(0, abs=1e-3), pytest.approx(0, abs=1e-3))
    along = (kernel * (places * np.cos(angle) + places[:, None] * np.sin(angle)) ** 2).sum()
    assert along == pytest.approx(12**2 / 12, rel=0.05), "the variance of a line of twelve pixels"


def test_motion_is_found(plates: list[np.ndarray]) -> None:
    right = []
    for plate in plates:
        for angle in ANGLES:
            found = likeliest_motion(moved(plate, Motion(1 / 11, angle)))
            turned = abs((found.angle - angle + np.pi / 2) % np.pi - np.pi / 2)
            right.append(found.depth > MOVED and turned < 0.15 and abs(np.log(found.length * 11)) < 0.2)
    assert len(plates) >= 4
    assert np.mean(right) > 0.8


def test_dips_are_deeper_where_something_moved(plates: list[np.ndarray]) -> None:
    deeper = [
        likeliest_motion(moved(plate, Motion(1 / 11, angle))).depth - likeliest_motion(plate).depth
        for plate in plates
        for angle in ANGLES
    ]
    assert np.mean(np.array(deeper) > 0) > 0.9


def test_the_motion_is_taken_away(plates: list[np.ndarray]) -> None:
    for plate in plates:
        motion = Motion(1 / 11, 0.4)
        blurred = moved(plate, motion)
        inner = np.s_[plate.shape[0] // 5 : -plate.shape[0] // 5, plate.shape[1] // 8 : -plate.shape[1] // 8]
        before, after = (
            np.abs(image.astype(float) - plate)[inner].mean() for image in (blurred, without_motion(blurred, motion))
        )
        assert after < 0.7 * before


def test_small_and_empty_pictures_have_not_moved() -> None:
    assert likeliest_motion(np.zeros((12, 36), np.uint8)).depth == 0, "no line is long enough"
    assert likeliest_motion(np.full((50, 150), 90, np.uint8)).depth < MOVED
    assert without_motion(np.full((50, 150), 90, np.uint8), Motion(0.1, 1.0)).tolist() == [[90] * 150] * 50
