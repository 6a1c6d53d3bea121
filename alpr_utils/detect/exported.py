"""Saved detectors, whoever trained them: found by folder name or path, checked and opened."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from alpr_utils.config import parse_settings
from alpr_utils.detect.detector import Detection
from alpr_utils.detect.find_boxes import FindSettings
from alpr_utils.detect.graphs import OUTPUTS, open_frozen_graph, open_saved_model
from alpr_utils.detect.numpy_tools import open_network_detector
from alpr_utils.detect.second_look import TWO_LOOKS, LookRule, SecondLook, TwoLooks
from alpr_utils.errors import ModelError, check_regular
from alpr_utils.models.folder import METADATA_FILE, read_metadata
from alpr_utils.models.label_map import LABEL_MAP_FILE, read_label_map
from alpr_utils.models.paths import default_models_dir
from alpr_utils.runtime.network import DEFAULT_RUNTIME, ONNX_FILE, RuntimeOptions

# uint8 (H, W, 3) RGB -> the outputs of the Object Detection API as arrays, without the leading dimension
DetectionFunction: TypeAlias = Callable[[np.ndarray], dict[str, np.ndarray]]
FROZEN_GRAPH = "frozen_inference_graph.pb"
DEFAULT_THRESHOLD = 0.5
_TRIAL_SIDE = 64  # pixels
_MOST_NORMALISED = 2.0  # larger numbers of boxes are pixels


class ExportedDetector:
    """A saved detector.

    Attributes:
        name: the name of its folder.
        threshold: operating threshold, the score from which ``detect`` reports a box.
        labels: class number -> class name.
        metadata: the content of ``metadata.json``, ``{}`` without one.
    """

    def __init__(self, name: str, graph: DetectionFunction, labels: dict[int, str], metadata: dict[str, Any]):
        self.name = name
        self.labels = labels
        self.metadata = metadata
        self.threshold = float(metadata.get("threshold", DEFAULT_THRESHOLD))
        self._graph = graph

    def check(self) -> None:
        """Look at a grey picture.

        Raises:
            Exception: as `detect`, or whatever the graph raises.
        """
        _arrays(self._graph(np.full((_TRIAL_SIDE, _TRIAL_SIDE, 3), 128, np.uint8)))

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        """Find plates in ``image: uint8 (H, W, 3) RGB``; best first, at or above ``min_score`` (default: threshold).

        Raises:
            ModelError: the graph fails, or gives something else than boxes, scores and classes.
        """
        try:
            boxes, scores, classes = _arrays(self._graph(image))
        except _NotDetectionsError as error:
            raise ModelError(f"{self.name}: is not a detector, it gives {error}; give another.") from None
        not_empty = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        kept = np.flatnonzero((scores >= (self.threshold if min_score is None else min_score)) & not_empty)
        best_first = kept[np.argsort(-scores[kept], kind="stable")]
        return [
            Detection(
                (float(boxes[i, 0]), float(boxes[i, 1]), float(boxes[i, 2]), float(boxes[i, 3])),
                float(scores[i]),
                self.labels.get(int(classes[i]), str(classes[i])),
            )
            for i in best_first
        ]


class _NotDetectionsError(Exception):
    """A graph gives something else."""


def _arrays(outputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes (N, 4) in 0..1, scores (N,) and classes (N,), int.

    Raises:
        _NotDetectionsError: the outputs have other shapes or kinds, or numbers that are not finite.
    """
    boxes, scores, classes = (np.asarray(outputs[name]) for name in OUTPUTS)
    count = np.asarray(outputs.get("num_detections", len(scores)))
    if boxes.shape != (len(scores), 4) or scores.shape != classes.shape or scores.ndim != 1 or count.ndim:
        raise _NotDetectionsError(f"boxes of shape {boxes.shape}, scores {scores.shape}, classes {classes.shape}")
    for name, array in zip(("boxes", "scores", "classes", "counts"), (boxes, scores, classes, count), strict=True):
        if not np.can_cast(array.dtype, np.float64, "same_kind"):
            raise _NotDetectionsError(f"{name} of type {array.dtype}")
    if not count >= 0:
        raise _NotDetectionsError(f"{count} boxes")
    some = slice(int(min(float(count), len(scores))))
    boxes, scores, classes = _normalised(boxes, outputs)[some], scores[some], classes[some]
    if not all(np.isfinite(array).all() for array in (boxes, scores, classes)):
        raise _NotDetectionsError("numbers that are not finite")
    if boxes.size and boxes.max() > _MOST_NORMALISED and "image_info" not in outputs:
        raise _NotDetectionsError("boxes in pixels and no image_info")
    return np.clip(boxes, 0.0, 1.0), scores, classes.astype(int)


def _normalised(boxes: np.ndarray, outputs: dict[str, np.ndarray]) -> np.ndarray:
    """Boxes in 0..1; the Model Garden gives pixels of its padded input by default, and ``image_info`` to undo that."""
    if "image_info" not in outputs or boxes.size == 0 or boxes.max() <= _MOST_NORMALISED:
        return boxes
    if outputs["image_info"].shape != (4, 2):
        raise _NotDetectionsError(f"image_info of shape {outputs['image_info'].shape}")
    original_size, _, scale, offset = outputs["image_info"]
    with np.errstate(divide="ignore", invalid="ignore"):
        return (boxes + np.tile(offset, 2)) / np.tile(scale * original_size, 2)


def _graph_file(folder: Path, engine: str = "auto") -> Path | None:
    """The ONNX file, SavedModel folder or frozen graph in ``folder``; the first not for the engine ``tensorflow``."""
    if engine != "tensorflow" and (folder / ONNX_FILE).is_file():
        return folder / ONNX_FILE
    for candidate in (folder / "saved_model", folder):
        if (candidate / "saved_model.pb").is_file():
            return candidate
    return folder / FROZEN_GRAPH if (folder / FROZEN_GRAPH).is_file() else None


def _is_two_looks(folder: Path) -> bool:
    """Whether the folder puts two other models together."""
    file = folder / METADATA_FILE
    return file.is_file() and f'"{TWO_LOOKS}"' in file.read_text("utf-8", errors="replace")


def list_detectors(models_dir: Path | None = None) -> list[str]:
    """Names of the folders in ``models_dir`` that hold a detector."""
    models_dir = models_dir or default_models_dir()
    if not models_dir.is_dir():
        return []
    return sorted(folder.name for folder in models_dir.iterdir() if folder.is_dir() and _holds_detector(folder))


def _holds_detector(folder: Path) -> bool:
    """Readers are stored as ONNX files, too, but only detectors have a label map."""
    if _is_two_looks(folder):
        return True
    graph = _graph_file(folder)
    return graph is not None and (graph.name != ONNX_FILE or (folder / LABEL_MAP_FILE).is_file())


def find_detector(name_or_path: str | Path, models_dir: Path) -> Path:
    """Where a detector lies.

    Raises:
        ModelError: neither a folder of that name in ``models_dir`` nor such a path is there.
    """
    path = next((p for p in (models_dir / name_or_path, Path(name_or_path)) if p.exists()), None)
    if path is None:
        names = ", ".join(list_detectors(models_dir)) or "none"
        raise ModelError(f"no detector '{name_or_path}'; give a path or one of {models_dir}: {names}.")
    return path


def _find(path: Path, engine: str) -> tuple[Path, Path]:
    """The model folder and the graph in it."""
    if not path.is_dir():
        check_regular(path, ModelError)
        if path.suffix != ".pb":
            raise ModelError(f"{path}: is not a model; give a folder with saved_model/ or a {FROZEN_GRAPH}.")
        return path.parent, path if path.name != "saved_model.pb" else path.parent
    graph = _graph_file(path, engine)
    if graph is None:
        content = ", ".join(sorted(item.name for item in path.iterdir())[:5]) or "nothing"
        raise ModelError(f"{path}: holds {content}; expected saved_model/saved_model.pb or {FROZEN_GRAPH}.")
    return (path.parent if path.name == "saved_model" else path), graph


def _check_threshold(folder: Path, metadata: dict[str, Any]) -> None:
    try:
        float(metadata.get("threshold", DEFAULT_THRESHOLD))
    except (TypeError, ValueError):
        file = folder / METADATA_FILE
        raise ModelError(f"{file}: is damaged ('threshold' is not a number); copy the model folder again.") from None


def load_detector(
    name_or_path: str | Path, models_dir: Path | None = None, runtime: RuntimeOptions = DEFAULT_RUNTIME
) -> ExportedDetector | TwoLooks:
    """Open a saved detector: ours, a TF2 Object Detection API or Model Garden SavedModel, or a TF1 frozen graph.

    Args:
        name_or_path: a folder name in ``models_dir``, or the path of a model folder, SavedModel or ``.pb`` file.
        models_dir: see `default_models_dir`.
        runtime: a folder's ``model.onnx`` is used where there is one, unless the engine is ``tensorflow``; all others
            need TensorFlow.

    Raises:
        ModelError: not found, incomplete, damaged, with wrong checksums, or not a detector.
    """
    path = find_detector(name_or_path, models_dir or default_models_dir())
    if _is_two_looks(path):
        return _open_two_looks(path, runtime)
    folder, graph_file = _find(path, runtime.engine)
    metadata = read_metadata(folder)
    _check_threshold(folder, metadata)
    return _tried(ExportedDetector(folder.name, _open(graph_file, metadata, runtime), _labels(folder), metadata), path)


def _tried(detector: ExportedDetector, path: Path) -> ExportedDetector:
    """The detector, after it has looked at a grey picture, as the input and outputs of foreign models may be anything.

    Raises:
        ModelError: it fails, or gives something else than boxes, scores and classes.
    """
    try:
        detector.check()
    except ModelError:
        raise
    except Exception as error:  # a network of another kind lets nearly anything happen
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise ModelError(f"{path}: is not a detector, it fails on a grey picture ({reason}); give another.") from None
    return detector


def _labels(folder: Path) -> dict[int, str]:
    label_map = folder / LABEL_MAP_FILE
    return read_label_map(label_map) if label_map.exists() else {1: "plate"}


def _open_two_looks(folder: Path, runtime: RuntimeOptions) -> TwoLooks:
    """The detector of a folder whose metadata names two others beside it."""
    metadata = read_metadata(folder)
    _check_threshold(folder, metadata)
    rule = parse_settings(LookRule, metadata.get("rule", {}), f"{folder / METADATA_FILE}: rule")
    first, second = (folder.parent / str(metadata.get(name, name)) for name in ("first_look", "second_look"))
    if not first.is_dir():
        raise ModelError(f"{first}: is missing, {folder.name} needs it; copy this model folder, too.")
    settings = FindSettings.stored(metadata)
    finder = open_network_detector(first, read_metadata(first), runtime, settings, exact=False)
    candidates = ExportedDetector(first.name, finder, _labels(first), {})
    return TwoLooks(folder.name, candidates, SecondLook(second, runtime), rule, metadata)


def _open(graph_file: Path, metadata: dict[str, Any], runtime: RuntimeOptions) -> DetectionFunction:
    if graph_file.name == ONNX_FILE:
        return open_network_detector(graph_file.parent, metadata, runtime, FindSettings.stored(metadata))
    try:
        return open_saved_model(graph_file) if graph_file.is_dir() else open_frozen_graph(graph_file)
    except ImportError:
        raise ModelError(f"{graph_file}: needs TensorFlow; install it with 'pip install alpr-utils[train]'.") from None
