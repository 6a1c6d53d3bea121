import numpy as np

from alpr_utils import boxes

UNIT = np.array([[0, 0, 10, 20]], np.float32)


def test_iou_of_known_pairs():
    others = np.array([[0, 0, 10, 20], [0, 10, 10, 30], [20, 20, 30, 30], [5, 5, 5, 5]], np.float32)
    np.testing.assert_allclose(boxes.iou_matrix(UNIT, others), [[1, 1 / 3, 0, 0]], atol=1e-6)


def test_iou_is_symmetric():
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 50, (20, 2))
    random = np.concatenate([low, low + rng.uniform(1, 40, (20, 2))], axis=1).astype(np.float32)
    iou = boxes.iou_matrix(random, random)
    np.testing.assert_allclose(iou, iou.T, atol=1e-6)
    np.testing.assert_allclose(np.diag(iou), 1, atol=1e-5)


def test_area_of_inverted_box_is_zero():
    assert boxes.area(np.array([[10, 10, 0, 30]], np.float32))[0] == 0


def test_clip_and_enlarge():
    np.testing.assert_allclose(boxes.enlarge(UNIT, 0.1), [[-1, -2, 11, 22]])
    np.testing.assert_allclose(boxes.clip(boxes.enlarge(UNIT, 0.1), 8, 21), [[0, 0, 8, 21]])


def test_suppression_keeps_the_best_of_those_that_overlap() -> None:
    given = np.array([[0, 0, 10, 20], [1, 0, 11, 20], [40, 40, 50, 60], [80, 80, 90, 99]], np.float32)
    scores = np.array([0.6, 0.9, 0.8, 0.1], np.float32)
    assert boxes.non_max_suppression(given, scores, 0.4, 0.3).tolist() == [1, 2]
    assert boxes.non_max_suppression(given, scores, 0.95, 0.3).tolist() == [1, 2, 0]
