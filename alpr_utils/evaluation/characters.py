"""How well the character classifier names single characters whose boxes are labelled.

``python -m alpr_utils.evaluation.characters DATA_DIR MODEL_DIR`` prints it; ``evaluate --crops`` measures readers.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from alpr_utils.training.char_samples import labelled_plates, true_characters


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the share of labelled characters that a classifier names rightly, as JSON."""
    from alpr_utils.read.classical.char_cnn import load_char_classifier
    from alpr_utils.training.char_cnn import accuracy

    parser = argparse.ArgumentParser(prog="python -m alpr_utils.evaluation.characters", description=main.__doc__)
    parser.add_argument("data", type=Path, help="photos with VOC XML of plates and characters, and plates.csv")
    parser.add_argument("model", type=Path, help="folder of a character classifier")
    parser.add_argument("--half", default="", choices=("", "a", "b"), help="only this half, split by plate identity")
    chosen = parser.parse_args(arguments)
    characters = true_characters(labelled_plates(chosen.data, chosen.half))
    right = accuracy(load_char_classifier(chosen.model), characters)
    print(json.dumps({"characters": len(characters), "accuracy": round(right, 4)}))


if __name__ == "__main__":
    main()
