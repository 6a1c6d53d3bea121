"""The command ``read``: the plates of pictures and videos."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alpr_utils.cli.options import (
    CountryOption,
    DetectorOption,
    EnhanceOption,
    MinScoreOption,
    ModelsOption,
    ReaderOption,
    ShadowsOption,
    ThreadsOption,
    TilesOption,
    VehicleDetectorOption,
    VehicleFirstOption,
    alpr_of,
    complain,
    wrong_usage,
)
from alpr_utils.cli.outputs import Outputs, Places
from alpr_utils.detect.detector import DEFAULT_DETECTOR, VEHICLE_DETECTOR
from alpr_utils.read.load import DEFAULT_READER, MIN_TEXT_SCORE

if TYPE_CHECKING:
    from alpr_utils.alpr import ALPR

GrammarOption = Annotated[bool, typer.Option("--grammar/--no-grammar", help="Let the grammar settle look-alikes.")]
MinTextScoreOption = Annotated[
    float | None,
    typer.Option(min=0.0, max=1.0, help=f"Leave out texts that score less [default: {MIN_TEXT_SCORE}; crops: 0]."),
]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on with the table or JSON of a stopped run.")]
ExcelOption = Annotated[bool, typer.Option("--excel", help="Write the table so that Excel opens it rightly.")]
SaveCropsOption = Annotated[Path | None, typer.Option(help="Folder for the plates, cut out of the pictures.")]


def read(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Pictures, folders, globs or videos.")],
    output: Annotated[Path | None, typer.Option(help="Folder for drawings and plates.csv.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Table [default: OUTPUT/plates.csv].")] = None,
    json: Annotated[Path | None, typer.Option(help="JSON Lines, with the score of every character.")] = None,
    save_crops: SaveCropsOption = None,
    excel: ExcelOption = False,
    resume: ResumeOption = False,
    detector: DetectorOption = DEFAULT_DETECTOR,
    tiles: TilesOption = False,
    vehicle_first: VehicleFirstOption = False,
    vehicle_detector: VehicleDetectorOption = VEHICLE_DETECTOR,
    reader: ReaderOption = DEFAULT_READER,
    enhance: EnhanceOption = False,
    remove_shadows: ShadowsOption = True,
    min_score: MinScoreOption = None,
    min_text_score: MinTextScoreOption = None,
    crops: Annotated[bool, typer.Option("--crops", help="Every picture is one plate; nothing is detected.")] = False,
    country: CountryOption = "auto",
    grammar: GrammarOption = True,
    every: Annotated[int, typer.Option(min=1, help="Take every so many frames of a video.")] = 1,
    models: ModelsOption = None,
    threads: ThreadsOption = 0,
) -> None:
    """Find and read the plates of pictures and videos."""
    if resume and not (output or csv or json):
        raise typer.BadParameter("--resume goes on with a table; give --output, --csv or --json.")
    if crops and (save_crops or min_text_score is not None or reader == "none"):
        raise typer.BadParameter("--crops needs a reader, no --save-crops and no --min-text-score.")
    alpr = alpr_of({**context.params, "detector": None if crops else detector})
    pictures, incomplete = _find(paths)
    table = csv or (output / "plates.csv" if output else None)
    outputs = Outputs(Places(table, json, output, save_crops), pictures, context.params, excel)
    with wrong_usage():
        outputs.check(resume)
    if _read_all(alpr, pictures, outputs, crops, every, resume) or incomplete:
        raise typer.Exit(1)


def _find(paths: Sequence[str]) -> tuple[list[Path], bool]:
    """The pictures to process, and whether some paths led nowhere (said on stderr)."""
    from alpr_utils.images import find_pictures

    found, problems = find_pictures(paths)
    for problem in problems:
        complain(problem)
    return found, bool(problems)


def _read_all(alpr: "ALPR", pictures: Sequence[Path], outputs: Outputs, crops: bool, every: int, resume: bool) -> bool:
    """Read the pictures and write each result as it comes; whether some picture failed."""
    from tqdm import tqdm

    from alpr_utils.images import frame_count

    failed = False
    try:
        if pictures:
            alpr.load(crops)
        total = sum(frame_count(path, every) for path in pictures)
        with ExitStack() as stack:
            skip = outputs.open(stack, resume)
            bar = stack.enter_context(
                tqdm(total=total, initial=len(skip), unit="picture", disable=None, file=sys.stderr)
            )
            results = stack.enter_context(closing(alpr.read_many(pictures, crops=crops, every=every, skip=skip)))
            for result in results:
                bar.update()
                if result.error:
                    failed = True
                    complain(result.error)
                else:
                    outputs.add(result)
    except KeyboardInterrupt:
        complain(outputs.stopped())
        raise typer.Exit(1) from None
    return failed
