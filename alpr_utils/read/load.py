"""Readers, opened by name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from alpr_utils.errors import ModelError
from alpr_utils.models.folder import read_metadata
from alpr_utils.models.paths import default_models_dir
from alpr_utils.plates import plate_type
from alpr_utils.read.reading import Reader
from alpr_utils.read.temperature import stored_temperatures
from alpr_utils.runtime.network import DEFAULT_RUNTIME, RuntimeOptions

if TYPE_CHECKING:
    from alpr_utils.read.char_detector.reader import CharDetectorReader
    from alpr_utils.read.classical.reader import ClassicalReader
    from alpr_utils.read.crnn.reader import CRNNReader
    from alpr_utils.read.rectify import Rectifier

DEFAULT_READER = "voting"
# Below this a text is more often nonsense than right: see docs/results.md.
MIN_TEXT_SCORE = 0.3


@dataclass(frozen=True)
class ReaderOptions:
    """How a reader is opened.

    Attributes:
        country: whose plates are to be read, a code or a file as in `plate_type`; ``auto``: all that it knows.
        remove_shadows: let a reader that can do so flatten uneven light.
        models_dir: folder of the model folders; None: those of this package.
        runtime: what computes the networks.

    Raises:
        AlprError: there is no such country.
    """

    country: str = "auto"
    remove_shadows: bool = True
    models_dir: Path | None = None
    runtime: RuntimeOptions = DEFAULT_RUNTIME

    def __post_init__(self) -> None:
        """Refuse an unknown country before anything is opened."""
        if self.country != "auto":
            plate_type(self.country)

    @property
    def models(self) -> Path:
        """Folder of the model folders."""
        return self.models_dir or default_models_dir()


def _load_rectifier(options: ReaderOptions) -> "Rectifier | None":
    from alpr_utils.read.rectify import MODEL_FOLDER, Rectifier

    folder = options.models / MODEL_FOLDER
    return Rectifier(folder, options.runtime) if folder.exists() else None


def _load_classical(options: ReaderOptions) -> "ClassicalReader":
    from alpr_utils.read.classical.reader import MODEL_FOLDER, ClassicalReader

    if options.country != "auto" and not plate_type(options.country).classical:
        raise ModelError(
            f"classical: cannot read plates of {plate_type(options.country).name}; choose another reader or country."
        )
    return ClassicalReader(options.models / MODEL_FOLDER, options.remove_shadows, runtime=options.runtime)


def _load_crnn(variant: str, options: ReaderOptions, rectifier: "Rectifier | None" = None) -> "CRNNReader":
    from alpr_utils.read.crnn.reader import CRNNReader

    rectifier = rectifier or _load_rectifier(options)
    return CRNNReader(options.models / f"crnn_{variant}", options.country, rectifier, options.runtime)


def _load_char_detector(options: ReaderOptions, rectifier: "Rectifier | None" = None) -> "CharDetectorReader":
    from alpr_utils.read.char_detector.reader import CharDetectorReader

    folder = options.models / "char_detector"
    return CharDetectorReader(folder, options.country, rectifier or _load_rectifier(options), options.runtime)


def _load_voting(options: ReaderOptions) -> Reader:
    from alpr_utils.read.voting import VotingReader

    rectifier = _load_rectifier(options)
    networks = (_load_crnn("small", options, rectifier), _load_char_detector(options, rectifier))
    helps = any(plate_type(country).classical for country in networks[0].grammar.countries)
    folder = options.models / "voting"
    temperatures = stored_temperatures(read_metadata(folder), folder) if folder.exists() else None
    return VotingReader(networks, _load_classical(options) if helps else None, temperatures)


_LOADERS: dict[str, Callable[[ReaderOptions], Reader]] = {
    "voting": _load_voting,
    "classical": _load_classical,
    "char_detector": _load_char_detector,
    **{f"crnn_{variant}": partial(_load_crnn, variant) for variant in ("small", "gru", "lstm")},
}
READERS = tuple(_LOADERS)


def load_reader(name: str, options: ReaderOptions = ReaderOptions()) -> Reader:
    """Open a reader of ``READERS`` by its name, such as ``crnn_small``.

    Raises:
        ModelError: no such reader, not for that country, or its model folder is missing or damaged.
        AlprError: no such country.
    """
    if name not in _LOADERS:
        raise ModelError(f"{name}: no such reader; choose one of {', '.join(READERS)}.")
    return _LOADERS[name](options)
