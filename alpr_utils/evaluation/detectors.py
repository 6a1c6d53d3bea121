"""How well and how fast detectors find plates: what curves of precision and recall need, on photos and fresh scenes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alpr_utils.data.images import open_picture
from alpr_utils.data.labels import Box, LabelledImage, LabelledPlate, as_box
from alpr_utils.data.pictures import load_pictures
from alpr_utils.detect.detector import Detection, Detector
from alpr_utils.errors import AlprError
from alpr_utils.evaluation.average_precision import average_precision
from alpr_utils.evaluation.matching import FOUND_IOU, MIN_SCORE_FOR_AP, boxes_px, match
from alpr_utils.evaluation.stopwatch import Stopwatch
from alpr_utils.plates import COUNTRIES
from alpr_utils.synth.scene.compose import SCENE_PRESETS, compose_scene

_RECALLS = np.linspace(0, 1, 101)  # where COCO samples the precision
_LEAST_PICTURES = 10  # from which on draws from them say something about others
_LIMITS = np.linspace(0.5, 0.95, 10)  # of IoU, over which COCO's AP is the mean


@dataclass(frozen=True)
class RankedBox:
    """One box that a detector gave.

    Attributes:
        picture: name of its picture.
        detection: box and score.
        width: pixels of the picture.
        plate: number of the plate it stands for among all plates, -1 for a false box.
        iou: with that plate, 0 for a false box.
    """

    picture: str
    detection: Detection
    width: float
    plate: int
    iou: float


@dataclass(frozen=True)
class DetectorFigures:
    """The figures of one detector on some pictures.

    Attributes:
        detector, threshold: its name and operating threshold.
        names: of the pictures.
        ap, ap50, ap75: average precision as COCO defines it, 0..1.
        widths: of each plate, pixels of its picture.
        plates: picture and box of each plate, ymin, xmin, ymax, xmax in pixels.
        ranking: all boxes, best first.
        milliseconds: median time a picture, with enhancement where there was one.
        processor_milliseconds: median time a picture of all processor cores together.
    """

    detector: str
    threshold: float
    names: tuple[str, ...]
    ap: float
    ap50: float
    ap75: float
    widths: tuple[float, ...]
    plates: tuple[tuple[str, Box], ...]
    ranking: tuple[RankedBox, ...]
    milliseconds: float
    processor_milliseconds: float

    @property
    def pictures(self) -> int:
        """Number of the pictures."""
        return len(self.names)

    @property
    def reported(self) -> list[RankedBox]:
        """The boxes at or above the operating threshold."""
        return [box for box in self.ranking if box.detection.score >= self.threshold]

    @property
    def found(self) -> set[int]:
        """Numbers of the plates found at the operating threshold."""
        return {box.plate for box in self.reported if box.plate >= 0}

    @property
    def recall(self) -> float:
        """Share of the plates found at the operating threshold, 0..1."""
        return len(self.found) / max(len(self.widths), 1)

    @property
    def false_boxes(self) -> int:
        """Number of boxes at the operating threshold that stand for no plate."""
        return sum(box.plate < 0 for box in self.reported)


def fresh_scenes(
    count: int, seed: int, presets: Sequence[str] = tuple(SCENE_PRESETS), countries: Sequence[str] = tuple(COUNTRIES)
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
        plates = tuple(
            LabelledPlate(as_box(plate.box), plate.text, rows=plate.rows, country=plate.country)
            for plate in scene.plates
        )
        pictures.append(LabelledImage(f"{preset} {index}", scene.image, plates))
    return pictures


def labelled_photos(folder: Path, half: str = "") -> Iterator[LabelledImage]:
    """The photos of a folder with VOC files one by one, of half ``a`` or ``b`` by plate identity, or all.

    Raises:
        LabelError: the folder is missing or holds no labelled picture.
        PictureError: a photo cannot be read.
    """
    for picture in load_pictures(folder, half)[0]:
        yield open_picture(picture)


def _matched(found: Sequence[Detection], picture: LabelledImage) -> list[tuple[int, float]]:
    """Number and IoU of the plate that each detection, best first, has found; -1 and 0 for none."""
    numbers, ious = match(boxes_px(found, *picture.image.shape[:2]), picture.boxes_px)
    hit = ious >= FOUND_IOU
    return list(zip(np.where(hit, numbers, -1).tolist(), np.where(hit, ious, 0.0).tolist(), strict=True))


def plates_of_detections(found: Sequence[Detection], picture: LabelledImage) -> list[int]:
    """The number of the plate that each detection, best first, has found; -1 for none."""
    return [number for number, _ in _matched(found, picture)]


def measure_detector(
    detector: Detector,
    pictures: Iterable[LabelledImage],
    enhance: Callable[[np.ndarray], np.ndarray] | None = None,
    name: str = "",
) -> DetectorFigures:
    """Run a detector on pictures and keep every box with the plate it stands for.

    Args:
        enhance: applied to what the detector sees.
        name: in place of the detector's own.

    Raises:
        AlprError: there are no plates in the pictures.
    """
    watch = Stopwatch()
    truths: list[np.ndarray] = []
    predictions: list[list[Detection]] = []
    sizes: list[tuple[int, int]] = []
    names: list[str] = []
    plates: list[tuple[str, Box]] = []
    ranking: list[RankedBox] = []
    for picture in pictures:
        with watch.stage("detect"):
            enhanced = enhance(picture.image) if enhance else picture.image
            found = detector.detect(enhanced, min(MIN_SCORE_FOR_AP, detector.threshold))
        for detection, (plate, iou) in zip(found, _matched(found, picture), strict=True):
            width = (detection.box[3] - detection.box[1]) * picture.image.shape[1]
            number = plate + len(plates) if plate >= 0 else -1
            ranking.append(RankedBox(picture.name, detection, width, number, iou))
        plates += [(picture.name, plate.box_px) for plate in picture.plates]
        truths.append(picture.boxes_px)
        predictions.append(found)
        sizes.append((picture.image.shape[0], picture.image.shape[1]))
        names.append(picture.name)
    if not plates:
        raise AlprError("the pictures show no plate, so nothing can be measured; choose others.")
    ranking.sort(key=lambda box: -box.detection.score)
    return DetectorFigures(
        name or detector.name,
        detector.threshold,
        tuple(names),
        *average_precision(truths, predictions, sizes),
        tuple(box[3] - box[1] for _, box in plates),
        tuple(plates),
        tuple(ranking),
        *watch.medians()["detect"],
    )


def precision_recall(ranking: Sequence[RankedBox], plates: int) -> tuple[np.ndarray, np.ndarray]:
    """Recall and precision after each box of a ranking, best first, where there are ``plates``: float64 (N,) each."""
    right = np.cumsum([box.plate >= 0 for box in ranking])
    return right / max(plates, 1), right / np.arange(1, len(ranking) + 1)


def interpolated_precision(recall: np.ndarray, precision: np.ndarray) -> float:
    """COCO's average precision of a curve: mean, over 101 recalls, of the best precision at that recall or beyond."""
    best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(best[np.searchsorted(recall, _RECALLS, side="left")].mean())


def resampled_ap(figures: DetectorFigures, draws: int = 400) -> np.ndarray:
    """AP on as many pictures, drawn with replacement from those measured, ``draws`` times (the bootstrap).

    All detectors get the same draws, so that two of them, measured on the same pictures, can be compared draw by draw.
    A box keeps the plate that it has at IoU 0.5; COCO matches anew at each limit, which hardly ever differs.

    Returns:
        float64 (draws,), 0..1.
    """
    numbers = {name: number for number, name in enumerate(dict.fromkeys(figures.names))}
    times = np.random.default_rng(0).multinomial(len(numbers), [1 / len(numbers)] * len(numbers), draws)
    of_box = times[:, [numbers[box.picture] for box in figures.ranking]]  # (draws, boxes)
    plates = times[:, [numbers[name] for name, _ in figures.plates]].sum(axis=1, keepdims=True)
    seen = np.maximum(np.cumsum(of_box, axis=1), 1)
    ious, total = np.array([box.iou for box in figures.ranking]), np.zeros(draws)
    for limit in _LIMITS:
        right = np.cumsum(of_box * (ious >= limit), axis=1)
        curves = zip(right / np.maximum(plates, 1), right / seen, strict=True)
        total += [interpolated_precision(recall, precision) for recall, precision in curves]
    return total / len(_LIMITS)


def interval_of(draws: np.ndarray, pictures: int, form: str = ".2f") -> str:
    """The 95 % interval of what `resampled_ap` drew, ``0.64-0.77``; ``few pictures`` where it would be far too narrow.

    Args:
        pictures: that were measured.
        form: of the two numbers; with a sign they are joined by "to".
    """
    if pictures < _LEAST_PICTURES:
        return "few pictures"
    low, high = (format(round(end, 2) + 0.0, form) for end in np.quantile(draws, (0.025, 0.975)))
    return f"{low} to {high}" if "+" in form else f"{low}-{high}"
