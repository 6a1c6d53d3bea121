"""Every lesson has the form that CONTRIBUTING.md describes."""

import re
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
# In the order in which they are taught.
COURSE = (
    "index",
    "test_exported_model",
    "light_and_ink",
    "characters",
    "boxes",
    "detectors",
    "train_a_tiny_ssd",
    "ctc_and_recurrence",
    "generator",
    "synthetic_to_real",
    "compare_readers",
    "street",
    "motion",
    "video",
    "responsible_alpr",
    "your_own_plates",
)
MOST_LINES, MOST_BYTES = 15, 800_000
LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]+)\)")


def cells(name: str, kind: str) -> list[nbformat.NotebookNode]:
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def words(name: str) -> list[str]:
    return [cell.source for cell in cells(name, "markdown")]


def test_all_notebooks_belong_to_the_course() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(COURSE)


@pytest.mark.parametrize("name", COURSE)
def test_the_header_says_what_how_long_and_where(name: str) -> None:
    header = words(name)[0]
    assert header.startswith("# ")
    assert "**You will**" in header and "**Before:**" in header
    assert re.search(r"\*\*Time:\*\* \d+ minutes to work through, .* to run", header)
    place = COURSE.index(name)
    assert name == "index" or "(index.ipynb)" in header
    assert place < 2 or f"({COURSE[place - 1]}.ipynb)" in header, "the lesson before"
    assert place == len(COURSE) - 1 or f"({COURSE[place + 1]}.ipynb)" in header, "the next lesson"


@pytest.mark.parametrize("name", [name for name in COURSE if name != "index"])
def test_the_end_answers_the_question_and_asks_five(name: str) -> None:
    assert re.search(r"^## What you can now answer", "\n".join(words(name)), re.MULTILINE)
    (quiz,) = [text for text in words(name) if text.startswith("## Quiz")]
    assert quiz.count("<details>") == quiz.count("</details>") == 5
    exercises = "\n".join(text for text in words(name) if text != quiz)
    assert exercises.count("<details>") == exercises.count("</details>") >= 2, "exercises with folded solutions"
    assert "**Predict.**" in exercises


@pytest.mark.parametrize("name", COURSE)
def test_links_lead_somewhere_and_pictures_have_words(name: str) -> None:
    for text in words(name):
        for match in LINK.finditer(text):
            title, target = match.groups()
            assert title, target
            if not target.startswith(("http", "#", "attachment:")):
                file = FOLDER / unquote(target.split("#")[0])
                assert file.exists(), target
        assert "<img" not in text
    for cell in cells(name, "code"):
        for output in cell.outputs:
            for kind in output.get("data", {}):
                if kind.startswith("image/"):
                    assert len(output.metadata.get(kind, {}).get("alt", "")) > 10, cell.source
                assert "widget" not in kind, "run it with .ci/run_notebooks"


@pytest.mark.parametrize("name", COURSE)
def test_code_shows_the_method_and_files_stay_small(name: str) -> None:
    for cell in cells(name, "code"):
        assert len([line for line in cell.source.splitlines() if line]) <= MOST_LINES, cell.source
    assert (FOLDER / f"{name}.ipynb").stat().st_size <= MOST_BYTES
    assert "widgets" not in nbformat.read(FOLDER / f"{name}.ipynb", as_version=4).metadata
