"""A real RTSP server on the loopback that breaks off again and again.

It needs Node.js and the package rtsp-streaming-server (``npm install rtsp-streaming-server``, ``NODE_PATH`` set to its
``node_modules``); without them the test is skipped.
"""

import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import av
import pytest
from coloured import TEXTS, coloured_alpr, road

from alpr_utils.video import sources
from alpr_utils.video.sources import LiveSource
from alpr_utils.video.store import EventStore
from alpr_utils.video.watch import Watch, WatchOptions

_SERVER = """
const RtspServer = require('rtsp-streaming-server').default;
const [serverPort, clientPort, rtpPortStart] = process.argv.slice(1).map(Number);
new RtspServer({serverPort, clientPort, rtpPortStart, rtpPortCount: 100}).start().then(() => console.log('ready'));
"""
FPS = 10


def _has_server() -> bool:
    if not shutil.which("node"):
        return False
    resolve = ["node", "-e", "require.resolve('rtsp-streaming-server')"]
    return subprocess.run(resolve, capture_output=True, check=False).returncode == 0


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def _publish(url: str, channel: int) -> None:
    """Three seconds of an empty road, in the middle of which a vehicle passes."""
    container = av.open(url, "w", format="rtsp")
    options = {"preset": "ultrafast", "tune": "zerolatency", "g": "3"}
    stream = container.add_stream("libx264", rate=FPS, options=options)
    stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
    begun = time.monotonic()
    for number in range(4 * FPS):
        frame = av.VideoFrame.from_ndarray(road((channel, (number - 12) * 9, 100)), format="rgb24")
        frame.pts = number
        container.mux(stream.encode(frame))
        time.sleep(max(0.0, begun + number / FPS - time.monotonic()))


def _road_with_cuts(server_port: int, client_port: int, watching: Watch) -> None:
    """Five times a server that dies in the middle of its stream."""
    for channel in (0, 1, 2, 0, 1):
        command = ["node", "-e", _SERVER, str(server_port), str(client_port), "21000"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout and server.stdout.readline() == "ready\n"
        try:
            _publish(f"rtsp://127.0.0.1:{server_port}/road", channel)
        finally:
            server.kill()
            server.wait()
            server.stdout.close()
    watching.stop()


@pytest.mark.slow
@pytest.mark.skipif(not _has_server(), reason="Node.js with rtsp-streaming-server is not installed")
def test_five_cuts_of_a_real_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_FIRST_PAUSE_S", 0.1)
    monkeypatch.setattr(sources, "_LONGEST_PAUSE_S", 0.2)
    monkeypatch.setattr(sources, "_SILENCE_S", 2.0)
    ports = _free_port(), _free_port()
    problems: list[str] = []
    store = EventStore(tmp_path / "e.sqlite")
    source = LiveSource(f"rtsp://127.0.0.1:{ports[1]}/road", FPS, problem=problems.append)
    watching = Watch(coloured_alpr(), source, store, WatchOptions(again_s=1000.0))
    thread = threading.Thread(target=_road_with_cuts, args=(*ports, watching))
    thread.start()
    texts = [event.text for event in watching.events()]
    thread.join()
    store.close()
    assert sorted(texts) == sorted(TEXTS.values())
    assert len(problems) >= 5
