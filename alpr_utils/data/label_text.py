"""Label files as text and as tables, in whatever encoding and with whatever separator they were saved."""

import codecs
import csv
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from alpr_utils.errors import LabelError

_MOST_BYTES = 300_000_000
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)[\"']")
_KOREAN, _CYRILLIC = "cp949", "cp1251"
_SEPARATORS = ",;\t"


def read_label_text(path: Path) -> str:
    """The text of a label file: UTF-8, UTF-16, what an XML file declares, else the Korean or Cyrillic Windows encoding.

    Raises:
        LabelError: missing, not a regular file, unreadable, too large, or not text.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise LabelError(f"{path}: is not a regular file; move it away or replace it.")
        if status.st_size > _MOST_BYTES:
            raise LabelError(f"{path}: is larger than {_MOST_BYTES // 1_000_000} MB; split it.")
        content = path.read_bytes()
    except OSError as error:
        raise LabelError(f"{path}: cannot be opened ({error.strerror}); check the path and its permissions.") from None
    text = _decoded(content)
    if text is None:
        raise LabelError(f"{path}: is not text in a known encoding; save it again as UTF-8.")
    return text


def _encodings(content: bytes) -> Iterator[str]:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            yield encoding
    if content[1:2] == b"\0":
        yield "utf-16-le"
    if content[:1] == b"\0":
        yield "utf-16-be"
    if declared := _DECLARED.match(content.lstrip()):
        yield declared[1].decode()
    yield "utf-8"
    yield from (_KOREAN, _CYRILLIC) if _looks_korean(content) else (_CYRILLIC, _KOREAN)


def _decoded(content: bytes) -> str | None:
    for encoding in _encodings(content):
        try:
            return codecs.decode(content, encoding)
        except (LookupError, ValueError, TypeError):  # no such encoding, another one, or none of text
            continue
    return None


def _looks_korean(content: bytes) -> bool:
    """Whether most of what is not ASCII would be hangul; Cyrillic letters would be Chinese ones."""
    foreign = [char for char in content.decode(_KOREAN, errors="replace") if ord(char) > 127]
    return sum("가" <= char <= "힣" for char in foreign) * 2 >= len(foreign)


def read_label_table(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a table, each with its number in the file; cells that are missing are ``""``.

    The separator is a comma, semicolon or tab, whichever the header has most of.

    Raises:
        LabelError: as `read_label_text`, or a quotation mark is not closed.
    """
    lines = read_label_text(path).splitlines(keepends=True)
    header = lines[0] if lines else ""
    rows = csv.DictReader(lines, delimiter=max(_SEPARATORS, key=header.count), restval="", strict=True)
    try:
        for row in rows:
            yield rows.line_num, {key.strip(): value for key, value in row.items() if isinstance(key, str)}
    except csv.Error as error:
        raise LabelError(f"{path}: line {rows.line_num} is not a line of a table ({error}); correct it.") from None
