"""The CRNN as a reader: a crop in, the text that the network and the grammar agree on out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from alpr_utils.errors import AlprError, ModelError
from alpr_utils.model_folder import METADATA_FILE, read_metadata
from alpr_utils.read.crnn import VARIANTS, WEIGHTS_FILE, build_crnn
from alpr_utils.read.ctc_decode import DecodedText, beam_search, greedy
from alpr_utils.read.grammar import Grammar, check_alphabet
from alpr_utils.read.plate_crops import HEIGHT, WIDTH, network_input
from alpr_utils.read.reading import Reading
from alpr_utils.weights import load_weights

_MIN_SIDE = 6  # pixels; smaller crops hold nothing that could be read
_BREAK_SEEN = 0.5  # probability of a row break from which a plate has two rows


def _compiled(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Plates uint8 (B, 64, 160, 1) -> log probabilities (B, T, C); ``predict()`` would take ten times as long."""
    if keras.backend.backend() != "tensorflow":
        return lambda images: keras.ops.convert_to_numpy(keras.ops.log_softmax(network(images, training=False)))
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((None, HEIGHT, WIDTH, 1), tf.uint8)])
    def call(images: tf.Tensor) -> tf.Tensor:
        return tf.nn.log_softmax(network(images, training=False))

    return lambda images: call(tf.constant(images)).numpy()


class CRNNReader:
    """Reads plates of all countries of its alphabet, one row or two; see `Reader` for the protocol."""

    def __init__(self, folder: Path, country: str = "auto", grammar: bool = True) -> None:
        """Open a model folder.

        Args:
            folder: written by `alpr_utils.read.crnn_train.export_crnn`.
            country: ``mn``, ``kr`` or ``auto``: whose grammar decides.
            grammar: False takes what the network says.

        Raises:
            ModelError: the folder is missing, incomplete or corrupt, or does not read that country.
        """
        facts = _facts(folder)
        self.name = folder.name
        self.tokens: tuple[str, ...] = tuple(facts["alphabet"])
        countries = tuple(facts["countries"]) if country == "auto" else (country,)
        if not set(countries) <= set(facts["countries"]):
            raise ModelError(f"{folder}: reads plates of {', '.join(facts['countries'])}, not of {country}.")
        try:
            check_alphabet(self.tokens)
            self.grammar = Grammar.of(countries, self.tokens) if grammar else None
        except AlprError as error:
            raise ModelError(f"{folder / METADATA_FILE}: {error}") from None
        self.temperature = float(facts.get("temperature", 1.0))
        network = build_crnn(len(self.tokens), facts["variant"])
        load_weights(network, folder / WEIGHTS_FILE)
        self._call = _compiled(network)

    def read(self, plate: np.ndarray) -> Reading:
        """Read ``plate: uint8 (H, W, 3) RGB``; an empty `Reading` when nothing is found."""
        readings = self.read_n_best(plate, 1)
        return readings[0] if readings else Reading()

    def read_n_best(self, plate: np.ndarray, count: int) -> list[Reading]:
        """The likeliest readings of ``plate: uint8 (H, W, 3) RGB``, best first; one at most without grammar."""
        if min(plate.shape[:2]) < _MIN_SIDE:
            return []
        log_probs = self._call(network_input(plate)[None])[0]  # (T, 1 + tokens + 1)
        rows = 1 + int(np.exp(log_probs[:, -1].max()) > _BREAK_SEEN)
        # The decoders want the blank last; for them a row break is one more way to write nothing.
        blank = np.logaddexp(log_probs[:, 0], log_probs[:, -1])
        log_probs = np.concatenate([log_probs[:, 1:-1], np.minimum(blank, 0)[:, None]], axis=1)
        if self.grammar is None:
            found = [greedy(log_probs, self.tokens, self.temperature)]
        else:
            found = beam_search(
                log_probs, self.tokens, self.grammar, n_best=max(count, 3), temperature=self.temperature
            )
        return [_reading(text, rows) for text in found[:count] if text.text]


def _facts(folder: Path) -> dict[str, Any]:
    for needed in (folder / METADATA_FILE, folder / WEIGHTS_FILE):
        if not needed.is_file():
            raise ModelError(f"{needed}: is missing; restore the folder or train it with 'train crnn'.")
    facts = read_metadata(folder)
    if facts.get("variant") not in VARIANTS or not facts.get("alphabet") or not facts.get("countries"):
        raise ModelError(f"{folder / METADATA_FILE}: describes no CRNN; give the folder of a CRNN.")
    return facts


def _reading(decoded: DecodedText, rows: int) -> Reading:
    return Reading(decoded.text, decoded.score, decoded.char_scores, rows, decoded.country)
