"""Look, then look closer: a detector that sees the picture reduced, and each of its candidates again at full size.

A detector that looks at a reduced picture is fast, but a plate is a few pixels to it: its boxes are rough, and windows
and lamps pass for plates. The second look cuts each candidate out of the full picture with its surroundings, gives its
tight box, and decides whether it is a plate at all; see `alpr_utils.networks.second_look`.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from alpr_utils.boxes import clip, non_max_suppression
from alpr_utils.config import parse_settings
from alpr_utils.detect.detector import Detection, Detector
from alpr_utils.detect.scaling import PADDING_GREY
from alpr_utils.errors import ModelError
from alpr_utils.models.folder import METADATA_FILE, WEIGHTS_FILE, read_metadata
from alpr_utils.networks.configs import SecondLookConfig
from alpr_utils.runtime.network import DEFAULT_RUNTIME, RuntimeOptions, open_network

if TYPE_CHECKING:
    import keras

TWO_LOOKS = "two looks"  # the architecture in metadata.json
WORTH_A_LOOK = 0.1  # score from which a candidate is likely enough to be seen a third time
SAME_PLATE_IOU = 0.4  # two tight boxes that overlap more are one plate


@dataclass(frozen=True)
class LookRule:
    """Which candidates are looked at again, and how both looks become one box and one score.

    Attributes:
        candidate_score: score of the first look from which a candidate is looked at again.
        most: candidates of a picture, at most.
        twice: the second look sees likely candidates again, from where it saw the plate; logits and boxes are means.
        share: of the second look's box in the box that is reported; the rest is the first look's, because both err in
            different places.
        first, second, bias: the score is sigmoid(first * logit of the first score + second * logit of the second look
            + bias).
    """

    candidate_score: float = 0.15
    most: int = 8
    twice: bool = True
    share: float = 0.75
    first: float = 0.5
    second: float = 1.0
    bias: float = 0.0

    def scores(self, first_scores: np.ndarray, second_logits: np.ndarray) -> np.ndarray:
        """Scores of the first look (N,), 0..1, and logits of the second (N,) -> scores (N,), 0..1."""
        sure = np.clip(first_scores, 1e-4, 1 - 1e-4)
        logits = self.first * np.log(sure / (1 - sure)) + self.second * second_logits + self.bias
        return 1 / (1 + np.exp(-logits))


def crop_regions(boxes: np.ndarray, config: SecondLookConfig) -> np.ndarray:
    """The parts of the picture that the network sees of candidates (N, 4): int (N, 4), pixels, at least 4 a side."""
    size = boxes[:, 2:] - boxes[:, :2]
    margin = config.margin * size + config.cross_margin * size[:, ::-1]
    low = np.floor(boxes[:, :2] - margin)
    return np.concatenate([low, np.maximum(np.ceil(boxes[:, 2:] + margin), low + 4)], axis=1).astype(int)


def cut_region(image: np.ndarray, region: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The region (4,) int, pixels, of ``image: uint8 (H, W, 3)`` at ``size`` (height, width); grey where it ends."""
    ymin, xmin, ymax, xmax = (int(side) for side in region)
    height, width = image.shape[:2]
    part = image[max(ymin, 0) : max(ymax, 0), max(xmin, 0) : max(xmax, 0)]
    outside = (max(-ymin, 0), max(ymax - height, 0), max(-xmin, 0), max(xmax - width, 0))
    if any(outside):
        whole = np.full((ymax - ymin, xmax - xmin, 3), PADDING_GREY, np.uint8)
        whole[outside[0] : outside[0] + part.shape[0], outside[2] : outside[2] + part.shape[1]] = part
        part = whole
    shrinks = part.shape[0] * part.shape[1] > size[0] * size[1]
    return cv2.resize(part, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


class SecondLook:
    """A trained second look, ready for many calls.

    Args:
        folder: its model folder.

    Raises:
        ModelError: the folder is incomplete or damaged.
    """

    def __init__(self, folder: Path, runtime: RuntimeOptions = DEFAULT_RUNTIME) -> None:
        for needed in (folder / METADATA_FILE, folder / WEIGHTS_FILE):
            if not needed.is_file():
                raise ModelError(f"{needed}: is missing; restore the folder or train it with 'train second_look'.")
        where = f"{folder / METADATA_FILE}: config"
        self.config = parse_settings(SecondLookConfig, read_metadata(folder).get("config", {}), where)
        self._network = open_network(folder, self._build, runtime)

    def _build(self) -> "keras.Model":
        from alpr_utils.networks.second_look import build_second_look

        return build_second_look(self.config)

    def look(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Look at candidates (N, 4), ymin, xmin, ymax, xmax, pixels of ``image: uint8 (H, W, 3)`` RGB, N at least 1.

        Returns:
            logits (N,) of being a plate, and tight boxes float32 (N, 4) as above.
        """
        regions = crop_regions(boxes, self.config)
        crops = np.stack([cut_region(image, region, (self.config.height, self.config.width)) for region in regions])
        (predictions,) = self._network(crops)
        low, size = regions[:, :2], regions[:, 2:] - regions[:, :2]
        tight = predictions[:, 1:5] * np.tile(size, 2) + np.tile(low, 2)
        return predictions[:, 0].copy(), tight.astype(np.float32)


class TwoLooks:
    """A detector that looks at the whole picture, and then at each of its candidates again.

    Args:
        name: of its folder.
        first: finds candidates; its threshold does not matter.
        second: judges them.
        metadata: content of ``metadata.json``, with ``threshold``, the score from which ``detect`` reports a box.

    Attributes:
        labels: class number -> class name.
    """

    def __init__(
        self, name: str, first: Detector, second: SecondLook, rule: LookRule, metadata: dict[str, Any]
    ) -> None:
        self.name, self.metadata, self.labels = name, metadata, {1: "plate"}
        self.threshold = float(metadata["threshold"])
        self.first, self.second, self.rule = first, second, rule

    def judged(self, image: np.ndarray) -> tuple[list[Detection], np.ndarray, np.ndarray]:
        """What both looks say of ``image: uint8 (H, W, 3) RGB``.

        Returns:
            the candidates of the first look, the second look's logits (N,), and their boxes, float32 (N, 4), 0..1.
        """
        candidates = self.first.detect(image, self.rule.candidate_score)[: self.rule.most]
        if not candidates:
            return [], np.empty(0, np.float32), np.empty((0, 4), np.float32)
        scale = np.array(image.shape[:2] * 2, np.float32)
        rough = np.array([candidate.box for candidate in candidates], np.float32) * scale
        logits, tight = self.second.look(image, rough)
        if self.rule.twice:
            scores = self.rule.scores(np.array([candidate.score for candidate in candidates]), logits)
            likely = np.flatnonzero(scores >= WORTH_A_LOOK)
            if len(likely):
                again = self.second.look(image, tight[likely])
                logits[likely] = (logits[likely] + again[0]) / 2
                tight[likely] = (tight[likely] + again[1]) / 2
        return candidates, logits, clip((self.rule.share * tight + (1 - self.rule.share) * rough) / scale)

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        """Find plates in ``image: uint8 (H, W, 3) RGB``; best first, at or above ``min_score`` (default: threshold)."""
        candidates, logits, boxes = self.judged(image)
        scores = self.rule.scores(np.array([candidate.score for candidate in candidates]), logits)
        least = self.threshold if min_score is None else min_score
        scores = np.where((boxes[:, 2:] > boxes[:, :2]).all(axis=1) & (scores >= least), scores, 0.0)
        return [
            replace(candidates[i], box=tuple(float(side) for side in boxes[i]), score=float(scores[i]))
            for i in non_max_suppression(boxes, scores, SAME_PLATE_IOU, min_score=0.0)
        ]
