"""Every notebook runs top to bottom, from another working directory, and its committed outputs are whole."""

import os
import re
from pathlib import Path
from textwrap import dedent

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FRONT_DOOR = ROOT / "notebooks" / "test_exported_model.ipynb"
# What would be different on another machine or on another day.
CHANGES = re.compile(r"\d ms\b|it/s|\d\d:\d\d|/home/|/tmp/|/Users/|\bat 0x[0-9a-f]")


def run_quickly(notebook: nbformat.NotebookNode, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "ALPR_FAST", "1")
    monkeypatch.setitem(os.environ, "ALPR_PHOTOS", str(folder / "no photos"))
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()


def words_of(notebook: nbformat.NotebookNode) -> str:
    """Every output that is text."""
    outputs = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    kinds = ("text/plain", "text/markdown", "text/html")
    shown = [out.get("data", {}).get(kind, "") for out in outputs for kind in kinds]
    return "\n".join([*(out.get("text", "") for out in outputs), *shown])


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    notebook = nbformat.read(path, as_version=4)
    run_quickly(notebook, tmp_path, monkeypatch)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert any(output.output_type == "display_data" for cell in cells for output in cell.outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_outputs_are_whole_and_small(path: Path):
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run it top to bottom"
    assert not [output for cell in cells for output in cell.outputs if output.output_type in ("error",)]
    assert max(len(cell.source.splitlines()) for cell in cells) <= 30
    assert 15 <= len(notebook.cells) <= 60
    assert path.stat().st_size < 3_000_000
    assert not CHANGES.findall(words_of(notebook)), "the next run would write something else"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("detector", "reader"),
    [
        ("plate_detector_ssd", "classical"),
        ("plate_detector_faster_rcnn", "char_detector"),
        ("plate_detector_yolov3", "crnn_gru"),
        ("vehicle_detector_ssd", "voting"),
    ],
)
def test_front_door_with_a_photo_without_a_plate(
    detector: str, reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pictures, name = tmp_path / "pictures", "<img src=x onerror=alert(1)>.jpg"
    pictures.mkdir()
    Image.fromarray(np.full((240, 320, 3), 128, np.uint8)).save(pictures / name)
    notebook = nbformat.read(FRONT_DOOR, as_version=4)
    changed = {
        'PICTURES = ROOT / "mongol_alpr_images"': f"PICTURES = Path({str(pictures)!r})",
        'OUTPUT = ROOT / "mongol_alpr_output"': f"OUTPUT = Path({str(tmp_path / 'output')!r})",
        'DETECTOR = "plate_detector_two_looks"': f"DETECTOR = {detector!r}",
        'READER = "voting"': f"READER = {reader!r}",
    }
    for before, after in changed.items():
        (cell,) = [cell for cell in notebook.cells if before in cell.source]
        cell.source = cell.source.replace(before, after)
    run_quickly(notebook, tmp_path, monkeypatch)
    assert "No plate was found in" in words_of(notebook)
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", ()) if "data" in out]
    tables = [out.data.get("text/markdown", "") for out in outputs]
    (table,) = [table for table in tables if "not enhanced |" in table]
    assert "onerror" in table and "<img" not in table
    assert sorted(path.suffix for path in (tmp_path / "output").iterdir()) == [".csv", ".jpg", ".jpg"]


@pytest.mark.slow
def test_an_uploaded_photo_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    notebook = nbformat.read(ROOT / "notebooks" / "index.ipynb", as_version=4)
    upload = """
    from datetime import datetime
    for content in ((ROOT / "mongol_alpr_images" / "23.jpg").read_bytes(), b"no picture"):
        about = {"name": "photo.jpg", "type": "", "size": len(content), "last_modified": datetime(2026, 1, 1)}
        upload.value = ({**about, "content": content},)
        print("answer:", answer.value, len(drawing.value) > 1000)
    """
    notebook.cells.append(nbformat.v4.new_code_cell(dedent(upload)))
    run_quickly(notebook, tmp_path, monkeypatch)
    answers = re.findall("answer: (.*)", words_of(notebook))
    assert re.fullmatch(r"<b>6072УБЗ \(\d+%\)</b> True", answers[0])
    assert "picture" in answers[1]


def test_front_door_offers_plate_detectors_only():
    words = words_of(nbformat.read(FRONT_DOOR, as_version=4))
    offered = re.search("detectors: (.*)", words)
    assert offered and all(name.startswith("plate_detector_") for name in offered[1].split(", "))


def test_the_course_is_there():
    assert {path.stem for path in NOTEBOOKS} >= {"test_exported_model", "generator", "compare_readers", "detectors"}


@pytest.mark.parametrize(
    ("name", "heading", "measures"),
    [("compare_readers", "## 8. Real plates", "real_crops"), ("detectors", "## 10. Real photos", "labelled_photos")],
)
def test_real_plates_are_measured_without_showing_them(name: str, heading: str, measures: str):
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    start = next(i for i, cell in enumerate(notebook.cells) if cell.source.startswith(heading))
    cells = [cell for cell in notebook.cells[start:] if cell.cell_type == "code"]
    assert any(measures in cell.source for cell in cells)
    assert not [cell for cell in notebook.cells[:start] if cell.cell_type == "code" and measures in cell.source]
    photos = re.compile(r"contact_sheet|outline\(|around\(|imshow")  # what shows photos; charts may be shown
    assert not [cell.source for cell in cells if photos.search(cell.source)]
    assert not [out for cell in cells for out in cell.outputs if "image/jpeg" in out.get("data", {})]
