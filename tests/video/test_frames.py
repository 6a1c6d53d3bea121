"""Videos in and out: sizes, true times, rotation, damage."""

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.errors import OutputError, PictureError
from alpr_utils.video.frames import FrameReader, VideoWriter, is_drawn

TIMES = (0.0, 0.04, 0.1, 0.2, 0.24, 0.5)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Six frames, each brighter than the last, at uneven times; the left half is brighter than the right."""
    path = tmp_path / "new folder" / "clip.mp4"
    with VideoWriter(path, 25) as writer:
        for number, time_s in enumerate(TIMES):
            image = np.full((121, 161, 3), 40 * number, np.uint8)
            image[:, :80] += 40
            writer.add(image, time_s)
    return path


def test_frames_keep_their_times(clip: Path) -> None:
    with FrameReader(clip) as reader:
        frames = list(reader.frames())
        assert reader.frame_count == len(TIMES)
        assert reader.damage() == ""
    assert [frame.number for frame in frames] == list(range(6))
    assert [frame.time_s for frame in frames] == pytest.approx(TIMES, abs=1e-3)
    assert frames[2].image.shape == (120, 160, 3)
    assert frames[2].image[60, 20].mean() == pytest.approx(120, abs=4)
    assert frames[2].image[60, 140].mean() == pytest.approx(80, abs=4)


def test_frames_are_passed_over(clip: Path) -> None:
    with FrameReader(clip) as reader:
        assert [(frame.number, round(frame.time_s, 2)) for frame in reader.frames(every=4)] == [(0, 0.0), (4, 0.24)]


def test_rotation_of_phones_is_applied(clip: Path) -> None:
    content = clip.read_bytes()
    start = content.index(b"tkhd") + 4 + 40  # the matrix of version 0
    one = 1 << 16
    assert struct.unpack(">i", content[start : start + 4]) == (one,)
    turned = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)  # to be turned clockwise by a quarter
    clip.write_bytes(content[:start] + turned + content[start + 36 :])
    with FrameReader(clip) as reader:
        frame = next(iter(reader.frames()))
    assert frame.image.shape == (160, 120, 3)
    assert frame.image[20].mean() > frame.image[140].mean() + 30  # what was on the left is on top


def test_damage_is_counted_and_named(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    rng = np.random.default_rng(0)
    with VideoWriter(path, 25) as writer:
        for number in range(60):
            writer.add(rng.integers(0, 255, (96, 128, 3), np.uint8), number / 25)
    content = bytearray(path.read_bytes())
    middle = content.index(b"mdat") + (len(content) - content.index(b"mdat")) // 2
    content[middle : middle + 20000] = bytes(20000)
    path.write_bytes(content)
    with FrameReader(path) as reader:
        frames = list(reader.frames())
        assert 10 < len(frames) < 60
        assert frames[-1].time_s > 2
        assert reader.damage().startswith(f"{path}: {len(reader.damaged_s)} damaged part")
        assert 0.5 < reader.damaged_s[0] < 2


@pytest.mark.parametrize("name", ["cut.mp4", "cut.mkv"])
def test_a_video_that_was_cut_off_gives_what_there_is_and_says_so(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with VideoWriter(path, 25) as writer:
        for number in range(50):
            writer.add(np.random.default_rng(number).integers(0, 255, (96, 128, 3), np.uint8), number / 25)
    with FrameReader(path) as reader:
        assert len(list(reader.frames())) == 50 and reader.damage() == ""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with FrameReader(path) as reader:
        assert 5 < len(list(reader.frames(every=5))) * 5 < 50
        assert "1 damaged part (at " in reader.damage()


def test_a_last_picture_that_is_shown_for_long_is_no_damage(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "slides.mp4", 25) as writer:
        for time_s in (0.0, 0.1, 0.2, 0.3, 5.0):
            writer.add(np.zeros((96, 128, 3), np.uint8), time_s)
    with FrameReader(tmp_path / "slides.mp4") as reader:
        assert len(list(reader.frames())) == 5 and reader.damage() == ""


def test_a_pipe_is_no_video(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(PictureError, match=r"pipe\.mp4: is not a regular file"):
        FrameReader(tmp_path / "pipe.mp4")
    assert not is_drawn(tmp_path / "pipe.mp4")


@pytest.mark.parametrize("content", [b"", b"no video"])
def test_what_is_no_video(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "clip.mp4").write_bytes(content)
    with pytest.raises(PictureError, match=r"clip\.mp4: cannot be read as a video"):
        FrameReader(tmp_path / "clip.mp4")
    with pytest.raises(PictureError, match=r"other\.mp4: does not exist"):
        FrameReader(tmp_path / "other.mp4")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"), VideoWriter(tmp_path / "file" / "a.mp4", 25) as writer:
        writer.add(np.zeros((64, 64, 3), np.uint8), 0.0)
