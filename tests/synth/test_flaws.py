"""Flaws of cameras: as strong as they are asked for."""

import numpy as np
import pytest

from alpr_utils.synth.photo.camera import through_jpeg
from alpr_utils.synth.photo.flaws import darkened, moved, shrunk


def test_level_motion_leaves_level_edges() -> None:
    crop = np.repeat(np.arange(44, dtype=np.uint8)[:, None, None] * 5, 200, 1).repeat(3, 2)
    assert np.abs(moved(crop, 16, 0.0).astype(int) - crop).max() <= 1


def test_the_dark_is_darker_and_noisy() -> None:
    white = np.full((100, 100), 255, np.uint8)
    seen = darkened(white, np.random.default_rng(0)) / 255
    assert seen.mean() == pytest.approx((3 / 8) ** (1 / 2.2), abs=0.01)
    assert (seen**2.2).std() / (seen**2.2).mean() == pytest.approx((900 / 8) ** -0.5, rel=0.1), "shot noise"


def test_jpeg_keeps_colours_in_their_order() -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 200
    assert through_jpeg(red, 12)[..., 0].mean() > 150
    assert through_jpeg(red[..., 0], 12).shape == (32, 32)


def test_shrinking_averages_and_never_enlarges() -> None:
    stripes = np.zeros((40, 120, 3), np.uint8)
    stripes[:, ::2] = 200
    assert shrunk(stripes, 0.5).shape == (20, 60, 3) and (shrunk(stripes, 0.5) == 100).all()
    assert shrunk(stripes, 1.0).shape == shrunk(stripes, 4.0).shape == (40, 120, 3)
