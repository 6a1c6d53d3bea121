"""The map shows what the notebooks say about themselves."""

import base64
import json
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from alpr_utils.charts.course_map import draw_map, read_lesson


def picture_cell(grey: int, *tags: str) -> dict:
    buffer = BytesIO()
    Image.fromarray(np.full((6, 9, 3), grey, np.uint8)).save(buffer, "PNG")
    data = {"image/png": base64.b64encode(buffer.getvalue()).decode()}
    return {"cell_type": "code", "source": "", "metadata": {"tags": list(tags)}, "outputs": [{"data": data}]}


def write(path: Path, header: str, *cells: dict) -> Path:
    first = {"cell_type": "markdown", "source": header.splitlines(keepends=True), "metadata": {}}
    path.write_text(json.dumps({"cells": [first, *cells]}), "utf-8")
    return path


def test_a_lesson_says_its_question_its_time_and_has_a_cover(tmp_path: Path) -> None:
    header = "# Why?\n\n**Time:** 45 minutes to work through, 10 seconds to run on two cores."
    lesson = read_lesson(write(tmp_path / "why.ipynb", header, picture_cell(10), picture_cell(90, "cover")))
    assert (lesson.question, lesson.minutes, lesson.run) == ("Why?", 45, "10 seconds")
    assert lesson.cover is not None and lesson.cover.mean() == 90
    bare = read_lesson(write(tmp_path / "bare.ipynb", "# Bare"))
    assert (bare.minutes, bare.run, bare.cover) == (0, "", None)


def test_the_map_has_a_card_a_lesson(tmp_path: Path) -> None:
    lesson = read_lesson(write(tmp_path / "one.ipynb", "# One?", picture_cell(5)))
    figure = draw_map({"Start": {"a photo": lesson}, "Find": dict.fromkeys("abcde", lesson)})
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[:2] == ["a photo", "1 · Start"] and texts[-2:] == ["e", "6 · Find"]
    assert len(figure.axes) == 1 + 6
    assert figure.get_size_inches()[1] == 3.0
