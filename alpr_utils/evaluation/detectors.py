"""How well and how fast detectors find plates: what curves of precision and recall need, on photos and fresh scenes."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alpr_utils.boxes import iou_matrix
from alpr_utils.data.split import load_half
from alpr_utils.detect.detector import Detection, Detector
from alpr_utils.enhance import Enhance
from alpr_utils.errors import AlprError
from alpr_utils.evaluation.average_precision import average_precision
from alpr_utils.evaluation.photos import FOUND_IOU, MIN_SCORE_FOR_AP
from alpr_utils.images import read_image
from alpr_utils.synth.scene.compose import SCENE_PRESETS, compose_scene

Box = tuple[float, float, float, float]
_RECALLS = np.linspace(0, 1, 101)  # where COCO samples the precision


@dataclass(frozen=True)
class LabelledImage:
    """A picture and its plates.

    Attributes:
        name: file name, or kind and number of a scene.
        image: uint8 (H, W, 3) RGB.
        boxes: ymin, xmin, ymax, xmax of each plate, normalised.
    """

    name: str
    image: np.ndarray
    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class RankedBox:
    """One box that a detector gave.

    Attributes:
        picture: name of its picture.
        detection: box and score.
        width: pixels of the picture.
        plate: number of the plate it stands for among all plates, -1 for a false box.
    """

    picture: str
    detection: Detection
    width: float
    plate: int


@dataclass(frozen=True)
class DetectorFigures:
    """The figures of one detector on some pictures.

    Attributes:
        detector, threshold: its name and operating threshold.
        pictures: their number.
        ap, ap50, ap75: average precision as COCO defines it, 0..1.
        widths: of each plate, pixels of its picture.
        plates: picture and box of each plate.
        ranking: all boxes, best first.
        milliseconds: median time a picture, with enhancement where there was one.
        processor_milliseconds: median time a picture of all processor cores together.
    """

    detector: str
    threshold: float
    pictures: int
    ap: float
    ap50: float
    ap75: float
    widths: tuple[float, ...]
    plates: tuple[tuple[str, Box], ...]
    ranking: tuple[RankedBox, ...]
    milliseconds: float
    processor_milliseconds: float

    @property
    def reported(self) -> list[RankedBox]:
        """The boxes at or above the operating threshold."""
        return [one for one in self.ranking if one.detection.score >= self.threshold]

    @property
    def found(self) -> set[int]:
        """Numbers of the plates found at the operating threshold."""
        return {one.plate for one in self.reported if one.plate >= 0}

    @property
    def recall(self) -> float:
        """Share of the plates found at the operating threshold, 0..1."""
        return len(self.found) / max(len(self.widths), 1)

    @property
    def false_boxes(self) -> int:
        """Number of boxes at the operating threshold that are no plate."""
        return sum(one.plate < 0 for one in self.reported)


def fresh_scenes(
    count: int, seed: int, presets: Sequence[str] = tuple(SCENE_PRESETS), countries: Sequence[str] = ("mn", "kr")
) -> list[LabelledImage]:
    """``count`` composed scenes, cameras and countries in turn; the same arguments give the same pictures.

    Raises:
        AlprError: no such preset or country.
    """
    pictures = []
    for index in range(count):
        preset = presets[index % len(presets)]
        country = countries[index // len(presets) % len(countries)]
        scene = compose_scene(np.random.default_rng([seed, index]), country, preset)
        size = np.array([*scene.image.shape[:2]] * 2)
        boxes = tuple(_box(plate.box / size) for plate in scene.plates)
        pictures.append(LabelledImage(f"{preset} {index}", scene.image, boxes))
    return pictures


def labelled_photos(folder: Path, half: str = "") -> Iterator[LabelledImage]:
    """The photos of a folder with VOC files one by one, of half ``a`` or ``b`` by plate identity, or all.

    Raises:
        LabelError: the folder is missing or holds no labelled picture.
        PictureError: a photo cannot be read.
    """
    for picture, plates in load_half(folder, half)[0]:
        yield LabelledImage(picture.path.name, read_image(picture.path), tuple(plate.box for plate in plates))


def _box(box: np.ndarray) -> Box:
    ymin, xmin, ymax, xmax = (float(side) for side in box)
    return ymin, xmin, ymax, xmax


def plates_of_boxes(boxes: Sequence[Box], found: Sequence[Detection]) -> list[int]:
    """Which plate each box stands for, -1 for none; ``found`` is sorted, best first.

    As in COCO's evaluation each box takes the plate that it overlaps most, from IoU 0.5 on, among those that no better
    box has taken.
    """
    if not boxes or not found:
        return [-1] * len(found)
    ious = iou_matrix(np.array([one.box for one in found], np.float64), np.array(boxes, np.float64))
    plates = []
    for row in range(len(found)):
        plate = int(ious[row].argmax())
        taken = ious[row, plate] >= FOUND_IOU
        plates.append(plate if taken else -1)
        if taken:
            ious[:, plate] = -1
    return plates


def measure_detector(
    detector: Detector, pictures: Iterable[LabelledImage], enhance: Enhance | None = None, name: str = ""
) -> DetectorFigures:
    """Run a detector on pictures and keep every box with what it stands for.

    Args:
        enhance: applied to what the detector sees.
        name: in place of the detector's own.

    Raises:
        AlprError: there are no plates in the pictures.
    """
    truths, answers, sizes, times, names = [], [], [], [], []
    for picture in pictures:
        start, processor = time.perf_counter(), time.process_time()
        seen = enhance(picture.image) if enhance else picture.image
        found = detector.detect(seen, min(MIN_SCORE_FOR_AP, detector.threshold))
        times.append((time.perf_counter() - start, time.process_time() - processor))
        truths.append(picture.boxes)
        answers.append(found)
        sizes.append((picture.image.shape[0], picture.image.shape[1]))
        names.append(picture.name)
    if not any(truths):
        raise AlprError("the pictures show no plate, so nothing can be measured; choose others.")
    plates = tuple((name, box) for name, boxes in zip(names, truths, strict=True) for box in boxes)
    widths = tuple((box[3] - box[1]) * size[1] for boxes, size in zip(truths, sizes, strict=True) for box in boxes)
    ap = average_precision(truths, answers, sizes) if any(answers) else (0.0, 0.0, 0.0)
    wall, processor = 1000 * np.median(times, axis=0)
    ranking = _ranking(names, truths, answers, sizes)
    title = name or detector.name
    return DetectorFigures(title, detector.threshold, len(sizes), *ap, widths, plates, ranking, wall, processor)


def _ranking(
    names: Sequence[str],
    truths: Sequence[Sequence[Box]],
    answers: Sequence[Sequence[Detection]],
    sizes: Sequence[tuple[int, int]],
) -> tuple[RankedBox, ...]:
    ranked, before = [], 0
    for name, boxes, found, size in zip(names, truths, answers, sizes, strict=True):
        for one, plate in zip(found, plates_of_boxes(boxes, found), strict=True):
            width = (one.box[3] - one.box[1]) * size[1]
            ranked.append(RankedBox(name, one, width, plate + before if plate >= 0 else -1))
        before += len(boxes)
    return tuple(sorted(ranked, key=lambda one: -one.detection.score))


def precision_recall(ranking: Sequence[RankedBox], plates: int) -> tuple[np.ndarray, np.ndarray]:
    """Recall and precision after each box of a ranking, best first, where there are ``plates``: float64 (N,) each."""
    right = np.cumsum([one.plate >= 0 for one in ranking])
    return right / max(plates, 1), right / np.arange(1, len(ranking) + 1)


def interpolated_precision(recall: np.ndarray, precision: np.ndarray) -> float:
    """COCO's average precision of a curve: mean, over 101 recalls, of the best precision at that recall or beyond."""
    best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(best[np.searchsorted(recall, _RECALLS, side="left")].mean())


def precision_of_widths(figures: DetectorFigures, least: float, below: float) -> tuple[int, float]:
    """Number and AP50 of the plates from ``least`` up to, not including, ``below`` pixels wide.

    As COCO does with sizes of objects, boxes on other plates and false boxes of other widths are left out.
    """
    inside = {number for number, width in enumerate(figures.widths) if least <= width < below}
    counted = [
        one for one in figures.ranking if (one.plate in inside if one.plate >= 0 else least <= one.width < below)
    ]
    return len(inside), interpolated_precision(*precision_recall(counted, len(inside)))
