"""The steps around a detector's network with NumPy and OpenCV, and a stored network with these steps around it."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from alpr_utils.boxes import non_max_suppression
from alpr_utils.detect.architecture import Architecture, parse_architecture
from alpr_utils.detect.find_boxes import MAX_DETECTIONS, MIN_SCORE, BoxFinder, FindSettings
from alpr_utils.detect.scaling import network_picture
from alpr_utils.errors import ModelError
from alpr_utils.models.folder import METADATA_FILE
from alpr_utils.runtime.network import ONNX_FILE, NetworkFunction, RuntimeOptions, onnx_file, open_keras, open_onnx


class NumpyTools:
    """See `find_boxes.Tools`.

    Args:
        exact: resize as the SavedModels do; else in bytes, whose rounding changes scores in the third digit, in a
            fifth of the time.
    """

    xp: Any = np

    def __init__(self, exact: bool = True):
        self.exact = exact

    def size(self, picture: np.ndarray) -> np.ndarray:
        """Height and width of ``picture: (1, H, W, 3)``, float32 (2,)."""
        return np.array(picture.shape[1:3], np.float32)

    def resize(self, picture: np.ndarray, scale: np.floating) -> np.ndarray:
        """(1, H, W, 3) -> float32 (1, scale * H, scale * W, 3), at least one pixel."""
        height, width = np.maximum(np.round(self.size(picture) * scale), 1).astype(int)
        image = picture[0].astype(np.float32) if self.exact else picture[0]
        if image.shape[:2] != (height, width):
            method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            image = cv2.resize(image, (int(width), int(height)), interpolation=method)
        return image[None].astype(np.float32)

    def pad(self, picture: np.ndarray, stride: int) -> np.ndarray:
        """Grey below and at the right, up to multiples of ``stride``."""
        return network_picture(picture[0], stride)

    def highest(self, scores: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The highest of ``scores: (N,)``, at most ``count``, and their places."""
        places = np.argpartition(-scores, count)[:count] if len(scores) > count else np.arange(len(scores))
        places = places[np.argsort(-scores[places], kind="stable")]
        return scores[places], places

    def suppress(self, boxes: np.ndarray, scores: np.ndarray, max_iou: float) -> np.ndarray:
        """Numbers of the boxes that stay, best first."""
        return non_max_suppression(boxes, scores, max_iou, MIN_SCORE, MAX_DETECTIONS)


class NetworkDetector:
    """A network with everything around it: ``image: uint8 (H, W, 3)`` RGB -> the outputs of contract 5.

    The outputs are named as those of the Object Detection API, without the leading dimension.
    """

    def __init__(
        self, network: NetworkFunction, architecture: Architecture, settings: FindSettings, exact: bool = True
    ):
        self._network = network
        self._find = BoxFinder(architecture, self._outputs, NumpyTools(exact), settings)

    def _outputs(self, picture: np.ndarray) -> list[np.ndarray]:
        return [output[0] for output in self._network(picture)]

    def __call__(self, image: np.ndarray) -> dict[str, np.ndarray]:
        boxes, scores, classes = self._find(image[None])
        return {"detection_boxes": boxes, "detection_scores": scores, "detection_classes": classes + 1}


def open_network_detector(
    folder: Path, metadata: dict[str, Any], runtime: RuntimeOptions, settings: FindSettings, exact: bool = True
) -> NetworkDetector:
    """Open the network of a model folder that was trained here.

    Args:
        metadata: of that folder.
        settings: at which size the network sees pictures.
        exact: as the SavedModel computes it; else in bytes where the runtime says so, see `NumpyTools` and `onnx_file`.

    Raises:
        ModelError: the folder is damaged, or the metadata does not describe its network.
    """
    if "architecture" not in metadata or "config" not in metadata:
        raise ModelError(f"{folder / METADATA_FILE}: does not describe {ONNX_FILE}; export the model again.")
    where = f"{folder / METADATA_FILE}: config"
    architecture = parse_architecture(metadata["architecture"], metadata["config"], where)
    return NetworkDetector(_open_network(folder, runtime, exact), architecture, settings, exact)


def _open_network(folder: Path, runtime: RuntimeOptions, exact: bool) -> NetworkFunction:
    if runtime.engine != "tensorflow":
        return open_onnx(folder / ONNX_FILE if exact else onnx_file(folder, runtime), runtime)
    from alpr_utils.detect.export import with_box_outputs
    from alpr_utils.detect.stored import load_network

    architecture, network = load_network(folder)
    return open_keras(with_box_outputs(network, architecture))
