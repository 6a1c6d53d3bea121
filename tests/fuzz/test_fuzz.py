"""Every loader of files gets damaged and hostile ones: it may only complain in one sentence, soon, in little memory.

Each loader is tried for ``FUZZ_SECONDS`` (default 2; ``make test-slow`` takes 60, ``make fuzz`` 600), always with the
same seeds. What once failed is kept in ``tests/data/fuzz_corpus`` in a folder for each loader and tried first.
"""

import io
import json
import os
import shutil
import time
from collections.abc import Callable
from copy import deepcopy
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as some
from PIL import Image

from alpr_utils.data.corners import CORNERS_FILE
from alpr_utils.data.pictures import PLATES_FILE, load_pictures
from alpr_utils.data.tfrecord import read_tfrecord, write_tfrecord
from alpr_utils.errors import AlprError
from alpr_utils.images import to_rgb
from alpr_utils.models.arrays import save_arrays
from alpr_utils.models.folder import METADATA_FILE, read_metadata
from alpr_utils.models.label_map import read_label_map
from alpr_utils.runtime.memory import peak_mb

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
SECONDS = float(os.environ.get("FUZZ_SECONDS", "2"))
CORPUS = Path(__file__).parents[1] / "data" / "fuzz_corpus"
REPOSITORY = Path(__file__).parents[2]
LONGEST_S, MOST_MEMORY_MB, MOST_GROWTH_MB = 10, 1_500, 100  # seconds of the processor: other programs do not count
TOKENS = (
    b"", b"0", b"-1", b"nan", b"inf", b"1e999", b"9" * 30, b"null", b"[]", b"{}", b"\0", b"\xff" * 4, b"\xff\xd9", b'"',
    b"<", b">", b"\n", b";", b"&#0;", b"\xef\xbb\xbf", b"\x80\0\0\0", b"[" * 200, b"item {", b"../..", b"1" * 5000,
)  # fmt: skip
VALUES = (None, True, -1, 0, 10**30, 1e308, float("nan"), "", "a", "9" * 30, [], [1], [[]], {}, {"a": 1}, "../..")


@some.composite
def damaged(draw: some.DrawFn, originals: list[bytes]) -> bytes:
    """One of the originals after up to eight changes: bytes replaced, cut out, doubled, or a token put in."""
    content = draw(some.sampled_from(originals))
    for _ in range(draw(some.integers(0, 8))):
        start = draw(some.integers(0, len(content)))
        end = min(len(content), start + draw(some.sampled_from((0, 1, 1, 2, 4, 8, 64, 1024))))
        kind = draw(some.sampled_from(("token", "bytes", "cut", "double", "end")))
        middle = {
            "token": draw(some.sampled_from(TOKENS)),
            "bytes": draw(some.binary(min_size=end - start, max_size=end - start)) if end - start <= 8 else b"",
            "double": content[start:end] * 2,
        }.get(kind, b"")
        content = content[:start] + middle + (b"" if kind == "end" else content[end:])
    return content


def _places(content: object, place: tuple[int | str, ...] = ()) -> list[tuple[int | str, ...]]:
    """Where the values of JSON are."""
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [place, *(found for key, value in inner for found in _places(value, (*place, key)))]


@some.composite
def other_json(draw: some.DrawFn, original: bytes) -> bytes:
    """JSON in which up to three values are others, or keys are gone."""
    content = {"whole": json.loads(original)}
    for _ in range(draw(some.integers(1, 3))):
        *path, last = draw(some.sampled_from(_places(content["whole"], ("whole",))))
        holder = content
        for key in path:
            holder = holder[key]
        if len(path) and draw(some.integers(0, 4)) == 0:
            del holder[last]
        else:
            holder[last] = deepcopy(draw(some.sampled_from(VALUES)))
    return json.dumps(content["whole"]).encode()


def fuzz(
    name: str,
    originals: list[bytes],
    load: Callable[[bytes], object],
    strategy: Callable[[list[bytes]], some.SearchStrategy[bytes]] = damaged,
) -> None:
    """Load what once failed and then originals that ``strategy`` changed until the time is over."""

    def check(content: bytes) -> None:
        begun = time.process_time()
        try:
            load(content)
        except AlprError as error:
            assert len(str(error).splitlines()) == 1, str(error)
        assert time.process_time() - begun < LONGEST_S

    for file in sorted((CORPUS / name).glob("*")):
        check(file.read_bytes())
    for original in originals:
        load(original)
    rules = settings(
        max_examples=20,  # then the time is asked for
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    start, before_mb = time.monotonic(), peak_mb()
    for number in count():
        if time.monotonic() - start > SECONDS:
            break
        seed(number)(rules(given(strategy(originals))(check)))()
    assert peak_mb() <= max(before_mb + MOST_GROWTH_MB, MOST_MEMORY_MB)


def _written(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A folder with one picture."""
    Image.new("RGB", (200, 100), "grey").save(tmp_path / "a.png")
    return tmp_path


VOC = b"""<?xml version="1.0" encoding="utf-8"?><annotation><filename>a.png</filename><size><width>200</width>
<height>100</height></size><object><name>plate</name><bndbox><xmin>10</xmin><ymin>20</ymin><xmax>60</xmax>
<ymax>40</ymax></bndbox></object></annotation>"""
COCO = json.dumps(
    {
        "images": [{"id": 1, "file_name": "a.png", "width": 200, "height": 100}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 20, 50, 20]}],
        "categories": [{"id": 1, "name": "plate"}],
    }
).encode()


def _pictures() -> list[bytes]:
    from pillow_heif import register_heif_opener

    register_heif_opener()
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 40, 3), np.uint8))
    deep = Image.fromarray(np.arange(960, dtype=np.uint16).reshape(24, 40))
    exif = Image.Exif()
    exif[0x0112] = 6
    found = []
    for picture, form, options in (
        (noise, "JPEG", {"exif": exif}),
        (noise, "JPEG", {"progressive": True}),
        (noise, "PNG", {}),
        (deep, "PNG", {}),
        (deep, "TIFF", {}),
        (noise, "TIFF", {"compression": "tiff_lzw"}),
        (noise, "GIF", {}),
        (noise, "WEBP", {}),
        (noise, "BMP", {}),
        (noise, "AVIF", {}),
        (noise, "JPEG2000", {}),
        (noise, "HEIF", {}),
    ):
        content = io.BytesIO()
        picture.save(content, form, **options)
        found.append(content.getvalue())
    return found


def test_pictures() -> None:
    fuzz("pictures", _pictures(), to_rgb)


def test_voc(photo: Path) -> None:
    encodings = ("utf-8", "utf-16", "euc-kr")
    originals = [VOC.decode().replace("utf-8", encoding).encode(encoding) for encoding in encodings]
    fuzz("voc", originals, lambda content: load_pictures(_written(photo, "a.xml", content).parent))


def test_coco(photo: Path) -> None:
    def load(content: bytes) -> object:
        return load_pictures(_written(photo, "labels.json", content).parent)

    fuzz("coco", [COCO], load)
    fuzz("coco", [COCO], load, lambda originals: other_json(originals[0]))


def test_yolo(photo: Path) -> None:
    originals = [b"0 0.5 0.5 0.2 0.2\n0 0.1 0.1 0.3 0.1 0.3 0.4\n"]
    fuzz("yolo", originals, lambda content: load_pictures(_written(photo, "a.txt", content).parent))


def test_names_of_yolo(photo: Path) -> None:
    (photo / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    originals = [b"names: [plate, car]\n", b"names:\n  0: plate\n  1: car\n"]
    fuzz("yolo_names", originals, lambda content: load_pictures(_written(photo, "data.yaml", content).parent))


def test_texts(photo: Path) -> None:
    (photo / "a.xml").write_bytes(VOC)
    originals = ["image,xmin,ymin,xmax,ymax,text,rows,country\na.png,10,20,60,40,1537УНЛ,1,mn\n".encode()]
    fuzz("texts", originals, lambda content: load_pictures(_written(photo, PLATES_FILE, content).parent))


def test_corners(photo: Path) -> None:
    (photo / "images").mkdir()
    shutil.copy(photo / "a.png", photo / "images")
    originals = [b"image,x1,y1,x2,y2,x3,y3,x4,y4\na.png,10,20,60,20,60,40,10,40\n"]
    fuzz("corners", originals, lambda content: load_pictures(_written(photo, CORNERS_FILE, content).parent))


def test_label_map(tmp_path: Path) -> None:
    originals = [b"item { id: 1 name: 'plate' }\nitem { id: 2 display_name: 'car' name: '/m/01' }\n"]
    fuzz("label_map", originals, lambda content: read_label_map(_written(tmp_path, "map.pbtxt", content)))


def test_metadata(tmp_path: Path) -> None:
    entries = {"threshold": 0.5, "alphabet": ["a"], "countries": ["mn"], "config": {}, "calibration": {}, "sha256": {}}
    originals = [json.dumps(entries).encode()]

    def load(content: bytes) -> object:
        return read_metadata(_written(tmp_path, METADATA_FILE, content).parent)

    fuzz("metadata", originals, load)
    fuzz("metadata", originals, load, lambda found: other_json(found[0]))


def test_weights(tmp_path: Path) -> None:
    import keras

    from alpr_utils.models.weights import load_weights

    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6)])
    save_arrays(tmp_path / "weights.npz", [np.ones((4, 6), np.float16), np.ones(6, np.float16)])
    network.save_weights(tmp_path / "a.weights.h5")
    for name in ("weights.npz", "a.weights.h5"):
        originals = [(tmp_path / name).read_bytes()]
        fuzz(f"weights_{name[-2:]}", originals, lambda content, name=name: load_weights(
            network, _written(tmp_path, name, content)
        ))  # fmt: skip


def test_tfrecord(photo: Path) -> None:
    (photo / "a.xml").write_bytes(VOC)
    (path,), _ = write_tfrecord(photo, photo / "records", "train")
    originals = [path.read_bytes()]
    fuzz("tfrecord", originals, lambda content: list(read_tfrecord([_written(photo, "b.tfrecord", content)])))


def test_config(tmp_path: Path) -> None:
    from alpr_utils.training.detector import load_settings

    originals = [(REPOSITORY / "configs" / "ssd.json").read_bytes()]

    def load(content: bytes) -> object:
        return load_settings("ssd", _written(tmp_path, "a.json", content))

    fuzz("config", originals, load)
    fuzz("config", originals, load, lambda found: other_json(found[0]))


def test_darknet(tmp_path: Path) -> None:
    from alpr_utils.models.darknet import read_darknet

    originals = [np.array([0, 2, 0, 0, 0], "<i4").tobytes() + np.ones(30, "<f4").tobytes()]
    fuzz("darknet", originals, lambda content: read_darknet(_written(tmp_path, "a.weights", content)))
