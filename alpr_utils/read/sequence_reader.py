"""What the CRNN and the character detector share: their model folder, and the way from network to text.

Both give log probabilities of tokens step by step, which the decoders of `alpr_utils.read.ctc` turn into texts.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from alpr_utils.errors import AlprError, ModelError
from alpr_utils.models.folder import METADATA_FILE, WEIGHTS_FILE, read_metadata
from alpr_utils.plates import plate_type
from alpr_utils.read.ctc import beam_search, greedy
from alpr_utils.read.grammar import Grammar, check_alphabet
from alpr_utils.read.reading import Reading
from alpr_utils.read.rectify import Rectifier
from alpr_utils.read.temperature import Temperatures, stored_temperatures
from alpr_utils.read.views import ViewReader
from alpr_utils.runtime.network import DEFAULT_RUNTIME, RuntimeOptions, open_network

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class ReaderFolder:
    """What the ``metadata.json`` of a reader's model folder says.

    Attributes:
        path: the folder.
        tokens: the alphabet, in the order of the network's classes.
        countries: two-letter codes of those whose plates it was trained on.
        temperatures: of its scores.
        metadata: everything.
    """

    path: Path
    tokens: tuple[str, ...]
    countries: tuple[str, ...]
    temperatures: Temperatures
    metadata: dict[str, Any]

    @classmethod
    def open(cls, path: Path, command: str) -> "ReaderFolder":
        """Read a folder; ``command`` of ``train`` writes such folders.

        Raises:
            ModelError: the folder is missing, incomplete or corrupt, or holds no reader.
        """
        for needed in (path / METADATA_FILE, path / WEIGHTS_FILE):
            if not needed.is_file():
                raise ModelError(f"{needed}: is missing; restore the folder or train it with 'train {command}'.")
        metadata = read_metadata(path)
        tokens, countries = tuple(metadata.get("alphabet", ())), tuple(metadata.get("countries", ()))
        if not tokens or not countries:
            raise ModelError(f"{path / METADATA_FILE}: has no alphabet or no countries; give the folder of a reader.")
        try:
            check_alphabet(tokens)
        except AlprError as error:
            raise ModelError(f"{path / METADATA_FILE}: {error}") from None
        return cls(path, tokens, countries, stored_temperatures(metadata, path), metadata)

    def grammar(self, country: str, words: bool = True) -> Grammar:
        """The grammar of one of its countries, or with ``auto`` of all; ``words`` as in `Grammar.of`.

        Raises:
            ModelError: it was not trained on that country, or its alphabet lacks tokens.
        """
        countries = self.countries if country == "auto" else (plate_type(country).country,)
        if not set(countries) <= set(self.countries):
            raise ModelError(f"{self.path}: reads plates of {', '.join(self.countries)}, not of {country}.")
        try:
            return Grammar.of(countries, self.tokens, words)
        except AlprError as error:
            raise ModelError(f"{self.path / METADATA_FILE}: {error}") from None


class SequenceReader(ViewReader, ABC):
    """A reader whose network gives log probabilities of tokens; subclasses say in `log_probs` what it sees.

    Attributes:
        command: of ``train``, which writes folders of such readers.
        words: whether names of regions are one token, as in `Grammar.of`.
        prune: of `beam_search`.
        tokens: the alphabet.
        grammar: of the plates that it reads.
    """

    command: ClassVar[str]
    words: ClassVar[bool] = True
    prune: ClassVar[float] = 8.0

    def __init__(
        self,
        folder: Path,
        country: str = "auto",
        rectifier: Rectifier | None = None,
        runtime: RuntimeOptions = DEFAULT_RUNTIME,
    ) -> None:
        """Open a model folder.

        Args:
            folder: written by the export of its training in `alpr_utils.training`.
            country: whose grammar decides, as in `plate_type`; ``auto``: all that it was trained on.
            rectifier: see `ViewReader`.
            runtime: what computes the network.

        Raises:
            ModelError: the folder is missing, incomplete or corrupt, or does not read that country.
        """
        stored = ReaderFolder.open(folder, self.command)
        self.check(stored)
        super().__init__(folder.name, stored.temperatures, rectifier, int(stored.metadata.get("parameters", 0)))
        self.tokens, self.grammar = stored.tokens, stored.grammar(country, self.words)
        self.network = open_network(folder, partial(self.build, stored), runtime)

    @staticmethod
    @abstractmethod
    def check(stored: ReaderFolder) -> None:
        """Raises `ModelError` where the folder holds another kind of reader."""

    @staticmethod
    @abstractmethod
    def build(stored: ReaderFolder) -> "keras.Model":
        """The network of the folder, untrained."""

    @abstractmethod
    def log_probs(self, views: np.ndarray) -> list[tuple[np.ndarray, int]]:
        """What the network sees in each of ``views: uint8 (N, 64, 160, 1)``.

        Returns:
            float (T, 1 + K) as in `ctc`, and the rows of text.
        """

    def read_views(self, views: np.ndarray, count: int, grammar: bool) -> list[list[Reading]]:
        """See `ViewReader.read_views`."""
        rules = self.grammar if grammar else None
        seen = self.log_probs(views)
        return [readings(log_probs, rows, self.tokens, rules, count, self.prune) for log_probs, rows in seen]


def readings(
    log_probs: np.ndarray, rows: int, tokens: tuple[str, ...], grammar: Grammar | None, count: int, prune: float
) -> list[Reading]:
    """The likeliest readings of one plate, best first; without a grammar at most one.

    Args:
        log_probs: float (T, 1 + K) as in `ctc`.
        rows: of text.
        tokens: K tokens.
        grammar: what plates may say.
        count: most readings.
        prune: as in `beam_search`.
    """
    if grammar is None:
        found = [greedy(log_probs, tokens)]
    else:
        found = beam_search(log_probs, tokens, grammar, n_best=count, prune=prune)
    return [Reading(text.text, text.score, text.char_scores, rows, text.country) for text in found if text.text]
