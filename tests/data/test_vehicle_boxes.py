"""Vehicles estimated from their plates."""

from pathlib import Path

import numpy as np
import pytest

from alpr_utils.cli.app import main
from alpr_utils.data.labels import LabelledObject, LabelledPicture
from alpr_utils.data.pictures import load_pictures
from alpr_utils.data.vehicle_boxes import vehicle_around, with_vehicles
from alpr_utils.data.voc import write_voc
from alpr_utils.images import write_image


def test_vehicle_is_as_large_as_its_plate_tells() -> None:
    # 104 pixels for 0.52 m and 62 pixels for 0.31 m: 200 pixels a metre.
    one_row, two_rows = vehicle_around(np.array([[490, 448, 510, 552], [480, 469, 520, 531]], np.float32))
    assert one_row.tolist() == pytest.approx([290, 310, 600, 690])
    assert two_rows.tolist() == pytest.approx(one_row.tolist())


def test_plates_are_kept_and_vehicles_cut_at_the_edges() -> None:
    plate = LabelledObject("plate", (100, 10, 120, 114))
    picture = LabelledPicture(Path("a.jpg"), 300, 200, (plate, LabelledObject("u", (102, 12, 118, 20))))
    assert with_vehicles(picture).objects == (plate, LabelledObject("vehicle", (0, 0, 200, 252)))
    assert with_vehicles(LabelledPicture(Path("a.jpg"), 300, 200)).objects == ()


def test_folder_is_ready_for_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(2):
        write_image(tmp_path / "photos" / f"{number}.png", np.zeros((200, 300, 3), np.uint8))
        objects = (LabelledObject("plate", (100, 150, 110, 180)),)
        write_voc(tmp_path / "photos" / f"{number}.xml", LabelledPicture(Path(f"{number}.png"), 300, 200, objects))
    assert main(["vehicle-boxes", str(tmp_path / "photos"), str(tmp_path / "out")]) == 0
    pictures, problems = load_pictures(tmp_path / "out")
    assert [picture.boxes_px(("vehicle",)).shape for picture in pictures] == [(1, 4), (1, 4)]
    assert problems == []
    assert main(["vehicle-boxes", str(tmp_path / "nowhere"), str(tmp_path / "out")]) == 1
    assert "nowhere: is not a folder" in capsys.readouterr().err
