"""A pipe in the place of a file does not hang a command, and links in a circle do not end a batch."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np
import pytest

from alpr_utils.cli.app import main
from alpr_utils.config import read_json
from alpr_utils.detect.exported import load_detector
from alpr_utils.errors import AlprError
from alpr_utils.images import write_image
from alpr_utils.models.darknet import read_darknet
from alpr_utils.models.weights import load_weights
from alpr_utils.serve.sources import found_in
from alpr_utils.video.known import KnownPlates

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
_PATIENCE_S = 20


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    """A pipe without a writer; who waits for it is let go after a while, with nothing."""
    place = tmp_path / "pipe.jpg"
    os.mkfifo(place)

    def let_go() -> None:
        with suppress(OSError):
            os.close(os.open(place, os.O_WRONLY | os.O_NONBLOCK))

    timer = threading.Timer(_PATIENCE_S, let_go)
    timer.start()
    yield place
    timer.cancel()


@pytest.mark.parametrize(
    "open_it",
    [
        KnownPlates.of,
        read_json,
        read_darknet,
        load_detector,
        lambda pipe: load_weights(keras.Sequential(), pipe),
        lambda pipe: found_in(str(pipe.parent)),
    ],
)
def test_pipes_are_refused(pipe: Path, open_it: Callable[[Path], object]) -> None:
    with pytest.raises(AlprError, match=r"pipe\.jpg: is not a regular file"):
        open_it(pipe)


def test_links_in_a_circle_cost_only_themselves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = tmp_path / "photos"
    write_image(photos / "a.png", np.full((90, 120, 3), 90, np.uint8))
    (photos / "loop.png").symlink_to("loop.png")
    (photos / "nowhere.png").symlink_to("nothing")
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    assert main(["read", "--crops", str(photos), "--csv", str(tmp_path / "loop.csv"), "--reader", "crnn_small"]) == 1
    said = capsys.readouterr()
    assert said.out.startswith("a.png\t")
    assert "loop.png: " in said.err and "nowhere.png: " in said.err
    assert (tmp_path / "loop.csv").read_text("utf-8").startswith("image,text")
