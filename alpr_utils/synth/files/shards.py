"""Pieces of a data set, each written whole or not at all, so that a run that is killed does no harm.

A shard is written into ``unfinished/``, then renamed into ``complete/``: from that moment it counts. Its pictures and
annotations are then moved to ``images/`` and ``annotations/`` and its table of plates to ``shards/``; a move that was
interrupted is finished by the next run, which deletes what still lies in ``unfinished/``. When all shards are there,
their tables become ``plates.csv``.
"""

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alpr_utils.data.pictures import PLATES_FILE
from alpr_utils.data.voc import write_voc
from alpr_utils.errors import OutputError
from alpr_utils.synth.files.manifest import COLUMNS, annotation_of, csv_text, manifest_rows
from alpr_utils.synth.files.recipe import Recipe

IMAGES, ANNOTATIONS = "images", "annotations"
_TABLES, _UNFINISHED, _COMPLETE = "shards", "unfinished", "complete"
_HEADER = csv_text([COLUMNS]).encode()


@dataclass(frozen=True, order=True)
class Shard:
    """The pictures ``start`` .. ``stop`` - 1."""

    start: int
    stop: int

    @property
    def name(self) -> str:
        """``start-stop``."""
        return f"{self.start}-{self.stop}"


def write_failure(folder: Path, error: OSError) -> OutputError:
    """The error for a ``folder`` that cannot be written."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
        return OutputError(f"{folder}: the disk is full; free some space and give the same command again to go on.")
    return OutputError(
        f"{folder}: cannot be written ({error.strerror or error}); correct that or choose another --out folder."
    )


def finished_shards(folder: Path) -> list[Shard]:
    """The complete shards of a data set that is still being written, in order."""
    names = [table.stem.split("-") for table in (folder / _TABLES).glob("*-*.csv")]
    return sorted(Shard(int(start), int(stop)) for start, stop in names)


def missing_shards(folder: Path, count: int, size: int) -> list[Shard]:
    """What is still to be written of ``count`` pictures, in pieces of at most ``size``."""
    gaps, position = [], 0
    for shard in [*finished_shards(folder), Shard(count, count)]:
        gaps.append((position, shard.start))
        position = shard.stop
    return [Shard(i, min(i + size, stop)) for start, stop in gaps for i in range(start, stop, size)]


def write_shard(folder: Path, shard: Shard, recipe: Recipe, after_each: Callable[[], None]) -> None:
    """Write the pictures of a shard with their labels; ``after_each`` is called after every picture.

    Raises:
        OutputError: the folder cannot be written or is full; nothing of the shard remains then.
        AlprError: a picture cannot be made.
    """
    # A run that was killed may still be writing its last picture under the same shard's name.
    draft = folder / _UNFINISHED / f"{shard.name}.{os.getpid()}"
    try:
        for name in (IMAGES, ANNOTATIONS):
            (draft / name).mkdir(parents=True)
        rows: list[tuple[object, ...]] = []
        for index in range(shard.start, shard.stop):
            rows += _write_picture(draft, index, recipe)
            after_each()
        (draft / PLATES_FILE).write_text(csv_text(rows), encoding="utf-8")
        (folder / _COMPLETE).mkdir(exist_ok=True)
        complete = draft.replace(folder / _COMPLETE / shard.name)
        _publish(folder, complete)
    except OSError as error:
        raise write_failure(folder, error) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_picture(draft: Path, index: int, recipe: Recipe) -> list[tuple[object, ...]]:
    picture = recipe.picture(index)
    name = f"{index}.jpg"
    (draft / IMAGES / name).write_bytes(picture.jpeg)
    annotation = annotation_of(name, picture.size, picture.plates, picture.vehicles)
    write_voc(draft / ANNOTATIONS / f"{index}.xml", annotation)
    return manifest_rows(name, picture.size, picture.plates)


def _publish(folder: Path, complete: Path) -> None:
    """Move a complete shard to its final places; may be repeated after an interruption."""
    for name in (IMAGES, ANNOTATIONS):
        (folder / name).mkdir(exist_ok=True)
        for path in (complete / name).iterdir():
            path.replace(folder / name / path.name)
    (folder / _TABLES).mkdir(exist_ok=True)
    (complete / PLATES_FILE).replace(folder / _TABLES / f"{complete.name}.csv")
    shutil.rmtree(complete)


def recover(folder: Path) -> None:
    """Tidy a folder after a run that was killed: complete shards are kept, unfinished ones deleted."""
    shutil.rmtree(folder / _UNFINISHED, ignore_errors=True)
    for complete in sorted((folder / _COMPLETE).glob("*-*")):
        if (complete / PLATES_FILE).exists():
            _publish(folder, complete)
        else:  # its table was moved last, only the empty folders are left
            shutil.rmtree(complete)


def assemble(folder: Path) -> None:
    """Write ``plates.csv`` from the tables of all shards and remove what only the writing needed."""
    draft = folder / f"{PLATES_FILE}.unfinished"
    with draft.open("wb") as file:
        file.write(_HEADER)
        for shard in finished_shards(folder):
            file.write((folder / _TABLES / f"{shard.name}.csv").read_bytes())
    draft.replace(folder / PLATES_FILE)
    tidy(folder)


def tidy(folder: Path) -> None:
    """Remove the folders that only the writing needed from a complete data set."""
    for name in (_UNFINISHED, _COMPLETE, _TABLES):
        shutil.rmtree(folder / name, ignore_errors=True)


def reopen(folder: Path, count: int) -> None:
    """Turn a complete data set of ``count`` pictures into a single finished shard, so that others can be added."""
    (folder / _TABLES).mkdir(exist_ok=True)
    draft = folder / f"{PLATES_FILE}.unfinished"
    draft.write_bytes((folder / PLATES_FILE).read_bytes().removeprefix(_HEADER))
    draft.replace(folder / _TABLES / f"{Shard(0, count).name}.csv")
    (folder / PLATES_FILE).unlink()


def remove_pictures(folder: Path) -> None:
    """Remove pictures and annotations, once a TFRecord holds everything."""
    if (folder / IMAGES).exists():
        # The name goes first: a folder without it is known to have been packed whole.
        (folder / IMAGES).replace(folder / _UNFINISHED)
    for name in (ANNOTATIONS, _UNFINISHED):
        shutil.rmtree(folder / name, ignore_errors=True)
