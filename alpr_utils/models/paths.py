"""Where models are found."""

from pathlib import Path


def default_models_dir() -> Path:
    """``exported_model_directory`` beside the package (a checkout of the repository), else in the current folder."""
    beside = Path(__file__).resolve().parents[2] / "exported_model_directory"
    return beside if beside.is_dir() else Path("exported_model_directory")
