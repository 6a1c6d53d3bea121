"""The demos of the course as an app, in a real browser."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


def answers(url: str, host: str = "localhost") -> bool:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Host": host}), timeout=20):
            return True
    except OSError:  # not there yet, or refused
        return False


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app, which runs in a process of its own."""
    pytest.importorskip("voila", reason="voila is not installed")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    log = tmp_path_factory.mktemp("app") / "log"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ALPR_FAST": "1", "TMPDIR": str(log.parent)}
    command = [sys.executable, ROOT / "notebooks" / "app.py", "--no-browser", "--port", str(port)]
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output, env=environment) as running:
        end = time.monotonic() + 90
        while running.poll() is None and time.monotonic() < end and not answers(f"http://127.0.0.1:{port}/"):
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/voila/render"
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 0, log.read_text()
    assert not list(log.parent.rglob("*.ipynb")), "pages are left behind"


def test_a_photo_and_a_slider(app: str, chromium_page: "Page"):
    chromium_page.goto(f"{app}/index.ipynb")
    chromium_page.get_by_text("9940УЕЭ").wait_for()  # the example
    with chromium_page.expect_file_chooser() as chooser:
        chromium_page.get_by_role("button", name="Upload").click()
    chooser.value.set_files(ROOT / "mongol_alpr_images" / "28.jpg")
    chromium_page.get_by_text(re.compile(r"^6916УНВ \(\d+%\), 1363УАД \(\d+%\)$")).wait_for()
    slider = chromium_page.get_by_role("slider")
    slider.focus()
    for _ in range(5):  # 0.5 to 0.75: the second plate scores less
        slider.press("ArrowRight")
    chromium_page.get_by_text(re.compile(r"^6916УНВ \(\d+%\)$")).wait_for()
    slider.press("End")
    chromium_page.get_by_text("no plate found").wait_for()


def test_a_link_leads_to_boxes_that_the_mouse_drags(app: str, chromium_page: "Page"):
    ink = "canvas => [...canvas.getContext('2d').getImageData(0, 0, 600, 300).data].reduce((a, b) => a + b)"
    chromium_page.goto(f"{app}/index.ipynb")
    chromium_page.get_by_role("link", name="Boxes").click()
    canvas = chromium_page.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    chromium_page.wait_for_function(f"canvas => ({ink})(canvas) > 0", arg=canvas.element_handle())
    before = canvas.evaluate(ink)
    place = canvas.bounding_box()
    chromium_page.mouse.move(place["x"] + 250, place["y"] + 150)
    chromium_page.mouse.down()
    chromium_page.mouse.move(place["x"] + 350, place["y"] + 150, steps=4)
    chromium_page.mouse.up()
    chromium_page.wait_for_function(f"canvas => ({ink})(canvas) != {before}", arg=canvas.element_handle())


@pytest.mark.parametrize(
    ("name", "demos"), [("test_exported_model", 1), ("light_and_ink", 4), ("ctc_and_recurrence", 2), ("generator", 1),
                        ("synthetic_to_real", 1), ("street", 1)]
)  # fmt: skip
def test_each_page_shows_its_demos(app: str, name: str, demos: int, chromium_page: "Page"):
    chromium_page.goto(f"{app}/{name}.ipynb")
    pictures = chromium_page.locator("img.widget-image")
    pictures.nth(demos - 1).wait_for()
    assert pictures.count() == demos
    for number in range(demos):
        loaded = "image => image.naturalWidth > 100"
        chromium_page.wait_for_function(loaded, arg=pictures.nth(number).element_handle())
    assert chromium_page.get_by_text("Traceback").count() == 0


def test_names_of_others_get_no_answer(app: str):
    assert answers(f"{app}/index.ipynb")
    assert not answers(f"{app}/index.ipynb", "evil.example")
