"""Boxes on a grid, dragged boxes, shapes and rankings."""

import numpy as np

from alpr_utils.charts.boxes import draw_clusters, draw_fit, draw_on_grid, draw_overlaps, draw_ranking, overlap_words
from alpr_utils.charts.drag import DraggedBoxes

PLATE, BOX = (0.0, 0.0, 2.0, 4.0), (0.0, 1.0, 2.0, 5.0)


def test_the_words_of_an_overlap_are_those_of_the_lesson() -> None:
    assert overlap_words(PLATE, BOX) == "6 / 10 = 0.60"
    assert overlap_words(PLATE, (3, 0, 5, 4)) == "0 / 16 = 0.00"


def test_overlaps_show_the_shared_part_only_where_there_is_one() -> None:
    figure = draw_overlaps([(PLATE, BOX), (PLATE, (0, 5, 2, 9))])
    assert [len(axes.patches) for axes in figure.axes] == [5, 4]
    assert figure.axes[0].get_title() == "IoU = 6 / 10 = 0.60"


def test_boxes_on_a_grid_are_numbered_and_named() -> None:
    (axes,) = draw_on_grid({"plate": np.array([PLATE, BOX]), "anchors": np.array([BOX, PLATE])}).axes
    assert [text.get_text() for text in axes.texts] == ["", "", "1", "2"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["plate", "anchors"]


def test_clusters_say_how_well_they_fit() -> None:
    shapes = np.array([[4.0, 2], [2, 2]])
    figure = draw_clusters({"one": shapes[:1], "both": shapes}, shapes)
    assert [axes.get_title() for axes in figure.axes] == ["one: mean IoU 0.75", "both: mean IoU 1.00"]


def test_a_ranking_shows_its_area_and_the_threshold() -> None:
    precision, recall = np.array([1, 1 / 2, 2 / 3]), np.array([1 / 2, 1 / 2, 1])
    (axes,) = draw_ranking(precision, recall, at=2).axes
    assert axes.lines[1].get_xydata().tolist() == [[0.5, 0.5]]
    assert len(draw_ranking(precision, recall).axes[0].lines) == 1
    (axes,) = draw_fit({1: 0.5, 2: 0.75}, chosen=2).axes
    assert axes.lines[1].get_xydata().tolist() == [[2, 0.75]]


def event(canvas: DraggedBoxes, name: str, x: float, y: float) -> None:
    canvas._handle_frontend_event(None, {"event": name, "x": x, "y": y}, [])


def test_the_mouse_drags_the_box_on_top_and_keeps_it_on_the_grid() -> None:
    canvas = DraggedBoxes((1, 1, 3, 5), (1, 2, 3, 6))
    event(canvas, "mouse_move", 300, 100)
    assert canvas.boxes[1].tolist() == [1, 2, 3, 6], "nothing is held"
    event(canvas, "mouse_down", 150, 100)
    event(canvas, "mouse_move", 203, 150)
    np.testing.assert_allclose(canvas.boxes, [[1, 1, 3, 5], [2, 3.1, 4, 7.1]])
    event(canvas, "mouse_move", 5000, -5000)
    np.testing.assert_allclose(canvas.boxes[1], [0, 8, 2, 12])
    event(canvas, "mouse_up", 0, 0)
    event(canvas, "mouse_move", 0, 0)
    np.testing.assert_allclose(canvas.boxes[1], [0, 8, 2, 12])
