"""Readers, opened by name."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from alpr_utils.errors import ModelError
from alpr_utils.models.paths import default_models_dir
from alpr_utils.read.reading import Reader

if TYPE_CHECKING:
    from alpr_utils.read.char_detector.reader import CharDetectorReader
    from alpr_utils.read.crnn.reader import CRNNReader
    from alpr_utils.read.rectify import Rectifier

COUNTRIES = ("mn", "kr", "auto")


def _load_classical(models_dir: Path, country: str, grammar: bool, remove_shadows: bool) -> Reader:
    from alpr_utils.read.classical.reader import load_classical_reader

    if country == "kr":
        raise ModelError("classical: reads Mongolian plates only; choose another reader or --country mn.")
    return load_classical_reader(models_dir, grammar, remove_shadows)


def _load_rectifier(models_dir: Path) -> "Rectifier | None":
    from alpr_utils.read.rectify import MODEL_FOLDER, Rectifier

    return Rectifier(models_dir / MODEL_FOLDER) if (models_dir / MODEL_FOLDER).exists() else None


def _load_crnn(variant: str, models_dir: Path, country: str, grammar: bool, remove_shadows: bool) -> "CRNNReader":
    from alpr_utils.read.crnn.reader import CRNNReader

    return CRNNReader(models_dir / f"crnn_{variant}", country, grammar, _load_rectifier(models_dir))


def _load_char_detector(models_dir: Path, country: str, grammar: bool, remove_shadows: bool) -> "CharDetectorReader":
    from alpr_utils.read.char_detector.network import load_char_detector

    return load_char_detector(models_dir / "char_detector", country, grammar, _load_rectifier(models_dir))


def _load_voting(models_dir: Path, country: str, grammar: bool, remove_shadows: bool) -> Reader:
    from alpr_utils.read.char_detector.network import load_char_detector
    from alpr_utils.read.classical.reader import load_classical_reader
    from alpr_utils.read.crnn.reader import CRNNReader
    from alpr_utils.read.voting import VotingReader

    rectifier = _load_rectifier(models_dir)
    crnn = CRNNReader(models_dir / "crnn_small", country, grammar, rectifier)
    characters = load_char_detector(models_dir / "char_detector", country, grammar, rectifier)
    classical = load_classical_reader(models_dir, grammar, remove_shadows) if country != "kr" else None
    return VotingReader((crnn, characters), classical)


_READER_LOADERS: dict[str, Callable[[Path, str, bool, bool], Reader]] = {
    "voting": _load_voting,
    "classical": _load_classical,
    "char_detector": _load_char_detector,
    **{f"crnn_{variant}": partial(_load_crnn, variant) for variant in ("small", "gru", "lstm")},
}
READERS = tuple(_READER_LOADERS)


def load_reader(
    name: str,
    models_dir: Path | None = None,
    country: str = "auto",
    grammar: bool = True,
    remove_shadows: bool = True,
) -> Reader:
    """Open a reader of ``READERS`` by its name.

    Args:
        name: e.g. ``classical``.
        models_dir: default ``exported_model_directory`` beside the package.
        country: ``mn``, ``kr`` or ``auto``: whose plates are to be read.
        grammar: let the country's grammar decide between look-alikes.
        remove_shadows: let a reader that can do so flatten uneven light.

    Raises:
        ModelError: no such reader, not for that country, or its model folder is missing or damaged.
    """
    if name not in _READER_LOADERS:
        raise ModelError(f"{name}: no such reader; choose one of {', '.join(READERS)}.")
    return _READER_LOADERS[name](models_dir or default_models_dir(), country, grammar, remove_shadows)
