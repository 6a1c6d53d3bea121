"""Folders of photos are found by path or by name, by one rule."""

from pathlib import Path

import pytest

from alpr_utils.cli.app import main
from alpr_utils.data import folders
from alpr_utils.data.folders import find_data, photos_folder


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
