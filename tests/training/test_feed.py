"""Batches that other processes prepare are the same batches, and no process outlives the training."""

from pathlib import Path

import numpy as np
import pytest

from alpr_utils.training.feed import Feed
from alpr_utils.training.plate_batches import CropBatches
from alpr_utils.training.plate_crops import PlateCrops


def batches() -> CropBatches:
    images = np.random.default_rng(1).integers(0, 255, (6, 80, 192), np.uint8)
    corners, boxes = np.zeros((6, 4, 2), np.float32), np.zeros((6, 9, 4), np.float32)
    plates = PlateCrops(images, (("1", "2"),) * 6, corners, boxes, np.full(6, 4.0, np.float32))
    return CropBatches([plates], [1.0], ("1", "2"), batch=4, batches=2, seed=3)


@pytest.mark.slow
def test_processes_prepare_the_same_batches(tmp_path: Path) -> None:
    seen = []
    for workers in (1, 2):
        source = batches()
        source.epoch = 5  # as a resumed training begins
        with Feed(source, workers, tmp_path) as feed:
            epochs = []
            for _ in range(2):
                epochs += [feed[index] for index in range(len(feed))]
                feed.on_epoch_end()
        seen.append(epochs)
    for alone, prepared in zip(*seen, strict=True):
        for a, b in zip(alone, prepared, strict=True):
            np.testing.assert_array_equal(a, b)
    assert not np.array_equal(seen[0][0][0], seen[0][2][0])
    assert not list(tmp_path.iterdir())
