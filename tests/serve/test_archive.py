"""Archives: where pictures lie, one row a picture whatever is killed, the same rows everywhere."""

import io
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import fsspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from coloured import TEXTS, ColourDetector, ColourReader, coloured_alpr, road

from alpr_utils import ALPR
from alpr_utils.cli.app import main
from alpr_utils.detect.detector import Detection
from alpr_utils.errors import AlprError
from alpr_utils.results import picture_record
from alpr_utils.serve.archive import Archive, read_parts
from alpr_utils.serve.sources import contents_of, divided, found_in

_ARCHIVE = """
import sys
from coloured import coloured_alpr
from alpr_utils.cli import app, archive
archive.alpr_of = lambda options: coloured_alpr()
sys.exit(app.main(["archive", *sys.argv[1:]]))
"""


def _png(channel: int) -> bytes:
    return bytes(cv2.imencode(".png", road((channel, 40, 60))[..., ::-1])[1])


def _tar(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Seven pictures, one of them damaged, in folders and two tar files."""
    folder = tmp_path / "pictures"
    (folder / "deep").mkdir(parents=True)
    for number, name in enumerate(("a.png", "b.png", "deep/c.png")):
        (folder / name).write_bytes(_png(number))
    (folder / "notes.txt").write_text("no picture")
    _tar(folder / "d.tar", {"x/1.png": _png(0), "x/read.me": b"", "x/2.png": _png(1)})
    _tar(folder / "e.tar.gz", {"3.png": _png(2), "4.png": _png(2)[:60]})
    return folder


def _rows(place: Path) -> dict[str, tuple[list[str], str | None]]:
    """The texts and the error of each picture; there must be no picture twice."""
    rows = [row for file in sorted(place.glob("part-*.parquet")) for row in pq.read_table(file).to_pylist()]
    found = {row["image"]: ([plate["text"] for plate in row["plates"]], row["error"]) for row in rows}
    assert len(found) == len(rows)
    return found


def _texts(place: Path, pictures: Path) -> dict[str, list[str]]:
    return {Path(name).relative_to(pictures).as_posix(): texts for name, (texts, _) in _rows(place).items()}


EXPECTED = {
    "a.png": [TEXTS[0]], "b.png": [TEXTS[1]], "deep/c.png": [TEXTS[2]], "d.tar/x/1.png": [TEXTS[0]],
    "d.tar/x/2.png": [TEXTS[1]], "e.tar.gz/3.png": [TEXTS[2]], "e.tar.gz/4.png": [],
}  # fmt: skip


@pytest.fixture
def coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alpr_utils.cli.archive.alpr_of", lambda options: coloured_alpr())


@pytest.mark.usefixtures("coloured")
def test_one_row_a_picture(pictures: Path, tmp_path: Path) -> None:
    command = ["archive", str(pictures), "--output", str(tmp_path / "out"), "--part-size", "2"]
    assert main(command) == 0
    assert _texts(tmp_path / "out", pictures) == EXPECTED
    errors = {Path(name).name: error for name, (_, error) in _rows(tmp_path / "out").items() if error}
    assert list(errors) == ["4.png"] and "e.tar.gz/4.png: " in str(errors["4.png"])
    (result,) = coloured_alpr().read_many(pictures / "a.png")
    row = next(
        row for row in pq.read_table(tmp_path / "out" / "part-000002.parquet").to_pylist() if "a.png" in row["image"]
    )
    record = picture_record(result)
    assert row["plates"][0]["alternatives"] == []
    assert {**row, "image": "a.png"} == {**record, "plates": _listed(record["plates"]), "error": None}
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").iterdir()}
    (pictures / "new.png").write_bytes(_png(0))  # the plan is made once
    assert main(command) == 0
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "out").iterdir()} == before


def _listed(plates: object) -> list[dict[str, object]]:
    assert isinstance(plates, Sequence)
    return [{**plate, "char_scores": list(plate["char_scores"])} for plate in plates]


@pytest.mark.usefixtures("coloured")
def test_shares_make_the_whole(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["archive", str(pictures), "--output", str(tmp_path / "out"), "--part-size", "1"]
    assert main([*command, "--share", "1/2"]) == 2
    assert "--plan-only first" in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert main([*command, "--plan-only"]) == 0
    assert "5 parts" in capsys.readouterr().err
    assert main([*command, "--share", "1/2"]) == 0
    first = _texts(tmp_path / "out", pictures)
    assert 0 < len(first) < len(EXPECTED)
    assert main([*command, "--share", "2/2"]) == 0
    assert _texts(tmp_path / "out", pictures) == EXPECTED
    assert main([*command, "--country", "kr"]) == 2
    assert "was begun with --country auto, not kr" in " ".join(capsys.readouterr().err.replace("│", " ").split())


@pytest.mark.usefixtures("coloured")
def test_a_broken_tar_is_named_and_read_when_it_is_mended(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (pictures / "d.tar").read_bytes()
    (pictures / "d.tar").write_bytes(whole[:1500])
    command = ["archive", str(pictures), "--output", str(tmp_path / "out")]
    assert main(command) == 1
    assert "d.tar: cannot be read to its end" in capsys.readouterr().err
    assert len(_texts(tmp_path / "out", pictures)) == len(EXPECTED) - 2
    (pictures / "d.tar").write_bytes(whole)
    assert main(command) == 0
    assert _texts(tmp_path / "out", pictures) == EXPECTED


def test_other_stores(pictures: Path) -> None:
    store = fsspec.filesystem("memory")
    store.put(str(pictures), "/store", recursive=True)
    try:
        results = Archive("memory://results")
        results.plan(["memory://store"], 10, {})
        store.rm("/store/b.png")
        assert [problem for _, _, problem in read_parts(results, results.missing(), coloured_alpr, False)] == [""] * 3
        assert results.missing() == []
        rows = [row for name in store.glob("/results/part-*") for row in pq.read_table(store.open(name)).to_pylist()]
    finally:
        store.rm("/store", recursive=True)
        store.rm("/results", recursive=True)
    assert len(rows) == len({row["image"] for row in rows}) == len(EXPECTED)
    (lost,) = [row for row in rows if row["image"].endswith("/store/b.png")]
    assert "cannot be fetched" in lost["error"]


def test_many_files_come_in_order(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number:02d}.jpg").write_bytes(bytes([number]))
    (part,) = divided(found_in(str(tmp_path)), 100)
    assert [content for _, content in contents_of(part)] == [bytes([number]) for number in range(40)]


def test_sources_that_are_not_there(tmp_path: Path) -> None:
    for source, message in ((str(tmp_path), "holds no picture"), ("nonsense://a", "cannot be opened")):
        with pytest.raises(AlprError, match=message):
            found_in(source)


def test_a_fault_costs_one_part(pictures: Path, tmp_path: Path) -> None:
    class Fragile(ColourDetector):
        def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
            found = super().detect(image, min_score)
            if image[50, 62, 2] == 255:
                raise RuntimeError("broken")
            return found

    results = Archive(str(tmp_path / "out"))
    results.plan([str(pictures / "[ab].png"), str(pictures / "deep")], 1, {})
    opened = lambda: ALPR(Fragile(), ColourReader())  # noqa: E731
    problems = [problem for _, _, problem in read_parts(results, results.missing(), opened, False)]
    assert problems[:2] == ["", ""] and "c.png and the pictures after it cannot be read (RuntimeError" in problems[2]
    assert [part.number for part in results.missing()] == [2]


def _process(*arguments: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    return subprocess.Popen(
        [sys.executable, "-c", _ARCHIVE, *arguments], stderr=subprocess.PIPE, text=True, env=environment
    )


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(400):
        (folder / f"{number:04d}.png").write_bytes(_png(number % 3))
    yield folder


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_kill_and_go_on(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [str(many), "--output", str(out), "--part-size", "10"]
    process = _process(*command)
    end = time.monotonic() + 60
    while len(list(out.glob("part-*"))) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert 3 <= len(_rows(out)) // 10 < 40
    again = _process(*command)
    assert "pictures in" in again.communicate()[1]
    assert again.returncode == 0
    found = _rows(out)
    assert len(found) == 400
    assert all(texts == [TEXTS[int(Path(name).stem) % 3]] for name, (texts, _) in found.items())


@pytest.mark.slow
def test_ray_survives_a_dead_worker(many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'alpr-utils[ray]'")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # so that workers find this module
    from alpr_utils.serve.on_ray import read_parts_on_ray

    results = Archive(str(tmp_path / "out"))
    results.plan([str(many)], 10, {})
    marker = tmp_path / "died"
    done = list(read_parts_on_ray(results, results.missing(), _Mortal(marker), False, workers=2, cores=1))
    assert marker.exists()
    assert sum(count for _, count, _ in done) == len(_rows(tmp_path / "out")) == 400


class _Mortal:
    """Opens `coloured_alpr`; the first worker that has looked at 50 pictures dies."""

    def __init__(self, marker: Path):
        self._marker = marker

    def __call__(self) -> ALPR:
        marker, seen = self._marker, []

        class Detector(ColourDetector):
            def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
                seen.append(1)
                if len(seen) > 50 and not marker.exists():
                    marker.touch()
                    os._exit(1)
                return super().detect(image, min_score)

        return ALPR(Detector(), ColourReader())
