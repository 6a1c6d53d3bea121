"""Charts of the lesson about video."""

from alpr_utils.charts.style import GREEN, GREY
from alpr_utils.charts.video import draw_predictions, draw_votes


def test_the_true_text_is_marked_among_the_likeliest() -> None:
    votes = {1: {"A": 0.2, "B": 0.8}, 4: {"A": 0.6, "B": 0.1, "C": 0.1, "D": 0.1, "E": 0.05}}
    first, second = draw_votes(votes, {"A"}).axes
    assert [label.get_text() for label in first.get_yticklabels()] == ["A (true)", "B"]
    assert len(second.patches) == 4 and first.get_title() == "1 frame"
    colours = [patch.get_facecolor() for patch in first.patches]
    assert colours[0] != colours[1] and GREEN != GREY


def test_predictions_have_bars() -> None:
    (axes,) = draw_predictions([1, 2], [0.3, 0.4], [0.2, 0.05], [0.31, 0.42]).axes
    assert len(axes.containers) == 1 and len(axes.lines) >= 2
