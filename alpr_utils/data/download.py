"""Download of public photos: file by file, from fixed commits, checked, and resumed after an interruption.

``public_photos.csv`` beside this module lists 36 of the 68 photos of the Mongolian-ALPR project (Apache-2.0) with their
label files: those whose checksums are known.
"""

import csv
import hashlib
import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alpr_utils.errors import AlprError, DownloadError, OutputError

PUBLIC_PHOTOS_URL = "https://raw.githubusercontent.com/gumbernator/Mongolian-ALPR"
_MANIFEST = Path(__file__).with_name("public_photos.csv")
_TIMEOUT_SECONDS = 30
_CHUNK_BYTES = 1 << 16
_NO_CONNECTION = "the connection failed"
_RANGE_NOT_SATISFIABLE = 416
_CUT = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)


class _UnreachableError(DownloadError):
    """The server does not answer at all."""


@dataclass(frozen=True)
class PublicFile:
    """One file of a public repository.

    Attributes:
        path: inside the repository.
        commit: that holds it.
        size: bytes.
        sha256: of its content, hexadecimal; label files count with LF line ends.
    """

    path: str
    commit: str
    size: int
    sha256: str

    def matches(self, file: Path) -> bool:
        """Whether the content of ``file`` is the listed one."""
        content = file.read_bytes()
        if file.suffix == ".xml":
            content = content.replace(b"\r\n", b"\n")
        return hashlib.sha256(content).hexdigest() == self.sha256


def public_photos() -> list[PublicFile]:
    """The listed photos of the Mongolian-ALPR project and their VOC files."""
    with _MANIFEST.open(encoding="utf-8", newline="") as file:
        return [
            PublicFile(row["path"], row["commit"], int(row["bytes"]), row["sha256"]) for row in csv.DictReader(file)
        ]


def _append(url: str, part: Path, size: int) -> None:
    """Fetch ``url`` of ``size`` bytes into ``part``, going on where ``part`` ends if the server can."""
    request = urllib.request.Request(url)
    have = part.stat().st_size if part.exists() else 0
    if have >= size:
        return
    if have:
        request.add_header("Range", f"bytes={have}-")
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
        mode = "ab" if response.status == http.HTTPStatus.PARTIAL_CONTENT else "wb"
        with part.open(mode) as file:
            while chunk := response.read(_CHUNK_BYTES):
                file.write(chunk)
        promised = response.headers.get("Content-Length")
        got = part.stat().st_size - (have if mode == "ab" else 0)
        if promised is not None and got < int(promised):
            raise http.client.IncompleteRead(b"", int(promised) - got)


def _fetch(file: PublicFile, target: Path, url: str, attempts: int, pause: float) -> None:
    part = target.with_name(target.name + ".part")
    problem = ""
    for attempt in range(attempts):
        if attempt:
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            _append(url, part, file.size)
        except urllib.error.HTTPError as error:
            problem = f"the server answers {error.code} {error.reason}"
            if error.code == _RANGE_NOT_SATISFIABLE:
                part.unlink()
            elif error.code < 500:
                break
            continue
        except _CUT as error:
            problem = f"{_NO_CONNECTION} ({getattr(error, 'reason', error)})"
            continue
        if file.matches(part):
            part.replace(target)
            return
        part.unlink()
        problem = "the downloaded file has the wrong checksum"
    kind = _UnreachableError if problem.startswith(_NO_CONNECTION) else DownloadError
    raise kind(f"{url}: {problem}; run the command again later, finished files are kept.")


def download_photos(
    files: Sequence[PublicFile],
    folder: Path,
    base_url: str = PUBLIC_PHOTOS_URL,
    attempts: int = 4,
    pause: float = 1.0,
) -> list[AlprError]:
    """Download ``files`` into ``folder``; those already there with the right checksum are skipped.

    Args:
        files: what to fetch, see ``public_photos``.
        folder: gets the files under their names, and ``NAME.part`` while one is incomplete.
        base_url: files are at ``base_url/commit/path``.
        attempts: tries a file.
        pause: seconds before the second try, doubled before each further one.

    Returns:
        One error for each file that could not be fetched; the others are there, unless the server cannot be reached at
        all, which ends the download.

    Raises:
        DownloadError: ``base_url`` is not an address.
        OutputError: ``folder`` cannot be written.
    """
    from tqdm import tqdm

    if not base_url.startswith(("http://", "https://")):
        raise DownloadError(f"{base_url}: is not an address of a server; it begins with https:// or http://.")
    problems: list[AlprError] = []
    for file in tqdm(files, unit="file", disable=None):
        target = folder / Path(file.path).name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                _fetch(file, target, f"{base_url}/{file.commit}/{file.path}", attempts, pause)
            elif not file.matches(target):
                raise DownloadError(f"{target}: is there and is another file; choose another folder or move it away.")
        except DownloadError as error:
            problems.append(error)
            if isinstance(error, _UnreachableError):
                break  # the other files would be waited for in vain
        except OSError as error:
            raise OutputError(f"{target}: cannot be written ({error.strerror}); choose another folder.") from None
    return problems
