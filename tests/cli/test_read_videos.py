"""The command ``read`` with videos."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from coloured import TEXTS, coloured_alpr, road

from alpr_utils.cli.app import main
from alpr_utils.images import read_image, write_image
from alpr_utils.video.frames import FrameReader, VideoWriter, is_drawn


@pytest.fixture(autouse=True)
def _coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alpr_utils.cli.read.alpr_of", lambda options: coloured_alpr())


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two vehicles, one after the other."""
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, 10) as writer:
        for number in range(50):
            writer.add(road((0, number * 10 - 30, 40), (2, number * 10 - 250, 200)), number / 10)
    return path


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_video_gives_vehicles_crops_and_a_video_with_boxes(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["read", str(clip), "--output", str(tmp_path / "out"), "--frames", "--every", "2"]) == 0
    rows = _table(tmp_path / "out" / "vehicles.csv")
    assert [(row["video"], row["vehicle"], row["text"]) for row in rows] == [
        ("clip.mp4", "1", TEXTS[0]),
        ("clip.mp4", "2", TEXTS[2]),
    ]
    assert capsys.readouterr().out.splitlines() == [f"clip.mp4\t{text}\t0.90\t1.00" for text in (TEXTS[0], TEXTS[2])]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    crops = {"clip_vehicle1.jpg", "clip_vehicle2.jpg"}
    assert names == {"vehicles.csv", "frames.csv", "clip_annotated.mp4", *crops}
    assert int(read_image(tmp_path / "out" / "clip_vehicle1.jpg")[..., 0].mean()) > 120
    frames = _table(tmp_path / "out" / "frames.csv")
    assert {row["vehicle"] for row in frames} == {"1", "2"}
    assert all(int(row["frame"]) % 2 == 0 for row in frames)
    with FrameReader(clip) as before, FrameReader(tmp_path / "out" / "clip_annotated.mp4") as after:
        pairs = list(zip(before.frames(), after.frames(), strict=True))
    assert [b.time_s for _, b in pairs] == pytest.approx([a.time_s for a, _ in pairs], abs=1e-3)
    assert is_drawn(tmp_path / "out" / "clip_annotated.mp4") and not is_drawn(clip)
    green = [int(((b.image[..., 1] > 150) & (b.image[..., 0] < 80)).sum()) for _, b in pairs]
    assert green[0] == 0 and green[12] > 50 and green[13] > 50  # the box is drawn between looks, too


def test_pictures_and_videos_together(clip: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", road((1, 60, 60)))
    second = tmp_path / "second.mp4"
    second.write_bytes(clip.read_bytes())
    table = tmp_path / "t" / "plates.csv"
    paths = [str(clip), str(tmp_path / "a.png"), str(second)]
    assert main(["read", *paths, "--csv", str(table), "--json", str(tmp_path / "all.jsonl")]) == 0
    assert [row["image"] for row in _table(table)] == ["a.png"]
    assert [row["video"] for row in _table(table.with_name("vehicles.csv"))] == ["clip.mp4"] * 2 + ["second.mp4"] * 2
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text("utf-8").splitlines()]
    assert [line.get("vehicle") for line in lines] == [None, 1, 2, 1, 2]
    assert lines[1]["image"] == f"clip.mp4#{lines[1]['best_frame']}"


def test_a_table_for_videos_alone_is_theirs(clip: Path, tmp_path: Path) -> None:
    assert main(["read", str(clip), "--csv", str(tmp_path / "v.csv")]) == 0
    assert len(_table(tmp_path / "v.csv")) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "v.csv"]


def test_a_bad_video_is_named_and_the_rest_is_read(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    assert main(["read", str(tmp_path / "bad.mp4"), str(clip), "--csv", str(tmp_path / "v.csv")]) == 1
    assert "bad.mp4: cannot be read as a video" in (said := capsys.readouterr().err) and "address" not in said
    assert len(_table(tmp_path / "v.csv")) == 2


def test_ctrl_c_keeps_what_is_done_and_resume_goes_on(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copies = [tmp_path / f"{name}.mp4" for name in "abc"]
    for copy in copies:
        copy.write_bytes(clip.read_bytes())
    command = ["read", *map(str, copies), "--output", str(tmp_path / "out")]

    class Interrupted(VideoWriter):
        def add(self, image: np.ndarray, time_s: float) -> None:
            if self.path.name.startswith("c") and time_s > 2:
                raise KeyboardInterrupt
            super().add(image, time_s)

    with monkeypatch.context() as patched:
        patched.setattr("alpr_utils.video.frames.VideoWriter", Interrupted)
        assert main(command) == 1
    assert "stopped after 4 vehicles; they are kept in" in capsys.readouterr().err
    with FrameReader(tmp_path / "out" / "c_annotated.mp4") as reader:
        assert len(list(reader.frames())) == 21
    (tmp_path / "out" / "a_annotated.mp4").unlink()
    assert main([*command, "--resume"]) == 0
    videos = [row["video"] for row in _table(tmp_path / "out" / "vehicles.csv")]
    assert videos == ["a.mp4"] * 2 + ["b.mp4"] * 2 + ["c.mp4"] * 2
    assert not (tmp_path / "out" / "a_annotated.mp4").exists()  # it was done before
    assert main(["read", str(tmp_path / "out" / "*.mp4"), "--csv", str(tmp_path / "again.csv")]) == 0
    assert not (tmp_path / "again.csv").exists()  # what was drawn on is not read


def test_inputs_are_safe_and_frames_need_a_place(clip: Path, tmp_path: Path) -> None:
    annotated = tmp_path / "clip_annotated.mp4"
    annotated.write_bytes(clip.read_bytes())
    assert main(["read", str(clip), str(annotated), "--output", str(tmp_path)]) == 2
    assert annotated.read_bytes() == clip.read_bytes()
    assert main(["read", str(clip), "--frames"]) == 2
    (tmp_path / "v.csv").write_text("image,text,text_score\n")
    assert main(["read", str(clip), "--csv", str(tmp_path / "v.csv")]) == 2
