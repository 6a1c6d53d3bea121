"""The command ``blur``: plates are gone, the rest stays, and no picture of the user is replaced."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from coloured import ColourDetector, ColourReader, road
from PIL import Image

from alpr_utils import ALPR
from alpr_utils.cli.app import main
from alpr_utils.cli.blur import _with_neighbours
from alpr_utils.detect.detector import Detection
from alpr_utils.images import HIDE_MARGIN, hide_boxes, read_image
from alpr_utils.results import PlateReading
from alpr_utils.video.frames import FrameReader, VideoWriter


class UnsureDetector(ColourDetector):
    """Finds every box with a score of 0.3, below its threshold."""

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        least = self.threshold if min_score is None else min_score
        return [Detection(found.box, 0.3) for found in super().detect(image) if least <= 0.3]


@pytest.fixture(autouse=True)
def _coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "alpr_utils.cli.blur.alpr_of", lambda options: ALPR(UnsureDetector(), None, min_score=options["min_score"])
    )


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    exif = Image.Exif()
    exif[0x010E] = "in front of my house"
    Image.fromarray(road((0, 60, 100), (2, 120, 200))).save(tmp_path / "mine" / "two.png", exif=exif)
    Image.fromarray(road()).save(tmp_path / "mine" / "none.png")
    return tmp_path / "mine"


def _blur(*arguments: object) -> int:
    return main(["blur", *map(str, arguments)])


def _detail(image: np.ndarray) -> float:
    return float(image.std(axis=(0, 1)).max())


def test_plates_are_gone_and_the_rest_stays(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = mine.parent / "out"
    assert _blur(mine, "--output", out) == 0
    assert capsys.readouterr().out.splitlines() == ["none.png\t0 plates hidden", "two.png\t2 plates hidden"]
    before, after = read_image(mine / "two.png"), read_image(out / "two.jpg")
    assert _detail(before[60:80, 100:140]) > 30 and _detail(before[120:140, 200:240]) > 30
    assert _detail(after[60:80, 100:140]) < 3 and _detail(after[120:140, 200:240]) < 3
    assert np.abs(after[:40].astype(int) - before[:40]).max() < 3
    assert b"my house" in (mine / "two.png").read_bytes() and b"my house" not in (out / "two.jpg").read_bytes()


def test_a_sure_box_only_on_request(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _blur(mine / "two.png", "--output", mine.parent / "out", "--min-score", 0.5) == 0
    assert capsys.readouterr().out == "two.png\t0 plates hidden\n"


def test_no_picture_is_replaced(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path.name: path.read_bytes() for path in mine.iterdir()}
    assert _blur(mine / "two.png", "--output", mine) == 2
    assert "holds pictures to blur" in " ".join(capsys.readouterr().err.split())
    assert {path.name: path.read_bytes() for path in mine.iterdir()} == before
    out = mine.parent / "out"
    out.mkdir()
    (out / "two.jpg").write_bytes(before["two.png"])
    assert _blur(mine / "two.png", "--output", out) == 2
    assert "was not made by 'blur'" in " ".join(capsys.readouterr().err.split())
    assert (out / "two.jpg").read_bytes() == before["two.png"]
    (out / "two.jpg").unlink()
    assert [_blur(mine / "two.png", "--output", out) for _ in range(2)] == [0, 0]


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mine / "broken.jpg").write_bytes(b"no picture")
    out = mine.parent / "out"
    assert _blur(mine, mine / "nowhere.jpg", "--output", out) == 1
    error = capsys.readouterr().err
    assert "broken.jpg" in error and "nowhere.jpg" in error
    assert {path.name for path in out.iterdir()} == {"none.jpg", "two.jpg"}


def test_a_clip_stays_blurred_where_the_detector_misses_a_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Blinking(ColourDetector):
        looks = 0

        def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
            self.looks += 1
            return [] if self.looks in (5, 6) else super().detect(image)

    monkeypatch.setattr("alpr_utils.cli.blur.alpr_of", lambda options: ALPR(Blinking(), None))
    with VideoWriter(tmp_path / "clip.mp4", 10) as writer:
        for number in range(12):
            writer.add(road((0, 60, 100)), number / 10)
    assert [_blur(tmp_path / "clip.mp4", "--output", tmp_path / "out") for _ in range(2)] == [0, 0]
    assert capsys.readouterr().out.splitlines()[0] == "clip.mp4\tplates hidden in 12 of 12 frames"
    with FrameReader(tmp_path / "out" / "clip.mp4") as reader:
        frames = list(reader.frames())
    assert len(frames) == 12
    assert max(_detail(frame.image[62:78, 102:138]) for frame in frames) < 12


def test_neighbours_of_the_first_and_last_frames() -> None:
    plates = [PlateReading((0.0, 0.0, 0.1, number / 100), 0.9) for number in range(6)]
    seen: Sequence[tuple[int, list[PlateReading]]] = list(_with_neighbours((n, (p,)) for n, p in enumerate(plates)))
    assert [frame for frame, _ in seen] == list(range(6))
    assert [plates.index(p) for p in seen[0][1]] == [0, 1, 2, 3]
    assert [plates.index(p) for p in seen[5][1]] == [2, 3, 4, 5]
    assert list(_with_neighbours(())) == []


def test_the_facade_hides_what_it_finds() -> None:
    picture = road((1, 60, 100))
    hidden = ALPR(UnsureDetector(), ColourReader()).blur(picture)
    assert _detail(hidden[60:80, 100:140]) == 0 and _detail(picture[60:80, 100:140]) > 30
    assert _detail(ALPR(UnsureDetector(), None, min_score=0.5).blur(picture)[60:80, 100:140]) > 30
    (plate,) = ALPR(ColourDetector(), None).read(picture)
    assert (hide_boxes(picture, [plate.box]) == hidden).all()
    outside = np.ones(picture.shape[:2], bool)
    outside[60 - 4 : 80 + 4, 100 - 8 : 140 + 8] = False
    assert HIDE_MARGIN < 0.2 and (hidden[outside] == picture[outside]).all()
