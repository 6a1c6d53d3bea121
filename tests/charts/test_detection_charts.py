"""Figures and charts of detectors: what they count, and that charts show what they are given."""

from pathlib import Path

import numpy as np
import pytest
from conftest import BrightBoxDetector

from alpr_utils.boxes import to_pixels
from alpr_utils.charts.detectors import (
    detectors_table,
    draw_anchor_shapes,
    draw_losses,
    draw_precision_recall,
    draw_widths_found,
    failures,
)
from alpr_utils.charts.draw import PLATE_COLOUR, channel_pictures, heat, outline
from alpr_utils.data.labels import LabelledImage, LabelledPlate
from alpr_utils.detect.detector import Detection
from alpr_utils.errors import AlprError
from alpr_utils.evaluation.average_precision import average_precision
from alpr_utils.evaluation.detectors import (
    DetectorFigures,
    fresh_scenes,
    interpolated_precision,
    interval_of,
    measure_detector,
    plates_of_detections,
    precision_recall,
    resampled_ap,
)

FOUND, ELSEWHERE = (40 / 120, 30 / 160, 54 / 120, 100 / 160), (0.7, 0.1, 0.8, 0.2)


class ListedDetector:
    """Gives for each picture in turn what it was told."""

    name, threshold = "plate_detector_listed", 0.5

    def __init__(self, answers: list[list[Detection]]):
        self._answers = iter(answers)

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        return next(self._answers)


def picture_of(boxes: list[tuple], name: str = "one", image: np.ndarray | None = None) -> LabelledImage:
    """A picture of 120 x 160 pixels with plates in normalised boxes."""
    plates = tuple(LabelledPlate(tuple(box)) for box in to_pixels(boxes, 120, 160).tolist())
    return LabelledImage(name, np.zeros((120, 160, 3), np.uint8) if image is None else image, plates)


def figures_of(answers: list[list[Detection]], truths: list[list[tuple]]) -> DetectorFigures:
    pictures = [picture_of(boxes, str(number)) for number, boxes in enumerate(truths)]
    return measure_detector(ListedDetector(answers), pictures)


@pytest.fixture
def found_and_missed() -> DetectorFigures:
    """One wide plate found, one narrow plate missed, one sure false box, one that is below the threshold."""
    answers = [[Detection(FOUND, 0.9), Detection((0.0, 0.0, 0.1, 0.1), 0.2)], [Detection((0.0, 0.0, 0.1, 0.1), 0.8)]]
    return figures_of(answers, [[FOUND], [ELSEWHERE]])


def test_a_plate_is_found_once() -> None:
    near = tuple(side + 0.005 for side in FOUND)
    assert plates_of_detections([Detection(near, 0.9), Detection(FOUND, 0.8)], picture_of([ELSEWHERE, FOUND])) == [
        1,
        -1,
    ]
    assert plates_of_detections([Detection(FOUND, 0.9)], picture_of([])) == [-1]


def test_measure_runs_the_detector_on_what_enhancement_gives(plate_picture: np.ndarray) -> None:
    picture = picture_of([(40 / 120, 30 / 160, 54 / 120, 100 / 160)], image=plate_picture)
    right = picture_of([(30 / 120, 40 / 160, 54 / 120, 100 / 160)], image=plate_picture)
    assert measure_detector(BrightBoxDetector(), [right]).ap == pytest.approx(1)
    assert measure_detector(BrightBoxDetector(), [picture]).ap75 == 0
    dark = measure_detector(BrightBoxDetector(), [right], lambda image: image // 2)
    assert (dark.ap, dark.recall, dark.false_boxes) == (0, 0, 0)
    with pytest.raises(AlprError, match="no plate"):
        measure_detector(BrightBoxDetector(), [picture_of([], image=plate_picture)])


def test_figures_at_the_threshold(found_and_missed: DetectorFigures) -> None:
    assert found_and_missed.recall == 0.5 and found_and_missed.false_boxes == 1
    assert found_and_missed.widths == pytest.approx((70, 16))
    row = detectors_table([found_and_missed]).splitlines()[-1]
    assert row.startswith("| listed | 2 | 2 | 0.50 (few pictures)") and "| 50.0% (9-91) | 1 |" in row


def test_curve_has_the_area_that_coco_computes() -> None:
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, 0.7, (40, 2))
    truths = [[(float(y), float(x), float(y) + 0.1, float(x) + 0.3)] for y, x in corners]
    answers = []
    for ((ymin, xmin, ymax, xmax),) in truths:
        moved = np.array([ymin, xmin, ymax, xmax]) + rng.uniform(-0.06, 0.06, (3, 1))
        answers.append(
            sorted((Detection(tuple(box), float(rng.random())) for box in moved), key=lambda one: -one.score)
        )
    found = figures_of(answers, truths)
    area = interpolated_precision(*precision_recall(found.ranking, len(found.widths)))
    assert 0.2 < area < 0.95
    assert area == pytest.approx(
        average_precision([to_pixels(boxes, 120, 160) for boxes in truths], answers, [(120, 160)] * 40)[1], abs=1e-4
    )
    draws = resampled_ap(found)
    low, high = map(float, interval_of(draws, 40).split("-"))
    assert 0 < low < found.ap < high and interval_of(np.zeros(4), 40, "+.2f") == "+0.00 to +0.00"
    assert draws.mean() == pytest.approx(found.ap, abs=0.03)


def test_widths_show_what_was_found(found_and_missed: DetectorFigures) -> None:
    bars = draw_widths_found({"test": [found_and_missed]}).axes[0]
    assert [bar.get_height() for bar in bars.patches] == [0, 100]
    assert [label.get_text() for label in bars.get_xticklabels()] == ["0-29\n(1)", "60-89\n(1)"]


def test_the_dot_stands_at_the_threshold(found_and_missed: DetectorFigures) -> None:
    curve, dot = draw_precision_recall({"test": [found_and_missed]}).axes[0].lines
    assert list(curve.get_ydata()) == pytest.approx([1, 1 / 2, 1 / 3])
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (0.5, 0.5)


def test_failures_are_the_missed_and_the_false(found_and_missed: DetectorFigures) -> None:
    pictures = [LabelledImage(name, np.zeros((120, 160, 3), np.uint8), ()) for name in "01"]
    shown = failures(found_and_missed, pictures)
    assert [title for title, _ in shown] == ["missed: 16 px", "false: 80%"]
    assert all(image.any() for _, image in shown), "the box is drawn"


def test_losses_leave_epochs_without_validation_out(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("epoch,head_loss,loss,val_loss\n0,1.0,3.0,NA\n1,0.5,2.0,2.5\n")
    (axes,) = draw_losses({"plate_detector_ssd": log}).axes
    total, validation, head = axes.lines
    assert list(total.get_ydata()) == [3, 2] and list(head.get_ydata()) == [1, 0.5]
    assert list(validation.get_xdata()) == [2] and validation.get_linestyle() == ":"
    assert axes.get_title() == "ssd: validation dotted"


def test_a_loss_of_one_part_is_drawn_once(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("epoch,loss,ssd_loss,val_loss,val_ssd_loss\n0,3.0,3.0,NA,NA\n1,2.0,2.0,NA,NA\n")
    (axes,) = draw_losses({"plate_detector_ssd": log}).axes
    assert [line.get_label() for line in axes.lines] == ["loss"]
    assert axes.get_title() == "ssd: no validation logged"


def test_pictures_of_boxes_scores_and_channels() -> None:
    image = np.full((64, 96, 3), 100, np.uint8)
    drawn = outline(image, [(np.array([[16, 8, 33, 41]]), PLATE_COLOUR)])
    assert (drawn[16, 20] == PLATE_COLOUR).all() and (drawn[24, 20] == 100).all() and (image == 100).all()
    scores = np.zeros((4, 6))
    scores[1, 2] = 1
    shown = heat(image, scores, 16)
    assert shown.shape == image.shape and shown[24, 40].sum() > 1.5 * shown[8, 8].sum()
    features = np.zeros((4, 6, 3))
    features[0, 0, 2] = 5
    (picture,) = channel_pictures(features, 1, 40)
    assert picture.shape == (40, 60) and picture[0, 0] == 255 and picture[39, 59] == 0


def test_fresh_scenes_are_the_same_again() -> None:
    (scene,) = fresh_scenes(1, 5, ("street",), ("kr",))
    (again,) = fresh_scenes(1, 5, ("street",), ("kr",))
    assert scene.name == "street 0" and (scene.image == again.image).all() and scene.plates == again.plates
    height, width = scene.image.shape[:2]
    boxes = scene.boxes_px / (height, width, height, width)
    assert len(boxes) and (boxes >= 0).all() and (boxes <= 1).all()


def test_anchor_shapes_that_fit() -> None:
    shapes = np.array([[10.0, 40.0], [20.0, 40.0]])
    (axes,) = draw_anchor_shapes(shapes, {"ssd": shapes}).axes
    assert axes.get_title() == "ssd: mean IoU 1.00"
