"""Light correction on pictures whose true light is known."""

import tracemalloc

import cv2
import numpy as np
import pytest

from alpr_utils.enhance import balance_colours, enhance, equalise_contrast, estimate_background, remove_shadows

STEPS = (remove_shadows, equalise_contrast, balance_colours, enhance)


def _written_page(height: int = 120, width: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """A white page with dark strokes, its right half in shade: uint8 (H, W, 3) and the ink mask."""
    ink = np.zeros((height, width), bool)
    for x in range(15, width - 10, 20):
        ink[20 : height - 20, x : x + 5] = True
    light = np.where(np.arange(width) < width // 2, 1.0, 0.35)[None, :]
    page = np.where(ink, 40, 220) * cv2.blur(np.repeat(light, height, 0), (15, 1))
    return np.repeat(page[..., None], 3, 2).astype(np.uint8), ink


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 3, 3), (2, 300, 3), (64, 48, 3)])
def test_shape_and_type_stay_and_the_input_is_not_touched(step, shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    before = image.copy()
    result = step(image)
    assert result.shape == shape and result.dtype == np.uint8
    assert np.array_equal(image, before) and not np.shares_memory(result, image)


@pytest.mark.parametrize("step", [remove_shadows, equalise_contrast, balance_colours])
def test_grey_pictures_work(step):
    grey = np.random.default_rng(0).integers(0, 256, (40, 50), np.uint8)
    assert step(grey).shape == (40, 50)


@pytest.mark.parametrize("step", STEPS)
def test_a_blank_picture_stays_blank(step):
    assert np.ptp(step(np.full((30, 40, 3), 77, np.uint8))) == 0


def test_background_has_no_strokes():
    page, ink = _written_page()
    background = estimate_background(page[..., 0], 9, 27)
    assert background[ink][::7].min() > 2 * page[..., 0][ink].min()


def test_shadow_removal_makes_one_threshold_enough():
    page, ink = _written_page()
    with_shadow = cv2.threshold(page[..., 0], 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1] > 0
    flat = remove_shadows(page, 9, 27)[..., 0]
    without = cv2.threshold(flat, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1] > 0
    assert (with_shadow != ink).mean() > 0.2
    assert (without != ink).mean() < 0.03


def test_shadow_removal_takes_coloured_light_away():
    page, ink = _written_page()
    tinted = (page * np.array([1.0, 0.8, 0.5])).astype(np.uint8)
    ground = remove_shadows(tinted, 9, 27)[~ink].reshape(-1, 3)
    assert np.ptp(np.median(ground, axis=0)) <= 3


def test_grey_world_equalises_the_means():
    image = (np.random.default_rng(1).integers(60, 160, (50, 60, 3)) * np.array([1.3, 1.0, 0.6])).astype(np.uint8)
    assert np.ptp(image.reshape(-1, 3).mean(0)) > 50
    assert np.ptp(balance_colours(image).reshape(-1, 3).mean(0)) < 2


def test_clahe_raises_contrast_and_keeps_colour():
    ramp = np.linspace(110, 140, 160).astype(np.uint8)[None].repeat(80, 0)
    image = np.dstack([ramp, ramp, ramp])
    result = equalise_contrast(image)
    assert result.std() > 1.3 * image.std()
    assert np.abs(result.astype(int) - result[..., :1]).max() <= 3


def test_every_step_of_enhance_can_be_switched():
    page, _ = _written_page()
    tinted = (page * np.array([1.0, 0.8, 0.5])).astype(np.uint8)
    assert np.array_equal(enhance(tinted, colours=False, contrast=False), tinted)
    assert np.array_equal(enhance(tinted, contrast=False), balance_colours(tinted))
    assert np.array_equal(enhance(tinted, colours=False), equalise_contrast(tinted))
    assert np.array_equal(enhance(tinted, colours=False, contrast=False, shadows=True), remove_shadows(tinted))


def test_colours_of_large_pictures_take_little_memory() -> None:
    image = np.random.default_rng(0).integers(0, 200, (900, 800, 3), np.uint8)
    means = image.reshape(-1, 3).mean(axis=0)
    wanted = np.clip(np.rint(image * (means.mean() / means)), 0, 255).astype(np.uint8)
    tracemalloc.start()
    balanced = balance_colours(image)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(balanced, wanted)
    assert peak < 3 * image.nbytes
