"""Shared fixtures: pictures with a plate, a detector that finds bright boxes, and tiny saved models."""

import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from alpr_utils.detect.detector import DEFAULT_DETECTOR, Detection
from alpr_utils.networks.anchors import AnchorSpec
from alpr_utils.networks.configs import FasterRCNNConfig
from alpr_utils.read.reading import Reading

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Shells that start the tests in the background let them, and all that they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
PLATE_PIXELS = (40, 30, 100, 54)  # xmin, ymin, xmax, ymax of the plate in `plate_picture`
PICTURE_SIZE = (120, 160)  # height, width
TINY_FASTER_RCNN = FasterRCNNConfig(
    stem=8,
    widths=(8, 16, 16, 16),
    blocks=(0, 0, 0, 0),
    pyramid=16,
    anchors=AnchorSpec(strides=(8, 16, 32), scales=((16.0,), (32.0,), (64.0,)), aspect_ratios=(1.5, 3.0)),
    pre_nms_top_n=60,
    post_nms_top_n=20,
    sampled=12,
    objects=4,
    grid=(3, 6),
    hidden=32,
)


@pytest.fixture
def plate_picture() -> np.ndarray:
    """Grey picture with one white rectangle where the plate is."""
    image = np.full((*PICTURE_SIZE, 3), 90, np.uint8)
    xmin, ymin, xmax, ymax = PLATE_PIXELS
    image[ymin:ymax, xmin:xmax] = 250
    return image


class BrightBoxDetector:
    """Finds the bounding box of everything brighter than 200."""

    name = "bright"
    threshold = 0.5

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        bright = image.min(axis=-1) > 200
        if not bright.any():
            return []
        rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
        height, width = image.shape[:2]
        box = (rows[0] / height, columns[0] / width, (rows[-1] + 1) / height, (columns[-1] + 1) / width)
        return [Detection(tuple(float(x) for x in box), 0.9)]  # type: ignore[arg-type]


class FixedReader:
    """Reads the same text on every plate."""

    name = "fixed"
    weight_count = 0

    def __init__(self, text: str = "1537УНЛ", free_text: str | None = None):
        self.text, self.free_text = text, text if free_text is None else free_text

    def read(self, crops: Sequence[np.ndarray], grammar: bool = True) -> list[Reading]:
        text = self.text if grammar else self.free_text
        return [Reading(text, 0.8, (0.8,) * len(text), 1, "mn")] * len(crops)


@pytest.fixture
def detector() -> BrightBoxDetector:
    return BrightBoxDetector()


@pytest.fixture
def reader() -> FixedReader:
    return FixedReader()


@pytest.fixture(scope="session")
def build_saved_model() -> Callable[..., Path]:
    """Writes a SavedModel that always finds the same two boxes, with a chosen input and chosen outputs."""
    import tensorflow as tf

    def build(
        folder: Path,
        input_name: str = "input_tensor",
        dtype: tf.DType = tf.uint8,
        shape: tuple[int | None, ...] = (1, None, None, 3),
        outputs: Callable[[tf.Tensor], dict[str, tf.Tensor]] | None = None,
    ) -> Path:
        def two_boxes(picture: tf.Tensor) -> dict[str, tf.Tensor]:
            count = tf.cast(tf.shape(picture)[0], tf.float32)  # the input must be used
            return {
                "detection_boxes": tf.constant([[[0.5, 0.1, 0.7, 0.3], [0.25, 0.25, 0.45, 0.625], [0, 0, 0, 0]]]),
                "detection_scores": tf.constant([[0.3, 0.9, 0.0]]) * count,
                "detection_classes": tf.constant([[1.0, 1.0, 1.0]]),
                "num_detections": tf.constant([2.0]),
            }

        module = tf.Module()
        spec = tf.TensorSpec(shape, dtype, name=input_name)
        function = tf.function(outputs or two_boxes, input_signature=[spec])
        tf.saved_model.save(module, str(folder), signatures={"serving_default": function})
        return folder

    return build


@pytest.fixture(scope="session")
def models_dir(build_saved_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with one detector, of the default's name."""
    folder = tmp_path_factory.mktemp("models")
    build_saved_model(folder / DEFAULT_DETECTOR / "saved_model")
    return folder


@pytest.fixture
def chromium_page() -> Iterator["Page"]:
    """A page of a real Chromium. What it waits for has three minutes to come; its processes end with it."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page()
        page.set_default_timeout(180_000)
        yield page
        browser.close()
