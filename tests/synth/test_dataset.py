"""Generated data sets: the same bytes however they come about, and no loss when something goes wrong."""

import csv
import errno
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alpr_utils.cli import app as cli
from alpr_utils.data.labels import LabelledObject, LabelledPicture
from alpr_utils.data.pictures import load_pictures
from alpr_utils.data.tfrecord import read_tfrecord, write_tfrecord
from alpr_utils.data.voc import read_voc, write_voc
from alpr_utils.errors import AlprError, LabelError, OutputError
from alpr_utils.images import write_image
from alpr_utils.synth.files import dataset, shards
from alpr_utils.synth.files.dataset import check_dataset, write_dataset
from alpr_utils.synth.files.manifest import COLUMNS, class_ids
from alpr_utils.synth.files.recipe import GeneratedPicture, Recipe
from alpr_utils.synth.plate.labels import ScenePlate


class PlainRecipe(Recipe):
    """Pictures that cost nothing: noise with a labelled plate."""

    def picture(self, index: int) -> GeneratedPicture:
        rng = np.random.default_rng([self.seed, index])
        encoded = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (24, 60, 3), dtype=np.uint8)).save(encoded, "JPEG")
        corners = np.array([(2, 3), (50, 3), (50, 20), (2, 20)], np.float32)
        chars = np.array([(5, 4 + 6 * i, 18, 9 + 6 * i) for i in range(7)], np.float32)
        text = f"{rng.integers(10_000):04d}УНЛ"
        plate = ScenePlate(text, 1, "mn", "one_row_plain", np.array([3, 2, 20, 50], np.float32), corners, chars)
        time.sleep(0.002)
        return GeneratedPicture(encoded.getvalue(), (24, 60), (plate,), np.array([(0, 0, 24, 60)], np.float32))


PLAIN = PlainRecipe("plates", "mn", seed=4)


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "_SHARD_SIZE", {"plates": 5, "scenes": 2})


def _content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def expected(tmp_path: Path) -> Callable[[int], dict[str, bytes]]:
    """The files of an undisturbed run."""

    def run(count: int) -> dict[str, bytes]:
        write_dataset(tmp_path / f"expected{count}", PLAIN, count)
        return _content(tmp_path / f"expected{count}")

    return run


def test_workers_do_not_matter(tmp_path: Path) -> None:
    recipe = Recipe("plates", "kr", seed=2, balanced=True)
    told: list[int] = []
    write_dataset(tmp_path / "two", recipe, 12, workers=2, progress=told.append)
    write_dataset(tmp_path / "one", recipe, 12)
    files = _content(tmp_path / "one")
    assert _content(tmp_path / "two") == files
    assert (sum(told), len(files)) == (12, 2 * 12 + 3)


def test_folder_is_read_like_labelled_photos(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", Recipe("plates", "kr", seed=1), 15)
    pictures, problems = load_pictures(tmp_path / "d")
    with (tmp_path / "d" / "plates.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["image"]: row for row in csv.DictReader(file)}
    assert (len(pictures), problems, tuple(next(iter(rows.values())))) == (15, [], COLUMNS)
    for picture in pictures:
        (plate,) = picture.plates
        row = rows[picture.path.name]
        assert (plate.text, row["country"]) == (row["text"], "kr")
        assert "".join(char for char, _ in plate.characters) == plate.text
        with Image.open(picture.path) as image:
            assert image.size == (picture.width, picture.height)


def test_vehicles_are_no_characters(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", PLAIN, 1)
    assert [item.name for item in read_voc(tmp_path / "d" / "annotations" / "0.xml")[0].objects][-1] == "vehicle"
    ((plate,),) = (picture.plates for picture in load_pictures(tmp_path / "d")[0])
    assert len(plate.characters) == 7


@pytest.mark.slow
def test_killed_run_is_resumed(tmp_path: Path, expected: Callable[[int], dict[str, bytes]]) -> None:
    out = tmp_path / "d"
    code = (
        "from pathlib import Path; from test_dataset import PLAIN; from alpr_utils.synth.files import dataset; "
        f"dataset._SHARD_SIZE['plates'] = 5; dataset.write_dataset(Path({str(out)!r}), PLAIN, 400)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parent)
    deadline = time.monotonic() + 60
    while not list(out.glob("shards/*.csv")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (out / "plates.csv").exists()
    done = check_dataset(out, PLAIN, 400)
    assert 0 < done < 400
    told: list[int] = []
    write_dataset(out, PLAIN, 400, progress=told.append)
    # A shard that was renamed but not yet moved when the kill came is kept as well.
    assert 400 - done - 5 <= sum(told) <= 400 - done
    assert _content(out) == expected(400)


@pytest.mark.parametrize("step", [1, 4, 11])
def test_interrupted_moves_are_finished(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: Callable[[int], dict[str, bytes]]
) -> None:
    replace, calls = Path.replace, iter(range(1000))

    def cut_off(self: Path, target: Path) -> Path:
        if "complete" in self.parts and next(calls) == step:
            raise KeyboardInterrupt
        return replace(self, target)

    (tmp_path / "d" / "unfinished" / "0-5.1" / "images").mkdir(parents=True)
    (tmp_path / "d" / "unfinished" / "0-5.1" / "images" / "0.jpg").write_bytes(b"half")
    dataset.write_state(tmp_path / "d", PLAIN, 12)
    monkeypatch.setattr(Path, "replace", cut_off)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "d", PLAIN, 12)
    monkeypatch.undo()
    write_dataset(tmp_path / "d", PLAIN, 12)
    assert _content(tmp_path / "d") == expected(12)


def test_larger_count_extends(tmp_path: Path, expected: Callable[[int], dict[str, bytes]]) -> None:
    for count in (7, 7, 18):
        write_dataset(tmp_path / "d", PLAIN, count)
        assert _content(tmp_path / "d") == expected(count)
    with pytest.raises(OutputError, match="started with --count 18; give at least that"):
        write_dataset(tmp_path / "d", PLAIN, 17)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (PlainRecipe("plates", "mn", seed=5), r"another seed \(4, now 5\)"),
        (PlainRecipe("plates", "kr", seed=4), r"another country \(mn, now kr\)"),
        (PlainRecipe("plates", "mn", preset="cctv", seed=4), r"another preset \(mixed, now cctv\)"),
        (PlainRecipe("plates", "mn", seed=4, balanced=True), r"another balanced \(False, now True\)"),
    ],
)
def test_other_settings_are_refused(recipe: Recipe, message: str, tmp_path: Path) -> None:
    write_dataset(tmp_path, PLAIN, 2)
    before = _content(tmp_path)
    with pytest.raises(OutputError, match=message):
        write_dataset(tmp_path, recipe, 2)
    assert _content(tmp_path) == before


def test_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: Callable[[int], dict[str, bytes]]
) -> None:
    write_bytes, calls = Path.write_bytes, iter(range(1000))

    def fill(self: Path, data: bytes) -> int:
        if next(calls) >= 8:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_bytes(self, data)

    monkeypatch.setattr(Path, "write_bytes", fill)
    with pytest.raises(OutputError, match="the disk is full; free some space and give the same command again"):
        write_dataset(tmp_path / "d", PLAIN, 12)
    monkeypatch.undo()
    assert len(list((tmp_path / "d" / "images").iterdir())) == 5
    assert not list((tmp_path / "d" / "unfinished").iterdir())
    assert not (tmp_path / "d" / "plates.csv").exists()
    write_dataset(tmp_path / "d", PLAIN, 12)
    assert _content(tmp_path / "d") == expected(12)


def test_faulty_picture_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Recipe, index: int) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(Recipe, "_plate", fail)
    with pytest.raises(AlprError, match=r"Picture 0 of mn plates with seed 0 cannot be made \(ZeroDivisionError"):
        write_dataset(tmp_path, Recipe("plates", "mn"), 2)


def test_tfrecord_holds_the_same(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", PLAIN, 12)
    ids = class_ids(["mn"])
    paths, problems = write_tfrecord(tmp_path / "d", tmp_path / "records", "plates", ids, per_file=5)
    assert problems == []
    assert [path.name for path in paths] == [f"plates-0000{i}-of-00003.tfrecord" for i in range(3)]
    records = {record.labels.path.name: record for record in read_tfrecord(paths)}
    assert len(records) == 12
    for name, record in records.items():
        assert record.encoded == (tmp_path / "d" / "images" / name).read_bytes()
        assert record.labels == read_voc((tmp_path / "d" / "annotations" / name).with_suffix(".xml"))[0]
    assert f"id: {ids['vehicle']}\n  name: 'vehicle'" in (tmp_path / "records" / "label_map.pbtxt").read_text("utf-8")


def test_tfrecord_schema(tmp_path: Path) -> None:
    import tensorflow as tf

    image = np.full((40, 80, 3), 7, np.uint8)
    write_image(tmp_path / "photo.png", image)
    write_voc(
        tmp_path / "photo.xml", LabelledPicture(Path("photo.png"), 80, 40, (LabelledObject("plate", (10, 8, 30, 40)),))
    )
    (path,), _ = write_tfrecord(tmp_path, tmp_path / "records", "photos")
    (record,) = list(tf.data.TFRecordDataset(str(path)))
    parsed = tf.io.parse_single_example(
        record,
        {
            **{f"image/{key}": tf.io.FixedLenFeature([], tf.string) for key in ("encoded", "format", "source_id")},
            **{f"image/{key}": tf.io.FixedLenFeature([], tf.int64) for key in ("height", "width")},
            **{f"image/object/bbox/{s}": tf.io.VarLenFeature(tf.float32) for s in ("xmin", "ymin", "xmax", "ymax")},
            "image/object/class/label": tf.io.VarLenFeature(tf.int64),
        },
    )
    np.testing.assert_array_equal(tf.io.decode_image(parsed["image/encoded"]), image)
    assert (parsed["image/format"].numpy(), parsed["image/width"].numpy()) == (b"png", 80)
    box = [parsed[f"image/object/bbox/{side}"].values.numpy()[0] for side in ("xmin", "ymin", "xmax", "ymax")]
    assert box == pytest.approx([0.1, 0.25, 0.5, 0.75])
    assert parsed["image/object/class/label"].values.numpy().tolist() == [1]


def test_tfrecord_of_bad_folders(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", PLAIN, 1)
    with pytest.raises(LabelError, match=r"0\.jpg: the class '.' is not in the label map"):
        write_tfrecord(tmp_path / "d", tmp_path / "records", "plates", {"plate": 1})


@pytest.mark.parametrize("length", [None, 200])
def test_tfrecord_missing_or_cut_off(length: int | None, tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", PLAIN, 1)
    (path,), _ = write_tfrecord(tmp_path / "d", tmp_path / "records", "plates")
    if length is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(LabelError, match=r"plates-00000-of-00001\.tfrecord: is missing or cut off"):
        list(read_tfrecord([path]))


def test_formats(tmp_path: Path) -> None:
    out = tmp_path / "d"
    write_dataset(out, PLAIN, 3)
    write_dataset(out, PLAIN, 3, form="all")
    assert (out / "tfrecord" / "plates-00000-of-00001.tfrecord").exists()
    write_dataset(out, PLAIN, 4)
    assert not (out / "tfrecord").exists(), "three pictures are no longer all"
    write_dataset(out, PLAIN, 4, form="tfrecord")
    write_dataset(out, PLAIN, 4, form="tfrecord")
    assert {path.name for path in out.iterdir()} == {"generator.json", "label_map.pbtxt", "plates.csv", "tfrecord"}
    assert len(list(read_tfrecord(list((out / "tfrecord").glob("*.tfrecord"))))) == 4
    with pytest.raises(OutputError, match="holds only TFRecord files"):
        write_dataset(out, PLAIN, 5, form="tfrecord")


def _error(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return " ".join(error.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plates", "--country", "xx"], "no plates of country 'xx'; choose one of mn, kr"),
        (["plates", "--preset", "street"], "There is no preset 'street'; choose one of parking, cctv, phone, mixed"),
        (["scenes", "--preset", "phone"], "There is no preset 'phone'; choose one of parking, cctv, street, mixed"),
        (["scenes", "--quality", "best"], "There is no quality 'best'; choose one of fast, rendered"),
        (["scenes", "--quality", "rendered", "--preset", "cctv"], "give no preset"),
        (["plates", "--count", "0"], "Invalid value for '--count'"),
        (["plates", "--seed", "-1"], "Invalid value for '--seed'"),
        (["plates", "--workers", "0"], "Invalid value for '--workers'"),
        (["plates", "--format", "coco"], "There is no format 'coco'; choose one of voc, tfrecord, all"),
        (["plates", "--count", "1000000000000"], "take about 14,000,000.0 GB, but only"),
        (["scenes", "--backgrounds", "nowhere"], "nowhere: does not exist"),
        (["scenes", "--backgrounds", "empty"], "empty: holds no picture"),
        (["scenes", "--backgrounds", "broken"], "2.jpg: is not a picture, or a damaged one"),
        (["plates", "--out", "other"], "other: holds other files; choose a new folder"),
        (["plates", "--out", "other/notes.txt"], "notes.txt: is a file; choose a new folder"),
        (["plates", "--out", "damaged"], "generator.json: is damaged"),
    ],
)
def test_wrong_usage(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "other", "damaged", "broken"):
        Path(folder).mkdir()
    Path("other/notes.txt").write_text("mine")
    Path("damaged/generator.json").write_text("{")
    write_image(Path("broken/1.jpg"), np.zeros((9, 9, 3), np.uint8))
    Path("broken/2.jpg").write_text("no picture")
    before = _content(tmp_path)
    out = [] if "--out" in arguments else ["--out", "out"]
    assert cli.main(["generate", *arguments, *out]) == 2
    assert message in _error(capsys)
    assert _content(tmp_path) == before


def test_folder_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert cli.main(["generate", "plates", "--count", "1", "--out", str(tmp_path / "d")]) == 1
    assert "d: cannot be written (Read-only file system)" in _error(capsys)


@pytest.mark.skipif(sys.platform == "win32", reason="locks are those of Unix")
def test_two_commands_in_one_folder(tmp_path: Path) -> None:
    with dataset._locked(tmp_path), pytest.raises(OutputError, match="another command is writing there"):
        write_dataset(tmp_path, PLAIN, 2)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal of Unix")
def test_interrupt_ends_all_processes(tmp_path: Path) -> None:
    command = ["generate", "plates", "--count", "50000", "--workers", "2", "--out"]
    process = subprocess.Popen(
        [sys.executable, "-m", "alpr_utils", *command, str(tmp_path / "d")],
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("d/unfinished/*/images/*.jpg")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=60)  # until every process has closed its stderr
    assert (
        error.decode()
        .strip()
        .endswith("of 50000 pictures are complete and kept. Give the same command again to go on.")
    )
    assert "Traceback" not in error.decode()
    assert process.returncode == 1
    assert not list((tmp_path / "d" / "unfinished").iterdir())


def test_rows_without_plates_are_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bare(self: Recipe, index: int) -> tuple[np.ndarray, tuple[()], np.ndarray]:
        return np.zeros((8, 8, 3), np.uint8), (), np.zeros((0, 4), np.float32)

    monkeypatch.setattr(Recipe, "_scene", bare)
    write_dataset(tmp_path, Recipe("scenes", "mn"), 3)
    write_dataset(tmp_path, Recipe("scenes", "mn"), 5)
    assert (tmp_path / "plates.csv").read_text("utf-8") == ",".join(COLUMNS) + "\n"
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == [f"{i}.jpg" for i in range(5)]
    assert shards.finished_shards(tmp_path) == []
