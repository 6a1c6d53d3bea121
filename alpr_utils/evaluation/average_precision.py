"""Average precision as COCO defines it, of plates and of every other labelled class."""

from collections.abc import Sequence

import numpy as np

from alpr_utils.data.labels import PLATE_NAMES, VEHICLE_NAME, LabelledPicture
from alpr_utils.detect.detector import Detection
from alpr_utils.evaluation.matching import boxes_px


def _coco_box(box: np.ndarray) -> list[float]:
    """ymin, xmin, ymax, xmax -> x, y, width, height."""
    ymin, xmin, ymax, xmax = box.tolist()
    return [xmin, ymin, xmax - xmin, ymax - ymin]


def average_precision(
    truths: Sequence[np.ndarray], found: Sequence[Sequence[Detection]], sizes: Sequence[tuple[int, int]]
) -> tuple[float, float, float]:
    """AP, AP50 and AP75 by faster-coco-eval; 0 where nothing was found.

    Args:
        truths: for each picture its true boxes: float (N, 4), ymin, xmin, ymax, xmax, pixels.
        found: for each picture its detections with their scores.
        sizes: for each picture height and width in pixels.
    """
    from faster_coco_eval import COCO, COCOeval_faster

    if not any(found):
        return 0.0, 0.0, 0.0
    annotations: list[dict[str, object]] = []
    for picture, boxes in enumerate(truths, start=1):
        for box in map(_coco_box, boxes):
            entry = {"image_id": picture, "category_id": 1, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
            annotations.append({"id": len(annotations) + 1, **entry})
    images = [{"id": i, "height": size[0], "width": size[1]} for i, size in enumerate(sizes, start=1)]
    truth = COCO({"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "plate"}]})
    results = truth.loadRes(
        [
            {"image_id": picture, "category_id": 1, "bbox": _coco_box(box), "score": detection.score}
            for picture, (detections, size) in enumerate(zip(found, sizes, strict=True), start=1)
            for detection, box in zip(detections, boxes_px(detections, *size), strict=True)
        ]
    )
    evaluation = COCOeval_faster(truth, results, "bbox", print_function=lambda *_: None)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return float(evaluation.stats[0]), float(evaluation.stats[1]), float(evaluation.stats[2])


class ClassScorer:
    """Collects what is needed for the average precision of every class, picture by picture.

    A detection whose label is that of a labelled class, or ``vehicle``, belongs to that class; all others count as
    plates, because detectors call plates differently.

    Args:
        pictures: all that will be scored.
    """

    def __init__(self, pictures: Sequence[LabelledPicture]):
        labelled = {item.name for picture in pictures for item in picture.objects}
        self._others = (labelled | {VEHICLE_NAME}) - set(PLATE_NAMES)
        self._truths: list[dict[str, np.ndarray]] = []
        self._found: list[dict[str, list[Detection]]] = []
        self._sizes: list[tuple[int, int]] = []

    def add(self, picture: LabelledPicture, found: Sequence[Detection]) -> list[Detection]:
        """Note the true boxes and the detections of one picture; returns the detections that are plates."""
        truths = {"plate": picture.boxes_px(PLATE_NAMES)}
        for name in self._others & {item.name for item in picture.objects}:
            truths[name] = picture.boxes_px((name,))
        by_class: dict[str, list[Detection]] = {}
        for detection in found:
            by_class.setdefault(detection.label if detection.label in self._others else "plate", []).append(detection)
        self._truths.append(truths)
        self._found.append(by_class)
        self._sizes.append((picture.height, picture.width))
        return by_class.get("plate", [])

    def precision(self, name: str = "plate") -> tuple[float, float, float]:
        """AP, AP50 and AP75 of one class, 0..1."""
        truths = [truth.get(name, np.empty((0, 4))) for truth in self._truths]
        found = [detections.get(name, []) for detections in self._found]
        ap, ap50, ap75 = average_precision(truths, found, self._sizes)
        return round(ap, 4), round(ap50, 4), round(ap75, 4)

    def by_class(self) -> dict[str, tuple[float, float, float]]:
        """AP, AP50 and AP75 of each class that is labelled and was found anywhere, and ``mean``: their mean, the mAP.

        Empty for a detector of plates alone.
        """
        labelled = {name for truth in self._truths for name, boxes in truth.items() if len(boxes)}
        names = sorted(labelled & {name for detections in self._found for name in detections})
        if names in ([], ["plate"]):
            return {}
        figures = {name: self.precision(name) for name in names}
        ap, ap50, ap75 = (round(float(value), 4) for value in np.mean(list(figures.values()), axis=0))
        return {**figures, "mean": (ap, ap50, ap75)}
