"""Where models are found."""

from pathlib import Path

MODELS_DIR = "exported_model_directory"
_PACKAGE = Path(__file__).resolve().parents[1]


def default_models_dir() -> Path:
    """The models of a checkout of the repository, else those inside the installed package, else of this folder."""
    for folder in (_PACKAGE.parent / MODELS_DIR, _PACKAGE / "exported_models"):
        if folder.is_dir():
            return folder
    return Path(MODELS_DIR)
