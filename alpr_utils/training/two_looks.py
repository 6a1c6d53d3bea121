"""A first and a second look put together: how their scores become one is fitted on labelled photos.

The score is a logistic regression on the logits of both looks; the threshold is one with a good F1.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from alpr_utils.boxes import iou_matrix
from alpr_utils.data.labels import LabelledPicture
from alpr_utils.detect.detector import Detection
from alpr_utils.detect.exported import load_detector
from alpr_utils.detect.find_boxes import FindSettings
from alpr_utils.detect.second_look import TWO_LOOKS, LookRule, TwoLooks
from alpr_utils.errors import AlprError
from alpr_utils.images import read_image
from alpr_utils.models.folder import read_metadata, replaced_folder, write_metadata
from alpr_utils.models.label_map import LABEL_MAP_FILE, write_label_map
from alpr_utils.training.config import DataSource
from alpr_utils.training.photo_sources import load_source

_FOUND_IOU = 0.5
_THRESHOLDS = np.arange(0.2, 0.96, 0.05)
_NEARLY = 0.005  # a difference of F1 that a few photos decide
_STEPS, _SHRINKAGE = 50, 0.5  # of Newton's method


def _labelled_boxes(picture: LabelledPicture) -> np.ndarray:
    """Boxes of its plates in 0..1: float32 (N, 4)."""
    size = np.array([picture.height, picture.width] * 2, np.float32)
    return np.array([plate.box_px for plate in picture.plates], np.float32).reshape(-1, 4) / size


def _logit(scores: np.ndarray) -> np.ndarray:
    sure = np.clip(scores, 1e-4, 1 - 1e-4)
    return np.log(sure / (1 - sure))


def fit_rule(detector: TwoLooks, pictures: Sequence[LabelledPicture]) -> LookRule:
    """The rule of ``detector`` with its scores fitted: a candidate is right when it overlaps a plate by half."""
    features, right = [], []
    for picture in pictures:
        candidates, logits, boxes = detector.judged(read_image(picture.path))
        if candidates:
            first = _logit(np.array([candidate.score for candidate in candidates]))
            features.append(np.stack([first, logits, np.ones(len(first))], axis=1))
            right.append(iou_matrix(boxes, _labelled_boxes(picture)).max(axis=1, initial=0) >= _FOUND_IOU)
    if not features:
        raise AlprError("the first look finds no candidate in these photos; give others with --data.")
    weights = _logistic_regression(np.concatenate(features), np.concatenate(right))
    return replace(detector.rule, first=weights[0], second=weights[1], bias=weights[2])


def _logistic_regression(features: np.ndarray, right: np.ndarray) -> tuple[float, ...]:
    """Weights of ``features`` (N, D) that tell right from wrong (N,), by Newton's method, shrunk a little."""
    weights = np.zeros(features.shape[1])
    shrinkage = np.eye(len(weights)) * _SHRINKAGE
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-features @ weights))
        hessian = features.T @ (features * (p * (1 - p))[:, None]) + shrinkage
        weights += np.linalg.solve(hessian, features.T @ (right - p) - _SHRINKAGE * weights)
    return tuple(float(weight) for weight in weights)


def best_threshold(detector: TwoLooks, pictures: Sequence[LabelledPicture]) -> float:
    """The middle of the thresholds whose F1 on labelled photos is nearly the best."""
    found = [(detector.detect(read_image(p.path), float(_THRESHOLDS[0])), _labelled_boxes(p)) for p in pictures]
    plates = sum(len(boxes) for _, boxes in found)

    def f1(threshold: float) -> float:
        kept = [([d for d in detections if d.score >= threshold], boxes) for detections, boxes in found]
        right = sum(_matched(detections, boxes) for detections, boxes in kept)
        return 2 * right / max(plates + sum(len(detections) for detections, _ in kept), 1)

    figures = np.array([f1(threshold) for threshold in _THRESHOLDS])
    good = _THRESHOLDS[figures >= figures.max() - _NEARLY]
    return float(round(good[len(good) // 2], 2))


def _matched(detections: Sequence[Detection], boxes: np.ndarray) -> int:
    """How many of ``boxes`` (N, 4) a detection overlaps by half, each detection counted once."""
    overlap = iou_matrix(np.array([d.box for d in detections], np.float32).reshape(-1, 4), boxes) >= _FOUND_IOU
    return int(min(overlap.any(axis=0).sum(), overlap.any(axis=1).sum()))


def put_together(
    first_look: str,
    second_look: str,
    sources: Sequence[DataSource],
    settings: FindSettings,
    rule: LookRule,
    folder: Path,
) -> Path:
    """Write a detector of two looks as a folder beside theirs; it holds no weights of its own.

    Args:
        first_look, second_look: names of model folders beside ``folder``.
        sources: labelled photos on which scores and threshold are fitted, none of them trained on.
        settings: at which size the first look sees pictures.
        rule: candidates and share; its weights of the scores are replaced.

    Raises:
        AlprError: a source has no usable photo.
        ModelError: a folder is missing or damaged.
        OutputError: ``folder`` cannot be written.
    """
    pictures = [picture for source in sources for picture in load_source(source)[0]]
    entries: dict[str, Any] = {
        "architecture": TWO_LOOKS,
        "first_look": first_look,
        "second_look": second_look,
        "classes": ["plate"],
        **settings.metadata(),
        "rule": asdict(rule),
        "threshold": 0.5,
        "parameters": sum(read_metadata(folder.parent / name)["parameters"] for name in (first_look, second_look)),
        "fitted_on": [str(source) for source in sources],
    }
    _write(folder, entries)
    detector = load_detector(folder)
    assert isinstance(detector, TwoLooks)
    detector.rule = fit_rule(detector, pictures)
    entries |= {"rule": asdict(detector.rule), "threshold": best_threshold(detector, pictures)}
    _write(folder, entries)
    return folder


def _write(folder: Path, entries: dict[str, Any]) -> None:
    with replaced_folder(folder) as draft:
        write_label_map(draft / LABEL_MAP_FILE, {"plate": 1})
        write_metadata(draft, entries, [])
