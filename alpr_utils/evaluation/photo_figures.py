"""The figures of a detector and a reader on labelled photos."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from alpr_utils.evaluation.matching import FOUND_IOU, TOUCHED_IOU
from alpr_utils.evaluation.readers import character_error_rate, share
from alpr_utils.evaluation.widths import WidthBand
from alpr_utils.read.reading import Reading

# Where a plate is lost: no box touches it; a box does but is not accepted as found; the text has the wrong number of
# characters (decoded without the grammar), so that some were missed, split or invented; some character is wrong.
STAGES = ("not_detected", "badly_localised", "wrong_length", "misread")
MIN_TEXT_SCORES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)


@dataclass(frozen=True)
class PlateOutcome:
    """What became of one true plate.

    Attributes:
        picture: file name.
        true_text: ``""`` where only the box is known.
        width: of its box, pixels of the picture as the detector got it.
        iou: overlap with its box at the operating threshold, 0 when not detected.
        text, text_without_grammar: read in the found box, ``""`` without one.
        text_score: of ``text``.
        text_in_true_box: read in the true box.
        stage: one of `STAGES` where the plate was lost, ``""`` when it was not.
    """

    picture: str
    true_text: str
    width: float
    iou: float
    text: str = ""
    text_score: float = 0.0
    text_without_grammar: str = ""
    text_in_true_box: str = ""
    stage: str = ""


@dataclass(frozen=True)
class TextFigures:
    """Reading figures over the plates whose true text is known; None where there is none.

    Attributes:
        plates, found: their number, and of those found (IoU >= 0.5).
        exact: share read without any mistake, 0..1; plates that were not found count as mistakes.
        exact_without_grammar: the same, decoded without the grammar.
        exact_of_found: share of the found plates (IoU >= 0.5) read without any mistake.
        exact_of_found_without_grammar: the same, decoded without the grammar.
        exact_in_true_boxes: share read without any mistake when cut by the true box.
        cer, cer_of_found, cer_in_true_boxes: edits needed / true characters; unfound plates need all of theirs.
    """

    plates: int
    found: int
    exact: float | None
    exact_without_grammar: float | None
    exact_of_found: float | None
    exact_of_found_without_grammar: float | None
    exact_in_true_boxes: float | None
    cer: float | None
    cer_of_found: float | None
    cer_in_true_boxes: float | None


@dataclass(frozen=True)
class RemainingTexts:
    """How many texts score so much, or more.

    Attributes:
        min_text_score: 0..1.
        right, wrong: on plates whose text is known.
        unknown: on the other plates.
        elsewhere: in boxes that match no plate.
    """

    min_text_score: float
    right: int
    wrong: int
    unknown: int
    elsewhere: int


@dataclass(frozen=True)
class Evaluation:
    """The figures of one detector and reader on one folder.

    Attributes:
        condition: hard condition of the photos, ``asis``: left as they are.
        ap, ap50, ap75: average precision as COCO defines it: mean over IoU 0.50 to 0.95, at 0.50, at 0.75; 0..1, None
            without plates.
        ap_by_class: for a detector of several classes AP, AP50 and AP75 of each, and as ``mean`` the mAP; else empty.
        recall_at_threshold: share of the plates found (IoU >= 0.5) at the operating threshold.
        false_boxes_per_picture: boxes at the operating threshold that match no plate, mean over the pictures.
        pictures_with_two_false_boxes: pictures with more than one of them.
        false_texts: what was read in those boxes with a score that is shown.
        remaining: how many texts of which kind stay at each of `MIN_TEXT_SCORES`.
        by_width: how many plates were found (IoU >= 0.5, operating threshold), by their width in the picture as the
            detector got it.
        texts: reading figures.
        lost: stage -> number of plates lost there.
        milliseconds: stage -> median time a picture.
        outcomes: every true plate.
        problems: files that could not be used.
    """

    data: str
    half: str
    detector: str
    reader: str
    condition: str
    enhanced: bool
    threshold: float
    pictures: int
    plates: int
    plates_with_text: int
    ap: float | None
    ap50: float | None
    ap75: float | None
    ap_by_class: dict[str, tuple[float, float, float]]
    recall_at_threshold: float
    false_boxes_per_picture: float
    pictures_with_two_false_boxes: int
    false_texts: tuple[str, ...]
    remaining: tuple[RemainingTexts, ...]
    by_width: tuple[WidthBand, ...]
    texts: TextFigures
    lost: dict[str, int]
    milliseconds: dict[str, float]
    outcomes: tuple[PlateOutcome, ...]
    problems: tuple[str, ...]


def stage_lost(true_text: str, iou: float, text: str, text_without_grammar: str) -> str:
    """The stage of `STAGES` at which a plate was lost, ``""`` when it was not; ``true_text`` is ``""`` if unknown."""
    if iou < TOUCHED_IOU:
        return "not_detected"
    if true_text and text == true_text:
        return ""
    if iou < FOUND_IOU:
        return "badly_localised"
    if not true_text:
        return ""
    return "wrong_length" if len(text_without_grammar) != len(true_text) else "misread"


def share_or_none(values: Sequence[bool]) -> float | None:
    """Share of true values, None of nothing."""
    return share(values) if values else None


def _error_rate(pairs: Sequence[tuple[str, str]]) -> float | None:
    return character_error_rate(pairs) if pairs else None


def text_figures(outcomes: Sequence[PlateOutcome]) -> TextFigures:
    """The reading figures of plates, all with known text."""
    found = [outcome for outcome in outcomes if outcome.iou >= FOUND_IOU]
    return TextFigures(
        plates=len(outcomes),
        found=len(found),
        exact=share_or_none([o.text == o.true_text for o in outcomes]),
        exact_without_grammar=share_or_none([o.text_without_grammar == o.true_text for o in outcomes]),
        exact_of_found=share_or_none([o.text == o.true_text for o in found]),
        exact_of_found_without_grammar=share_or_none([o.text_without_grammar == o.true_text for o in found]),
        exact_in_true_boxes=share_or_none([o.text_in_true_box == o.true_text for o in outcomes]),
        cer=_error_rate([(o.true_text, o.text) for o in outcomes]),
        cer_of_found=_error_rate([(o.true_text, o.text) for o in found]),
        cer_in_true_boxes=_error_rate([(o.true_text, o.text_in_true_box) for o in outcomes]),
    )


def lost_by_stage(outcomes: Sequence[PlateOutcome]) -> dict[str, int]:
    """Stage -> number of plates lost there."""
    counts = Counter(outcome.stage for outcome in outcomes)
    return {stage: counts[stage] for stage in STAGES}


def remaining_texts(outcomes: Sequence[PlateOutcome], elsewhere: Sequence[Reading]) -> tuple[RemainingTexts, ...]:
    """What is left of the texts at each of `MIN_TEXT_SCORES`.

    Args:
        outcomes: of all plates.
        elsewhere: what was read in boxes that match no plate.
    """
    remaining = []
    for least in MIN_TEXT_SCORES:
        texts = [o for o in outcomes if o.text and o.text_score >= least]
        known = [o for o in texts if o.true_text]
        right = sum(o.text == o.true_text for o in known)
        false = sum(bool(reading.text) and reading.score >= least for reading in elsewhere)
        remaining.append(RemainingTexts(least, right, len(known) - right, len(texts) - len(known), false))
    return tuple(remaining)
