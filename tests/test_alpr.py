"""From picture to plates, with a detector and a reader whose answers are known."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import PICTURE_SIZE, PLATE_PIXELS, BrightBoxDetector, FixedReader

from alpr_utils.alpr import process_batch, read_plates, read_whole
from alpr_utils.detect.detector import Detection
from alpr_utils.errors import ModelError, PictureError
from alpr_utils.images import crop_plate, write_image
from alpr_utils.read.load import load_reader
from alpr_utils.read.reading import Reading


def test_plate_is_found_and_read(plate_picture: np.ndarray, detector: BrightBoxDetector, reader: FixedReader) -> None:
    (plate,) = read_plates(plate_picture, detector, reader)
    assert plate.box_pixels(*PICTURE_SIZE) == PLATE_PIXELS
    assert (plate.text, plate.text_score, plate.rows, plate.country) == ("1537УНЛ", 0.8, 1, "mn")
    assert len(plate.char_scores) == 7
    assert plate.detection_score == 0.9


def test_without_reader_the_text_is_empty(plate_picture: np.ndarray, detector: BrightBoxDetector) -> None:
    (plate,) = read_plates(plate_picture, detector, None)
    assert (plate.text, plate.rows) == ("", 0)


def test_detector_sees_the_enhanced_picture_and_reader_the_original(detector: BrightBoxDetector) -> None:
    dark = np.full((50, 50, 3), 60, np.uint8)
    dark[10:20, 10:40] = 150
    seen: list[int] = []

    class Watcher:
        name = "watcher"

        def read(self, plate: np.ndarray) -> Reading:
            seen.append(int(plate.max()))
            return Reading()

    assert read_plates(dark, detector, Watcher()) == []
    assert len(read_plates(dark, detector, Watcher(), enhance=lambda image: image + 100)) == 1
    assert seen == [150]


def test_crop_keeps_a_margin_and_stays_inside() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    assert crop_plate(image, (0.4, 0.25, 0.6, 0.75), margin=0.1).shape == (24, 120, 3)
    assert crop_plate(image, (0.0, 0.0, 1.0, 1.0), margin=0.5).shape == (100, 200, 3)
    assert crop_plate(image, (1.0, 1.0, 1.0, 1.0)).shape == (1, 1, 3)


def test_one_pixel_holds_no_plate(detector: BrightBoxDetector, reader: FixedReader) -> None:
    assert read_plates(np.zeros((1, 1, 3), np.uint8), detector, reader) == []


def test_crop_is_read_whole(reader: FixedReader) -> None:
    plate = read_whole(np.zeros((20, 60, 3), np.uint8), reader)
    assert (plate.box, plate.text) == ((0, 0, 1, 1), "1537УНЛ")


def test_batch_goes_on_after_errors(
    tmp_path: Path, plate_picture: np.ndarray, detector: BrightBoxDetector, reader: FixedReader
) -> None:
    write_image(tmp_path / "1.png", plate_picture)
    (tmp_path / "2.png").write_bytes(b"")
    write_image(tmp_path / "3.png", np.zeros((5, 5, 3), np.uint8))
    write_image(tmp_path / "4.png", plate_picture)

    def work(image: np.ndarray) -> list:
        if image.shape[0] == 5:
            raise MemoryError("too\nmuch")
        return read_plates(image, detector, reader)

    results = list(process_batch([tmp_path / f"{n}.png" for n in (1, 2, 3, 4)], work))
    assert [len(result.plates) for result in results] == [1, 0, 0, 1]
    assert [type(result.error) for result in results] == [type(None), PictureError, PictureError, type(None)]
    assert "2.png: is an empty file" in str(results[1].error)
    assert "3.png: could not be processed (MemoryError: too much)" in str(results[2].error)


def test_same_names_in_two_folders_are_told_apart(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "0.png", tmp_path / "b" / "0.png", tmp_path / "b" / "1.png"]
    for path in paths:
        write_image(path, np.zeros((4, 4, 3), np.uint8))
    names = [result.name for result in process_batch(paths, lambda _: [])]
    assert names == [paths[0].as_posix(), paths[1].as_posix(), "1.png"]


def test_video_frames_are_numbered(tmp_path: Path, detector: BrightBoxDetector) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for brightness in (0, 0, 255, 255):
        writer.write(np.full((48, 64, 3), brightness, np.uint8))
    writer.release()
    results = list(process_batch([tmp_path / "clip.avi"], lambda image: read_plates(image, detector, None), every=2))
    assert [(r.name, r.frame, len(r.plates)) for r in results] == [("clip.avi#0", 0, 0), ("clip.avi#2", 2, 1)]


def test_min_score_reaches_the_detector(plate_picture: np.ndarray) -> None:
    class Unsure:
        name = "unsure"
        threshold = 0.5

        def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
            return [Detection((0, 0, 1, 1), 0.2)] if min_score is not None and min_score <= 0.2 else []

    assert read_plates(plate_picture, Unsure(), None) == []
    assert len(read_plates(plate_picture, Unsure(), None, min_score=0.01)) == 1


def test_unknown_reader_and_country(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nonsense: no such reader; choose one of voting, classical"):
        load_reader("nonsense")
    with pytest.raises(ModelError, match="reads Mongolian plates only"):
        load_reader("classical", tmp_path, country="kr")
    with pytest.raises(ModelError):
        load_reader("classical", tmp_path)
