"""Data sets of generated pictures on disk, as large as wanted.

- ``images/N.jpg``, ``annotations/N.xml``: pictures and PASCAL VOC labels, as in a folder of labelled photos
- ``plates.csv``: one row a plate: picture, box, text, rows, country, layout, corners
- ``label_map.pbtxt``: class names and their numbers
- ``tfrecord/plates-00000-of-00010.tfrecord``: on request, for the Object Detection API
- ``generator.json``: every setting; decides whether the same command may go on here

While ``plates.csv`` is missing the data set is not complete; `synth.shards` tells how it is written.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alpr_utils import __version__
from alpr_utils.errors import AlprError, OutputError
from alpr_utils.images import find_pictures, is_video, read_image
from alpr_utils.models.label_map import LABEL_MAP_FILE, write_label_map
from alpr_utils.synth.files.manifest import MANIFEST_FILE, class_ids
from alpr_utils.synth.files.recipe import Recipe
from alpr_utils.synth.files.shards import (
    IMAGES,
    assemble,
    finished_shards,
    missing_shards,
    recover,
    remove_pictures,
    reopen,
    tidy,
    write_failure,
)
from alpr_utils.synth.files.workers import run_shards

SETTINGS_FILE = "generator.json"
FORMATS = ("voc", "tfrecord", "all")
TFRECORD_FOLDER = "tfrecord"
_SHARD_SIZE = {"plates": 1000, "scenes": 50}
_PICTURE_BYTES = {"plates": 14_000, "scenes": 200_000}  # picture and annotation on disk, a little more than the mean


def background_pictures(folder: Path) -> tuple[Path, ...]:
    """The pictures of a folder of photos, every one of them readable.

    Raises:
        PictureError: the folder is missing or holds no picture, or one of them is broken.
    """
    found, problems = find_pictures([folder])
    if problems:
        raise problems[0]
    pictures = tuple(path for path in found if not is_video(path))
    for path in pictures:
        read_image(path)
    return pictures


def _settings(recipe: Recipe) -> dict[str, Any]:
    """All that must agree for two runs to make the same pictures."""
    photos = [f"{path.name} {path.stat().st_size}" for path in recipe.backgrounds]
    digest = hashlib.sha256("\n".join(photos).encode()).hexdigest()[:16] if photos else ""
    return {
        "kind": recipe.kind,
        "country": recipe.country,
        "preset": recipe.preset,
        "seed": recipe.seed,
        "balanced": recipe.balanced,
        "quality": recipe.quality,
        "backgrounds": digest,
        "version": __version__,
    }


def _read_state(out: Path) -> dict[str, Any]:
    """What ``generator.json`` says, ``{}`` in a new folder."""
    file = out / SETTINGS_FILE
    try:
        if not out.exists() or not any(path.name != f"{SETTINGS_FILE}.unfinished" for path in out.iterdir()):
            return {}
        state = json.loads(file.read_text(encoding="utf-8"))
        return {"settings": dict(state["settings"]), "count": int(state["count"])}
    except FileNotFoundError:
        raise OutputError(f"{out}: holds other files; choose a new folder for --out.") from None
    except NotADirectoryError:
        raise OutputError(f"{out}: is a file; choose a new folder for --out.") from None
    except OSError as error:
        raise OutputError(f"{out}: cannot be read ({error.strerror}); choose another --out folder.") from None
    except (ValueError, KeyError, TypeError):
        raise OutputError(f"{file}: is damaged; delete the folder or choose a new one for --out.") from None


def _write_state(out: Path, recipe: Recipe, count: int) -> None:
    draft = out / f"{SETTINGS_FILE}.unfinished"
    state = {"settings": _settings(recipe), "count": count}
    draft.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    draft.replace(out / SETTINGS_FILE)


def _check_state(out: Path, state: dict[str, Any], recipe: Recipe, count: int, form: str) -> None:
    for name, chosen in _settings(recipe).items():
        before = state["settings"].get(name)
        if before != chosen:
            raise OutputError(
                f"{out}: was begun with another {name} ({before}, now {chosen}); "
                "give the settings of its generator.json or choose a new --out folder."
            )
    if count < state["count"]:
        raise OutputError(f"{out}: was begun with --count {state['count']}; give at least that, or a new --out folder.")
    if _packed(out) and (count > state["count"] or form != "tfrecord"):
        raise OutputError(f"{out}: holds only TFRecord files, nothing can be added; choose a new --out folder.")


def _packed(out: Path) -> bool:
    """Whether the folder is complete and its pictures are only in TFRecord files."""
    return (out / TFRECORD_FOLDER).is_dir() and not (out / IMAGES).exists()


def _complete_pictures(out: Path, state: dict[str, Any]) -> int:
    if (out / MANIFEST_FILE).exists():
        return int(state["count"])
    return sum(shard.stop - shard.start for shard in finished_shards(out))


def _check_room(out: Path, kind: str, pictures: int, form: str) -> None:
    place = out.absolute()
    while not place.is_dir() and place != place.parent:
        place = place.parent
    needed = pictures * _PICTURE_BYTES[kind] * (1 if form == "voc" else 2)
    free = shutil.disk_usage(place).free
    if needed > free:
        raise OutputError(
            f"{out}: {pictures} {kind} take about {needed / 1e9:,.1f} GB, but only {free / 1e9:,.1f} GB are free; "
            "lower --count or choose another --out folder."
        )


def check_dataset(out: Path, recipe: Recipe, count: int, form: str = "voc") -> int:
    """Find out before the work begins whether the folder, the disk and the settings allow it; changes nothing.

    Returns:
        How many of the pictures are complete already.

    Raises:
        AlprError: what is wrong and how to mend it.
    """
    if form not in FORMATS:
        raise AlprError(f"There is no format '{form}'; choose one of {', '.join(FORMATS)}.")
    if count < 1:
        raise AlprError(f"{count} {recipe.kind} cannot be generated; give a count of 1 or more.")
    recipe.check()
    state = _read_state(out)
    if state:
        _check_state(out, state, recipe, count, form)
    done = _complete_pictures(out, state)
    _check_room(out, recipe.kind, count - done, form)
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
    """Write ``count`` pictures into ``out``, or what is missing of them after an earlier run of the same recipe.

    A larger ``count`` than before adds to the folder. The files are the same whatever the number of ``workers``
    (processes). ``progress`` is told now and then how many more pictures were written.

    Raises:
        AlprError: as `check_dataset`, or the folder cannot be written, the disk is full, a picture cannot be made;
            what is complete stays, and the same call goes on.
    """
    check_dataset(out, recipe, count, form)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with _locked(out):
            if not _packed(out):
                _write_pictures(out, recipe, count, workers, progress)
            if form != "voc":
                _pack(out, recipe)
            if form == "tfrecord":
                remove_pictures(out)
    except OSError as error:
        raise write_failure(out, error) from None


def _write_pictures(out: Path, recipe: Recipe, count: int, workers: int, progress: Callable[[int], None]) -> None:
    before = _read_state(out).get("count", 0)
    recover(out)
    if (out / MANIFEST_FILE).exists():
        if before == count:
            tidy(out)
            return
        reopen(out, before)
    _write_state(out, recipe, count)
    shutil.rmtree(out / TFRECORD_FOLDER, ignore_errors=True)
    left = count - sum(shard.stop - shard.start for shard in finished_shards(out))
    size = max(1, min(_SHARD_SIZE[recipe.kind], -(-left // workers)))
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
