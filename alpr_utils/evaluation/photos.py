"""How good are a detector and a reader on a folder of labelled photos, and where are plates lost?"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alpr_utils.boxes import iou_matrix
from alpr_utils.data.split import load_half
from alpr_utils.data.truth import TruePlate
from alpr_utils.data.voc import LabelledPicture
from alpr_utils.detect.detector import Detection, Detector
from alpr_utils.enhance import Enhance
from alpr_utils.errors import AlprError, LabelError
from alpr_utils.evaluation.average_precision import ClassScorer
from alpr_utils.evaluation.readers import character_error_rate
from alpr_utils.evaluation.widths import WidthBand, found_by_width
from alpr_utils.images import crop_plate, read_image
from alpr_utils.read.reading import Reader

# Average precision needs the whole ranking, down to boxes that nobody would report.
MIN_SCORE_FOR_AP = 0.01
FOUND_IOU = 0.5
TOUCHED_IOU = 0.1
STAGES = ("not_detected", "badly_localised", "segmentation", "misread")


@dataclass(frozen=True)
class PlateOutcome:
    """What became of one true plate.

    Attributes:
        picture: file name.
        true_text: ``""`` where only the box is known.
        width: of its box, pixels of the picture.
        iou: overlap with its box at the operating threshold, 0 when not detected.
        text, text_without_grammar: read in the found box, ``""`` without one.
        text_in_true_box: read in the true box.
        stage: one of ``STAGES`` where the plate was lost, ``""`` when it was not.
    """

    picture: str
    true_text: str
    width: float
    iou: float
    text: str = ""
    text_without_grammar: str = ""
    text_in_true_box: str = ""
    stage: str = ""


@dataclass(frozen=True)
class TextFigures:
    """Reading figures over the plates whose true text is known; None where there is none.

    Attributes:
        exact: share read without any mistake, 0..1; plates that were not found count as mistakes.
        exact_without_grammar: the same, decoded without the grammar.
        exact_of_found: share of the found plates (IoU >= 0.5) read without any mistake.
        exact_of_found_without_grammar: the same, decoded without the grammar.
        exact_in_true_boxes: share read without any mistake when cut by the true box.
        cer, cer_of_found, cer_in_true_boxes: edits needed / true characters; unfound plates need all of theirs.
    """

    exact: float | None
    exact_without_grammar: float | None
    exact_of_found: float | None
    exact_of_found_without_grammar: float | None
    exact_in_true_boxes: float | None
    cer: float | None
    cer_of_found: float | None
    cer_in_true_boxes: float | None


@dataclass(frozen=True)
class Evaluation:
    """The figures of one detector and reader on one folder.

    Attributes:
        ap, ap50, ap75: average precision as COCO defines it: mean over IoU 0.50 to 0.95, at 0.50, at 0.75; 0..1.
        ap_by_class: for a detector of several classes AP, AP50 and AP75 of each, and as ``mean`` the mAP; else empty.
        recall_at_threshold: share of the plates found (IoU >= 0.5) at the operating threshold.
        false_boxes_per_picture: boxes at the operating threshold that match no plate, mean over the pictures.
        pictures_with_two_false_boxes: pictures with more than one of them.
        by_width: how many plates were found (IoU >= 0.5, operating threshold), by their width in the picture.
        texts: reading figures.
        lost: stage -> number of plates lost there.
        milliseconds: stage -> median time a picture.
        outcomes: every true plate.
        problems: files that could not be used.
    """

    data: str
    split: str
    detector: str
    reader: str
    enhanced: bool
    threshold: float
    pictures: int
    plates: int
    plates_with_text: int
    ap: float
    ap50: float
    ap75: float
    ap_by_class: dict[str, tuple[float, float, float]]
    recall_at_threshold: float
    false_boxes_per_picture: float
    pictures_with_two_false_boxes: int
    by_width: tuple[WidthBand, ...]
    texts: TextFigures
    lost: dict[str, int]
    milliseconds: dict[str, float]
    outcomes: tuple[PlateOutcome, ...]
    problems: tuple[str, ...]


class _Stopwatch:
    """Collects the milliseconds of each stage, one entry a picture."""

    def __init__(self) -> None:
        self._times: dict[str, list[float]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._times.setdefault(name, []).append(1000 * (time.perf_counter() - start))

    def medians(self) -> dict[str, float]:
        medians = {name: float(np.median(times)) for name, times in self._times.items()}
        return {name: round(ms, 1) for name, ms in {**medians, "total": sum(medians.values())}.items()}


def match(plates: Sequence[TruePlate], found: Sequence[Detection]) -> tuple[list[tuple[int, float]], int]:
    """Pair plates with detections, each at most once, best overlap first.

    Returns:
        For each plate (index of its detection, IoU), (-1, 0.0) without one; and the number of false boxes, those
        that have no plate with IoU >= 0.5.
    """
    pairs = [(-1, 0.0)] * len(plates)
    if not plates or not found:
        return pairs, len(found)
    ious = iou_matrix(np.array([p.box for p in plates], np.float32), np.array([d.box for d in found], np.float32))
    remaining = ious.copy()
    for _ in range(min(ious.shape)):
        plate, detection = np.unravel_index(remaining.argmax(), remaining.shape)
        if remaining[plate, detection] < TOUCHED_IOU:
            break
        pairs[plate] = int(detection), float(ious[plate, detection])
        remaining[plate, :] = remaining[:, detection] = -1
    true_boxes = sum(iou >= FOUND_IOU for _, iou in pairs)
    return pairs, len(found) - true_boxes


def _stage_lost(true_text: str, iou: float, text: str, text_without_grammar: str) -> str:
    if iou < TOUCHED_IOU:
        return "not_detected"
    if true_text and text == true_text:
        return ""
    if iou < FOUND_IOU:
        return "badly_localised"
    if not true_text:
        return ""
    return "segmentation" if len(text_without_grammar) != len(true_text) else "misread"


class _Scorer:
    """Runs detector and reader over pictures and keeps what the figures need."""

    def __init__(
        self,
        detector: Detector,
        reader: Reader | None,
        reader_without_grammar: Reader | None,
        enhance: Enhance | None,
        classes: ClassScorer,
    ):
        self._detector, self._enhance = detector, enhance
        self._reader, self._reader_without_grammar = reader, reader_without_grammar
        self.watch = _Stopwatch()
        self.classes = classes
        self.false_boxes: list[int] = []
        self.outcomes: list[PlateOutcome] = []

    def _find(self, image: np.ndarray) -> list[Detection]:
        with self.watch.stage("enhance"):
            seen = self._enhance(image) if self._enhance else image
        with self.watch.stage("detect"):
            return self._detector.detect(seen, min(MIN_SCORE_FOR_AP, self._detector.threshold))

    def _text(self, reader: Reader | None, image: np.ndarray, box: tuple[float, float, float, float]) -> str:
        return reader.read(crop_plate(image, box)).text if reader else ""

    def add(self, picture: LabelledPicture, plates: list[TruePlate]) -> None:
        """Process one picture.

        Raises:
            PictureError: it cannot be read.
        """
        with self.watch.stage("open"):
            image = read_image(picture.path)
        size = (image.shape[0], image.shape[1])
        ranked = self.classes.add(picture, [plate.box for plate in plates], self._find(image), size)
        reported = [detection for detection in ranked if detection.score >= self._detector.threshold]
        with self.watch.stage("read"):
            texts = [self._text(self._reader, image, detection.box) for detection in reported]
        pairs, false_boxes = match(plates, reported)
        self.false_boxes.append(false_boxes)
        for plate, (index, iou) in zip(plates, pairs, strict=True):
            text = texts[index] if index >= 0 else ""
            free = self._text(self._reader_without_grammar, image, reported[index].box) if index >= 0 else ""
            in_true_box = self._text(self._reader, image, plate.box) if plate.text else ""
            stage = _stage_lost(plate.text if self._reader else "", iou, text, free)
            width = round(image.shape[1] * (plate.box[3] - plate.box[1]), 1)
            name = picture.path.name
            self.outcomes.append(PlateOutcome(name, plate.text, width, iou, text, free, in_true_box, stage))


def _share(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _error_rate(pairs: Sequence[tuple[str, str]]) -> float | None:
    return character_error_rate(pairs) if pairs else None


def _text_figures(outcomes: Sequence[PlateOutcome]) -> TextFigures:
    found = [o for o in outcomes if o.iou >= FOUND_IOU]
    return TextFigures(
        exact=_share([o.text == o.true_text for o in outcomes]),
        exact_without_grammar=_share([o.text_without_grammar == o.true_text for o in outcomes]),
        exact_of_found=_share([o.text == o.true_text for o in found]),
        exact_of_found_without_grammar=_share([o.text_without_grammar == o.true_text for o in found]),
        exact_in_true_boxes=_share([o.text_in_true_box == o.true_text for o in outcomes]),
        cer=_error_rate([(o.true_text, o.text) for o in outcomes]),
        cer_of_found=_error_rate([(o.true_text, o.text) for o in found]),
        cer_in_true_boxes=_error_rate([(o.true_text, o.text_in_true_box) for o in outcomes]),
    )


def evaluate(
    data_dir: Path,
    detector: Detector,
    reader: Reader | None = None,
    reader_without_grammar: Reader | None = None,
    enhance: Enhance | None = None,
    split: str = "",
) -> Evaluation:
    """Measure a detector and a reader on a folder of photos with VOC files.

    Args:
        data_dir: photos with VOC files; true texts from ``plates.csv`` or from labelled characters.
        detector: looked at with all its candidates for AP, at its operating threshold for everything else.
        reader: None measures the detector alone.
        reader_without_grammar: the same reader with its grammar switched off.
        enhance: applied to what the detector sees.
        split: ``a`` or ``b`` for one half by plate identity, ``""`` for all.

    Raises:
        LabelError: the folder is unusable, or none of its pictures can be read.
    """
    entries, label_problems = load_half(data_dir, split)
    problems = [str(problem) for problem in label_problems]
    classes = ClassScorer([picture for picture, _ in entries])
    scorer = _Scorer(detector, reader, reader_without_grammar, enhance, classes)
    for picture, plates in entries:
        try:
            scorer.add(picture, plates)
        except AlprError as error:
            problems.append(str(error))
    if not scorer.false_boxes:
        raise LabelError(
            f"{data_dir}: none of its pictures could be used ({'; '.join(problems[:3])}); mend those files."
        )
    ap, ap50, ap75 = classes.precision()
    with_text = [o for o in scorer.outcomes if o.true_text] if reader else []
    stages = Counter(o.stage for o in scorer.outcomes)
    return Evaluation(
        data=str(data_dir),
        split=split,
        detector=detector.name,
        reader=reader.name if reader else "none",
        enhanced=enhance is not None,
        threshold=detector.threshold,
        pictures=len(scorer.false_boxes),
        plates=len(scorer.outcomes),
        plates_with_text=sum(bool(o.true_text) for o in scorer.outcomes),
        ap=ap,
        ap50=ap50,
        ap75=ap75,
        ap_by_class=classes.by_class(),
        recall_at_threshold=_share([o.iou >= FOUND_IOU for o in scorer.outcomes]) or 0.0,
        false_boxes_per_picture=round(float(np.mean(scorer.false_boxes)), 4),
        pictures_with_two_false_boxes=sum(count > 1 for count in scorer.false_boxes),
        by_width=found_by_width((o.width, o.iou >= FOUND_IOU) for o in scorer.outcomes),
        texts=_text_figures(with_text),
        lost={stage: stages[stage] for stage in STAGES},
        milliseconds=scorer.watch.medians(),
        outcomes=tuple(scorer.outcomes),
        problems=tuple(problems),
    )
