"""Charts about light show what they are given."""

import numpy as np

from alpr_utils.charts.light import draw_pixel_rows, draw_threshold


def test_a_threshold_makes_ink_black() -> None:
    grey = np.repeat(np.array([[20, 160]], np.uint8), 4, axis=0)
    figure = draw_threshold(grey, np.arange(256.0), 90)
    ink = figure.axes[1].images[0].get_array()
    assert ink is not None and ink[0].tolist() == [0, 255]
    assert sum(bar.get_height() for bar in figure.axes[0].patches) == 8


def test_rows_of_pixels_have_their_numbers() -> None:
    figure = draw_pixel_rows({"grey": [160, 20], "paper": [160, 160]})
    assert [[text.get_text() for text in axes.texts] for axes in figure.axes] == [["160", "20"], ["160", "160"]]
