"""Downloads from a local server: resumed, checked, retried, and refused with a clear sentence."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from alpr_utils.data.download import PublicFile, download_photos, public_photos
from alpr_utils.errors import DownloadError, OutputError

CONTENT = bytes(range(256)) * 1000


class PhotoServer(ThreadingHTTPServer):
    """Serves CONTENT at every path that ends in .jpg; remembers the Range of each request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ranges: list[str | None] = []
        self.knows_ranges = True
        self.cut_after: int | None = None  # bytes sent before the first connection is cut
        self.failures = 0  # so many 503 answers first

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: PhotoServer

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if self.server.failures:
            self.server.failures -= 1
            return self.send_error(503)
        if not self.path.endswith(".jpg"):
            return self.send_error(404)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.knows_ranges else 0
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut, self.server.cut_after = self.server.cut_after, None
        self.wfile.write(body[:cut])
        return None

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PhotoServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = PhotoServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _file(name: str = "photo.jpg", content: bytes = CONTENT) -> PublicFile:
    return PublicFile(f"folder/{name}", "c0ffee", len(content), hashlib.sha256(content).hexdigest())


def test_downloads_and_then_skips(server: PhotoServer, tmp_path: Path) -> None:
    assert download_photos([_file()], tmp_path / "new", server.url, pause=0) == []
    assert (tmp_path / "new" / "photo.jpg").read_bytes() == CONTENT
    assert download_photos([_file()], tmp_path / "new", server.url, pause=0) == []
    assert len(server.ranges) == 1


def test_goes_on_after_a_cut(server: PhotoServer, tmp_path: Path) -> None:
    server.cut_after = 100_000
    assert download_photos([_file()], tmp_path, server.url, pause=0) == []
    assert server.ranges == [None, "bytes=100000-"]
    assert (tmp_path / "photo.jpg").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_resumes_what_an_earlier_run_left(server: PhotoServer, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg.part").write_bytes(CONTENT[:5000])
    assert download_photos([_file()], tmp_path, server.url, pause=0) == []
    assert server.ranges == ["bytes=5000-"]


def test_server_without_ranges_starts_again(server: PhotoServer, tmp_path: Path) -> None:
    server.knows_ranges = False
    server.cut_after = 100_000
    assert download_photos([_file()], tmp_path, server.url, pause=0) == []
    assert (tmp_path / "photo.jpg").read_bytes() == CONTENT


def test_busy_server_is_asked_again(server: PhotoServer, tmp_path: Path) -> None:
    server.failures = 2
    assert download_photos([_file()], tmp_path, server.url, pause=0) == []


def test_damaged_part_is_replaced(server: PhotoServer, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg.part").write_bytes(b"x" * len(CONTENT))
    assert download_photos([_file()], tmp_path, server.url, pause=0) == []
    assert (tmp_path / "photo.jpg").read_bytes() == CONTENT


def test_other_files_are_never_replaced(server: PhotoServer, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"mine")
    (problem,) = download_photos([_file()], tmp_path, server.url, pause=0)
    assert "photo.jpg: is there and is another file" in str(problem)
    assert (tmp_path / "photo.jpg").read_bytes() == b"mine"


def test_addresses_that_are_none(tmp_path: Path) -> None:
    for address in ("foo", "ftp://foo", "file:///etc"):
        with pytest.raises(DownloadError, match="is not an address of a server"):
            download_photos([_file()], tmp_path, address)


def test_wrong_checksum_is_refused_and_the_rest_kept(server: PhotoServer, tmp_path: Path) -> None:
    wrong = PublicFile("folder/wrong.jpg", "c0ffee", len(CONTENT), "0" * 64)
    (problem,) = download_photos([wrong, _file()], tmp_path, server.url, attempts=2, pause=0)
    assert isinstance(problem, DownloadError)
    assert "wrong.jpg: the downloaded file has the wrong checksum" in str(problem)
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_missing_file_is_not_asked_for_twice(server: PhotoServer, tmp_path: Path) -> None:
    (problem,) = download_photos([_file("photo.xml")], tmp_path, server.url, pause=0)
    assert "404" in str(problem)
    assert len(server.ranges) == 1


def test_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    (problem,) = download_photos([_file()], tmp_path, "http://127.0.0.1:9", attempts=2, pause=0)
    assert "the connection failed" in str(problem)


def test_folder_that_cannot_be_made(server: PhotoServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        download_photos([_file()], tmp_path / "file" / "folder", server.url, pause=0)


def test_label_files_count_with_lf_line_ends(tmp_path: Path) -> None:
    (tmp_path / "0.xml").write_bytes(b"<a>\r\n</a>\r\n")
    assert _file("0.xml", b"<a>\n</a>\n").matches(tmp_path / "0.xml")


def test_manifest_is_pinned_and_complete() -> None:
    files = public_photos()
    names = [Path(file.path).name for file in files]
    assert len(names) == len(set(names)) == 72
    assert {Path(name).stem for name in names if name.endswith(".jpg")} == {
        Path(name).stem for name in names if name.endswith(".xml")
    }
    assert all(len(file.sha256) == 64 and len(file.commit) == 40 and file.size > 1000 for file in files)


def test_manifest_matches_the_photos() -> None:
    images = Path(__file__).resolve().parents[3] / "shared" / "data" / "mongolian" / "images"
    if not images.is_dir():
        pytest.skip("the public photos are not here")
    assert all(file.matches(images / Path(file.path).name) for file in public_photos() if file.path.endswith(".jpg"))
