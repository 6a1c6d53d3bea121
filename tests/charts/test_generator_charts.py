"""Charts of generated plates show what they are given."""

from io import BytesIO

import numpy as np
from PIL import Image

from alpr_utils.charts.generator import draw_histograms, draw_layout, draw_letter_shares, draw_letters
from alpr_utils.charts.style import TEXT_POINTS, WIDTH_PX
from alpr_utils.plates.mongolia import PLATES


def test_notebooks_show_a_figure_as_wide_as_it_was_made() -> None:
    picture = draw_letters({"А": 2}, "letters")._repr_png_()
    assert Image.open(BytesIO(picture)).width == WIDTH_PX
    assert picture == draw_letters({"А": 2}, "letters")._repr_png_()


def test_letters_and_their_shares() -> None:
    figure = draw_letters({"А": 3, "Б": 0}, "letters")
    assert [bar.get_height() for bar in figure.axes[0].patches] == [3, 0]
    figure = draw_letter_shares({"mn": {"road": {"А": 60, "Б": 40}}, "kr": {"road": {"가": 100}}})
    figure.canvas.draw()
    assert [[bar.get_height() for bar in axes.patches] for axes in figure.axes] == [[60, 40], [100]]


def test_a_layout_shows_its_characters_and_boxes() -> None:
    layout = PLATES.layout("two_rows_emblem")
    (axes,) = draw_layout(np.zeros((20, 30, 3), np.uint8), layout).axes
    assert len(axes.lines[0].get_xdata()) == 7 and len(axes.patches) == 2
    assert len(draw_layout(np.zeros((9, 9, 3), np.uint8), PLATES.layout("one_row_plain")).axes[0].patches) == 0


def test_histograms_count_percent_and_can_be_read() -> None:
    table = np.arange(20.0).reshape(10, 2)
    figure = draw_histograms({"mn": {"real": table, "generated": table}, "kr": {"real": table}}, ("width", "blur"))
    figure.canvas.draw()
    assert [axes.get_title() for axes in figure.axes] == ["mn: width", "mn: blur", "kr: width", "kr: blur"]
    assert sum(bar.get_height() for bar in figure.axes[2].patches) == 100
    assert figure.get_size_inches()[0] * figure.dpi == WIDTH_PX
    assert min(label.get_fontsize() for label in figure.axes[0].get_xticklabels()) >= TEXT_POINTS
