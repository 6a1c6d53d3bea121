"""Pictures of lessons have words and are small; demos follow their controls and leave a still picture."""

import base64
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from alpr_utils.charts import lesson
from alpr_utils.charts.style import WIDTH_PX, chart_grid, chart_style


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []
    monkeypatch.setattr(lesson, "display", lambda thing, **options: calls.append((thing, options)))
    return calls


def test_a_lesson_computes_less_in_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALPR_FAST", raising=False)
    assert lesson.amount(40, fast=8) == 40
    monkeypatch.setenv("ALPR_FAST", "1")
    assert lesson.amount(40, fast=8) == 8


def test_a_photo_is_a_jpeg_as_wide_as_the_notebook_and_has_its_words(shown: list[Any]) -> None:
    photo = np.random.default_rng(0).integers(0, 255, (400, 1700, 3), dtype=np.uint8)
    lesson.show(photo, "noise")
    data, metadata = shown[0][0]._repr_mimebundle_(), shown[0][0].alt
    assert shown[0][0].format == "jpeg" and metadata == "noise" and data
    assert Image.open(BytesIO(shown[0][0].data)).size == (WIDTH_PX, 200)


def test_a_chart_and_a_mask_are_png_and_keep_their_letters(shown: list[Any]) -> None:
    with chart_style():
        figure, (axes,) = chart_grid(1, row_height=2.5)
        axes.plot([0, 1], [1, 0])
    mask = np.zeros((60, 90), np.uint8)
    mask[20:40] = 255
    lesson.show(figure, "a line that falls")
    lesson.show(mask, "a white bar")
    assert [picture.format for picture, _ in shown] == ["png", "png"]
    assert Image.open(BytesIO(shown[0][0].data)).width == WIDTH_PX
    assert (np.array(Image.open(BytesIO(shown[1][0].data)).convert("L")) == mask).all()


def test_a_demo_follows_its_controls_and_leaves_a_still_picture(shown: list[Any]) -> None:
    def draw(grey: int, wide: bool) -> np.ndarray:
        return np.full((20, 60 if wide else 30, 3), grey, np.uint8)

    lesson.demo(draw, "a grey field", grey=(0, 200, 10), wide=False)
    ((bundle, options),) = shown
    (kind,) = options["metadata"]
    assert options["metadata"][kind]["alt"] == bundle["text/plain"] == "a grey field"
    assert np.array(Image.open(BytesIO(base64.b64decode(bundle[kind]))).convert("L")).shape == (20, 30)
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_moving_a_control_draws_again(shown: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    boxes: list[Any] = []
    make = lesson.ipywidgets.VBox
    monkeypatch.setattr(lesson.ipywidgets, "VBox", lambda children: boxes.append(make(children)) or boxes[-1])
    lesson.demo(lambda grey: np.full((9, 9), grey, np.uint8), "a field", grey=(0, 200, 10))
    panel, moving = boxes[0].children
    panel.kwargs_widgets[0].value = 180
    assert abs(int(np.array(Image.open(BytesIO(moving.value))).mean()) - 180) < 3


def test_a_table_shows_its_cells_as_they_stand(shown: list[Any]) -> None:
    lesson.table(["name", "share"], [("a|<b>*", 0.5), ("1234УБА", "95 % (82-99)")])
    head, line, first, second = shown[0][0].data.splitlines()
    assert (head, line, second) == ("| name | share |", "|---|---|", "| 1234УБА | 95 % (82-99) |")
    assert first == "| a&#124;&#60;b&#62;&#42; | 0.5 |"
