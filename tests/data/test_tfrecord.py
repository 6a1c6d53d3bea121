"""The bridge to the Object Detection API: its pipeline.config files, and the command that writes its TFRecord files."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.cli.app import main
from alpr_utils.data.labels import LabelledObject, LabelledPicture
from alpr_utils.data.tfrecord import read_tfrecord
from alpr_utils.data.voc import write_voc
from alpr_utils.errors import LabelError
from alpr_utils.images import write_image
from alpr_utils.models.label_map import read_label_map

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / "object_detection_api").glob("*.config"))
PARTS = ("model", "train_config", "train_input_reader", "eval_config", "eval_input_reader")


def _variables(makefile: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+) [?:]= (.*)$", makefile, re.MULTILINE))


def _blocks(text: str) -> dict[str, str]:
    """The outer blocks of a pipeline.config."""
    blocks, depth, name, start = {}, 0, "", 0
    for bracket in re.finditer(r"(\w+)\s*\{|\}", text):
        if bracket.group() != "}":
            if depth == 0:
                name, start = bracket.group(1), bracket.end()
            depth += 1
        else:
            depth -= 1
            assert depth >= 0
            if depth == 0:
                blocks[name] = text[start : bracket.start()]
    assert depth == 0
    return blocks


def test_every_config_is_made_by_make() -> None:
    models = _variables((ROOT / "Makefile").read_text())["API_MODELS"].split()
    assert sorted(models) == [config.stem for config in CONFIGS]
    assert len(models) == 2


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.stem)
def test_config_names_what_make_writes(config: Path) -> None:
    text = re.sub(r"#.*", "", config.read_text())
    blocks = _blocks(text)
    assert tuple(blocks) == PARTS
    assert re.findall(r"num_classes: (\d+)", blocks["model"]) == ["1"]
    run = _variables((ROOT / "Makefile").read_text())["API_RUN"]
    for reader, part in (("train_input_reader", "train"), ("eval_input_reader", "val")):
        assert f'label_map_path: "{run}/tfrecord/label_map.pbtxt"' in blocks[reader]
        assert f'input_path: "{run}/tfrecord/{part}-*.tfrecord"' in blocks[reader]
    steps = set(re.findall(r"(?:num_steps|total_steps): (\d+)", blocks["train_config"]))
    assert len(steps) == 1, "the learning rate must end where the training ends"


PLATE = LabelledObject("plate", (20, 10, 30, 50))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for number in range(3):
        write_image(folder / f"{number}.png", np.full((60, 80, 3), 40 * number, np.uint8))
        objects = (PLATE, LabelledObject("vehicle", (5, 5, 55, 70)))
        write_voc(folder / f"{number}.xml", LabelledPicture(Path(f"{number}.png"), 80, 60, objects))
    return folder


def test_photos_become_shards_and_come_back(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "records"
    arguments = ["tfrecord", "--data", str(photos), "--out", str(out), "--class", "plate", "--per-file", "2"]
    assert main(arguments) == 0
    paths = sorted(out.glob("train-*.tfrecord"))
    assert [path.name for path in paths] == ["train-00000-of-00002.tfrecord", "train-00001-of-00002.tfrecord"]
    pictures = list(read_tfrecord(paths))
    assert [picture.labels.path.name for picture in pictures] == ["0.png", "1.png", "2.png"]
    assert all(picture.labels.objects == (PLATE,) for picture in pictures)
    assert [picture.encoded for picture in pictures] == [(photos / f"{n}.png").read_bytes() for n in range(3)]
    assert read_label_map(out / "label_map.pbtxt") == {1: "plate"}


def test_all_classes_without_a_choice(photos: Path, tmp_path: Path) -> None:
    assert main(["tfrecord", "--data", str(photos), "--out", str(tmp_path / "records"), "--name", "val"]) == 0
    (path,) = (tmp_path / "records").glob("val-*.tfrecord")
    assert [item.name for item in next(read_tfrecord([path])).labels.objects] == ["plate", "vehicle"]
    assert read_label_map(tmp_path / "records" / "label_map.pbtxt") == {1: "plate", 2: "vehicle"}


@pytest.mark.parametrize(("side", "message"), [(math.nan, "has a side that is no number"), (2.0, "is inverted")])
def test_boxes_that_are_none_are_refused(photos: Path, tmp_path: Path, side: float, message: str) -> None:
    import tensorflow as tf

    assert main(["tfrecord", "--data", str(photos), "--out", str(tmp_path / "records"), "--per-file", "1"]) == 0
    path = min((tmp_path / "records").glob("*.tfrecord"))
    example = tf.train.Example.FromString(next(iter(tf.data.TFRecordDataset(str(path)))).numpy())
    example.features.feature["image/object/bbox/xmin"].float_list.value[0] = side
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(example.SerializeToString())
    with pytest.raises(LabelError, match=message):
        list(read_tfrecord([path]))


def test_class_that_nobody_labelled(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["tfrecord", "--data", str(photos), "--out", str(tmp_path / "records"), "--class", "licence"]
    assert main(arguments) == 1
    assert "holds no object named licence, but plate, vehicle" in capsys.readouterr().err
