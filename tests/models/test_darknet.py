"""Darknet's weights files: our YOLOv3 gives what OpenCV's Darknet reader gives; files that do not fit are refused."""

import struct
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from alpr_utils.cli.app import main
from alpr_utils.detect.exported import load_detector
from alpr_utils.detect.yolov3 import YOLOv3
from alpr_utils.errors import ModelError
from alpr_utils.models.darknet import load_darknet, read_darknet
from alpr_utils.networks.configs import COCO_ANCHORS, TINY_COCO_ANCHORS, YOLOv3Config
from alpr_utils.networks.yolov3 import build_yolov3

SIDE = 96
NARROW = 1 / 8


def conv(filters: int, size: int = 3, stride: int = 1) -> str:
    shape = f"filters={filters}\nsize={size}\nstride={stride}\npad=1\n"
    return f"[convolutional]\nbatch_normalize=1\n{shape}activation=leaky\n"


def yolo(anchors: tuple[tuple[float, float], ...], mask: str, classes: int) -> str:
    count = len(mask.split(",")) * (5 + classes)
    shapes = ",".join(f"{width},{height}" for width, height in anchors)
    return (
        f"[convolutional]\nsize=1\nstride=1\npad=1\nfilters={count}\nactivation=linear\n"
        f"[yolo]\nmask={mask}\nanchors={shapes}\nclasses={classes}\nnum={len(anchors)}\n"
    )


def net() -> str:
    return f"[net]\nwidth={SIDE}\nheight={SIDE}\nchannels=3\n"


def tiny_cfg(classes: int) -> str:
    """As yolov3-tiny.cfg, but every scale with the anchors that the published weights were trained with."""
    pool = "[maxpool]\nsize=2\nstride={}\n"
    body = "".join(conv(filters) + pool.format(1 if filters == 512 else 2) for filters in (16, 32, 64, 128, 256, 512))
    body += conv(1024) + conv(256, 1) + conv(512) + yolo(TINY_COCO_ANCHORS, "3,4,5", classes)
    body += "[route]\nlayers=-4\n" + conv(128, 1) + "[upsample]\nstride=2\n[route]\nlayers=-1,8\n"
    return net() + body + conv(256) + yolo(TINY_COCO_ANCHORS, "0,1,2", classes)


def yolov3_cfg(classes: int, width: float) -> str:
    """As yolov3.cfg with ``width`` times as many filters."""

    def n(filters: int) -> int:
        return round(filters * width)

    body = conv(n(32))
    for filters, blocks in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
        block = conv(n(filters // 2), 1) + conv(n(filters)) + "[shortcut]\nfrom=-3\nactivation=linear\n"
        body += conv(n(filters), 3, 2) + block * blocks
    for filters, mask, join in ((512, "6,7,8", 61), (256, "3,4,5", 36), (128, "0,1,2", None)):
        pair = conv(n(filters), 1) + conv(n(2 * filters))
        body += 3 * pair + yolo(COCO_ANCHORS, mask, classes)
        if join:
            body += "[route]\nlayers=-4\n" + conv(n(filters // 2), 1)
            body += f"[upsample]\nstride=2\n[route]\nlayers=-1,{join}\n"
    return net() + body


def random_weights(cfg: str, seed: int) -> bytes:
    """A .weights file for ``cfg``; the channels that flow through its layers are counted here once more."""
    rng = np.random.default_rng(seed)
    parts: list[np.ndarray] = []
    channels: list[int] = []
    for section in cfg.split("[")[2:]:
        kind, _, rest = section.partition("]")
        options = dict(line.split("=") for line in rest.split())
        before = channels[-1] if channels else 3
        if kind == "convolutional":
            filters, size = int(options["filters"]), int(options["size"])
            parts.append(rng.normal(0, 0.2, filters))  # biases
            if "batch_normalize" in options:
                parts += [rng.uniform(0.5, 1, filters), rng.normal(0, 0.2, filters), rng.uniform(0.5, 2, filters)]
            fan = size * size * before
            parts.append(rng.normal(0, fan**-0.5, filters * fan))
            channels.append(filters)
        elif kind == "route":
            sources = [int(number) for number in options["layers"].split(",")]
            channels.append(sum(channels[source] for source in sources))
        else:
            channels.append(before)
    return struct.pack("<iiiq", 0, 2, 0, 32013312) + np.concatenate(parts).astype("<f4").tobytes()


def opencv_boxes(cfg: Path, weights: Path, image: np.ndarray) -> np.ndarray:
    """What OpenCV's region layers give: (N, 5 + classes), finest scale first; centre x, y, width, height in 0..1 ..."""
    network = cv2.dnn.readNetFromDarknet(str(cfg), str(weights))
    network.setInput(cv2.dnn.blobFromImage(image, 1 / 255, swapRB=False))
    outputs = network.forward(network.getUnconnectedOutLayersNames())
    return np.concatenate(sorted(outputs, key=len, reverse=True))


@pytest.mark.parametrize(
    ("cfg", "config"),
    [
        (tiny_cfg(80), YOLOv3Config.published("tiny", 80)),
        (yolov3_cfg(80, NARROW), YOLOv3Config(variant="yolov3", classes=80, width=NARROW, centre_stretch=1.0)),
    ],
    ids=["tiny", "yolov3"],
)
def test_same_answers_as_opencv(cfg: str, config: YOLOv3Config, tmp_path: Path):
    (tmp_path / "net.cfg").write_text(cfg)
    (tmp_path / "net.weights").write_bytes(random_weights(cfg, seed=1))
    image = np.random.default_rng(2).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    expected = opencv_boxes(tmp_path / "net.cfg", tmp_path / "net.weights", image)

    network = build_yolov3(config)
    load_darknet(network, tmp_path / "net.weights")
    outputs = [keras.ops.convert_to_numpy(network(image[None].astype(np.float32)))[0]]
    boxes, scores = outputs[0][:, :4] / SIDE, YOLOv3(config).scores(outputs)
    centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    assert len(expected) == len(boxes)
    np.testing.assert_allclose(np.concatenate([centre, size], axis=1)[:, [1, 0, 3, 2]], expected[:, :4], atol=1e-4)
    told = expected[:, 5:] > 0  # OpenCV zeroes the classes it holds for improbable
    assert told.mean() > 0.5 and scores.std() > 0.02
    np.testing.assert_allclose(scores[told], expected[:, 5:][told], atol=1e-4)


@pytest.fixture(scope="module")
def narrow_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("darknet") / "narrow.weights"
    file.write_bytes(random_weights(yolov3_cfg(1, NARROW), seed=3))
    return file


@pytest.fixture(scope="module")
def narrow_network() -> keras.Model:
    return build_yolov3(YOLOv3Config(variant="yolov3", classes=1, width=NARROW))


def test_backbone_leaves_the_heads_alone(narrow_file: Path, narrow_network: keras.Model):
    head = narrow_network.get_layer("conv_52").get_weights()[0]
    load_darknet(narrow_network, narrow_file, backbone_only=True)
    file = read_darknet(narrow_file)
    assert (file.version, file.seen) == ((0, 2, 0), 32013312)
    np.testing.assert_array_equal(narrow_network.get_layer("norm_0").get_weights()[1], file.values[:4])
    np.testing.assert_array_equal(narrow_network.get_layer("conv_52").get_weights()[0], head)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda content: content[:-4000], "numbers, this yolov3 .* has"),
        (lambda content: content + bytes(400), "numbers, this yolov3 .* has"),
        (lambda content: content[:-3], "middle of a number"),
        (lambda content: content[:10], "too few"),
        (lambda content: b"<!DOCTYPE html><html><body>404 not found</body></html>", "does not begin like Darknet"),
        (lambda content: content[:20] + struct.pack("<f", np.nan) + content[24:], "not finite"),
    ],
    ids=["truncated", "too long", "odd", "stub", "web page", "not finite"],
)
def test_wrong_files_get_one_sentence(
    change, complaint, narrow_file: Path, narrow_network: keras.Model, tmp_path: Path
):
    file = tmp_path / "wrong.weights"
    file.write_bytes(change(narrow_file.read_bytes()))
    with pytest.raises(ModelError, match=complaint) as caught:
        load_darknet(narrow_network, file)
    assert str(caught.value).startswith(str(file)) and "\n" not in str(caught.value)


@pytest.mark.slow
def test_import_makes_a_model_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "tiny.weights").write_bytes(random_weights(tiny_cfg(2), seed=4))
    (tmp_path / "names.txt").write_text("car\nvan\n")
    options = ["--variant", "tiny", "--labels", str(tmp_path / "names.txt"), "--input-size", str(SIDE)]
    arguments = ["import-darknet", str(tmp_path / "tiny.weights"), *options, "--output", str(tmp_path / "coco")]
    assert main(arguments) == 0
    detector = load_detector(tmp_path / "coco")
    image = np.random.default_rng(5).integers(0, 256, (SIDE, 2 * SIDE, 3), dtype=np.uint8)
    found = detector.detect(image, min_score=0.01)
    assert {detection.label for detection in found} <= {"car", "van"} and len(found) > 3
    (tmp_path / "names.txt").write_text("car\n")
    assert main([*arguments[:-1], str(tmp_path / "other")]) == 1
    assert "choose the variant and the labels it was trained with" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


def test_missing_file(narrow_network: keras.Model, tmp_path: Path):
    with pytest.raises(ModelError, match=r"absent\.weights: cannot be read"):
        load_darknet(narrow_network, tmp_path / "absent.weights")
