"""The command ``blur``: copies of pictures and videos in which no plate can be read."""

import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from alpr_utils.cli.options import (
    alpr_of,
    complain,
    find_inputs,
    with_alpr_options,
    wrong_usage,
)
from alpr_utils.errors import ModelError, OutputError, PictureError, at_picture, on_one_line
from alpr_utils.images import BLURRED, has_comment, is_video, true_path, write_image
from alpr_utils.results import file_stems

if TYPE_CHECKING:
    from alpr_utils.alpr import ALPR
    from alpr_utils.results import PlateReading

_Frame = TypeVar("_Frame")
_Found = tuple[_Frame, tuple["PlateReading", ...] | None]
_REACH = 3  # frames before and after one whose plates are hidden in it, too, as the detector may miss one for a moment

LeastOption = Annotated[
    float | None, typer.Option(min=0.0, max=1.0, help="Least score of a box to hide [default: half the detector's].")
]
_OPTIONS = (
    "detector", "tiles", "vehicle_first", "vehicle_detector", "enhance", "min_score", "models", "threads",
)  # fmt: skip


@with_alpr_options(*_OPTIONS, min_score=(LeastOption, None))
def blur(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Pictures, folders, globs or videos.")],
    output: Annotated[Path, typer.Option(help="Folder for the copies; not one that holds the pictures.")],
) -> None:
    """Copy pictures and videos with their plates hidden; look at the copies before you publish them."""
    alpr = alpr_of({**context.params, "reader": None})
    found, incomplete = find_inputs(paths)
    with wrong_usage():
        places = _places(found, output)
    if _blur_all(alpr, places) or incomplete:
        raise typer.Exit(1)


def _places(paths: Iterable[Path], output: Path) -> dict[Path, Path]:
    """Where each copy goes.

    Raises:
        OutputError: it would lie among the inputs, or replace something that is no such copy.
    """
    paths = list(paths)
    named = zip(paths, file_stems(paths), strict=True)
    places = {path: output / f"{stem}{'.mp4' if is_video(path) else '.jpg'}" for path, stem in named}
    if true_path(output) in {true_path(path).parent for path in paths}:
        raise OutputError(f"{output}: holds pictures to blur, and copies would lie among them; choose another folder.")
    for place in places.values():
        if place.exists() and not _is_copy(place):
            raise OutputError(f"{place}: is there and was not made by 'blur'; choose another folder or move it away.")
    return places


def _is_copy(place: Path) -> bool:
    if not is_video(place):
        return has_comment(place, BLURRED)
    from alpr_utils.video.frames import is_drawn

    return is_drawn(place, BLURRED)


def _blur_all(alpr: "ALPR", places: Mapping[Path, Path]) -> bool:
    """Write every copy and say on stdout what is hidden in it; whether something failed."""
    failed = False
    pictures = [path for path in places if not is_video(path)]
    if places:
        alpr.min_score = alpr.careful_score
    for result in alpr.read_many(pictures):
        if result.error:
            failed = True
            complain(result.error)
        else:
            write_image(places[result.path], alpr.blur(result.image, result.plates), BLURRED)
            _say(result.path.name, f"{_counted(len(result.plates), 'plate')} hidden")
    for path in filter(is_video, places):
        try:
            _say(path.name, _blur_video(alpr, path, places[path]))
        except (PictureError, ModelError) as error:
            failed = True
            complain(at_picture(path, error))
    return failed


def _blur_video(alpr: "ALPR", path: Path, place: Path) -> str:
    """Write the copy of a video, without its sound; what to say about it.

    Raises:
        PictureError: it, or a part of it, cannot be decoded.
    """
    from alpr_utils.video.frames import FrameReader, VideoWriter

    seen = hidden = 0
    with FrameReader(path) as reader:
        found = alpr.find_ahead((frame, frame.image) for frame in reader.frames())
        with VideoWriter(place, reader.fps, BLURRED) as writer:
            for frame, plates in _with_neighbours(found):
                writer.add(alpr.blur(frame.image, plates), frame.time_s)
                seen, hidden = seen + 1, hidden + bool(plates)
        if reader.damaged_s:
            raise PictureError(reader.damage())
    return f"plates hidden in {hidden} of {_counted(seen, 'frame')}"


def _with_neighbours(found: Iterable["_Found[_Frame]"]) -> Iterator[tuple[_Frame, list["PlateReading"]]]:
    """Each frame with its plates and those of the frames just before and after it."""
    held: deque[_Found[_Frame] | None] = deque(maxlen=2 * _REACH + 1)
    for item in chain(found, [None] * _REACH):
        held.append(item)
        middle = held[-_REACH - 1] if len(held) > _REACH else None
        if middle:
            yield middle[0], [plate for near in held if near for plate in near[1] or ()]


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"


def _say(name: str, words: str) -> None:
    from tqdm import tqdm

    tqdm.write(f"{on_one_line(name)}\t{words}", file=sys.stdout)
