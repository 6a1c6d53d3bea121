"""The figures of the lesson on characters, and the board to draw on."""

import numpy as np

from alpr_utils.charts import characters as charts
from alpr_utils.charts.drawing_board import drawing_board, drawn


def test_components_are_counted_in_the_legend() -> None:
    boxes = {"kept": np.array([[1, 1, 5, 4]]), "too low": np.array([[7, 1, 8, 2], [7, 4, 8, 5]])}
    figure = charts.draw_components(np.eye(9, dtype=bool), boxes, "kept")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["kept: 1", "too low: 2"]
    assert len(figure.axes[0].patches) == 3


def test_filters_show_their_sign() -> None:
    (picture,) = charts.signed_pictures(np.array([[[-1.0], [1.0]]]), side=8)
    blue, red = picture[4, 1].astype(int), picture[4, 6].astype(int)
    assert blue[2] > blue[0] and red[0] > red[2]


def test_saliency_colours_the_pixel_that_matters() -> None:
    images, saliency = np.zeros((1, 32, 32), np.uint8), np.zeros((1, 32, 32))
    saliency[0, 8:12, 8:12] = 1.0
    (picture,) = charts.saliency_pictures(images, saliency, side=32)
    assert picture[0, 0].tolist() == [255, 255, 255]
    assert picture[10, 10, 0] > picture[10, 10, 2] + 100


def test_only_mistakes_carry_their_number() -> None:
    figure = charts.draw_matrix(np.array([[5, 2], [0, 7]]), ["А", "none"])
    assert [text.get_text() for text in figure.axes[0].texts] == ["2"]


def test_cells_without_a_way_say_so() -> None:
    figure = charts.draw_paths(np.array([[0.5, 1.25], [np.inf, 2.0]]), ["digit", "letter"], ["1", "2"], [0, 1])
    assert [text.get_text() for text in figure.axes[0].texts] == ["0.50", "1.25", "no way", "2.00"]


def test_shear_and_history_are_drawn() -> None:
    ink = np.eye(20, dtype=bool)
    figure = charts.draw_shear([ink] * 3, [slice(2, 18)], np.array([0.0, 0.1]), np.array([3.0, 4.0]), 0.1)
    assert len(figure.axes) == 4
    figure = charts.draw_history({"loss": [2.0, 1.0], "accuracy": [0.1, 0.4], "val_accuracy": [0.2, 0.5]})
    assert [len(axes.lines) for axes in figure.axes] == [1, 2]


def test_the_likeliest_answer_is_on_top() -> None:
    figure = charts.draw_answer(np.zeros((32, 32), np.uint8), np.array([0.1, 0.7, 0.2]), ["А", "Б", "В"], most=2)
    assert [label.get_text() for label in figure.axes[1].get_yticklabels()] == ["В", "Б"]


def test_the_board_answers_after_each_stroke() -> None:
    seen: list[np.ndarray] = []

    def answer(board: np.ndarray) -> np.ndarray:
        seen.append(board)
        return board

    board = drawing_board(answer)
    canvas, button = board.children[0].children

    def mouse(event: str, x: float, y: float) -> None:
        canvas._handle_frontend_event(canvas, {"event": event, "x": x, "y": y}, [])

    mouse("mouse_move", 5, 5)  # without the button nothing is drawn
    mouse("mouse_down", 50, 50)
    mouse("mouse_move", 50, 150)
    mouse("mouse_up", 50, 150)
    assert len(seen) == 1 and bytes(board.children[1].value).startswith(b"\xff\xd8")
    np.testing.assert_array_equal(seen[0], drawn([[(50, 50), (50.1, 50), (50, 150)]]))
    assert seen[0][100, 50] < 128 and seen[0][5, 5] == 255
    button.click()
    mouse("mouse_down", 150, 50)
    mouse("mouse_up", 150, 50)
    assert seen[1][100, 50] == 255, "the board was emptied"
