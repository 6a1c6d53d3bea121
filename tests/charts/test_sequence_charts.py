"""The figures of the lesson on CTC and recurrence."""

import numpy as np
import pytest

from alpr_utils.charts import sequences as charts


def test_the_trellis_has_only_the_ways_of_ctc() -> None:
    figure = charts.draw_trellis(np.ones((2, 5)), "-4-4-", best=[1, 2])
    ways = {(int(line.get_ydata()[0]), int(line.get_ydata()[1])) for line in figure.axes[0].lines}
    assert (1, 3) not in ways, "from 4 to the next 4 only over the blank"
    assert {(0, 0), (0, 1), (1, 1), (1, 2), (2, 3)} <= ways and (0, 2) not in ways
    figure = charts.draw_trellis(np.ones((2, 5)), "-2-4-")
    assert [1, 3] in [list(line.get_ydata()) for line in figure.axes[0].lines]


def test_what_cannot_be_is_a_dot() -> None:
    figure = charts.draw_trellis(np.array([[0.5, 0.0]]), "-2")
    assert [text.get_text() for text in figure.axes[0].texts] == ["0.5", "·"]


def test_every_probability_is_written() -> None:
    figure = charts.draw_probabilities(np.array([[0.1, 0.9], [0.25, 0.75]]), "-2")
    assert [text.get_text() for text in figure.axes[0].texts] == ["0.10", "0.90", "0.25", "0.75"]


def test_cells_name_their_gates() -> None:
    lstm, gru = charts.draw_cells().axes
    words = [{text.get_text() for text in axes.texts} for axes in (lstm, gru)]
    assert {"forget", "add", "show", "$c_t$"} <= words[0]
    assert {"reset", "update", "$h_t$"} <= words[1]


def test_runs_show_each_seed_and_their_mean() -> None:
    figure = charts.draw_runs({"exact": {"none": [0.4, 0.5], "GRU": [0.7]}})
    (axes,) = figure.axes
    assert [len(line.get_ydata()) for line in axes.lines] == [2, 1]
    assert axes.collections[0].get_segments()[0][0][1] == pytest.approx(45)


def test_strip_shows_likely_symbols_only() -> None:
    probabilities = np.array([[0.9, 0.05, 0.05], [0.2, 0.75, 0.05]])
    figure = charts.draw_strip(np.zeros((8, 16), np.uint8), probabilities, "-АБ", "true А, read А")
    assert [text.get_text() for text in figure.axes[1].get_legend().get_texts()] == ["blank", "А"]


def test_memory_and_likelihoods_are_drawn() -> None:
    figure = charts.draw_memory({"plain": np.array([1.0, 0.5]), "gated": np.array([1.0, 0.9])}, [1.0, 0.1])
    assert [len(axes.lines) for axes in figure.axes] == [2, 0]
    figure = charts.draw_likelihoods(["24", "244"], [0.1, 0.25])
    assert [text.get_text() for text in figure.axes[0].texts] == [" 0.100", " 0.250"]
