"""The CRNN as a reader: a crop in, the text that the network and the grammar agree on out."""

from pathlib import Path
from typing import Any

import numpy as np

from alpr_utils.errors import AlprError, ModelError
from alpr_utils.models.folder import METADATA_FILE, read_metadata
from alpr_utils.models.weights import WEIGHTS_FILE, compiled, load_weights
from alpr_utils.read.crnn.network import BANDS, VARIANTS, build_crnn
from alpr_utils.read.ctc import Temperature, beam_search, greedy
from alpr_utils.read.grammar import Grammar, check_alphabet
from alpr_utils.read.preprocess import HEIGHT, WIDTH
from alpr_utils.read.reading import Reading
from alpr_utils.read.rectify import Rectifier
from alpr_utils.read.views import ViewReader

CALIBRATION = "calibration"  # key in metadata.json
_WRITTEN = 0.5  # probability of a character in the upper band from which a plate has two rows


class CRNNReader(ViewReader):
    """Reads plates of all countries of its alphabet, one row or two."""

    def __init__(
        self, folder: Path, country: str = "auto", grammar: bool = True, rectifier: Rectifier | None = None
    ) -> None:
        """Open a model folder.

        Args:
            folder: written by `alpr_utils.training.crnn.export_crnn`.
            country: ``mn``, ``kr`` or ``auto``: whose grammar decides.
            grammar: False takes what the network says.
            rectifier: see `ViewReader`.

        Raises:
            ModelError: the folder is missing, incomplete or corrupt, or does not read that country.
        """
        facts = _facts(folder)
        self.tokens: tuple[str, ...] = tuple(facts["alphabet"])
        countries = tuple(facts["countries"]) if country == "auto" else (country,)
        if not set(countries) <= set(facts["countries"]):
            raise ModelError(f"{folder}: reads plates of {', '.join(facts['countries'])}, not of {country}.")
        try:
            check_alphabet(self.tokens)
            self.grammar = Grammar.of(countries, self.tokens) if grammar else None
        except AlprError as error:
            raise ModelError(f"{folder / METADATA_FILE}: {error}") from None
        network = build_crnn(len(self.tokens), facts["variant"])
        load_weights(network, folder / WEIGHTS_FILE)
        super().__init__(folder.name, fitted_temperature(facts, grammar, folder), rectifier, network.count_params())
        self._call = compiled(network, (HEIGHT, WIDTH, 1))

    def step_probabilities(self, view: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
        """What the network sees step by step, and the names of its classes.

        Args:
            view: uint8 (64, 160, 1), from `network_input` or `laid_flat`.

        Returns:
            float32 (80, classes), the upper band's 40 steps first; the first class is CTC's blank.
        """
        logits = self._call(view[None])[0]
        probabilities = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
        return probabilities, ("-", *self.tokens)

    def read_view(self, view: np.ndarray, count: int) -> list[Reading]:
        """The likeliest readings of ``view: uint8 (64, 160, 1)``, best first."""
        logits = self._call(view[None])[0]  # (T, 1 + tokens)
        log_probs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        upper_band = np.exp(log_probs[: len(log_probs) // BANDS, 1:])
        rows = 1 + int(upper_band.max() > _WRITTEN)
        log_probs = np.minimum(np.roll(log_probs, -1, axis=1), 0)  # the decoders want the blank last
        if self.grammar is None:
            found = [greedy(log_probs, self.tokens)]
        else:
            found = beam_search(log_probs, self.tokens, self.grammar, n_best=count)
        return [Reading(text.text, text.score, text.char_scores, rows, text.country) for text in found if text.text]


def fitted_temperature(facts: dict[str, Any], grammar: bool, folder: Path) -> Temperature:
    """The temperature in the facts of a model folder, one that changes nothing where none was fitted.

    Raises:
        ModelError: it is broken.
    """
    stored = facts.get(CALIBRATION, {}).get("with_grammar" if grammar else "without_grammar", {})
    try:
        return Temperature(**stored.get("temperature", {}))
    except (AlprError, AttributeError, TypeError):
        raise ModelError(f"{folder / METADATA_FILE}: its temperature is broken; fit it with 'calibrate'.") from None


def _facts(folder: Path) -> dict[str, Any]:
    for needed in (folder / METADATA_FILE, folder / WEIGHTS_FILE):
        if not needed.is_file():
            raise ModelError(f"{needed}: is missing; restore the folder or train it with 'train crnn'.")
    facts = read_metadata(folder)
    if facts.get("variant") not in VARIANTS or not facts.get("alphabet") or not facts.get("countries"):
        raise ModelError(f"{folder / METADATA_FILE}: describes no CRNN; give the folder of a CRNN.")
    return facts
