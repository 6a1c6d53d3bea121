"""Large plates: the same plates at every width, and what a detector finds of them."""

import keras
import numpy as np
import pytest

from alpr_utils.charts.detectors import draw_found
from alpr_utils.data.labels import LabelledImage, LabelledPlate
from alpr_utils.detect.detector import Detection
from alpr_utils.detect.exported import ExportedDetector
from alpr_utils.evaluation.large_plates import SHARES, cut_large_plates, found_by_share, without_low_res_pass

WHITE = 250


def scene_with(*plates: tuple[int, int, int, int]) -> LabelledImage:
    """A grey scene with white plates, each top, left, bottom, right in pixels."""
    image = np.full((720, 1280, 3), 90, np.uint8)
    for top, left, bottom, right in plates:
        image[top:bottom, left:right] = WHITE
    return LabelledImage("scene", image, tuple(LabelledPlate(box) for box in plates))


class SmallPlateDetector:
    """Finds what is white, and only a piece of it where it fills more than ``most`` of the width."""

    name, threshold = "plate_detector_ssd", 0.5

    def __init__(self, most: float):
        self._most = most

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        rows, columns = np.nonzero(image[..., 0] == WHITE)
        (top, bottom), (left, right) = ((side.min(), side.max() + 1) for side in (rows, columns))
        if right - left > self._most * image.shape[1]:
            right = left + (right - left) // 3
        height, width = image.shape[:2]
        return [Detection((top / height, left / width, bottom / height, right / width), 0.9)]


def test_a_plate_fills_its_share_and_lies_where_the_box_says() -> None:
    found = cut_large_plates([scene_with((300, 600, 330, 700), (600, 10, 680, 110))])
    assert list(found) == list(SHARES) and {len(pictures) for pictures in found.values()} == {2}
    for share, pictures in found.items():
        for picture in pictures:
            (box,) = picture.boxes_px
            assert (box[3] - box[1]) / picture.image.shape[1] == pytest.approx(share, abs=0.01)
            ymin, xmin, ymax, xmax = np.round(box).astype(int)
            assert (picture.image[ymin:ymax, xmin:xmax] == WHITE).all() and (picture.image == WHITE).mean() < 1
            assert (picture.image == WHITE).sum() == 3 * (ymax - ymin) * (xmax - xmin)


@pytest.mark.parametrize(
    "plate",
    [
        pytest.param((300, 600, 310, 640), id="narrow"),
        pytest.param((300, 600, 400, 850), id="its window is larger than the scene"),
        pytest.param((300, 600, 400, 700), id="too high to fill most of the width"),
    ],
)
def test_plates_that_do_not_suit_are_in_no_close_up(plate: tuple[int, int, int, int]) -> None:
    assert not any(cut_large_plates([scene_with(plate)]).values())
    assert found_by_share(SmallPlateDetector(1), cut_large_plates([scene_with(plate)])) == {}


def test_the_share_found_falls_where_the_detector_sees_pieces() -> None:
    pictures = cut_large_plates([scene_with((300, 600, 330, 700)), scene_with((200, 300, 240, 440))])
    one, two = found_by_share(SmallPlateDetector(0.5), pictures), found_by_share(SmallPlateDetector(1), pictures)
    assert one == {0.2: 1, 0.4: 1, 0.6: 0, 0.8: 0} and two == dict.fromkeys(SHARES, 1)
    (axes,) = draw_found({"plate_detector_ssd": {"full look": one, "both looks": two}}).axes
    assert [list(line.get_ydata()) for line in axes.lines] == [[100, 100, 0, 0], [100] * 4]
    assert [line.get_linestyle() for line in axes.lines] == ["--", "-"] and axes.get_title() == "ssd"


class WholePicture:
    """An architecture, and its network, that takes the whole of every picture for a plate and counts the pictures."""

    stride = 32

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, picture: keras.KerasTensor, training: bool) -> keras.KerasTensor:
        self.seen += 1
        return keras.ops.ones((1, 1, 1))

    def box_outputs(self, predictions: keras.KerasTensor) -> list[keras.KerasTensor]:
        return [predictions]

    def scores(self, outputs: list, xp: object) -> keras.KerasTensor:
        return outputs[0]

    def boxes(self, outputs: list, numbers: object, height: object, width: object, xp: object) -> keras.KerasTensor:
        sides = [keras.ops.cast(side, "float32") for side in (0, 0, height, width)]
        return keras.ops.stack(sides)[None]


def test_without_the_low_res_pass_a_picture_is_seen_once() -> None:
    facts = {"input_long_sides": [96, 128], "low_res_side": 48, "threshold": 0.5}
    exported = ExportedDetector("plate_detector_ssd", None, {1: "plate"}, facts)  # type: ignore[arg-type]
    architecture = WholePicture()
    single = without_low_res_pass(exported, architecture, architecture)  # type: ignore[arg-type]
    (found,) = single.detect(np.zeros((96, 128, 3), np.uint8))
    assert found.box == pytest.approx((0, 0, 1, 1), abs=1e-4) and single.threshold == 0.5
    assert architecture.seen == 1
