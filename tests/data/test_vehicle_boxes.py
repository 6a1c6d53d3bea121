"""Vehicles estimated from their plates."""

from pathlib import Path

import numpy as np
import pytest

from alpr_utils.data.vehicle_boxes import main, vehicle_around, with_vehicles
from alpr_utils.data.voc import Annotation, VocObject, load_labelled, write_voc
from alpr_utils.images import write_image


def test_vehicle_is_as_large_as_its_plate_tells() -> None:
    # 104 pixels for 0.52 m and 62 pixels for 0.31 m: 200 pixels a metre.
    one_row, two_rows = vehicle_around(np.array([[490, 448, 510, 552], [480, 469, 520, 531]], np.float32))
    assert one_row.tolist() == pytest.approx([290, 310, 600, 690])
    assert two_rows.tolist() == pytest.approx(one_row.tolist())


def test_annotation_keeps_plates_and_cuts_vehicles_at_the_edges() -> None:
    plate = VocObject("plate", (10, 100, 114, 120))
    annotation = Annotation("a.jpg", 300, 200, (plate, VocObject("u", (12, 102, 20, 118))))
    assert with_vehicles(annotation).objects == (plate, VocObject("vehicle", (0, 0, 252, 200)))
    assert with_vehicles(Annotation("a.jpg", 300, 200, ())).objects == ()


def test_folder_is_ready_for_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(2):
        write_image(tmp_path / "photos" / f"{number}.png", np.zeros((200, 300, 3), np.uint8))
        objects = (VocObject("plate", (150, 100, 180, 110)),)
        write_voc(tmp_path / "photos" / f"{number}.xml", Annotation(f"{number}.png", 300, 200, objects))
    assert main([str(tmp_path / "photos"), str(tmp_path / "out")]) == 0
    pictures, problems = load_labelled(tmp_path / "out")
    assert [picture.annotation.boxes(("vehicle",)).shape for picture in pictures] == [(1, 4), (1, 4)]
    assert problems == []
    assert main([str(tmp_path / "nowhere"), str(tmp_path / "out")]) == 1
    assert main([]) == 2
    assert "nowhere: is not a folder" in capsys.readouterr().err
