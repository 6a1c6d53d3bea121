"""The network of YOLOv3 and its variants."""

import keras
import numpy as np
import pytest

from alpr_utils.errors import AlprError
from alpr_utils.networks.configs import YOLOv3Config
from alpr_utils.networks.yolov3 import BoxDecoder, build_yolov3


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "strides"), [("yolov3", (8, 16, 32)), ("tiny", (16, 32)), ("small", (8, 16, 32))])
def test_one_row_an_anchor_at_any_size(variant: str, strides: tuple[int, ...]):
    network = build_yolov3(YOLOv3Config(variant=variant, classes=4, width=1 / 16))
    for height, width in ((64, 96), (96, 32)):
        rows = 3 * sum((height // stride) * (width // stride) for stride in strides)
        given = keras.ops.convert_to_numpy(network(np.zeros((2, height, width, 3), np.float32)))
        assert given.shape == (2, rows, 9) and given.dtype == np.float32
        assert (given[..., 2:4] > given[..., :2]).all()


@pytest.mark.parametrize(("variant", "file_bytes"), [("yolov3", 248_007_048), ("tiny", 35_434_956)])
def test_published_networks_have_the_size_of_the_published_files(variant: str, file_bytes: int):
    assert build_yolov3(YOLOv3Config.published(variant, 80)).count_params() == (file_bytes - 20) / 4


def test_small_network_is_small():
    assert 1_500_000 < build_yolov3(YOLOv3Config()).count_params() < 3_000_000


def test_decoded_boxes_follow_the_equations():
    anchors = np.array([[10, 30], [20, 20]], np.float32)  # heights and widths
    answers = np.random.default_rng(0).normal(size=(1, 2, 3, 2 * 6)).astype(np.float32)
    given = keras.ops.convert_to_numpy(BoxDecoder(16, anchors)(answers))[0]
    t_x, t_y, t_w, t_h, objectness, kind = answers[0, 1, 2, 6:]  # second shape of the last cell
    y, x = 16 * (1 / (1 + np.exp(-t_y)) + 1), 16 * (1 / (1 + np.exp(-t_x)) + 2)
    half_height, half_width = 10 * np.exp(t_h), 10 * np.exp(t_w)
    box = [y - half_height, x - half_width, y + half_height, x + half_width]
    np.testing.assert_allclose(given[-1], [*box, objectness, kind], rtol=1e-4)


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        (YOLOv3Config(variant="v4"), "v4: no such variant of YOLOv3; choose one of yolov3, tiny, small"),
        (YOLOv3Config(anchors=((10, 10), (20, 20))), "anchors: 2 given"),
        (YOLOv3Config(anchors=((10, 10), (20, 20), (0, 5))), "positive"),
    ],
)
def test_impossible_settings_get_one_sentence(config: YOLOv3Config, complaint: str):
    with pytest.raises(AlprError, match=complaint):
        build_yolov3(config)
