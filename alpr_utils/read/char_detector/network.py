"""The SSD on a plate crop, one class a character: the network of the character detector, and its model folder."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from alpr_utils.errors import AlprError, ModelError
from alpr_utils.models.folder import METADATA_FILE, read_metadata
from alpr_utils.models.weights import WEIGHTS_FILE, compiled, load_weights
from alpr_utils.networks.anchors import AnchorSpec, make_anchors
from alpr_utils.networks.array_ops import decode
from alpr_utils.networks.configs import SSDConfig
from alpr_utils.networks.ssd import build_ssd
from alpr_utils.read.char_detector.reader import CharBoxes, CharDetectorReader
from alpr_utils.read.crnn.reader import fitted_temperature
from alpr_utils.read.grammar import tokens_of
from alpr_utils.read.preprocess import HEIGHT, WIDTH
from alpr_utils.read.rectify import Rectifier

ARCHITECTURE = "character ssd"
# Characters of a plate stretched to 160 x 64 are 12 to 30 pixels wide and 13 to 55 high.
ANCHORS = AnchorSpec(strides=(8,), scales=((22.0,),), aspect_ratios=(0.33, 0.6, 1.0))
_LEAST_SCORE = 0.03  # of boxes worth a thought
_CANDIDATES = 120


def alphabet_of(countries: tuple[str, ...]) -> tuple[str, ...]:
    """The classes: every character that plates of these countries carry.

    Raises:
        AlprError: no such country.
    """
    return tokens_of(countries, words=False)


def char_anchors() -> np.ndarray:
    """Anchors float32 (N, 4), ymin, xmin, ymax, xmax in pixels of the 64 x 160 input."""
    return make_anchors(HEIGHT, WIDTH, ANCHORS)


def build_char_network(classes: int) -> keras.Model:
    """The untrained network: uint8 or float (B, 64, 160, 1), 0..255 -> (B, N, 4 + classes), see `build_ssd`."""
    config = SSDConfig(stem=24, widths=(48, 96), blocks=(1, 2), pyramid=64, anchors=ANCHORS, classes=classes)
    plate = keras.Input((HEIGHT, WIDTH, 1), name="plate")
    picture = layers.Concatenate(name="grey")([plate] * 3)
    return keras.Model(plate, build_ssd(config)(picture), name="char_detector")


def with_decoding(network: keras.Model) -> keras.Model:
    """The same network, sharing its weights, with boxes in pixels and scores 0..1 for what it gives."""
    predictions = network.output
    boxes = decode(predictions[..., :4], ops.convert_to_tensor(char_anchors()), ops)
    return keras.Model(network.input, ops.concatenate([boxes, ops.sigmoid(predictions[..., 4:])], axis=-1))


def candidates(decoded: np.ndarray) -> CharBoxes:
    """The best of one plate's decoded predictions float32 (N, 4 + classes)."""
    best = decoded[:, 4:].max(axis=1)
    chosen = np.argsort(-best, kind="stable")[:_CANDIDATES]
    chosen = chosen[best[chosen] >= _LEAST_SCORE]
    return CharBoxes(decoded[chosen, :4], decoded[chosen, 4:])


class CharNetwork:
    """A trained network as `alpr_utils.read.char_detector.reader.FindsCharacters`."""

    def __init__(self, folder: Path) -> None:
        """Open a model folder written by `alpr_utils.training.char_detector.export_char_detector`.

        Raises:
            ModelError: the folder is missing, incomplete or corrupt, or its alphabet is not that of its countries.
        """
        facts = _facts(folder)
        self.name = folder.name
        self.alphabet, self.countries = tuple(facts["alphabet"]), tuple(facts["countries"])
        self.temperatures = (fitted_temperature(facts, True, folder), fitted_temperature(facts, False, folder))
        network = build_char_network(len(self.alphabet))
        load_weights(network, folder / WEIGHTS_FILE)
        self.weight_count = int(network.count_params())
        self._call = compiled(with_decoding(network), (HEIGHT, WIDTH, 1))

    def __call__(self, views: np.ndarray) -> list[CharBoxes]:
        """Views uint8 (B, 64, 160, 1) of one plate each -> the possible characters of each."""
        return [candidates(decoded) for decoded in self._call(views)]


def _facts(folder: Path) -> dict[str, Any]:
    for needed in (folder / METADATA_FILE, folder / WEIGHTS_FILE):
        if not needed.is_file():
            raise ModelError(f"{needed}: is missing; restore the folder or train it with 'train char_detector'.")
    facts = read_metadata(folder)
    if facts.get("architecture") != ARCHITECTURE or not facts.get("alphabet") or not facts.get("countries"):
        raise ModelError(f"{folder / METADATA_FILE}: describes no character detector; give the folder of one.")
    try:
        needed_now = alphabet_of(tuple(facts["countries"]))
    except AlprError as error:
        raise ModelError(f"{folder / METADATA_FILE}: {error}") from None
    if tuple(facts["alphabet"]) != needed_now:
        strange = "".join(sorted(set(facts["alphabet"]) ^ set(needed_now))) or "their order"
        raise ModelError(
            f"{folder / METADATA_FILE}: the weights have another alphabet than the plates of "
            f"{', '.join(facts['countries'])} ({strange} differs); train it again with 'train char_detector'."
        )
    return facts


def load_char_detector(
    folder: Path, country: str = "auto", grammar: bool = True, rectifier: Rectifier | None = None
) -> CharDetectorReader:
    """The character detector of a model folder as a reader; arguments as `CharDetectorReader`.

    Raises:
        ModelError: the folder is missing, incomplete or corrupt, or does not read that country.
    """
    return CharDetectorReader(CharNetwork(folder), country, grammar, rectifier)
