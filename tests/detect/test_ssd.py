"""The SSD as an architecture: its targets."""

import numpy as np

from alpr_utils.detect.ssd import SSD


def test_the_encoder_numbers_classes_from_one():
    encode = SSD().encoder(64, 96)
    boxes = np.array([[10, 10, 25, 40], [30, 50, 50, 90]], np.float32)
    targets = encode(boxes, np.array([0, 2]))
    assert set(targets[:, 4]) <= {-1.0, 0.0, 1.0, 3.0}
    np.testing.assert_array_equal(np.unique(targets[targets[:, 4] == 1, :4], axis=0), boxes[:1])
    np.testing.assert_array_equal(np.unique(targets[targets[:, 4] == 3, :4], axis=0), boxes[1:])
    assert not encode(boxes[:0], np.array([], int)).any()
