"""Tiles over large pictures, and findings of several looks brought together."""

from itertools import pairwise

import numpy as np
import pytest
from conftest import BrightBoxDetector

from alpr_utils.detect.detector import Detection
from alpr_utils.detect.tiles import OVERLAP, TiledDetector, tiles_of
from alpr_utils.detect.windows import USUAL_LONG_SIDE, Window, detect_in_window, merge

HEIGHT, WIDTH = 900, 1600


@pytest.mark.parametrize(("height", "width"), [(720, 1280), (1200, 1600), (1080, 1920), (300, 2500), (2160, 3840)])
def test_tiles_cover_the_picture_and_overlap(height: int, width: int) -> None:
    tiles = tiles_of(height, width)
    covered = np.zeros((height, width), bool)
    for tile in tiles:
        assert tile.top >= 0 and tile.left >= 0 and tile.bottom <= height and tile.right <= width
        assert tile.bottom - tile.top <= USUAL_LONG_SIDE and tile.right - tile.left <= USUAL_LONG_SIDE
        covered[tile.top : tile.bottom, tile.left : tile.right] = True
    assert covered.all()
    assert len({(tile.bottom - tile.top, tile.right - tile.left) for tile in tiles}) == 1
    for spans in ({(t.left, t.right) for t in tiles}, {(t.top, t.bottom) for t in tiles}):
        ordered = sorted(spans)
        assert all(end - start >= OVERLAP for (_, end), (start, _) in pairwise(ordered))


def _picture(*plates: tuple[int, int, int, int]) -> np.ndarray:
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for ymin, xmin, ymax, xmax in plates:
        image[ymin:ymax, xmin:xmax] = 250
    return image


class CountingDetector(BrightBoxDetector):
    """Finds bright boxes that are large enough in what it is shown, as a detector that shrinks its picture."""

    def __init__(self) -> None:
        self.calls = 0

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        self.calls += 1
        return [d for d in super().detect(image, min_score) if d.box[3] - d.box[1] > 0.04]


@pytest.mark.parametrize("left", range(660, 900, 20))
def test_small_plate_comes_out_once_wherever_the_seams_are(left: int) -> None:
    inner = CountingDetector()
    image = _picture((400, left, 412, left + 50))
    assert inner.detect(image) == []
    (found,) = TiledDetector(inner).detect(image)
    assert found.box == pytest.approx((400 / HEIGHT, left / WIDTH, 412 / HEIGHT, (left + 50) / WIDTH))


def test_plate_at_the_edge_of_the_picture_is_kept() -> None:
    (found,) = TiledDetector(CountingDetector()).detect(_picture((0, 0, 14, 60)))
    assert found.box == pytest.approx((0, 0, 14 / HEIGHT, 60 / WIDTH))


def test_piece_of_a_plate_is_left_out() -> None:
    image = _picture((100, 380, 130, 460))
    window = Window(0, 0, 400, 400)
    assert detect_in_window(BrightBoxDetector(), image, window, None) == []
    assert len(detect_in_window(BrightBoxDetector(), image, Window(0, 0, 400, 500), None)) == 1


def test_large_plates_are_left_to_the_whole_picture() -> None:
    image = _picture((100, 200, 150, 380))
    assert detect_in_window(BrightBoxDetector(), image, Window(0, 0, 600, 600), None) == []
    assert len(TiledDetector(BrightBoxDetector()).detect(image)) == 1


def test_small_picture_is_seen_once() -> None:
    inner = CountingDetector()
    image = np.zeros((720, 960, 3), np.uint8)
    assert TiledDetector(inner).detect(image) == []
    assert inner.calls == 1
    TiledDetector(inner).detect(_picture())
    assert inner.calls == 2 + len(tiles_of(HEIGHT, WIDTH))


def test_tiles_are_as_large_as_the_detector_sees() -> None:
    inner = CountingDetector()
    inner.metadata = {"input_long_sides": [640, 640]}  # type: ignore[attr-defined]
    TiledDetector(inner).detect(np.zeros((720, 960, 3), np.uint8))
    assert inner.calls == 1 + len(tiles_of(720, 960, 640)) > 1


def test_name_and_threshold() -> None:
    tiled = TiledDetector(BrightBoxDetector())
    assert (tiled.name, tiled.threshold) == ("bright + tiles", 0.5)


def test_merge_keeps_the_surest_of_a_plate() -> None:
    plate, tighter = Detection((0.1, 0.1, 0.2, 0.4), 0.8), Detection((0.1, 0.11, 0.2, 0.41), 0.9)
    piece, loose = Detection((0.1, 0.1, 0.2, 0.2), 0.7), Detection((0.0, 0.0, 0.5, 0.5), 0.6)
    other = Detection((0.6, 0.1, 0.7, 0.4), 0.5)
    neighbour = Detection((0.1, 0.38, 0.2, 0.6), 0.4)
    assert merge([other, plate, piece, loose, neighbour, tighter]) == [tighter, other, neighbour]
    assert merge([]) == []
