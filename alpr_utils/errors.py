"""What can go wrong with a user's input. Every message is one sentence that names the file and the remedy."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path


def on_one_line(text: str) -> str:
    """``text`` as one line without control characters, which a file name may hold and a terminal would obey."""
    line = " ".join(text.splitlines())
    return "".join("?" if unicodedata.category(char).startswith("C") else char for char in line)


class AlprError(Exception):
    """Base of all errors that a user can mend; the command line prints its text without a traceback."""

    def __init__(self, message: str) -> None:
        """Keep ``message`` on one line, whatever a decoder or a file name in it holds."""
        super().__init__(on_one_line(message))


def first_of(problems: Sequence[AlprError | str]) -> str:
    """The first three problems as a part of a sentence."""
    return "; ".join(str(problem).removesuffix(".") for problem in problems[:3])


class PictureError(AlprError):
    """A picture or video is missing, unreadable, empty or too large."""


class LabelError(AlprError):
    """A label file (VOC XML, CSV) is missing, broken or contradicts its picture."""


class ModelError(AlprError):
    """A model folder is missing, incomplete, corrupt or of another kind."""


def at_picture(path: Path, error: AlprError) -> AlprError:
    """``error``, with the name of the picture where a model failed that does not know it."""
    return PictureError(f"{path}: cannot be processed, {error}") if isinstance(error, ModelError) else error


def check_regular(path: Path, kind: type[AlprError] = AlprError) -> None:
    """Raise ``kind`` where ``path`` is a folder, a pipe, for which one would wait, or a device, which has no end."""
    if path.exists() and not path.is_file():
        raise kind(f"{path}: is not a regular file; name another.")


class OutputError(AlprError):
    """A result cannot be written where the user asked for it."""


class DownloadError(AlprError):
    """A file could not be fetched or does not have the promised checksum."""
