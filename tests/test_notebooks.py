"""Every notebook runs top to bottom, from another working directory, and its committed outputs are whole."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(os.environ, "ALPR_FAST", "1")
    monkeypatch.setitem(os.environ, "ALPR_PHOTOS", str(tmp_path / "no photos"))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert any(output.output_type == "display_data" for cell in cells for output in cell.outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_outputs_are_whole_and_small(path: Path):
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run it top to bottom"
    assert not [output for cell in cells for output in cell.outputs if output.output_type in ("error",)]
    assert max(len(cell.source.splitlines()) for cell in cells) <= 30
    assert path.stat().st_size < 3_000_000


def test_the_course_is_there():
    assert {path.stem for path in NOTEBOOKS} >= {"test_exported_model", "generator", "compare_readers", "detectors"}


def test_no_real_photo_is_committed():
    notebook = nbformat.read(ROOT / "notebooks" / "generator.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if "SHOW_REAL_PHOTOS" in cell.source and cell.cell_type == "code"]
    assert [cell.source.splitlines()[0] for cell in cells] == ["SHOW_REAL_PHOTOS = False"]
    assert not [cell.outputs for cell in cells if cell.outputs]


@pytest.mark.parametrize(
    ("name", "heading", "measures"),
    [("compare_readers", "## 8. Real plates", "real_crops"), ("detectors", "## 13. Real photos", "labelled_photos")],
)
def test_real_plates_are_measured_without_showing_them(name: str, heading: str, measures: str):
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    start = next(i for i, cell in enumerate(notebook.cells) if cell.source.startswith(heading))
    cells = [cell for cell in notebook.cells[start:] if cell.cell_type == "code"]
    assert any(measures in cell.source for cell in cells)
    assert not [cell for cell in notebook.cells[:start] if cell.cell_type == "code" and measures in cell.source]
    assert not [cell.source for cell in cells if "show(" in cell.source or "imshow" in cell.source]
    assert not [out for cell in cells for out in cell.outputs if "image/jpeg" in out.get("data", {})]
