"""Windows of photos as samples: boxes move along; some show the whole photo at low resolution."""

import numpy as np
import pytest

from alpr_utils.training.photo_augment import PhotoAugmentation
from alpr_utils.training.photos import CachedPhoto, sample_window


def test_sampled_boxes_follow_their_plates():
    image = np.zeros((400, 600, 3), np.uint8)
    image[200:230, 300:400] = 255
    photo = CachedPhoto(image, np.array([[200, 300, 230, 400]], np.float32), np.array([2]))
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(30):
        sample, boxes, classes = sample_window(photo, (128, 192), PhotoAugmentation(long_side=300), rng)
        assert sample.shape == (128, 192, 3)
        assert list(classes) == [2] * len(boxes)
        for ymin, xmin, ymax, xmax in np.round(boxes).astype(int):
            white = (sample > 127)[..., 0]
            assert white[ymin + 2 : ymax - 2, xmin + 2 : xmax - 2].mean() > 0.95
            assert white.sum() <= 1.3 * (ymax - ymin + 2) * (xmax - xmin + 2)
            seen += 1
    assert seen > 15


def test_low_resolution_samples_show_the_whole_photo():
    image = np.full((400, 600, 3), 255, np.uint8)
    photo = CachedPhoto(image, np.array([[150, 200, 250, 500]], np.float32), np.array([0]))
    rules = PhotoAugmentation(long_side=600, zoom=(1.0, 1.0), stretch=1.0, low_res=1.0, low_res_side=120)
    samples = [sample_window(photo, (128, 192), rules, np.random.default_rng(seed)) for seed in range(10)]
    areas = [int((sample == 255).all(axis=-1).sum()) for sample, _, _ in samples]
    assert max(areas) == pytest.approx(80 * 120, rel=0.05)
    assert min(areas) > 0.6 * 80 * 120  # a tenth of the sample may lie between the photo's edge and its own
    sizes = np.concatenate([boxes[:, 2:] - boxes[:, :2] for _, boxes, _ in samples])
    np.testing.assert_allclose(np.median(sizes, axis=0), [20, 60], atol=1)
