"""The folder of models: of the checkout, of the installed package, of the current folder."""

from pathlib import Path

import pytest

from alpr_utils.models import paths


def test_the_first_folder_that_exists_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "alpr_utils"
    package.mkdir(parents=True)
    monkeypatch.setattr(paths, "_PACKAGE", package)
    assert paths.default_models_dir() == Path("exported_model_directory")
    (package / "exported_models").mkdir()
    assert paths.default_models_dir() == package / "exported_models"
    (tmp_path / "site" / "exported_model_directory").mkdir()
    assert paths.default_models_dir() == tmp_path / "site" / "exported_model_directory"
