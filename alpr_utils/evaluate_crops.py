"""How good is a reader on plates that somebody else has found: true boxes of photos, or pictures of one plate each?"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

from alpr_utils.data.crops import LabelledPlate, labelled_plates
from alpr_utils.pipeline import crop_plate
from alpr_utils.read.reading import Reader


@dataclass(frozen=True)
class CropOutcome:
    """One plate: name of its picture, true text, text read with and without grammar."""

    name: str
    true_text: str
    text: str
    text_without_grammar: str


@dataclass(frozen=True)
class CropEvaluation:
    """The figures of one reader on one folder.

    Attributes:
        width: every plate was shrunk to this many pixels, None: left as it is.
        exact: share read without any mistake, 0..1.
        exact_without_grammar: the same, decoded without the grammar.
        cer: character error rate: edits needed / characters that stand there.
        milliseconds: median time a plate, with grammar.
        outcomes: every plate.
    """

    data: str
    split: str
    reader: str
    width: int | None
    plates: int
    exact: float
    exact_without_grammar: float
    cer: float
    milliseconds: float
    outcomes: tuple[CropOutcome, ...]


def cut(plate: LabelledPlate) -> np.ndarray:
    """The plate as a reader gets it: uint8 (H, W, 3) RGB."""
    size = np.tile(plate.image.shape[:2], 2)
    box = plate.box / size
    whole = bool(np.all(plate.box == [0, 0, *plate.image.shape[:2]]))
    return plate.image if whole else crop_plate(plate.image, (box[0], box[1], box[2], box[3]))


def shrunk(crop: np.ndarray, width: int) -> np.ndarray:
    """``crop: uint8 (H, W, 3)`` at ``width`` pixels; narrower ones stay as they are."""
    if crop.shape[1] <= width:
        return crop
    height = max(1, round(crop.shape[0] * width / crop.shape[1]))
    return cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA)


def evaluate_crops(
    data_dir: Path, reader: Reader, free_reader: Reader, split: str = "", widths: Sequence[int] = ()
) -> list[CropEvaluation]:
    """Read every plate with known text and compare, once for each width.

    Args:
        data_dir: as `alpr_utils.data.crops.labelled_plates` takes it.
        reader: decodes with the grammar.
        free_reader: the same without.
        split: ``a`` or ``b``: only that half of the photos, split by plate identity.
        widths: in pixels; plates are read at each of them; none: as they are.

    Raises:
        LabelError: no labelled picture there.
    """
    crops = [(plate.name, plate.text, cut(plate)) for plate in labelled_plates(data_dir, split)]
    return [
        _figures(
            [(name, text, shrunk(crop, width) if width else crop) for name, text, crop in crops],
            (str(data_dir), split, width),
            reader,
            free_reader,
        )
        for width in (widths or (None,))
    ]


def _figures(
    crops: Sequence[tuple[str, str, np.ndarray]],
    described: tuple[str, str, int | None],
    reader: Reader,
    free_reader: Reader,
) -> CropEvaluation:
    outcomes, times = [], []
    for name, true_text, crop in crops:
        start = time.perf_counter()
        text = reader.read(crop).text
        times.append(time.perf_counter() - start)
        outcomes.append(CropOutcome(name, true_text, text, free_reader.read(crop).text))
    edits = sum(Levenshtein.distance(o.true_text, o.text) for o in outcomes)
    data, split, width = described
    return CropEvaluation(
        data=data,
        split=split,
        reader=reader.name,
        width=width,
        plates=len(outcomes),
        exact=float(np.mean([o.text == o.true_text for o in outcomes])),
        exact_without_grammar=float(np.mean([o.text_without_grammar == o.true_text for o in outcomes])),
        cer=edits / sum(len(o.true_text) for o in outcomes),
        milliseconds=round(1000 * float(np.median(times)), 2),
        outcomes=tuple(outcomes),
    )
