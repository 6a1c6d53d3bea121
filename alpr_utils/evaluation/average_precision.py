"""Average precision as COCO defines it, of plates and of every other labelled class."""

from collections.abc import Sequence

import numpy as np

from alpr_utils.data.truth import PLATE_NAMES
from alpr_utils.data.voc import VEHICLE_NAME, LabelledPicture
from alpr_utils.detect.detector import Detection


def average_precision(
    truths: Sequence[Sequence[tuple[float, ...]]],
    found: Sequence[Sequence[Detection]],
    sizes: Sequence[tuple[int, int]],
) -> tuple[float, float, float]:
    """AP, AP50 and AP75 by faster-coco-eval.

    Args:
        truths: for each picture its true boxes, ymin, xmin, ymax, xmax, normalised.
        found: for each picture its detections with their scores.
        sizes: for each picture height and width in pixels.
    """
    from faster_coco_eval import COCO, COCOeval_faster

    def pixels(box: tuple[float, ...], size: tuple[int, int]) -> list[float]:
        ymin, xmin, ymax, xmax = np.array(box, np.float64) * [*size, *size]
        return [float(xmin), float(ymin), float(xmax - xmin), float(ymax - ymin)]

    annotations: list[dict[str, object]] = []
    for picture, (boxes, size) in enumerate(zip(truths, sizes, strict=True), start=1):
        for box in boxes:
            bbox = pixels(box, size)
            entry = {"image_id": picture, "category_id": 1, "bbox": bbox, "area": bbox[2] * bbox[3], "iscrowd": 0}
            annotations.append({"id": len(annotations) + 1, **entry})
    images = [{"id": i, "height": size[0], "width": size[1]} for i, size in enumerate(sizes, start=1)]
    truth = COCO({"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "plate"}]})
    results = truth.loadRes(
        [
            {"image_id": picture, "category_id": 1, "bbox": pixels(item.box, size), "score": item.score}
            for picture, (items, size) in enumerate(zip(found, sizes, strict=True), start=1)
            for item in items
        ]
    )
    evaluation = COCOeval_faster(truth, results, "bbox", print_function=lambda *_: None)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return float(evaluation.stats[0]), float(evaluation.stats[1]), float(evaluation.stats[2])


class ClassScorer:
    """Collects what is needed for the average precision of every class, picture by picture.

    Detections called like a labelled class, or vehicle, belong to that class; all others are plates, for every detector
    calls them differently.

    Args:
        pictures: all that will be scored.
    """

    def __init__(self, pictures: Sequence[LabelledPicture]):
        labelled = {item.name for picture in pictures for item in picture.annotation.objects}
        self._others = (labelled | {VEHICLE_NAME}) - set(PLATE_NAMES)
        self._truths: list[dict[str, list[tuple[float, ...]]]] = []
        self._found: list[dict[str, list[Detection]]] = []
        self._sizes: list[tuple[int, int]] = []

    def add(
        self,
        picture: LabelledPicture,
        plates: Sequence[tuple[float, ...]],
        found: Sequence[Detection],
        size: tuple[int, int],
    ) -> list[Detection]:
        """Note the true boxes and the detections of one picture; gives back the detections that mean plates.

        Args:
            plates: their true boxes, ymin, xmin, ymax, xmax, normalised.
            size: height and width of the picture, pixels.
        """
        truths: dict[str, list[tuple[float, ...]]] = {"plate": list(plates)}
        for name in self._others & {item.name for item in picture.annotation.objects}:
            truths[name] = [tuple(map(float, box)) for box in picture.annotation.boxes((name,))]
        by_class: dict[str, list[Detection]] = {}
        for item in found:
            by_class.setdefault(item.label if item.label in self._others else "plate", []).append(item)
        self._truths.append(truths)
        self._found.append(by_class)
        self._sizes.append(size)
        return by_class.get("plate", [])

    def precision(self, name: str = "plate") -> tuple[float, float, float]:
        """AP, AP50 and AP75 of one class, 0..1."""
        truths = [truth.get(name, []) for truth in self._truths]
        found = [items.get(name, []) for items in self._found]
        ap, ap50, ap75 = average_precision(truths, found, self._sizes)
        return round(ap, 4), round(ap50, 4), round(ap75, 4)

    def by_class(self) -> dict[str, tuple[float, float, float]]:
        """AP, AP50 and AP75 of each class that is labelled and was found anywhere, and ``mean``: their mean, the mAP.

        Empty for a detector of plates alone.
        """
        labelled = {name for truth in self._truths for name, boxes in truth.items() if boxes}
        names = sorted(labelled & {name for items in self._found for name in items})
        if names in ([], ["plate"]):
            return {}
        figures = {name: self.precision(name) for name in names}
        ap, ap50, ap75 = (round(float(value), 4) for value in np.mean(list(figures.values()), axis=0))
        return {**figures, "mean": (ap, ap50, ap75)}
