"""How well a reader does on plates whose text is known: characters alone, and plates cut by their true boxes.

``python -m alpr_utils.read.measure DATA_DIR MODEL_DIR`` prints the figures.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from alpr_utils.read.char_data import LabelledPlate, labelled_plates, true_characters
from alpr_utils.read.reading import Reader


@dataclass(frozen=True)
class PlateFigures:
    """Figures over a number of plates.

    Attributes:
        plates: how many were read.
        exact: share read without any mistake, 0..1.
        cer: character error rate: edits needed / characters that stand there.
        milliseconds: median time a plate.
        mistakes: (true text, read text) of every plate that is not exact.
    """

    plates: int
    exact: float
    cer: float
    milliseconds: float
    mistakes: tuple[tuple[str, str], ...]


def plate_figures(reader: Reader, plates: Sequence[LabelledPlate]) -> PlateFigures:
    """Read every plate and compare with its true text."""
    texts, times = [], []
    for plate in plates:
        start = time.perf_counter()
        texts.append(reader.read(plate.image).text)
        times.append(time.perf_counter() - start)
    pairs = [(plate.text, text) for plate, text in zip(plates, texts, strict=True)]
    edits = sum(Levenshtein.distance(true, read) for true, read in pairs)
    return PlateFigures(
        plates=len(pairs),
        exact=float(np.mean([true == read for true, read in pairs])),
        cer=edits / sum(len(true) for true, _ in pairs),
        milliseconds=1000 * float(np.median(times)),
        mistakes=tuple((true, read) for true, read in pairs if true != read),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures of a model folder on a data folder as JSON."""
    from alpr_utils.read.char_train import accuracy
    from alpr_utils.read.classical import ClassicalReader

    parser = argparse.ArgumentParser(prog="python -m alpr_utils.read.measure", description=main.__doc__)
    parser.add_argument("data", type=Path, help="photos with VOC XML of plates and characters, and plates.csv")
    parser.add_argument("model", type=Path, help="folder of a character classifier")
    parser.add_argument("--half", default="", choices=("", "a", "b"), help="only this half, split by plate identity")
    parser.add_argument("--margin", type=float, default=0.04, help="surroundings kept around the true box")
    chosen = parser.parse_args(arguments)
    plates = labelled_plates(chosen.data, chosen.half, chosen.margin)
    figures: dict[str, object] = {}
    for grammar in (True, False):
        for shadows in (True, False):
            reader = ClassicalReader(chosen.model, grammar, shadows)
            key = f"{'grammar' if grammar else 'free'}, shadows {'removed' if shadows else 'left in'}"
            figures[key] = asdict(plate_figures(reader, plates))
            figures["characters"] = accuracy(reader.classifier, true_characters(plates))
    print(json.dumps(figures, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
