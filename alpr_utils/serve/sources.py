"""Where the pictures of an archive lie: folders, tar and Parquet files, object stores, all by way of fsspec."""

import tarfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from alpr_utils.errors import AlprError, PictureError, check_regular
from alpr_utils.images import PICTURE_SUFFIXES

PLAN_FILE = "plan.parquet"  # beside results, which are no source
_SHARD_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".parquet")
_COLUMN = "image"  # of a Parquet file: bytes of pictures, or what Hugging Face's datasets make of them
_ROWS_AT_ONCE = 16
_FETCHED_AHEAD = 16  # files; an object store answers slowly, and many at a time
_MOST_BYTES = 200_000_000  # as for a picture on the disk


@dataclass(frozen=True)
class Part:
    """What one worker reads in one go: one tar or Parquet file, or some pictures.

    Attributes:
        number: from 0, in the order of the plan.
        urls: of the file that holds the pictures, or of the pictures.
    """

    number: int
    urls: tuple[str, ...]


def filesystem_of(url: str) -> tuple[AbstractFileSystem, str]:
    """The file system and the path in it.

    Raises:
        AlprError: the kind of store is unknown, or the package for it is missing.
    """
    try:
        fs, path = fsspec.url_to_fs(url)
    except (ImportError, ValueError) as error:  # each says which package or protocol
        raise AlprError(f"{url}: cannot be opened ({error}).") from None
    return fs, str(path)


def _is_picture(name: str) -> bool:
    return name.lower().endswith(PICTURE_SUFFIXES) and not PurePosixPath(name).name.startswith(".")


def _is_shard(name: str) -> bool:
    return name.lower().endswith(_SHARD_SUFFIXES)


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def found_in(source: str) -> list[str]:
    """The pictures, tar and Parquet files of a folder and its subfolders, of a pattern, or the file itself; sorted.

    Raises:
        AlprError: there is nothing, or a pipe or device among the files, or the store cannot be asked.
    """
    fs, path = filesystem_of(source)
    try:
        if any(sign in path for sign in "*?["):
            names = fs.glob(path)
        else:
            names = fs.find(path) if fs.isdir(path) else [path] if fs.exists(path) else []
        names = [str(name) for name in names]
    except OSError as error:
        raise AlprError(f"{source}: cannot be listed ({error}).") from None
    results = {_folder(name) for name in names if name.endswith(f"/{PLAN_FILE}")}
    found = sorted(name for name in names if _is_picture(name) or (_is_shard(name) and _folder(name) not in results))
    if isinstance(fs, LocalFileSystem):
        for name in found:
            check_regular(Path(name))
    if not found:
        raise AlprError(f"{source}: holds no picture, no tar and no Parquet file; check the address.")
    return found if isinstance(fs, LocalFileSystem) else [fs.unstrip_protocol(name) for name in found]


def divided(urls: list[str], size: int) -> list[Part]:
    """Each tar or Parquet file as a part, the pictures beside them in parts of ``size``."""
    pictures = [url for url in urls if not _is_shard(url)]
    groups: list[tuple[str, ...]] = [(url,) for url in urls if _is_shard(url)]
    groups += [tuple(pictures[start : start + size]) for start in range(0, len(pictures), size)]
    return [Part(number, group) for number, group in enumerate(groups)]


def contents_of(part: Part) -> Iterator[tuple[str, bytes | PictureError]]:
    """Names and bytes of the pictures of a part, or why a picture cannot be had.

    Raises:
        AlprError: a tar or Parquet file cannot be read to its end, so that nobody knows its pictures.
    """
    first = part.urls[0]
    if not _is_shard(first):
        yield from _files(part.urls)
    elif first.lower().endswith(".parquet"):
        yield from _rows(first)
    else:
        yield from _members(first)


def _members(url: str) -> Iterator[tuple[str, bytes | PictureError]]:
    fs, path = filesystem_of(url)
    try:
        with fs.open(path, "rb") as file, tarfile.open(fileobj=file, mode="r|*") as tar:
            for member in tar:
                name = f"{url}/{member.name}"
                if not member.isfile() or not _is_picture(member.name):
                    continue
                if member.size > _MOST_BYTES:
                    yield name, _too_large(name)
                    continue
                content = tar.extractfile(member)
                assert content  # of a file
                yield name, content.read()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise AlprError(f"{url}: cannot be read to its end ({error}); copy it again.") from None


def _rows(url: str) -> Iterator[tuple[str, bytes | PictureError]]:
    fs, path = filesystem_of(url)
    try:
        with fs.open(path, "rb") as file:
            table = pq.ParquetFile(file)
            if not _holds_pictures(table.schema_arrow):
                raise AlprError(f"{url}: has no column '{_COLUMN}' with bytes of pictures; rename the one that has.")
            batches = table.iter_batches(_ROWS_AT_ONCE, columns=[_COLUMN])
            for number, value in enumerate(value for batch in batches for value in batch.column(0).to_pylist()):
                name, content = f"{url}/{number}", value["bytes"] if isinstance(value, dict) else value
                yield name, content or PictureError(f"{name}: is empty; nothing is lost but this row.")
    except (OSError, pa.ArrowException) as error:
        raise AlprError(f"{url}: cannot be read to its end ({error}); copy it again.") from None


def _holds_pictures(schema: pa.Schema) -> bool:
    kinds = [field.type for field in schema if field.name == _COLUMN]
    kinds = [kind.field("bytes").type if pa.types.is_struct(kind) and "bytes" in kind.names else kind for kind in kinds]
    return any(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) for kind in kinds)


def _files(urls: tuple[str, ...]) -> Iterator[tuple[str, bytes | PictureError]]:
    with ThreadPoolExecutor(_FETCHED_AHEAD) as pool:
        coming = deque((url, pool.submit(_fetched, url)) for url in urls[:_FETCHED_AHEAD])
        rest = iter(urls[_FETCHED_AHEAD:])
        while coming:
            url, content = coming.popleft()
            yield url, content.result()
            coming.extend((after, pool.submit(_fetched, after)) for after in [next(rest, "")] if after)


def _fetched(url: str) -> bytes | PictureError:
    fs, path = filesystem_of(url)
    try:
        if fs.size(path) > _MOST_BYTES:
            return _too_large(url)
        return bytes(fs.cat_file(path))
    except OSError as error:
        return PictureError(f"{url}: cannot be fetched ({error}); check that it is still there.")


def _too_large(name: str) -> PictureError:
    return PictureError(f"{name}: is larger than {_MOST_BYTES // 1_000_000} MB; save it as JPEG.")
