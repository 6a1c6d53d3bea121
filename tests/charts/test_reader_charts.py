"""Charts show what they are given."""

import numpy as np
import pytest
from conftest import FixedReader
from matplotlib.figure import Figure

from alpr_utils.charts.readers import (
    draw_bands,
    draw_calibration,
    draw_confusions,
    draw_rectified,
    draw_steps,
)
from alpr_utils.evaluation.crop_conditions import conditions_of
from alpr_utils.evaluation.crops import CropEvaluation, PlateCrop, evaluate_crops
from alpr_utils.evaluation.readers import Confusion


@pytest.fixture
def evaluations() -> list[CropEvaluation]:
    image = np.zeros((20, 60, 3), np.uint8)
    image[:, ::4] = 200
    texts = ("1537УНЛ", "1537УНА", "8537УНЛ", "1537УНЛ")
    crops = [PlateCrop(str(n), text, "mn", 1, image, conditions_of(image, None)) for n, text in enumerate(texts)]
    return [evaluate_crops(crops, FixedReader(free_text="1537"), condition=f"w{width}") for width in (50, 30)]


def drawn(figure: Figure) -> None:
    figure.canvas.draw()


def test_confusions_leave_right_readings_out(evaluations: list[CropEvaluation]) -> None:
    figure = draw_confusions({"a": evaluations[0].confusions, "b": (Confusion("가", "거", 3), Confusion("1", "1", 9))})
    drawn(figure)
    left, right = figure.axes
    labels = [label.get_text() for label in left.get_yticklabels()]
    assert set(labels) == {"1", "8", "А", "Л", "가", "거"}
    matrix = np.asarray(right.images[0].get_array())
    assert matrix.sum() == 3 and matrix[labels.index("가"), labels.index("거")] == 3
    drawn(draw_confusions({"no mistakes": (Confusion("1", "1", 9),)}))


def test_calibration_bars_stand_at_their_scores(evaluations: list[CropEvaluation]) -> None:
    figure = draw_calibration({"fixed": evaluations[0].calibration})
    drawn(figure)
    (bar,) = figure.axes[0].patches
    assert (bar.get_x(), bar.get_height()) == (pytest.approx(0.8), 0.5)
    assert "30.0%" in figure.axes[0].get_title()


def test_bands_show_what_is_probable() -> None:
    probabilities = np.zeros((80, 4))
    probabilities[:, 0] = 1
    probabilities[5, 2] = probabilities[60, 3] = 0.9
    figure = draw_bands(np.zeros((64, 160, 1), np.uint8), probabilities, ("-", "1", "2", "서울"))
    drawn(figure)
    upper, lower = figure.axes[2:]
    assert [label.get_text() for label in upper.get_yticklabels()] == ["2", "서울"]
    assert np.asarray(upper.images[0].get_array())[0, 5] == np.asarray(lower.images[0].get_array())[1, 20] == 0.9


def test_steps_and_corners_are_drawn() -> None:
    probabilities = np.zeros((80, 3))
    probabilities[5, 2] = 0.9
    figure = draw_steps(probabilities, ("-", "1", "가"))
    drawn(figure)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["가"]
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    left, right = draw_rectified(np.zeros((20, 60, 3), np.uint8), corners, np.zeros((64, 160), np.uint8)).axes
    assert left.lines[0].get_xydata().tolist()[2] == [59.5, 19.5] and right.get_title() == "rectified, 64 x 160"
