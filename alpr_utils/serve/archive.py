"""An archive of pictures, read part by part: the plan of parts, and one Parquet file for each.

The folder of results has ``plan.parquet``, made once, and ``part-000000.parquet`` and so on, each written whole by
whoever reads that part. What is there is done. So a run that is killed, or a part that two machines read, does no harm:
every picture of the plan has one row in the end.
"""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from alpr_utils.alpr import ALPR
from alpr_utils.errors import AlprError, OutputError
from alpr_utils.images import write_bytes
from alpr_utils.results import PictureResult, picture_record
from alpr_utils.serve.sources import PLAN_FILE, Part, contents_of, divided, filesystem_of, found_in

_PART = "part-{:06d}.parquet"
_OPTIONS = b"alpr_options"  # in the metadata of the plan
_BOX = pa.struct([(side, pa.int32()) for side in ("xmin", "ymin", "xmax", "ymax")])
_ALTERNATIVE = pa.struct([("text", pa.string()), ("text_score", pa.float64())])
_PLATE = pa.struct(
    [
        ("detection_score", pa.float64()),
        ("text", pa.string()),
        ("text_score", pa.float64()),
        ("char_scores", pa.list_(pa.float64())),
        ("rows", pa.int32()),
        ("country", pa.string()),
        ("shown_text", pa.string()),
        ("alternatives", pa.list_(_ALTERNATIVE)),
        ("box_pixels", _BOX),
    ]
)
# What `picture_record` says, and why a picture could not be read.
SCHEMA = pa.schema(
    [
        ("image", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("plates", pa.list_(_PLATE)),
        ("error", pa.string()),
    ]
)


class Archive:
    """The results of an archive.

    Args:
        place: folder or address, such as ``s3://bucket/results``; made when something is written.

    Raises:
        AlprError: the kind of store is unknown, or the package for it is missing.
    """

    def __init__(self, place: str):
        self.place = place
        self._fs, self._path = filesystem_of(place)

    @property
    def planned(self) -> bool:
        """Whether there is a plan."""
        return bool(self._fs.exists(f"{self._path}/{PLAN_FILE}"))

    def plan(self, sources: Iterable[str], size: int, options: Mapping[str, Any]) -> None:
        """Write down which pictures belong to which part, and the options that decide what is read.

        Raises:
            AlprError: a source holds nothing or cannot be listed.
            OutputError: the plan cannot be written.
        """
        urls = list(dict.fromkeys(url for source in sources for url in found_in(source)))
        rows = [(part.number, url) for part in divided(urls, size) for url in part.urls]
        schema = pa.schema([("part", pa.int32()), ("url", pa.string())], {_OPTIONS: json.dumps(options)})
        numbers, names = zip(*rows, strict=True)
        self._write(PLAN_FILE, pa.table([pa.array(numbers, pa.int32()), pa.array(names)], schema=schema))

    def check(self, options: Mapping[str, Any]) -> None:
        """Raises `OutputError` when the plan was made for other ``options``."""
        planned = json.loads(self._plan().schema.metadata[_OPTIONS])
        for name, value in options.items():
            if planned.get(name) != value:
                raise OutputError(
                    f"{self.place}: was begun with --{name.replace('_', '-')} {planned.get(name)}, not {value}; go on "
                    "with the same options or choose another place for the results."
                )

    def missing(self, share: int = 1, shares: int = 1) -> list[Part]:
        """The parts without results; with ``shares``, every so manieth, beginning with number ``share`` from 1."""
        done = {Path(str(name)).name for name in self._fs.ls(self._path, detail=False)}
        groups: dict[int, list[str]] = {}
        plan = self._plan()
        for number, url in zip(plan["part"].to_pylist(), plan["url"].to_pylist(), strict=True):
            if number % shares == share - 1 and _PART.format(number) not in done:
                groups.setdefault(number, []).append(url)
        return [Part(number, tuple(urls)) for number, urls in groups.items()]

    def write(self, part: Part, records: Iterable[dict[str, Any]]) -> None:
        """Write the results of a part, whole or not at all.

        Raises:
            OutputError: the place is not writable.
        """
        self._write(_PART.format(part.number), pa.Table.from_pylist(list(records), SCHEMA))

    def _plan(self) -> pa.Table:
        return pq.read_table(io.BytesIO(self._fs.cat_file(f"{self._path}/{PLAN_FILE}")))

    def _write(self, name: str, table: pa.Table) -> None:
        content = io.BytesIO()
        pq.write_table(table, content, compression="zstd")
        path = f"{self._path}/{name}"
        if isinstance(self._fs, LocalFileSystem):
            write_bytes(Path(path), content.getvalue())
            return
        try:
            self._fs.pipe_file(path, content.getvalue())  # an object appears when all of it is there
        except OSError as error:
            raise OutputError(f"{self.place}/{name}: cannot be written ({error}); choose another place.") from None


def records_of(alpr: ALPR, part: Part, crops: bool) -> list[dict[str, Any]]:
    """One row for each picture of a part, in no particular order where pictures could not be fetched.

    Raises:
        AlprError: the part cannot be read, or a model cannot be opened.
    """
    lost: list[dict[str, Any]] = []

    def contents() -> Iterator[tuple[str, bytes]]:
        for name, content in contents_of(part):
            if isinstance(content, bytes):
                yield name, content
            else:
                lost.append(_record(PictureResult.failed(name, "", Path(name), content)))

    records = [_record(result) for result in alpr.read_contents(contents(), crops=crops)]
    return records + lost


def _record(result: PictureResult) -> dict[str, Any]:
    if result.error:
        return {"image": result.name, "width": None, "height": None, "plates": [], "error": str(result.error)}
    return {**picture_record(result), "error": None}


def read_parts(
    archive: Archive, parts: Iterable[Part], opened: Callable[[], ALPR], crops: bool
) -> Iterator[tuple[Part, int, str]]:
    """Read parts and write their results; each part with its number of pictures, or why it could not be read.

    Raises:
        ModelError: a model cannot be opened.
        OutputError: results cannot be written.
    """
    alpr = opened()
    alpr.load(crops)
    for part in parts:
        yield part, *read_part(archive, part, alpr, crops)


def read_part(archive: Archive, part: Part, alpr: ALPR, crops: bool) -> tuple[int, str]:
    """Read one part and write its results: the number of pictures, or 0 and why it could not be read.

    Raises:
        OutputError: results cannot be written.
    """
    try:
        records = records_of(alpr, part, crops)
    except AlprError as error:
        return 0, str(error)
    except Exception as error:  # what one picture does to a model must not end a run of days
        return 0, f"{part.urls[0]} and the pictures after it cannot be read ({type(error).__name__}: {error})."
    archive.write(part, records)
    return len(records), ""
