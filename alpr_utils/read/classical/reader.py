"""The classical reader, step by step: every hypothesis about the light is segmented, classified and decoded.

1. `segment`: the crop in grey, shadows removed, thresholded, cleaned; components that could be characters, rows,
   deskewing, and candidates for characters.
2. `character_images`: each candidate, cut out as 32 x 32 pixels.
3. `CharClassifier`: the probability of every character, and of "not a character", for each candidate.
4. `decode_grammar`, or `decode_free`: the best path through the candidates is the text.

The hypotheses are tried in turn until a reading is sure enough.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from alpr_utils.read.classical.char_cnn import CharClassifier, load_char_classifier
from alpr_utils.read.classical.char_image import character_images
from alpr_utils.read.classical.decode import Decoded, decode_free, decode_grammar
from alpr_utils.read.classical.form import PLATES, SLOTS
from alpr_utils.read.classical.segment import Hypothesis, Segmentation, SegmentParameters, segment
from alpr_utils.read.reading import Reading
from alpr_utils.runtime.network import DEFAULT_RUNTIME, RuntimeOptions

MODEL_FOLDER = "char_cnn_mn"
_MIN_SIDE = 8  # pixels; smaller crops hold nothing that could be read
_SURE = 0.9  # a reading whose every character is this sure needs no second hypothesis
_PLAUSIBLE = 0.5  # from here on the plate is not taken for one with light characters


def hypotheses(remove_shadows: bool) -> tuple[Hypothesis, ...]:
    """Ways to threshold, the textbook's first, light characters on dark plates last."""
    flattened = (True, False) if remove_shadows else (False,)
    dark_ink = tuple(Hypothesis(flat, local) for flat in flattened for local in (False, True))
    light_ink = tuple(Hypothesis(remove_shadows, local, inverted=True) for local in (False, True))
    return dark_ink + light_ink


def _rank(decoded: Decoded) -> tuple[bool, float]:
    """A complete plate beats any incomplete one, however sure; then the surer one wins."""
    return len(decoded.text) == len(SLOTS), decoded.score


def _settles(decoded: Decoded, hypothesis: Hypothesis) -> bool:
    """Whether a reading is so sure that ``hypothesis`` need not be tried."""
    needed = _PLAUSIBLE if hypothesis.inverted else _SURE
    return len(decoded.text) == len(SLOTS) and min(*decoded.char_scores, decoded.score) >= needed


class ClassicalReader:
    """Reads plates of one country (`form.PLATES`), one row or two; a `Reader`."""

    name = "classical"

    def __init__(
        self,
        model_dir: Path,
        remove_shadows: bool = True,
        parameters: SegmentParameters | None = None,
        runtime: RuntimeOptions = DEFAULT_RUNTIME,
    ) -> None:
        """Load the classifier.

        Args:
            model_dir: folder of the character classifier.
            remove_shadows: flatten uneven light before thresholding.
            parameters: of the segmentation.
            runtime: what computes the classifier.

        Raises:
            ModelError: ``model_dir`` is missing, incomplete or corrupt.
        """
        self.classifier: CharClassifier = load_char_classifier(model_dir, runtime)
        self.weight_count = self.classifier.weight_count
        self.parameters = parameters or SegmentParameters()
        self.hypotheses = hypotheses(remove_shadows)

    def read(self, crops: Sequence[np.ndarray], grammar: bool = True) -> list[Reading]:
        """See `Reader.read`."""
        return [reading for _, reading in self._explained(crops, grammar)]

    def explain(self, plate: np.ndarray, grammar: bool = True) -> tuple[Segmentation, Reading]:
        """Read a plate and show how: the pictures of the hypothesis that won, and the reading.

        Args:
            plate: uint8 (H, W, 3) RGB, at least 1x1.
            grammar: decode as four digits and three letters; otherwise whatever stands there.
        """
        return self._explained([plate], grammar)[0]

    def _explained(self, plates: Sequence[np.ndarray], grammar: bool) -> list[tuple[Segmentation, Reading]]:
        """`explain` of each plate; the characters of all plates are classified together."""
        best: dict[int, tuple[Segmentation, Decoded]] = {}
        unsure = [number for number, plate in enumerate(plates) if min(plate.shape[:2]) >= _MIN_SIDE]
        for hypothesis in self.hypotheses:
            unsure = [number for number in unsure if number not in best or not _settles(best[number][1], hypothesis)]
            found = [segment(plates[number], hypothesis, self.parameters) for number in unsure]
            for number, result in zip(unsure, self._decoded(found, grammar), strict=True):
                if number not in best or _rank(result[1]) > _rank(best[number][1]):
                    best[number] = result
        return [
            _explanation(*best[number])
            if number in best
            else (segment(plate, self.hypotheses[0], self.parameters), Reading())
            for number, plate in enumerate(plates)
        ]

    def _decoded(self, plates: Sequence[Segmentation], grammar: bool) -> list[tuple[Segmentation, Decoded]]:
        if not plates:
            return []
        images = [character_images(found.deskewed, [some.box for some in found.candidates]) for found in plates]
        probabilities = self.classifier.probabilities(np.concatenate(images))
        ends = np.cumsum([len(of_plate) for of_plate in images])[:-1]
        split = zip(plates, np.split(probabilities, ends), strict=True)
        return [(found, _decode(found, of_plate, grammar)) for found, of_plate in split]


def _decode(found: Segmentation, probabilities: np.ndarray, grammar: bool) -> Decoded:
    decoded = decode_grammar(found.candidates, probabilities) if grammar else Decoded()
    return decoded if decoded.text else decode_free(found.candidates, probabilities)


def _explanation(found: Segmentation, decoded: Decoded) -> tuple[Segmentation, Reading]:
    found = replace(found, chosen=decoded.chosen)
    if not decoded.text:
        return found, Reading()
    return found, Reading(decoded.text, decoded.score, decoded.char_scores, decoded.rows, PLATES.country)
