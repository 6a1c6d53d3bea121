"""Anchors by k-means: known clusters are found again, whatever the seed; bad data gets one sentence."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from alpr_utils.boxes import shape_iou
from alpr_utils.cli.app import main
from alpr_utils.data.labels import LabelledObject, LabelledPicture
from alpr_utils.data.voc import write_voc
from alpr_utils.errors import AlprError, LabelError
from alpr_utils.training.anchor_search import cluster_shapes, search_anchors

CLUSTERS = np.array([[20, 10], [30, 60], [120, 40]], np.float64)


def scattered(seed: int, each: int = 50) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.permutation(np.repeat(CLUSTERS, each, axis=0) * rng.uniform(0.93, 1.07, (len(CLUSTERS) * each, 2)))


def labelled_folder(folder: Path, shapes: np.ndarray, name: str = "plate") -> Path:
    """Pictures of 400 x 200 pixels with one box each."""
    folder.mkdir()
    for index, (width, height) in enumerate(shapes):
        box = (2.0, 3.0, 2.0 + float(height), 3.0 + float(width))
        labels = LabelledPicture(Path(f"{index}.png"), 400, 200, (LabelledObject(name, box),))
        write_voc(folder / f"{index}.xml", labels)
        cv2.imwrite(str(folder / f"{index}.png"), np.zeros((200, 400, 3), np.uint8))
    return folder


def test_shape_iou_of_boxes_on_one_centre():
    ious = shape_iou(np.array([[10.0, 10.0]]), np.array([[10.0, 10.0], [5.0, 10.0], [20.0, 5.0]]))
    np.testing.assert_allclose(ious, [[1, 0.5, 50 / 150]])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_known_clusters_are_found(seed: int):
    anchors, mean_iou = cluster_shapes(scattered(7), count=3, seed=seed)
    np.testing.assert_allclose(anchors, CLUSTERS, rtol=0.03)
    assert 0.9 < mean_iou < 1


def test_more_anchors_fit_better_and_a_seed_decides():
    shapes = np.random.default_rng(3).uniform(5, 200, (300, 2))
    fits = [cluster_shapes(shapes, count)[1] for count in (1, 3, 9)]
    assert fits == sorted(fits) and fits[2] > fits[0] + 0.2
    np.testing.assert_array_equal(cluster_shapes(shapes, 9, seed=5)[0], cluster_shapes(shapes, 9, seed=5)[0])


def test_boxes_are_measured_at_the_size_of_the_input(tmp_path: Path):
    found = search_anchors(labelled_folder(tmp_path / "data", scattered(1, each=8)), count=3, input_size=800)
    np.testing.assert_allclose(found.anchors, CLUSTERS * 2, rtol=0.06)
    assert found.boxes == 24 and found.problems == ()


def test_command_prints_the_line_for_a_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = labelled_folder(tmp_path / "data", np.array([[20, 10], [40, 20]]))
    assert main(["anchors", "--data", str(folder), "--count", "2", "--input-size", "400"]) == 0
    assert '"anchors": [[20.0, 10.0], [40.0, 20.0]]' in capsys.readouterr().out


def test_bad_data_gets_one_sentence(tmp_path: Path):
    folder = labelled_folder(tmp_path / "data", np.array([[20, 10], [20, 10]]))
    with pytest.raises(AlprError, match=r"data: holds boxes of 1 different shapes, too few for 9 anchors"):
        search_anchors(folder)
    with pytest.raises(LabelError, match="no box named 'car'; its labels are: plate"):
        search_anchors(folder, label="car")
    with pytest.raises(LabelError, match="is not a folder"):
        search_anchors(tmp_path / "absent")
