"""How good is a reader alone: on true boxes of photos, on pictures of one plate each, or on generated plates?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from alpr_utils.data.images import cut_plates, labelled_images
from alpr_utils.evaluation.crop_conditions import Conditions, conditions_of
from alpr_utils.evaluation.hard_conditions import AS_IS, in_condition
from alpr_utils.evaluation.readers import (
    Calibration,
    Confusion,
    CropOutcome,
    GroupFigures,
    UnsureFigures,
    calibration,
    character_error_rate,
    confusions,
    groups,
    share,
    unsure_figures,
)
from alpr_utils.evaluation.stopwatch import Stopwatch
from alpr_utils.images import crop_plate
from alpr_utils.plates import COUNTRIES, plate_type
from alpr_utils.read.reading import Reader
from alpr_utils.results import shown_text
from alpr_utils.synth.photo.sample import sample_plate

WIDTHS = (160, 120, 80, 60, 40, 30)  # pixels, for the curve of exact against width
CornerFinder = Callable[[Sequence[np.ndarray]], np.ndarray]


@dataclass(frozen=True)
class PlateCrop:
    """A plate as a reader gets it: ``image: uint8 (H, W, 3)`` RGB, with what is known about it."""

    name: str
    text: str
    country: str
    rows: int
    image: np.ndarray
    conditions: Conditions


@dataclass(frozen=True)
class CropEvaluation:
    """The figures of one reader on a number of plates.

    Attributes:
        data: where the plates came from.
        condition: hard condition of the plates, ``w50``: 50 pixels wide, ``asis``: left as they are.
        parameters: weights of the reader's networks.
        exact: share read without any mistake, 0..1.
        exact_without_grammar: the same, decoded without the grammar.
        cer: character error rate: edits needed / characters that stand there.
        cer_without_grammar: the same, decoded without the grammar.
        milliseconds: median time a plate, with grammar.
        processor_milliseconds: the same of all processor cores together, which other programs do not spoil.
        calibration: whether the scores are probabilities, with grammar.
        unsure: whether the characters shown as ``?`` are those that are wrong, with grammar.
        groups: figures of the plates that have something in common.
        confusions: what was read for each character, with grammar.
        confusions_without_grammar: the same, decoded without the grammar.
        outcomes: every plate.
    """

    data: str
    reader: str
    condition: str
    parameters: int
    plates: int
    exact: float
    exact_without_grammar: float
    cer: float
    cer_without_grammar: float
    milliseconds: float
    processor_milliseconds: float
    calibration: Calibration
    unsure: UnsureFigures
    groups: tuple[GroupFigures, ...]
    confusions: tuple[Confusion, ...]
    confusions_without_grammar: tuple[Confusion, ...]
    outcomes: tuple[CropOutcome, ...]


def real_crops(folder: Path, half: str = "", find_corners: CornerFinder | None = None) -> list[PlateCrop]:
    """The plates with known text of a folder.

    Args:
        folder: as `alpr_utils.data.images.labelled_images` takes it.
        half: ``a`` or ``b``: only that half of the photos, split by plate identity.
        find_corners: such as `alpr_utils.read.rectify.Rectifier.corners`; corners are not labelled, so without it the
            tilt of the plates stays unknown.

    Raises:
        LabelError: no labelled picture there.
    """
    found = []
    for photo in labelled_images(folder, half):
        for crop in cut_plates(photo):
            (plate,) = crop.plates
            corners = find_corners([crop.image])[0] * crop.image.shape[1::-1] if find_corners else None
            conditions = conditions_of(crop.image, corners)
            found.append(PlateCrop(crop.name, plate.text, plate.country, plate.rows, crop.image, conditions))
    return found


def fresh_crops(
    count: int, seed: int, countries: Sequence[str] | None = None, preset: str = "mixed"
) -> list[PlateCrop]:
    """``count`` generated plates, the countries (None: all) in turn; choose a ``seed`` that nothing was trained on.

    Raises:
        AlprError: an unknown country or preset.
    """
    codes = list(COUNTRIES) if countries is None else [plate_type(country).country for country in countries]
    found = []
    for index in range(count):
        country = codes[index % len(codes)]
        plate = sample_plate(np.random.default_rng([seed, index]), country, preset)
        low, high = plate.corners.min(axis=0), plate.corners.max(axis=0)
        height, width = plate.image.shape[:2]
        box = float(low[1] / height), float(low[0] / width), float(high[1] / height), float(high[0] / width)
        image = crop_plate(plate.image, box).copy()
        conditions = conditions_of(image, plate.corners)
        found.append(PlateCrop(f"{country}_{index}", plate.text, country, plate.rows, image, conditions))
    return found


def in_turns(crops: Sequence[PlateCrop], conditions: Sequence[str], seed: int = 0) -> list[PlateCrop]:
    """Every plate in one of the hard ``conditions``, which take turns.

    Raises:
        AlprError: no such condition.
    """
    return [
        replace(crop, image=in_condition(crop.image, conditions[index % len(conditions)], seed, index))
        for index, crop in enumerate(crops)
    ]


def _outcome(crop: PlateCrop, reader: Reader, watch: Stopwatch) -> CropOutcome:
    with watch.stage("read"):
        (reading,) = reader.read([crop.image])
    (free,) = reader.read([crop.image], grammar=False)
    texts = reading.text, round(reading.score, 4), free.text, round(free.score, 4)
    shown = shown_text(reading.text, reading.char_scores)
    return CropOutcome(crop.name, crop.text, crop.country, crop.rows, crop.conditions, *texts, shown)


def evaluate_crops(
    crops: Sequence[PlateCrop], reader: Reader, data: str = "", condition: str = AS_IS
) -> CropEvaluation:
    """Read every plate and compare.

    Args:
        crops: at least one.
        reader: reads each plate with the grammar and without it.
        data: what to call the plates in the figures.
        condition: hard condition into which every plate is brought first.

    Raises:
        AlprError: no such condition.
    """
    reader.read([crops[0].image])  # the first call of a network takes longer
    crops = in_turns(crops, [condition])
    watch = Stopwatch()
    outcomes = [_outcome(crop, reader, watch) for crop in crops]
    milliseconds, of_processors = (round(ms, 2) for ms in watch.medians()["read"])
    pairs = [(outcome.true_text, outcome.text) for outcome in outcomes]
    free_pairs = [(outcome.true_text, outcome.text_without_grammar) for outcome in outcomes]
    right = [outcome.is_exact for outcome in outcomes]
    return CropEvaluation(
        data=data,
        reader=reader.name,
        condition=condition,
        parameters=reader.weight_count,
        plates=len(outcomes),
        exact=share(right),
        exact_without_grammar=share([outcome.is_exact_without_grammar for outcome in outcomes]),
        cer=character_error_rate(pairs),
        cer_without_grammar=character_error_rate(free_pairs),
        milliseconds=milliseconds,
        processor_milliseconds=of_processors,
        calibration=calibration([outcome.score for outcome in outcomes], right),
        unsure=unsure_figures(outcomes),
        groups=groups(outcomes),
        confusions=confusions(pairs),
        confusions_without_grammar=confusions(free_pairs),
        outcomes=tuple(outcomes),
    )
