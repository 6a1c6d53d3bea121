"""Rendered scenes."""

import sys
from pathlib import Path

import cv2
import pytest

from alpr_utils.data.voc import read_voc
from alpr_utils.plates import PLATE_LABEL
from alpr_utils.plates.mongolia import LABEL_CODES
from alpr_utils.synth.files.recipe import Recipe
from alpr_utils.synth.raytraced import scene as scenes
from alpr_utils.synth.raytraced.tracer import RendererError, load_mitsuba


def test_generating_without_the_ray_tracer_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mitsuba", None)
    with pytest.raises(RendererError, match="pip install"):
        Recipe("scenes", "mn", quality="rendered").check()


def test_rendered_scenes_have_exact_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mitsuba")
    load_mitsuba()
    monkeypatch.setattr(scenes, "TRACED_SHARE", 0.1)
    monkeypatch.setattr(scenes, "SAMPLES", 1)
    monkeypatch.setattr(scenes, "PLATE_COUNT_SHARES", (0, 1, 0))
    first, again = (Recipe("scenes", "mn", seed=3, quality="rendered").picture(0) for _ in "ab")
    assert first.jpeg == again.jpeg
    assert first.size == (720, 1280)
    plate = first.plates[0]
    ymin, xmin, ymax, xmax = plate.box
    assert len(plate.char_boxes) == len(plate.text)
    assert (plate.char_boxes[:, :2] >= (ymin, xmin)).all() and (plate.char_boxes[:, 2:] <= (ymax, xmax)).all()
    inside = (first.vehicles[:, :2] <= (ymin, xmin)).all(1) & (first.vehicles[:, 2:] >= (ymax, xmax)).all(1)
    assert inside.any(), "a plate hangs on a vehicle"


def test_the_shipped_pictures_have_labels_that_fit_them() -> None:
    folder = Path(__file__).parents[2] / "mongol_alpr_images"
    counts = []
    for index in range(30):
        picture = cv2.imread(str(folder / f"{index}.jpg"))
        assert picture is not None
        annotation = read_voc(folder / f"{index}.xml")[0]
        assert picture.shape[:2] == (annotation.height, annotation.width) and picture.shape[1] >= 1280
        names = [item.name for item in annotation.objects]
        plates = names.count(PLATE_LABEL)
        assert len(names) == 8 * plates and set(names) <= {PLATE_LABEL, *LABEL_CODES.values()}
        counts.append(plates)
    assert {0, 1, 2} <= set(counts)
