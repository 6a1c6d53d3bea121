"""The command ``read``: the plates of pictures and videos."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alpr_utils.cli.options import (
    alpr_of,
    complain,
    find_inputs,
    with_alpr_options,
    wrong_usage,
)
from alpr_utils.cli.outputs import Outputs, Places
from alpr_utils.cli.videos import EveryOption, VideoOutputs, vehicles_table

if TYPE_CHECKING:
    from alpr_utils.alpr import ALPR

ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on with the table or JSON of a stopped run.")]
ExcelOption = Annotated[bool, typer.Option("--excel", help="Write the table so that Excel opens it rightly.")]
SaveCropsOption = Annotated[Path | None, typer.Option(help="Folder for the plates, cut out of the pictures.")]


@with_alpr_options()
def read(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Pictures, folders, globs or videos.")],
    output: Annotated[Path | None, typer.Option(help="Folder for drawings, plates.csv and vehicles.csv.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Table [default: plates.csv or vehicles.csv in OUTPUT].")] = None,
    json: Annotated[Path | None, typer.Option(help="JSON Lines, with the score of every character.")] = None,
    save_crops: SaveCropsOption = None,
    excel: ExcelOption = False,
    resume: ResumeOption = False,
    crops: Annotated[bool, typer.Option("--crops", help="Every picture is one plate; nothing is detected.")] = False,
    every: EveryOption = None,
    frames: Annotated[
        bool, typer.Option("--frames", help="Also write frames.csv: every plate of every frame.")
    ] = False,
) -> None:
    """Find and read the plates of pictures and videos."""
    _check_usage(context.params)
    alpr = alpr_of({**context.params, "detector": None} if crops else context.params)
    found, incomplete = find_inputs(paths)
    pictures, videos = _divided(found, crops)
    outputs = Outputs(_places(output, csv, json, save_crops, pictures), found, context.params, alpr.draw)
    clips = VideoOutputs(outputs, videos, vehicles_table(output, csv, bool(pictures)) if videos else None, frames)
    with wrong_usage():
        outputs.check(resume)
        clips.check(resume)
    if _read_all(alpr, pictures, outputs, clips, crops, every, resume) or incomplete:
        raise typer.Exit(1)


def _check_usage(options: dict[str, Any]) -> None:
    """Options that contradict each other are wrong usage."""
    table = options["output"] or options["csv"]
    if options["resume"] and not (table or options["json"]):
        raise typer.BadParameter("--resume goes on with a table; give --output, --csv or --json.")
    if options["frames"] and not table:
        raise typer.BadParameter("--frames writes a table; give --output or --csv.")
    without = options["save_crops"] or options["min_text_score"] is not None or options["reader"] == "none"
    if options["crops"] and without:
        raise typer.BadParameter("--crops needs a reader, no --save-crops and no --min-text-score.")


def _places(
    output: Path | None, csv: Path | None, json: Path | None, crops: Path | None, pictures: Sequence[Path]
) -> Places:
    """Where results of pictures go; without any there is no table of them."""
    table = csv or (output / "plates.csv" if output else None)
    return Places(table if pictures else None, json, output, crops)


def _divided(paths: Sequence[Path], crops: bool) -> tuple[list[Path], list[Path]]:
    """Pictures, and videos that no earlier run drew on; among ``crops`` a video is a row of pictures."""
    from alpr_utils.images import is_video

    videos = [path for path in paths if is_video(path) and not crops]
    pictures = [path for path in paths if path not in videos]
    if videos:
        from alpr_utils.video.frames import is_drawn

        videos = [path for path in videos if not is_drawn(path)]
    return pictures, videos


def _read_all(
    alpr: "ALPR", pictures: Sequence[Path], outputs: Outputs, clips: VideoOutputs, crops: bool, every: int | None,
    resume: bool,
) -> bool:  # fmt: skip
    """Read pictures, then videos, and write each result as it comes; whether something failed."""
    from tqdm import tqdm

    from alpr_utils.images import frame_count

    failed, doing = False, outputs.stopped
    try:
        if pictures or clips.videos:
            alpr.load(crops)
        total = sum(frame_count(path, every or 1) for path in pictures) + clips.frame_count()
        with ExitStack() as stack:
            skip = outputs.open(stack, resume)
            unit = "frame" if clips.videos else "picture"
            bar = stack.enter_context(tqdm(total=total, initial=len(skip), unit=unit, disable=None, file=sys.stderr))
            read = alpr.read_many(pictures, crops=crops, every=every or 1, skip=skip)
            for result in stack.enter_context(closing(read)):
                bar.update()
                if result.error:
                    failed = True
                    complain(result.error)
                else:
                    outputs.add(result)
            doing = clips.stopped
            clips.open(stack, resume)
            for problem in clips.read(alpr, every, bar.update):
                failed = True
                complain(problem)
    except KeyboardInterrupt:
        complain(doing())
        raise typer.Exit(1) from None
    return failed
