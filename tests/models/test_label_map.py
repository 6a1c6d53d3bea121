"""Label maps as the Object Detection API writes them, and files that only look alike."""

import time
from pathlib import Path

import pytest

from alpr_utils.errors import ModelError
from alpr_utils.models.label_map import read_label_map, write_label_map


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_label_map(tmp_path / "map.pbtxt", {"plate": 1, "машин": 2})
    assert read_label_map(tmp_path / "map.pbtxt") == {1: "plate", 2: "машин"}


def test_comments_quotes_and_inner_blocks(tmp_path: Path) -> None:
    file = tmp_path / "map.pbtxt"
    file.write_text(
        "# two classes\nitem: { id: 1, name: \"/m/01\" display_name: 'No. #1'  # the first\n}\n"
        "item {\n name: 'person' id: 2\n keypoints { id: 7 label: 'nose' }\n}",
        encoding="utf-8",
    )
    assert read_label_map(file) == {1: "No. #1", 2: "person"}


@pytest.mark.parametrize("text", ["nothing", "", "item { id: one name: 'x' }", "item { name: 'x' }", "item {", "}{"])
def test_files_without_a_class(tmp_path: Path, text: str) -> None:
    file = tmp_path / "map.pbtxt"
    file.write_text(text)
    with pytest.raises(ModelError, match="holds no class"):
        read_label_map(file)


def test_a_long_broken_file_takes_no_long_time(tmp_path: Path) -> None:
    file = tmp_path / "map.pbtxt"
    file.write_text("item { name: ' " * 100_000)
    start = time.process_time()
    with pytest.raises(ModelError):
        read_label_map(file)
    assert time.process_time() - start < 5
