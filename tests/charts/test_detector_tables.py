"""Tables that compare detectors, and the drawing of the three architectures."""

from dataclasses import replace

import pytest
from test_detection_charts import FOUND, figures_of

from alpr_utils.charts.architectures import draw_architectures
from alpr_utils.charts.detectors import CHANGE_COLUMNS, SMALL_COLUMNS, change_rows, lead_rows, small_rows
from alpr_utils.detect.detector import Detection
from alpr_utils.evaluation.detectors import DetectorFigures


@pytest.fixture
def one_of_two() -> DetectorFigures:
    return figures_of([[Detection(FOUND, 0.9)], []], [[FOUND], [FOUND]])


@pytest.fixture
def both() -> DetectorFigures:
    return replace(figures_of([[Detection(FOUND, 0.9)]] * 2, [[FOUND], [FOUND]]), detector="plate_detector_better")


def test_a_change_is_counted(one_of_two: DetectorFigures, both: DetectorFigures) -> None:
    (row,) = change_rows("tiles", [one_of_two], [both])
    assert len(row) == len(CHANGE_COLUMNS)
    assert row[:3] == ("tiles", "listed", f"{one_of_two.ap:.2f}")
    assert row[3].startswith(f"{both.ap - one_of_two.ap:+.2f}") and row[4:] == ("1 to 2 of 2", "0 to 0")


def test_the_best_leads(one_of_two: DetectorFigures, both: DetectorFigures) -> None:
    (row,) = lead_rows({"scenes": [one_of_two, both]})
    assert row[:2] == ("scenes", "2") and row[3] == f"best: {both.ap:.2f}"
    assert row[2].startswith(f"{both.ap - one_of_two.ap:+.2f} (")


def test_small_plates_are_counted_by_themselves(one_of_two: DetectorFigures, both: DetectorFigures) -> None:
    width = one_of_two.widths[0]
    first, second = small_rows({"scenes": [one_of_two, both]}, small=width + 1)
    assert len(first) == len(SMALL_COLUMNS)
    assert first[0] == "listed" and first[1].endswith("of 2") and first[3:] == ("0", "0", "0")
    assert second[1].startswith("100.0%") and second[3:] == ("1", "0", "0")
    (wide, _) = small_rows({"scenes": [one_of_two, both]}, small=width - 1)
    assert wide[1] == "- of 0" and wide[2].startswith("50.0%")


def test_only_faster_rcnn_looks_twice() -> None:
    ssd, faster_rcnn, yolov3 = ([text.get_text() for text in axes.texts] for axes in draw_architectures().axes)
    assert any(words.startswith("RoI align") for words in faster_rcnn)
    assert not any(words.startswith("RoI align") for words in ssd + yolov3)
    assert all("NMS" in words for words in (ssd, faster_rcnn, yolov3))
