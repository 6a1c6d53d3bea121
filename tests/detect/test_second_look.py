"""The second look: what it sees of a candidate, and how its predictions come back to the picture."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.detect.detector import Detection
from alpr_utils.detect.exported import list_detectors, load_detector
from alpr_utils.detect.second_look import LookRule, SecondLook, TwoLooks, crop_regions, cut_region
from alpr_utils.errors import ModelError
from alpr_utils.networks.configs import SecondLookConfig

IMAGE = np.full((180, 300, 3), 80, np.uint8)
BOX = np.array([60, 100, 84, 196], np.float32)
SIZE = np.array([180, 300, 180, 300], np.float32)
CONFIG = SecondLookConfig(height=32, width=64)


class FirstLook:
    """Finds the plate twice, a lamp, and something that it hardly believes itself."""

    name, threshold = "first", 0.5

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        boxes = [BOX, BOX + 2, np.array([10, 10, 30, 40]), np.array([150, 10, 170, 80])]
        found = [(box / SIZE, score) for box, score in zip(boxes, (0.9, 0.8, 0.6, 0.1), strict=True)]
        return [Detection(tuple(box.tolist()), score) for box, score in found if score >= (min_score or 0.5)]


def middle_half(crops: np.ndarray) -> list[np.ndarray]:
    """A plate in the middle half of every crop but of the last, in which there is none."""
    corners = [0.25, 0.25, 0.75, 0.25, 0.75, 0.75, 0.25, 0.75]
    predictions = np.tile(np.array([4.0, 0.25, 0.25, 0.75, 0.75, *corners], np.float32), (len(crops), 1))
    predictions[-1, 0] = -6.0
    return [predictions]


def second_look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SecondLook:
    (tmp_path / "metadata.json").write_text(json.dumps({"config": asdict(CONFIG)}))
    (tmp_path / "weights.npz").write_bytes(b"")
    monkeypatch.setattr("alpr_utils.detect.second_look.open_network", lambda folder, build, runtime: middle_half)
    return SecondLook(tmp_path)


def test_a_region_holds_its_candidate_and_reaches_over_the_edge() -> None:
    boxes = np.array([[10, 20, 20, 60], [-5, 280, 30, 330]], np.float32)
    regions = crop_regions(boxes, SecondLookConfig(64, 128))
    assert (regions[:, :2] < boxes[:, :2]).all() and (regions[:, 2:] > boxes[:, 2:]).all()
    assert regions[0].tolist() == [2, 5, 28, 75], "0.35 of the own and 0.1 of the other side"
    crop = cut_region(IMAGE, regions[1], (32, 64))
    assert crop.shape == (32, 64, 3)
    assert crop[0, 0, 0] == crop[-1, -1, 0] == 114, "grey where the picture ends"


def test_predictions_come_back_to_the_picture(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    logits, boxes = second_look(monkeypatch, tmp_path).look(IMAGE, np.stack([BOX, BOX + 5]))
    region = crop_regions(BOX[None], CONFIG)[0]
    size = region[2:] - region[:2]
    assert logits.tolist() == [4, -6]
    assert boxes[0] == pytest.approx([*(region[:2] + size / 4), *(region[:2] + size * 0.75)])


def test_doubles_lamps_and_doubtful_candidates_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rule = LookRule(candidate_score=0.15, twice=False, share=1.0, first=0.5, second=1.0)
    detector = TwoLooks("both", FirstLook(), second_look(monkeypatch, tmp_path), rule, {"threshold": 0.5})
    (plate,) = detector.detect(IMAGE)
    assert plate.score > 0.95 and plate.label == "plate"
    tight = detector.second.look(IMAGE, BOX[None])[1][0] / SIZE
    assert plate.box == pytest.approx(tight, abs=1e-6)
    again = detector.second.look(IMAGE, tight[None] * SIZE)[1][0] / SIZE
    detector.rule = replace(rule, twice=True)
    assert detector.detect(IMAGE)[0].box == pytest.approx((tight + again) / 2, abs=1e-5)
    assert len(detector.detect(IMAGE, 0.001)) == 2, "the lamp has a low score"
    assert len(detector.detect(IMAGE, 0.9999)) == 0


def test_scores_of_both_looks_become_one() -> None:
    first, second = np.array([0.5, 0.5, 0.9]), np.array([0.0, 2.0, 2.0])
    scores = LookRule(first=1.0, second=1.0, bias=0.0).scores(first, second)
    assert scores[0] == pytest.approx(0.5) and scores[0] < scores[1] < scores[2] < 1


def test_a_folder_names_both_looks(tmp_path: Path) -> None:
    folder = tmp_path / "both"
    folder.mkdir()
    (folder / "metadata.json").write_text('{"architecture": "two looks", "first_look": "ssd", "threshold": 0.5}')
    assert list_detectors(tmp_path) == ["both"]
    with pytest.raises(ModelError, match="ssd: is missing, both needs it"):
        load_detector(folder)
