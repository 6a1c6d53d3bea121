"""Looking inside detectors: the numbers belong to the places they are shown at."""

from pathlib import Path

import numpy as np
import pytest

from alpr_utils.detect.architecture import Architecture
from alpr_utils.detect.faster_rcnn import FasterRCNN
from alpr_utils.detect.inspect import (
    anchor_labels,
    candidate_boxes,
    cell_scores,
    regions_of,
    stage_maps,
)
from alpr_utils.detect.scaling import network_picture
from alpr_utils.detect.ssd import SSD
from alpr_utils.detect.stored import load_network
from alpr_utils.detect.yolov3 import YOLOv3
from alpr_utils.errors import ModelError
from alpr_utils.models.folder import write_metadata
from alpr_utils.networks.configs import FasterRCNNConfig, SSDConfig, YOLOv3Config

SMALL = {"stem": 4, "widths": (4, 4, 8, 8), "blocks": (1, 1, 1, 1), "pyramid": 8}
RCNN = FasterRCNN(FasterRCNNConfig(**SMALL, hidden=8, pre_nms_top_n=40, post_nms_top_n=6))
ARCHITECTURES = [SSD(SSDConfig(**SMALL)), RCNN, YOLOv3(YOLOv3Config(width=0.1))]
PICTURE = np.random.default_rng(0).integers(0, 256, (90, 128, 3), dtype=np.uint8)


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda one: one.name)
def test_every_architecture_can_be_looked_at(architecture: Architecture) -> None:
    network, picture = architecture.build(), network_picture(PICTURE, 32)
    assert picture.shape == (1, 96, 128, 3) and (picture[0, :90] == PICTURE).all()
    scores = cell_scores(architecture, network, picture)
    assert {stride: one.shape for stride, one in scores.items()} == {8: (12, 16), 16: (6, 8), 32: (3, 4)}
    assert all((one > 0).all() and (one < 1).all() for one in scores.values())
    maps = stage_maps(network, picture)
    assert [one.shape[:2] for one in maps[:5]] == [(48, 64), (24, 32), (12, 16), (6, 8), (3, 4)]
    boxes, best = candidate_boxes(architecture, network, picture)
    assert boxes.shape == (len(best), 4)
    if architecture.name == "ssd":
        assert max(one.max() for one in scores.values()) == pytest.approx(best.max(), abs=1e-5)
        place = int(best.argmax()) // architecture.anchors_per_cell
        assert np.concatenate([one.ravel() for one in scores.values()]).argmax() == place


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda one: one.name)
def test_anchors_at_the_plate_are_taught_to_say_plate(architecture: Architecture) -> None:
    plate = np.array([[40, 30, 56, 80]], np.float32)
    anchors, labels = architecture.anchors(96, 128), anchor_labels(architecture, plate, 96, 128)
    cells = sum((96 // stride) * (128 // stride) for stride in architecture.strides)
    assert len(anchors) == len(labels) == cells * architecture.anchors_per_cell
    middles = (anchors[labels == 1][:, :2] + anchors[labels == 1][:, 2:]) / 2
    assert len(middles) and (np.abs(middles - [48, 55]) <= 24).all()
    assert (labels == 0).sum() > (labels != 0).sum()


def test_regions_belong_together() -> None:
    regions = regions_of(RCNN, RCNN.build(), network_picture(PICTURE, 32))
    assert regions.proposals.shape == regions.boxes.shape == (6, 4) and regions.scores.shape == (6,)
    assert regions.features.shape == (6, 6, 12, 8)
    # An untrained head corrects hardly anything.
    assert regions.boxes == pytest.approx(regions.proposals, abs=3)


def test_models_of_others_cannot_be_looked_into(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        load_network(tmp_path / "missing")
    write_metadata(tmp_path, {"threshold": 0.5}, [])
    with pytest.raises(ModelError, match="names no architecture"):
        load_network(tmp_path)
