"""Folders of photos are found by path or by name, by one rule."""

from pathlib import Path

import numpy as np
import pytest

from alpr_utils.cli.app import main
from alpr_utils.data import folders
from alpr_utils.data.folders import find_data, photos_folder
from alpr_utils.data.labels import LabelledPicture
from alpr_utils.data.pictures import load_pictures
from alpr_utils.data.voc import write_voc
from alpr_utils.errors import LabelError
from alpr_utils.images import write_image


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder and a repository without photos."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(folders, "_REPOSITORY", tmp_path / "repository")
    monkeypatch.delenv("ALPR_PHOTOS", raising=False)
    return tmp_path


def test_the_variable_comes_first_but_a_path_that_exists_is_taken(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("photos/mongolian", "here/data/mongolian", "here/data/korean", "here/own"):
        (elsewhere / name).mkdir(parents=True)
    assert find_data("mongolian") == Path("data/mongolian")
    monkeypatch.setenv("ALPR_PHOTOS", str(elsewhere / "photos"))
    assert photos_folder() == elsewhere / "photos"
    assert find_data("mongolian") == elsewhere / "photos" / "mongolian"
    assert find_data("own") == Path("own")
    assert find_data("korean") == Path("korean"), "only where the variable says"


def test_photos_lie_in_the_repository_or_beside_it(elsewhere: Path) -> None:
    assert photos_folder() == Path("data")
    (elsewhere / "shared" / "data" / "romanian" / "valid").mkdir(parents=True)
    assert find_data("romanian/valid") == elsewhere / "shared" / "data" / "romanian" / "valid"
    (elsewhere / "repository" / "data").mkdir(parents=True)
    assert photos_folder() == elsewhere / "repository" / "data"


def test_a_name_that_is_nowhere_is_wrong_usage(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["evaluate"], ["evaluate", "--crops"], ["evaluate-characters"]):
        assert main([*command, "--data", "marsian"]) == 2
        assert "marsian: is not a folder" in " ".join(capsys.readouterr().err.split())


def test_labelled_pictures_are_loaded_by_name(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPR_PHOTOS", str(elsewhere / "photos"))
    write_image(elsewhere / "photos" / "own" / "a.png", np.zeros((10, 20, 3), np.uint8))
    write_voc(elsewhere / "photos" / "own" / "a.xml", LabelledPicture(Path("a.png"), 20, 10))
    assert [picture.path.name for picture in load_pictures(Path("own"))[0]] == ["a.png"]


def test_photos_with_corners_are_labelled_pictures_without_halves(tmp_path: Path) -> None:
    write_image(tmp_path / "images" / "a.png", np.zeros((10, 20, 3), np.uint8))
    header = "image,x1,y1,x2,y2,x3,y3,x4,y4\n"
    (tmp_path / "corners.csv").write_text(header + "a.png,2,3,12,4,12,8,2,7\n", encoding="utf-8")
    ((picture,), _) = load_pictures(tmp_path)
    assert picture.plates[0].box_px == (3, 2, 8, 12)
    with pytest.raises(LabelError, match="no plate texts by which to split"):
        load_pictures(tmp_path, "a")


def test_a_table_of_corners_without_photos_says_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "corners.csv").write_text("image,x1,y1\n", encoding="utf-8")
    with pytest.raises(LabelError, match=r"corners\.csv: lists no photo; write a line image,x1,y1"):
        load_pictures(tmp_path)


def test_what_is_wrong_with_all_pictures_is_one_sentence(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.xml").write_text("", encoding="utf-8")
    with pytest.raises(LabelError, match=r"export the annotation again; .*b\.xml.*again\); correct those files\.$"):
        load_pictures(tmp_path)
