"""Where folders of photos are found by their name."""

import os
from collections.abc import Iterator
from pathlib import Path

PHOTOS_VARIABLE = "ALPR_PHOTOS"
_REPOSITORY = Path(__file__).resolve().parents[2]


def _photo_folders() -> Iterator[Path]:
    named = os.environ.get(PHOTOS_VARIABLE)
    if named:
        yield Path(named)
        return
    yield from (Path("data"), _REPOSITORY / "data", _REPOSITORY.parent / "shared" / "data")


def photos_folder() -> Path:
    """The folder of photos, which are not part of the repository.

    The one that the environment variable ``ALPR_PHOTOS`` names; without it the first that exists of ``data`` in the
    current folder, ``data`` in the repository and ``../shared/data`` beside it, else ``data``.
    """
    folders = list(_photo_folders())
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def find_data(folder: str | Path) -> Path:
    """A folder by its path, or by its name inside `photos_folder`: ``mongolian``, ``romanian/valid``.

    A name that is in neither place is returned as it is, so that errors name what the caller wrote.
    """
    path = Path(folder)
    if path.is_absolute() or path.exists():
        return path
    inside = (candidate / path for candidate in _photo_folders())
    return next((candidate for candidate in inside if candidate.exists()), path)
