"""Which picture belongs to a label file."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from alpr_utils.images import PICTURE_SUFFIXES


class PictureFiles:
    """The pictures of the folders that are asked for; each folder is listed once."""

    def __init__(self) -> None:
        self._stems: dict[Path, dict[str, list[Path]]] = {}

    def _listed(self, folder: Path) -> dict[str, list[Path]]:
        if folder not in self._stems:
            stems: dict[str, list[Path]] = {}
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith("."):
                    stems.setdefault(path.stem.casefold(), []).append(path)
            self._stems[folder] = stems
        return self._stems[folder]

    def find(self, folders: Sequence[Path], stem: str, name: str = "") -> Path | None:
        """The picture called ``stem``, else the one called ``name``; upper and lower case do not matter.

        Args:
            folders: the first one that has such a picture counts.
            name: file name with its suffix; decides between pictures with the same stem.
        """
        for wanted in (stem, Path(name).stem):
            for folder in folders:
                found = self._listed(folder).get(wanted.casefold(), ())
                if found:
                    return min(found, key=lambda path: path.name.casefold() != name.casefold())
        return None

    def below(self, folder: Path) -> list[Path]:
        """Every picture below a folder, sorted by name."""
        inside = [folder, *sorted(path for path in folder.rglob("*") if path.is_dir())]
        return [path for place in inside for paths in self._listed(place).values() for path in paths]


def files_below(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    """The files below a folder with one of the suffixes, which are given in lower case; hidden ones are left out."""
    chosen = set(suffixes)
    return [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in chosen and path.name[0] != "."]
