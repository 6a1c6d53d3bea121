"""Files: pictures and videos are found, results are written whole or not at all."""

import io
import logging
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from glob import glob, has_magic
from pathlib import Path

import numpy as np
from PIL import Image

from alpr_utils.errors import OutputError, PictureError
from alpr_utils.images.opening import STANDARD_INPUT

PICTURE_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".mpo", ".heic", ".heif",
    ".hif", ".avif", ".jp2", ".j2k", ".jpx",
)  # fmt: skip
VIDEO_SUFFIXES = (
    ".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".3gp", ".dav", ".wmv",
)  # fmt: skip
# What lies beside pictures without being one; it is not worth a word that they are left out.
_OTHER_SUFFIXES = (".xml", ".csv", ".txt", ".json", ".jsonl", ".md", ".html", ".yaml", ".yml", ".pbtxt", ".part")
# Comments in the files that `read` and `blur` make.
DRAWING, CROP, BLURRED = "drawn by alpr_utils", "cut by alpr_utils", "blurred by alpr_utils"
_COMMENT_BYTES = 128  # from the beginning of a JPEG file, in which its comment stands
_JPEG_QUALITY = 92

_log = logging.getLogger(__name__)


def is_video(path: Path) -> bool:
    """Whether ``path`` is named like a video."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def natural_key(path: Path) -> tuple[str, list[tuple[int, int, str]]]:
    """Sort key that puts ``2.jpg`` before ``10.jpg``."""
    parts = re.findall(r"[0-9]+|[^0-9]+", path.name.casefold())
    return str(path.parent), [(0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts]


def write_image(path: str | Path, image: np.ndarray, comment: str = "") -> None:
    """Write ``image: uint8 (H, W, 3) RGB`` in the format of the suffix; missing folders are made.

    Args:
        comment: what a JPEG file says about itself, see `has_comment`.

    Raises:
        OutputError: unknown suffix, or the place is read-only, full or otherwise not writable.
    """
    path = Path(path)
    encoded = io.BytesIO()
    kind = Image.registered_extensions().get(path.suffix.lower())
    if kind is None:
        raise OutputError(f"{path}: has no picture suffix; end the name in .jpg or .png.")
    options: dict[str, object] = {"quality": _JPEG_QUALITY} if kind in ("JPEG", "WEBP") else {}
    if kind == "JPEG" and comment:
        options["comment"] = comment
    Image.fromarray(image).save(encoded, kind, **options)
    write_bytes(path, encoded.getvalue())


def has_comment(path: Path, *comments: str) -> bool:
    """Whether a file is a JPEG that `write_image` gave one of these comments, such as ``DRAWING``."""
    try:
        if not path.is_file():  # a pipe would keep us waiting for ever
            return False
        with path.open("rb") as file:
            head = file.read(_COMMENT_BYTES)
    except OSError:
        return False
    return head.startswith(b"\xff\xd8") and any(comment.encode() in head for comment in comments)


def true_path(path: Path) -> Path:
    """Where ``path`` leads; links that lead in a circle are left as they are, `Path.resolve` would raise."""
    return Path(os.path.realpath(path))


@contextmanager
def written_whole(file: Path) -> Iterator[Path]:
    """A file beside ``file`` to write, with the same ending; at the end it takes its place."""
    draft = file.with_name(f"part_{file.name}")
    try:
        yield draft
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder beside ``folder`` to fill; at the end it takes its place, and when filling fails nothing is there.

    Raises:
        OutputError: ``folder`` is there and not empty, or its place is not writable.
    """
    final = true_path(folder)
    draft = final.with_name(f".{final.name}.unfinished")
    try:
        if final.exists() and (not final.is_dir() or any(final.iterdir())):
            raise OutputError(f"{folder}: is there and not empty; choose a new folder.")
        shutil.rmtree(draft, ignore_errors=True)  # of a run that was killed
        draft.mkdir(parents=True)
        yield draft
        if final.exists():
            final.rmdir()
        draft.rename(final)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror}); choose another output folder.") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a result file whole or not at all; missing folders are made.

    Raises:
        OutputError: the place is read-only, full or otherwise not writable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # a device or a pipe, such as /dev/stdout
            path.write_bytes(content)
            return
        with written_whole(true_path(path)) as draft:
            draft.write_bytes(content)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another output folder.") from None


def _without_drawings(paths: Iterable[Path], place: Path) -> list[Path]:
    """Leave out what an earlier run drew."""
    paths = list(paths)
    kept = [path for path in paths if not has_comment(path, DRAWING)]
    if len(kept) < len(paths):
        drawings = "drawing" if len(paths) - len(kept) == 1 else "drawings"
        _log.warning("%s: left out %d %s of an earlier run.", place, len(paths) - len(kept), drawings)
    return kept


def _name_left_out(folder: Path, others: Iterable[Path]) -> None:
    kinds = Counter(path.suffix.lower() or "without ending" for path in others if path.is_file())
    if kinds:
        listed = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        _log.warning("%s: left out files that are neither picture nor video: %s.", folder, listed)


def _pictures_in_folder(folder: Path) -> list[Path]:
    try:
        names = [path for path in folder.iterdir() if not path.name.startswith((".", "part_"))]
    except OSError as error:
        raise PictureError(f"{folder}: cannot be listed ({error.strerror}); check its permissions.") from None
    known = PICTURE_SUFFIXES + VIDEO_SUFFIXES
    found = [path for path in names if path.suffix.lower() in known]
    _name_left_out(folder, (path for path in names if path.suffix.lower() not in known + _OTHER_SUFFIXES))
    if not found:
        kinds = ", ".join(suffix[1:] for suffix in known)
        raise PictureError(
            f"{folder}: holds no picture or video (subfolders are not searched); put files there: {kinds}."
        )
    return _without_drawings(sorted(found, key=natural_key), folder)


def _pictures_at(path: Path) -> list[Path]:
    if path.is_dir():
        return _pictures_in_folder(path)
    if path.exists() or str(path) == STANDARD_INPUT:
        return [path]
    if not has_magic(str(path)):
        raise PictureError(f"{path}: does not exist; check the path.")
    # Path.glob takes no absolute patterns.
    matches = sorted((Path(name) for name in glob(str(path), recursive=True)), key=natural_key)  # noqa: PTH207
    if not matches:
        raise PictureError(f"{path}: matches no file; check the pattern.")
    return _without_drawings((match for match in matches if match.is_file()), path)


def _not_live(path: str) -> None:
    """Streams and cameras never end, so they are nothing for a batch."""
    if "://" in path or (path.isdecimal() and not Path(path).exists()):
        raise PictureError(f"{path}: is an address or a camera, not a file; give it to 'alpr watch'.")


def find_pictures(paths: str | Path | Iterable[str | Path]) -> tuple[list[Path], list[PictureError]]:
    """Pictures and videos named by files, folders (not their subfolders) and globs, each once; or by one of them.

    Within a folder or glob they are sorted as people count: 2 before 10, and drawings of earlier runs are left out. A
    file named directly is taken whatever its suffix. Paths that lead nowhere are returned as errors, so that the rest
    is kept.
    """
    found: dict[Path, None] = {}
    problems: list[PictureError] = []
    for path in [paths] if isinstance(paths, str | Path) else paths:
        try:
            _not_live(str(path))
            found.update(dict.fromkeys(_pictures_at(Path(path))))
        except PictureError as error:
            problems.append(error)
        except OSError as error:
            problems.append(PictureError(f"{path}: cannot be looked up ({error.strerror}); check its permissions."))
    return list(found), problems


def check_video(path: Path) -> None:
    """Make sure that there is a regular file.

    Raises:
        PictureError: there is none, or a folder, a pipe or a device.
    """
    if not path.exists():
        raise PictureError(f"{path}: does not exist; check the path.")
    if not path.is_file():
        raise PictureError(f"{path}: is not a regular file; name a video.")


def frame_count(path: Path, every: int = 1) -> int:
    """How many pictures ``path`` gives: 1, or every ``every``-th frame of a video as its header counts them."""
    if not is_video(path) or not path.is_file():
        return 1
    import cv2

    capture = cv2.VideoCapture(str(path))
    frames = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    return max(1, -(-frames // every))


def video_frames(path: str | Path, every: int = 1) -> Iterator[tuple[int, np.ndarray]]:
    """Yield ``(frame number from 0, uint8 (H, W, 3) RGB)`` of every ``every``-th frame.

    Raises:
        PictureError: as `check_video`, or the file holds no frame that OpenCV can decode.
    """
    import cv2

    path = Path(path)
    check_video(path)
    capture = cv2.VideoCapture(str(path))
    try:
        number = 0
        while capture.grab():
            if number % every == 0:
                decoded, frame = capture.retrieve()
                if decoded:
                    yield number, cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
            number += 1
    finally:
        capture.release()
    if number == 0:
        raise PictureError(f"{path}: holds no frame that can be decoded; save it again as MP4 (H.264).")
