"""Charts of counted shares say the numbers that they are given."""

import pytest

from alpr_utils.charts.shares import draw_bars, draw_curves, draw_forest


def test_a_forest_has_a_row_a_name_with_its_interval() -> None:
    figure = draw_forest({"Mongolia": {"all": (9, 10), "none": (0, 4)}, "Korea": {"서울": (0, 0)}}, "exact, %")
    first, second = figure.axes
    assert [label.get_text() for label in first.get_yticklabels()] == ["all", "none"]
    assert [text.get_text() for text in first.texts] == ["90% (60-98) of 10", "0% (0-49) of 4"]
    assert [text.get_text() for text in second.texts] == ["0% (0-100) of 0"]
    assert first.lines[0].get_xdata() == pytest.approx([59.6, 98.2], abs=0.1)
    assert list(first.lines[1].get_xdata()) == [90] and first.get_ylim() == second.get_ylim()


def test_curves_go_from_left_to_right_with_a_mark_each() -> None:
    (axes,) = draw_curves({"a": {80: (8, 10), 40: (1, 10)}, "b": {40: (2, 10)}}, "width", "exact, %").axes
    assert list(axes.lines[0].get_xdata()) == [40, 80] and list(axes.lines[0].get_ydata()) == [10, 80]
    assert axes.lines[0].get_marker() != axes.lines[1].get_marker()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["40", "80"]
    assert axes.get_legend() is not None
    assert draw_curves({"a": {1: (1, 2)}}, "x", "y", log=True).axes[0].get_xscale() == "log"


def test_bars_carry_their_values() -> None:
    (axes,) = draw_bars({"right": 1.0, "wrong": 7.58}, "alarms").axes
    assert [text.get_text() for text in axes.texts] == ["1", "7.58"]
