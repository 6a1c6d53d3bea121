"""Plates that fill the picture: windows cut out of scenes, and how many plates detectors find in one pass or two.

A network knows plates of the sizes of its training samples and may miss the very largest ones. The exported models
therefore make a second pass over a low-resolution copy of the picture, see `alpr_utils.detect.find_boxes`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alpr_utils.data.labels import LabelledImage, LabelledPlate, as_box
from alpr_utils.detect.architecture import Architecture
from alpr_utils.detect.detector import Detector
from alpr_utils.detect.exported import ExportedDetector
from alpr_utils.detect.find_boxes import FindSettings
from alpr_utils.detect.graphs import DetectionGraph
from alpr_utils.evaluation.detectors import plates_of_detections

if TYPE_CHECKING:
    import keras

SHARES = (0.2, 0.4, 0.6, 0.8)  # of a picture's width that the plate fills
_SHAPE = 0.75  # height / width of a window: a plate of two rows fits in at every share
_MARGIN = 1.05  # a window is at least so many times as high as the plate


def cut_large_plates(
    scenes: Sequence[LabelledImage], shares: Sequence[float] = SHARES, least: float = 60
) -> dict[float, list[LabelledImage]]:
    """Share -> the same plates, one a picture, each filling that share of the width.

    Plates narrower than ``least`` pixels are left out, and so are those around which a window does not fit into the
    scene or is too low. The one box of a picture is its plate, whatever other plates are in it.
    """
    found: dict[float, list[LabelledImage]] = {share: [] for share in shares}
    for scene in scenes:
        for number, box in enumerate(scene.boxes_px):
            size = box[2:] - box[:2]
            widest, narrowest = size[1] / min(shares), size[1] / max(shares)
            fits = widest <= scene.image.shape[1] and _SHAPE * widest <= scene.image.shape[0]
            if size[1] < least or not fits or _SHAPE * narrowest < _MARGIN * size[0]:
                continue
            for share, pictures in found.items():
                pictures.append(_window(scene, f"{scene.name}, plate {number}", box, size[1] / share))
    return found


def _window(scene: LabelledImage, name: str, box: np.ndarray, width: float) -> LabelledImage:
    """The window ``width`` pixels wide around ``box: (4,)``, pixels, moved into the scene where it reached outside."""
    window = np.array([round(_SHAPE * width), round(width)])
    room = np.array(scene.image.shape[:2]) - window
    top, left = np.clip(np.round((box[:2] + box[2:] - window) / 2), 0, np.maximum(room, 0)).astype(int)
    image = np.ascontiguousarray(scene.image[top : top + window[0], left : left + window[1]])
    return LabelledImage(name, image, (LabelledPlate(as_box(box - [top, left, top, left])),))


def without_low_res_pass(
    detector: ExportedDetector, architecture: Architecture, network: "keras.Model"
) -> ExportedDetector:
    """``detector`` without its pass over the low-resolution copy.

    ``architecture`` and ``network`` are its own, as `alpr_utils.detect.stored.load_network` gives them.
    """
    from alpr_utils.detect.export import ServedDetector

    settings = replace(FindSettings.stored(detector.metadata), low_res_side=0)
    served = ServedDetector(network, architecture, settings)
    graph = DetectionGraph(Path(detector.name), served, np.uint8, None)
    return ExportedDetector(f"{detector.name}, one pass", graph, detector.labels, detector.metadata)


def found_by_share(detector: Detector, pictures: Mapping[float, Sequence[LabelledImage]]) -> dict[float, float]:
    """Share of the width -> share of the plates found (IoU >= 0.5) at the operating threshold, 0..1."""
    return {
        share: float(np.mean([0 in plates_of_detections(detector.detect(picture.image), picture) for picture in large]))
        for share, large in pictures.items()
        if large
    }
