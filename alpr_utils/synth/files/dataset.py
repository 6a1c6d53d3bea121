"""Data sets of generated pictures on disk, as large as wanted.

- ``images/N.jpg``, ``annotations/N.xml``: pictures and PASCAL VOC labels, as in a folder of labelled photos
- ``plates.csv``: one row a plate: picture, box, text, rows, country, layout, corners
- ``label_map.pbtxt``: class names and their numbers
- ``tfrecord/plates-00000-of-00010.tfrecord``: on request, for the Object Detection API
- ``generator.json``: every setting; decides whether the same command may go on here

The data set is complete when ``plates.csv`` is there; `shards` describes how it is written.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alpr_utils.data.pictures import PLATES_FILE
from alpr_utils.errors import AlprError, OutputError
from alpr_utils.models.label_map import LABEL_MAP_FILE, write_label_map
from alpr_utils.synth.files.manifest import class_ids
from alpr_utils.synth.files.recipe import Recipe
from alpr_utils.synth.files.shards import (
    assemble,
    finished_shards,
    missing_shards,
    recover,
    remove_pictures,
    reopen,
    tidy,
    write_failure,
)
from alpr_utils.synth.files.state import TFRECORD_FOLDER, check_room, check_state, is_packed, read_state, write_state
from alpr_utils.synth.files.workers import run_shards

FORMATS = ("voc", "tfrecord", "all")
_SHARD_SIZE = {"plates": 200, "scenes": 10}  # at most so many pictures are lost when a run is killed


def complete_pictures(out: Path) -> int:
    """How many pictures of the data set in ``out`` are complete; the others are made again."""
    if (out / PLATES_FILE).exists():
        return int(read_state(out)["count"])
    return sum(shard.stop - shard.start for shard in finished_shards(out))


def _shard_size(recipe: Recipe) -> int:
    return 1 if recipe.quality == "rendered" else _SHARD_SIZE[recipe.kind]


def check_dataset(out: Path, recipe: Recipe, count: int, form: str = "voc") -> int:
    """Check the folder, the disk and the settings before the work begins; changes nothing.

    Returns:
        How many of the pictures are complete already.

    Raises:
        AlprError: what is wrong and what to do about it.
    """
    if form not in FORMATS:
        raise AlprError(f"There is no format '{form}'; choose one of {', '.join(FORMATS)}.")
    if count < 1:
        raise AlprError(f"{count} {recipe.kind} cannot be generated; give a count of 1 or more.")
    recipe.check()
    state = read_state(out)
    if state:
        check_state(out, state, recipe, count, form)
    done = complete_pictures(out)
    check_room(out, recipe.kind, count - done, form)
    return done


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Keep a second command out of the folder; the system frees the lock even when the program is killed."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    handle = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise OutputError(f"{out}: another command is writing there; wait or choose another --out folder.") from None
    finally:
        os.close(handle)


def write_dataset(
    out: Path,
    recipe: Recipe,
    count: int,
    workers: int = 1,
    form: str = "voc",
    progress: Callable[[int], None] = lambda pictures: None,
) -> None:
    """Write ``count`` pictures into ``out``, or those that an earlier run of the same recipe did not finish.

    A larger ``count`` than before adds to the folder. The files are the same whatever the number of ``workers``
    (processes). ``progress`` is called now and then with the number of pictures written since the last call.

    Raises:
        AlprError: as `check_dataset`, or the folder cannot be written, the disk is full, a picture cannot be made;
            complete pictures stay, and the same call continues from there.
    """
    check_dataset(out, recipe, count, form)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with _locked(out):
            if not is_packed(out):
                _write_pictures(out, recipe, count, workers, progress)
            if form != "voc":
                _pack(out, recipe)
            if form == "tfrecord":
                remove_pictures(out)
    except OSError as error:
        raise write_failure(out, error) from None


def _write_pictures(out: Path, recipe: Recipe, count: int, workers: int, progress: Callable[[int], None]) -> None:
    before = read_state(out).get("count", 0)
    recover(out)
    if (out / PLATES_FILE).exists():
        if before == count:
            tidy(out)
            return
        reopen(out, before)
    write_state(out, recipe, count)
    shutil.rmtree(out / TFRECORD_FOLDER, ignore_errors=True)
    left = count - complete_pictures(out)
    size = max(1, min(_shard_size(recipe), -(-left // workers)))
    run_shards(out, missing_shards(out, count, size), recipe, workers, progress)
    write_label_map(out / LABEL_MAP_FILE, class_ids([recipe.country]))
    assemble(out)


def _pack(out: Path, recipe: Recipe) -> None:
    if (out / TFRECORD_FOLDER).is_dir():
        return
    from alpr_utils.data.tfrecord import write_tfrecord

    draft = out / f"{TFRECORD_FOLDER}.{os.getpid()}.unfinished"
    for left_over in out.glob(f"{TFRECORD_FOLDER}.*.unfinished"):
        shutil.rmtree(left_over, ignore_errors=True)
    try:
        write_tfrecord(out, draft, recipe.kind, class_ids([recipe.country]))
        draft.replace(out / TFRECORD_FOLDER)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
