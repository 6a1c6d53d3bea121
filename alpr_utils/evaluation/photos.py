"""How good are a detector and a reader on a folder of labelled photos, and where are plates lost?"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from alpr_utils.data.labels import PLATE_NAMES, LabelledPicture
from alpr_utils.data.pictures import load_pictures
from alpr_utils.detect.detector import Detector
from alpr_utils.errors import AlprError, LabelError, at_picture, first_of
from alpr_utils.evaluation.average_precision import ClassScorer
from alpr_utils.evaluation.hard_conditions import AS_IS, check_photo_condition, photo_in_condition
from alpr_utils.evaluation.matching import FOUND_IOU, MIN_SCORE_FOR_AP, boxes_px, match
from alpr_utils.evaluation.photo_figures import (
    Evaluation,
    PlateOutcome,
    lost_by_stage,
    remaining_texts,
    share_or_none,
    stage_lost,
    text_figures,
)
from alpr_utils.evaluation.stopwatch import Stopwatch
from alpr_utils.evaluation.widths import found_by_width
from alpr_utils.images import crop_plate, read_image
from alpr_utils.read.load import MIN_TEXT_SCORE
from alpr_utils.read.reading import Reader, Reading


class _Scorer:
    """Runs detector and reader over pictures and keeps what the figures need."""

    def __init__(
        self,
        detector: Detector,
        reader: Reader | None,
        grammar: bool,
        enhance: Callable[[np.ndarray], np.ndarray] | None,
        classes: ClassScorer,
        condition: str,
    ):
        self._detector, self._enhance, self._condition = detector, enhance, condition
        self._reader, self._grammar = reader, grammar
        self.watch = Stopwatch()
        self.classes = classes
        self.false_boxes: list[int] = []
        self.elsewhere: list[Reading] = []
        self.outcomes: list[PlateOutcome] = []

    def _read(self, image: np.ndarray, box: np.ndarray | tuple[float, ...], grammar: bool) -> Reading:
        return self._reader.read([crop_plate(image, box)], grammar)[0] if self._reader else Reading()

    def add(self, picture: LabelledPicture) -> None:
        """Process one picture.

        Raises:
            PictureError: it cannot be read.
        """
        with self.watch.stage("open"):
            image = read_image(picture.path)
        picture, image = photo_in_condition(picture, image, self._condition)
        with self.watch.stage("enhance"):
            enhanced = self._enhance(image) if self._enhance else image
        with self.watch.stage("detect"):
            found = self._detector.detect(enhanced, min(MIN_SCORE_FOR_AP, self._detector.threshold))
        plates = self.classes.add(picture, found)
        reported = [detection for detection in plates if detection.score >= self._detector.threshold]
        with self.watch.stage("read"):
            readings = [self._read(image, detection.box, self._grammar) for detection in reported]
        size = picture.height, picture.width
        true_boxes = np.array([plate.box_px for plate in picture.plates]).reshape(-1, 4)
        numbers, ious = match(boxes_px(reported, *size), true_boxes)
        false = np.flatnonzero(ious < FOUND_IOU)
        self.false_boxes.append(len(false))
        self.elsewhere += [readings[i] for i in false]
        for number, (plate, true_box) in enumerate(zip(picture.plates, true_boxes / np.tile(size, 2), strict=True)):
            matched = np.flatnonzero(numbers == number)
            reading, free, iou = Reading(), "", 0.0
            if len(matched):
                index = int(matched[0])
                reading, iou = readings[index], float(ious[index])
                free = self._read(image, reported[index].box, grammar=False).text
            in_true_box = self._read(image, true_box, self._grammar).text if plate.text else ""
            stage = stage_lost(plate.text if self._reader else "", iou, reading.text, free)
            width = round(plate.box_px[3] - plate.box_px[1], 1)
            read = reading.text, reading.score, free, in_true_box
            self.outcomes.append(PlateOutcome(picture.path.name, plate.text, width, iou, *read, stage))

    def evaluation(self, data: str, half: str, problems: Sequence[str]) -> Evaluation:
        """The figures of all pictures added so far."""
        ap, ap50, ap75 = self.classes.precision() if self.outcomes else (None, None, None)
        found = [outcome.iou >= FOUND_IOU for outcome in self.outcomes]
        with_text = [outcome for outcome in self.outcomes if outcome.true_text]
        return Evaluation(
            data=data,
            half=half,
            detector=self._detector.name,
            reader=self._reader.name if self._reader else "none",
            condition=self._condition,
            enhanced=self._enhance is not None,
            threshold=self._detector.threshold,
            pictures=len(self.false_boxes),
            plates=len(self.outcomes),
            plates_with_text=len(with_text),
            ap=ap,
            ap50=ap50,
            ap75=ap75,
            ap_by_class=self.classes.by_class(),
            recall_at_threshold=share_or_none(found) or 0.0,
            false_boxes_per_picture=round(float(np.mean(self.false_boxes)), 4),
            pictures_with_two_false_boxes=sum(count > 1 for count in self.false_boxes),
            false_texts=tuple(r.text for r in self.elsewhere if r.text and r.score >= MIN_TEXT_SCORE),
            remaining=remaining_texts(self.outcomes, self.elsewhere),
            by_width=found_by_width(zip([outcome.width for outcome in self.outcomes], found, strict=True)),
            texts=text_figures(with_text if self._reader else []),
            lost=lost_by_stage(self.outcomes),
            milliseconds=_milliseconds(self.watch),
            outcomes=tuple(self.outcomes),
            problems=tuple(problems),
        )


def _milliseconds(watch: Stopwatch) -> dict[str, float]:
    medians = {stage: clock for stage, (clock, _) in watch.medians().items()}
    return {stage: round(ms, 1) for stage, ms in {**medians, "total": sum(medians.values())}.items()}


def evaluate(
    data_dir: Path,
    detector: Detector,
    reader: Reader | None = None,
    enhance: Callable[[np.ndarray], np.ndarray] | None = None,
    half: str = "",
    grammar: bool = True,
    condition: str = AS_IS,
) -> Evaluation:
    """Measure a detector and a reader on a folder of photos with VOC files.

    Args:
        data_dir: photos as `alpr_utils.data.pictures.load_pictures` takes them.
        detector: all its candidates count for AP, those from its operating threshold on for everything else.
        reader: None measures the detector alone.
        enhance: applied to what the detector sees.
        half: ``a`` or ``b`` for one half by plate identity, ``""`` for all.
        grammar: False measures the reader without the grammar only.
        condition: hard condition into which every photo is brought first.

    Raises:
        AlprError: no such condition.
        LabelError: the folder is unusable, or none of its pictures can be read.
    """
    check_photo_condition(condition)
    pictures, label_problems = load_pictures(data_dir, half)
    problems = [str(problem) for problem in label_problems]
    scorer = _Scorer(detector, reader, grammar, enhance, ClassScorer(pictures), condition)
    for picture in pictures:
        try:
            scorer.add(picture)
        except AlprError as error:
            problems.append(str(at_picture(picture.path, error)))
    if not scorer.false_boxes:
        raise LabelError(f"{data_dir}: none of its pictures could be used ({first_of(problems)}); correct those files.")
    names = sorted({item.name for picture in pictures for item in picture.objects})
    if names and not any(picture.plates for picture in pictures) and not scorer.classes.by_class():
        raise LabelError(
            f"{data_dir}: holds no object named {', '.join(PLATE_NAMES[:6])}, but {', '.join(names[:9])}; rename those."
        )
    return scorer.evaluation(str(data_dir), half, problems)
