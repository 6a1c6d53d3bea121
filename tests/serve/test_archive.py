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
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from coloured import TEXTS, ColourDetector, ColourReader, coloured_alpr, road

from alpr_utils import ALPR
from alpr_utils.cli.app import main
from alpr_utils.detect.detector import Detection
from alpr_utils.errors import AlprError, ModelError
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


COUNT = int(os.environ.get("ARCHIVE_PICTURES", "400"))  # of the archives whose readers are killed
ONCE_DEADLY, DEADLY = 7, 8  # the brightness of a picture's first pixel


def _png(channel: int, mark: int = 90) -> bytes:
    image = road((channel, 40, 60))
    image[0, 0] = mark
    return bytes(cv2.imencode(".png", image[..., ::-1])[1])


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


def _parquet(path: Path, column: str, values: Sequence[object]) -> Path:
    pq.write_table(pa.table({"label": list(range(len(values))), column: values}), path, row_group_size=2)
    return path


def test_rows_of_parquet_files_are_pictures(pictures: Path, tmp_path: Path) -> None:
    contents = [_png(0), None, _png(1), _png(2), b""]
    bare = _parquet(tmp_path / "bare.parquet", "image", contents)
    as_dataset = _parquet(tmp_path / "data.parquet", "image", [{"bytes": one, "path": "a"} for one in contents])
    results = Archive(str(tmp_path / "out"))
    results.plan([str(tmp_path / "*.parquet")], 10, {})
    assert [problem for _, _, problem in read_parts(results, results.missing(), coloured_alpr, False)] == ["", ""]
    for file in (bare, as_dataset):
        found = [_rows(tmp_path / "out")[f"{file}/{number}"] for number in range(5)]
        assert [texts for texts, _ in found] == [[TEXTS[0]], [], [TEXTS[1]], [TEXTS[2]], []]
        assert ["is empty" in str(error) for _, error in found] == [False, True, False, False, True]


@pytest.mark.parametrize(("column", "value"), [("picture", b"a"), ("image", "a.png"), ("image", {"path": "a.png"})])
def test_a_parquet_file_without_pictures_is_named(column: str, value: object, tmp_path: Path) -> None:
    file = _parquet(tmp_path / "a.parquet", column, [value])
    (part,) = divided(found_in(str(file)), 10)
    with pytest.raises(AlprError, match=r"a\.parquet: has no column 'image'"):
        list(contents_of(part))
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(AlprError, match=r"a\.parquet: cannot be read to its end"):
        list(contents_of(part))


@pytest.mark.usefixtures("coloured")
def test_results_are_no_source(pictures: Path) -> None:
    assert main(["archive", str(pictures), "--output", str(pictures / "out")]) == 0
    assert not [url for url in found_in(str(pictures)) if "out" in url]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket of a local S3 server, which processes find by their environment."""
    pytest.importorskip("s3fs", reason="s3fs is not installed: make test-scale")
    server = pytest.importorskip("moto.server", reason="moto is not installed: make test-scale")
    running = server.ThreadedMotoServer(port=0)
    running.start()
    host, port = running.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir("pictures")
    yield "s3://pictures"
    running.stop()


@pytest.mark.slow
def test_an_object_store_from_sources_to_results(bucket: str, pictures: Path) -> None:
    _parquet(pictures / "f.parquet", "image", [_png(0), _png(1)])
    store = fsspec.filesystem("s3", skip_instance_cache=True)
    store.put(str(pictures), f"{bucket}/2026", recursive=True)
    command = [f"{bucket}/2026", "--output", f"{bucket}/results", "--part-size", "2"]
    assert _process(*command, "--plan-only").wait(60) == 0
    store.rm(f"{bucket}/2026/b.png")
    for _ in range(2):  # again: all is done
        process = _process(*command)
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 0, said
    store.invalidate_cache()
    rows = [
        row for name in store.glob(f"{bucket}/results/part-*") for row in pq.read_table(store.open(name)).to_pylist()
    ]
    texts = {row["image"].removeprefix(f"{bucket}/2026/"): [plate["text"] for plate in row["plates"]] for row in rows}
    assert len(texts) == len(rows)
    assert texts == {**EXPECTED, "b.png": [], "f.parquet/0": [TEXTS[0]], "f.parquet/1": [TEXTS[1]]}
    assert ["cannot be fetched" in str(row["error"]) for row in rows if row["image"].endswith("/b.png")] == [True]


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
    for number in range(COUNT):
        (folder / f"{number:04d}.png").write_bytes(_png(number % 3))
    yield folder


def _kill_in_the_middle_and_go_on(command: list[str], out: Path) -> None:
    process = _process(*command)
    end = time.monotonic() + 120
    while len(list(out.glob("part-*"))) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert 30 <= len(_rows(out)) < COUNT
    again = _process(*command)
    assert "pictures in" in again.communicate()[1]
    assert again.returncode == 0
    _check_all(out)


def _check_all(out: Path) -> None:
    """One right row for each of `many`."""
    found = _rows(out)
    assert len(found) == COUNT
    assert all(texts == [TEXTS[int(Path(name).stem) % 3]] for name, (texts, _) in found.items())


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_kill_and_go_on(many: Path, tmp_path: Path) -> None:
    _kill_in_the_middle_and_go_on([str(many), "--output", str(tmp_path / "out"), "--part-size", "10"], tmp_path / "out")


@pytest.fixture
def on_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: make test-scale")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # so that workers find this module
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else Ray warns


@pytest.mark.slow
@pytest.mark.usefixtures("on_ray")
def test_kill_the_driver_of_ray_and_go_on(many: Path, tmp_path: Path) -> None:
    command = [str(many), "--output", str(tmp_path / "out"), "--part-size", "10", "--ray", "2"]
    _kill_in_the_middle_and_go_on(command, tmp_path / "out")


@pytest.mark.slow
@pytest.mark.usefixtures("on_ray")
def test_ray_survives_dead_workers(many: Path, tmp_path: Path) -> None:
    """One picture kills a worker once, which costs nothing; another one kills every worker, which costs its part."""
    from alpr_utils.serve.on_ray import read_parts_on_ray

    results = Archive(str(tmp_path / "out"))
    results.plan([str(many)], 10, {})
    (many / "0055.png").write_bytes(_png(55 % 3, ONCE_DEADLY))
    (many / "0155.png").write_bytes(_png(155 % 3, DEADLY))
    notes = tmp_path / "deaths"
    notes.mkdir()
    done = list(read_parts_on_ray(results, results.missing(), _Mortal(notes), False, workers=2, cores=1))
    assert len(done) == COUNT // 10
    ((part, problem),) = [(part.number, problem) for part, _, problem in done if problem]
    assert part == 15 and "its worker died 3 times" in problem
    assert sorted(note.name for note in notes.iterdir()) == ["15-0", "15-1", "15-2", "5-0"]
    assert [part.number for part in results.missing()] == [15]
    (many / "0155.png").write_bytes(_png(155 % 3))
    list(read_parts(results, results.missing(), coloured_alpr, False))
    _check_all(tmp_path / "out")


@pytest.mark.slow
@pytest.mark.usefixtures("on_ray")
def test_ray_says_what_is_wrong_with_models(many: Path, tmp_path: Path) -> None:
    from alpr_utils.serve.on_ray import read_parts_on_ray

    results = Archive(str(tmp_path / "out"))
    results.plan([str(many)], 10, {})
    with pytest.raises(ModelError, match="no detector 'nonsense'"):
        list(read_parts_on_ray(results, results.missing(), _nonsense, False, workers=3, cores=1))


def _nonsense() -> ALPR:
    return ALPR("nonsense")


class _Mortal:
    """Opens `coloured_alpr`; pictures with a mark kill the process that looks at them, which is noted."""

    def __init__(self, notes: Path):
        self._notes = notes

    def __call__(self) -> ALPR:
        notes = self._notes

        class Detector(ColourDetector):
            def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
                part, most_deaths = {ONCE_DEADLY: (5, 1), DEADLY: (15, 100)}.get(int(image[0, 0, 0]), (0, 0))
                died = len(list(notes.glob(f"{part}-*")))
                if died < most_deaths:
                    (notes / f"{part}-{died}").touch()
                    os._exit(1)
                return super().detect(image, min_score)

        return ALPR(Detector(), ColourReader())
