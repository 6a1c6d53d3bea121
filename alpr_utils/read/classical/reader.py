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
        return [self.explain(crop, grammar)[1] for crop in crops]

    def explain(self, plate: np.ndarray, grammar: bool = True) -> tuple[Segmentation, Reading]:
        """Read a plate and show how: the pictures of the hypothesis that won, and the reading.

        Args:
            plate: uint8 (H, W, 3) RGB, at least 1x1.
            grammar: decode as four digits and three letters; otherwise whatever stands there.
        """
        if min(plate.shape[:2]) < _MIN_SIDE:
            return segment(plate, self.hypotheses[0], self.parameters), Reading()
        best: tuple[Segmentation, Decoded] | None = None
        for hypothesis in self.hypotheses:
            if best is not None and _settles(best[1], hypothesis):
                break
            found = segment(plate, hypothesis, self.parameters)
            decoded = self._decode(found, grammar)
            if best is None or _rank(decoded) > _rank(best[1]):
                best = found, decoded
        assert best is not None
        found, decoded = best
        found = replace(found, chosen=decoded.chosen)
        if not decoded.text:
            return found, Reading()
        return found, Reading(decoded.text, decoded.score, decoded.char_scores, decoded.rows, PLATES.country)

    def _decode(self, found: Segmentation, grammar: bool) -> Decoded:
        images = character_images(found.deskewed, [candidate.box for candidate in found.candidates])
        probabilities = self.classifier.probabilities(images)
        decoded = decode_grammar(found.candidates, probabilities) if grammar else Decoded()
        return decoded if decoded.text else decode_free(found.candidates, probabilities)
