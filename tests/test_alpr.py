"""From picture to plates, with a detector and a reader whose answers are known."""

import io
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import PICTURE_SIZE, PLATE_PIXELS, BrightBoxDetector, FixedReader
from PIL import Image

import alpr_utils
from alpr_utils import ALPR
from alpr_utils import alpr as facade
from alpr_utils import enhance as light
from alpr_utils.detect.detector import Detection
from alpr_utils.errors import AlprError, ModelError
from alpr_utils.images import crop_plate, frame_count, write_image
from alpr_utils.read.load import ReaderOptions, load_reader
from alpr_utils.read.reading import Reading
from alpr_utils.results import PictureResult, picture_record


def _watcher(seen: list[int]) -> FixedReader:
    class Watcher(FixedReader):
        def read(self, crops: list[np.ndarray], grammar: bool = True) -> list[Reading]:
            seen.extend(int(crop.max()) for crop in crops)
            return [Reading()] * len(crops)

    return Watcher()


def test_plate_is_found_and_read(plate_picture: np.ndarray, detector: BrightBoxDetector, reader: FixedReader) -> None:
    (plate,) = ALPR(detector, reader).read(plate_picture)
    assert plate.box_pixels(*PICTURE_SIZE) == PLATE_PIXELS
    assert (plate.text, plate.text_score, plate.rows, plate.country) == ("1537УНЛ", 0.8, 1, "mn")
    assert len(plate.char_scores) == 7
    assert plate.detection_score == 0.9


def test_unsure_characters_and_other_texts_are_told(plate_picture: np.ndarray, detector: BrightBoxDetector) -> None:
    class Doubtful(FixedReader):
        def read(self, crops: list[np.ndarray], grammar: bool = True) -> list[Reading]:
            scores = (0.9, 0.9, 0.5, 0.9, 0.9, 0.9, 0.9)
            return [Reading("1537УНЛ", 0.5, scores, 1, "mn", (("1587УНЛ", 0.4),))] * len(crops)

    reader = ALPR(detector, Doubtful())
    (plate,) = reader.read(plate_picture)
    assert (plate.text, plate.shown_text, plate.alternatives) == ("1537УНЛ", "15?7УНЛ", (("1587УНЛ", 0.4),))
    result = PictureResult("a", "a", Path("a"), plate_picture, plate_picture, *PICTURE_SIZE, (plate,))
    (record,) = picture_record(result)["plates"]
    assert record["shown_text"] == "15?7УНЛ" and record["text"] == "1537УНЛ"
    assert record["alternatives"] == [{"text": "1587УНЛ", "text_score": 0.4}]


def test_without_reader_the_text_is_empty(plate_picture: np.ndarray, detector: BrightBoxDetector) -> None:
    (plate,) = ALPR(detector, None).read(plate_picture)
    assert (plate.text, plate.rows) == ("", 0)


def test_unsure_texts_are_left_out(plate_picture: np.ndarray, detector: BrightBoxDetector, reader: FixedReader) -> None:
    (plate,) = ALPR(detector, reader, min_text_score=0.9).read(plate_picture)
    assert (plate.text, plate.char_scores, plate.detection_score) == ("", (), 0.9)
    assert ALPR(detector, reader, min_text_score=0.9).read_crop(plate_picture).text == "1537УНЛ"


@pytest.mark.parametrize("score", [{"min_score": 5}, {"min_text_score": -0.1}])
def test_scores_outside_0_to_1_are_refused(score: dict[str, float]) -> None:
    with pytest.raises(AlprError, match="scores are between 0 and 1"):
        ALPR(**score)


def test_detector_sees_the_enhanced_picture_and_reader_the_original(
    detector: BrightBoxDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    dark = np.full((50, 50, 3), 60, np.uint8)
    dark[10:20, 10:40] = 150
    monkeypatch.setattr(light, "enhance", lambda image: image + 100)
    seen: list[int] = []
    assert ALPR(detector, _watcher(seen)).read(dark) == []
    assert len(ALPR(detector, _watcher(seen), enhance=True).read(dark)) == 1
    assert seen == [150]


def test_every_kind_of_picture_is_read(
    tmp_path: Path, plate_picture: np.ndarray, detector: BrightBoxDetector, reader: FixedReader
) -> None:
    write_image(tmp_path / "a.png", plate_picture)
    alpr = ALPR(detector, reader)
    kinds = [
        tmp_path / "a.png",
        str(tmp_path / "a.png"),
        (tmp_path / "a.png").read_bytes(),
        Image.fromarray(plate_picture),
        plate_picture[..., 0],
        np.dstack([plate_picture, np.full(PICTURE_SIZE, 255, np.uint8)]),
        plate_picture.astype(np.uint16) * 257,
        plate_picture / 255,
    ]
    assert {plate.box_pixels(*PICTURE_SIZE) for kind in kinds for plate in alpr.read(kind)} == {PLATE_PIXELS}
    assert alpr.draw(kinds[0]).shape == plate_picture.shape
    assert (alpr.draw(plate_picture, []) == plate_picture).all()


def test_models_open_once_for_all_threads(
    plate_picture: np.ndarray, detector: BrightBoxDetector, reader: FixedReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def slowly(name: str, *_: object) -> FixedReader:
        time.sleep(0.05)
        opened.append(name)
        return reader

    monkeypatch.setattr(facade, "load_reader", slowly)
    alpr = ALPR(detector, "voting")
    assert opened == [], "nothing is opened before the first picture"
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(alpr.read, [plate_picture] * 4))
    assert [len(plates) for plates in results] == [1] * 4
    assert opened == ["voting"]


def test_wrong_names_are_refused_at_once(tmp_path: Path) -> None:
    for arguments, message in (
        ({"detector": "nonsense"}, "no detector 'nonsense'; give a path or one of"),
        ({"reader": "nonsense"}, "no reader 'nonsense'; choose one of voting"),
        ({"country": "xx"}, "no plates of country 'xx'; choose one of mn, kr"),
        ({"detector": None, "tiles": True, "vehicle_first": True}, "choose one of them"),
    ):
        with pytest.raises(AlprError, match=message):
            ALPR(models_dir=tmp_path, **{"detector": None, **arguments})
    with pytest.raises(ModelError, match="no detector to find plates"):
        ALPR(None, FixedReader()).read(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ModelError, match="a reader is needed"):
        ALPR(None, None).read_crop(np.zeros((4, 4, 3), np.uint8))


def test_crop_keeps_a_margin_and_stays_inside() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    assert crop_plate(image, (0.4, 0.25, 0.6, 0.75), margin=0.1).shape == (24, 120, 3)
    assert crop_plate(image, (0.0, 0.0, 1.0, 1.0), margin=0.5).shape == (100, 200, 3)
    assert crop_plate(image, (1.0, 1.0, 1.0, 1.0)).shape == (1, 1, 3)


def test_one_pixel_holds_no_plate(detector: BrightBoxDetector, reader: FixedReader) -> None:
    assert ALPR(detector, reader).read(np.zeros((1, 1, 3), np.uint8)) == []


def test_crop_is_read_whole(reader: FixedReader) -> None:
    plate = ALPR(None, reader).read_crop(np.zeros((20, 60, 3), np.uint8))
    assert (plate.box, plate.text) == ((0, 0, 1, 1), "1537УНЛ")


def test_batch_goes_on_after_errors(tmp_path: Path, plate_picture: np.ndarray, reader: FixedReader) -> None:
    write_image(tmp_path / "1.png", plate_picture)
    (tmp_path / "2.png").write_bytes(b"")
    write_image(tmp_path / "3.png", np.zeros((5, 5, 3), np.uint8))
    write_image(tmp_path / "4.png", plate_picture)

    class Failing(BrightBoxDetector):
        def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
            if image.shape[0] == 5:
                raise MemoryError("too\nmuch")
            return super().detect(image, min_score)

    results = list(ALPR(Failing(), reader).read_many([tmp_path / f"{n}.png" for n in (1, 2, 3, 4, 5)]))
    assert [bool(result.error) for result in results] == [True, False, True, True, False]
    assert [len(result.plates) for result in results] == [0, 1, 0, 0, 1]
    assert "5.png: does not exist" in str(results[0].error)
    assert "2.png: is an empty file" in str(results[2].error)
    assert "3.png: needs more memory than there is" in str(results[3].error)


def test_ctrl_c_ends_a_batch_within_two_seconds(tmp_path: Path) -> None:
    for number in range(20):
        write_image(tmp_path / f"{number}.png", np.zeros((5, 5, 3), np.uint8))

    class Slow(BrightBoxDetector):
        def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
            time.sleep(0.3)
            return super().detect(image, min_score)

    threads = threading.active_count()
    interrupt = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    interrupt.start()
    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        list(ALPR(Slow(), None).read_many([tmp_path]))
    assert time.perf_counter() - start < 2.5
    interrupt.join()
    assert threading.active_count() == threads


@pytest.mark.parametrize("threads", [1, 2])
def test_one_thread_does_everything(tmp_path: Path, plate_picture: np.ndarray, threads: int) -> None:
    write_image(tmp_path / "a.png", plate_picture)
    seen = set()

    class Watched(BrightBoxDetector):
        def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
            seen.add(threading.current_thread())
            return super().detect(image, min_score)

    (result,) = ALPR(Watched(), None, threads=threads).read_many(tmp_path / "a.png")
    assert len(result.plates) == 1
    assert (seen == {threading.current_thread()}) == (threads == 1)


def test_same_names_in_two_folders_are_distinguished(tmp_path: Path, detector: BrightBoxDetector) -> None:
    paths = [tmp_path / "a" / "0.png", tmp_path / "b" / "0.png", tmp_path / "b" / "0.jpg", tmp_path / "b" / "1.png"]
    for path in paths:
        write_image(path, np.zeros((4, 4, 3), np.uint8))
    results = list(ALPR(detector, None).read_many(paths))
    assert [result.name for result in results] == [paths[0].as_posix(), paths[1].as_posix(), "0.jpg", "1.png"]
    assert [result.stem for result in results][:2] == ["0", "0_png"]
    assert [result.stem for result in results][2:] == ["0_jpg", "1"]


def test_video_frames_are_numbered(tmp_path: Path, detector: BrightBoxDetector) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for brightness in (0, 0, 255, 255):
        writer.write(np.full((48, 64, 3), brightness, np.uint8))
    writer.release()
    results = list(ALPR(detector, None).read_many([tmp_path / "clip.avi"], every=2))
    assert [(r.name, r.stem, len(r.plates)) for r in results] == [
        ("clip.avi#0", "clip_000000", 0),
        ("clip.avi#2", "clip_000002", 1),
    ]
    assert frame_count(tmp_path / "clip.avi", 2) == 2
    (second,) = ALPR(detector, None).read_many([tmp_path / "clip.avi"], every=2, skip={"clip.avi#0"})
    assert second.name == "clip.avi#2"


def test_min_score_reaches_the_detector(plate_picture: np.ndarray) -> None:
    class Unsure:
        name = "unsure"
        threshold = 0.5

        def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
            return [Detection((0, 0, 1, 1), 0.2)] if min_score is not None and min_score <= 0.2 else []

    assert ALPR(Unsure(), None).read(plate_picture) == []
    assert len(ALPR(Unsure(), None, min_score=0.01).read(plate_picture)) == 1


def test_package_shows_its_face_without_loading_anything() -> None:
    code = "import sys, alpr_utils; print({'numpy', 'cv2', 'tensorflow', 'keras', 'typer'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    assert all(callable(getattr(alpr_utils, name)) for name in alpr_utils.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = alpr_utils.nonsense


def test_unknown_reader_and_country(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nonsense: no such reader; choose one of voting, classical"):
        load_reader("nonsense")
    with pytest.raises(ModelError, match="cannot read plates of Korea"):
        load_reader("classical", ReaderOptions("kr", models_dir=tmp_path))
    with pytest.raises(ModelError):
        load_reader("classical", ReaderOptions(models_dir=tmp_path))


def test_reading_one_picture_loads_little_and_needs_little_memory() -> None:
    picture = Path(__file__).resolve().parents[1] / "mongol_alpr_images" / "1.jpg"
    heavy = {"tensorflow", "keras", "matplotlib", "scipy", "skimage", "pandas", "onnx", "mitsuba", "numpy.random"}
    code = (
        "import sys; from alpr_utils.cli.app import main; status = main(['read', sys.argv[1]]); "
        f"loaded = {heavy} & set(sys.modules); from alpr_utils.runtime.memory import peak_mb; "
        "print(status, loaded, peak_mb())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(picture)], capture_output=True, text=True, check=True)
    reading, result = done.stdout.splitlines()
    assert reading.startswith("1.jpg\t2520УЕН") and done.stderr == ""
    *loaded, peak_mb = result.split()
    assert loaded == ["0", "set()"]
    assert float(peak_mb) < 350


def _png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def test_contents_give_what_files_give(
    plate_picture: np.ndarray, detector: BrightBoxDetector, reader: FixedReader, tmp_path: Path
) -> None:
    alpr, content = ALPR(detector, reader), _png(plate_picture)
    (tmp_path / "a.png").write_bytes(content)
    (file,) = alpr.read_many(tmp_path / "a.png")
    first, broken, large = alpr.read_contents(
        [("a.png", content), ("b.png", content[:40]), ("c.png", _png(np.zeros((200, 200, 3), np.uint8)))],
        most_pixels=30_000,
    )
    assert picture_record(first) == picture_record(file)
    assert "b.png: " in str(broken.error)
    assert str(large.error) == "c.png: is too large; make it smaller than 0.03 million pixels."
    (crop,) = alpr.read_contents([("a.png", content)], crops=True)
    assert [plate.box for plate in crop.plates] == [(0, 0, 1, 1)]


def test_a_result_does_not_wait_for_the_next_content(
    plate_picture: np.ndarray, detector: BrightBoxDetector, reader: FixedReader
) -> None:
    come, content = threading.Semaphore(1), _png(plate_picture)

    def contents() -> Iterator[tuple[str, bytes]]:
        for name in "abc":
            assert come.acquire(timeout=20)
            yield name, content

    names = []
    for result in ALPR(detector, reader).read_contents(contents()):
        names.append(result.name)
        come.release()  # the next one comes only when this one is read
    assert names == ["a", "b", "c"]
