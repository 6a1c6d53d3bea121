"""How well does the character classifier name single characters whose boxes are labelled?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alpr_utils.data.images import cut_plates, labelled_images
from alpr_utils.errors import LabelError
from alpr_utils.read.classical.char_cnn import load_char_classifier
from alpr_utils.read.classical.form import ALPHABET
from alpr_utils.read.classical.labelled import cut_characters, named_right

PLATE_MARGIN = 0.04  # surroundings kept around a plate, as a share of its size


@dataclass(frozen=True)
class CharacterFigures:
    """Number of labelled characters, and of those that the classifier names rightly."""

    characters: int
    right: int


def evaluate_characters(folder: Path, model: Path, half: str = "") -> CharacterFigures:
    """Measure a character classifier.

    Args:
        folder: photos with VOC files of plates and their characters, and perhaps ``plates.csv``.
        model: folder of the classifier.
        half: ``a`` or ``b``: only that half of the photos, split by plate identity.

    Raises:
        LabelError: the folder is unusable, or no plate has all of its characters labelled.
        ModelError: the model folder is missing or damaged.
    """
    classifier = load_char_classifier(model)
    figures = CharacterFigures(0, 0)
    for photo in labelled_images(folder, half):
        for crop in cut_plates(photo, PLATE_MARGIN):
            (plate,) = crop.plates
            if len(plate.char_boxes_px) and set(plate.text) <= set(ALPHABET):
                images = cut_characters(crop.image, plate.char_boxes_px)
                labels = np.array([ALPHABET.index(char) for char in plate.text])
                right = int(named_right(classifier.probabilities(images), labels).sum())
                figures = CharacterFigures(figures.characters + len(labels), figures.right + right)
    if not figures.characters:
        raise LabelError(f"{folder}: no plate has all of its characters labelled; label them as VOC objects.")
    return figures
