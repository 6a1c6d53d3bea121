"""The command ``archive``: more pictures than one machine reads in a day."""

import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alpr_utils.cli.options import (
    alpr_of,
    complain,
    with_alpr_options,
    wrong_usage,
)
from alpr_utils.cli.outputs import DECIDE_RESULTS

if TYPE_CHECKING:
    from alpr_utils.serve.archive import Archive
    from alpr_utils.serve.sources import Part

SourcesArgument = Annotated[
    list[str], typer.Argument(metavar="SOURCE", help="Folders, tar and Parquet files, patterns; s3:// too.")
]
ResultsOption = Annotated[str, typer.Option(help="Folder for the Parquet files; s3:// and others too.")]
PartOption = Annotated[int, typer.Option(min=1, help="Pictures a part; a tar or Parquet file is always one.")]
ShareOption = Annotated[str, typer.Option(help="Which machine of how many this is, such as 2/8; plan first.")]
PlanOption = Annotated[bool, typer.Option("--plan-only", help="List the pictures, divide them and read none.")]
RayOption = Annotated[int, typer.Option("--ray", min=0, help="Workers on Ray; 0: this process reads.")]
CropsOption = Annotated[bool, typer.Option("--crops", help="Every picture is one plate; nothing is detected.")]


@with_alpr_options()
def archive(
    context: typer.Context,
    sources: SourcesArgument,
    output: ResultsOption,
    part_size: PartOption = 1000,
    share: ShareOption = "1/1",
    plan_only: PlanOption = False,
    ray_workers: RayOption = 0,
    crops: CropsOption = False,
) -> None:
    """Read an archive part by part into Parquet files, one row a picture; the same command goes on where it stopped."""
    from alpr_utils.serve.archive import Archive

    which, shares = _share(share)
    alpr_of(context.params)  # says what is wrong before anything is listed
    with wrong_usage():
        results = Archive(output)
        planned = _planned(results, sources, part_size, context, shares > 1 and not plan_only)
    if plan_only:
        typer.echo(f"{output}: {planned} parts", err=True)
        return
    if _read(results, results.missing(which, shares), context):
        raise typer.Exit(1)


def _share(text: str) -> tuple[int, int]:
    which, _, shares = text.partition("/")
    if not (which.isdecimal() and shares.isdecimal() and 1 <= int(which) <= int(shares)):
        raise typer.BadParameter(f"--share is '{text}'; write which machine of how many, such as 2/8.")
    return int(which), int(shares)


def _planned(results: "Archive", sources: Sequence[str], size: int, context: typer.Context, needed: bool) -> int:
    """Make the plan, unless there is one; how many parts are still to be read."""
    options = {name: value for name, value in context.params.items() if name in DECIDE_RESULTS}
    if not results.planned:
        if needed:
            raise typer.BadParameter("there is no plan to share; give the command once with --plan-only first.")
        results.plan(sources, size, options)
    results.check(options)
    return len(results.missing())


def _read(results: "Archive", parts: "Sequence[Part]", context: typer.Context) -> bool:
    """Read parts; whether something failed."""
    from tqdm import tqdm

    from alpr_utils.serve.archive import read_parts

    options, failed, pictures, start_s = context.params, False, 0, time.monotonic()
    workers, crops = options["ray_workers"], options["crops"]
    threads = options["threads"] or int(workers > 0)  # a worker takes the cores that it asks for, no more
    models = options["models"] and Path(options["models"]).resolve()
    opened = partial(alpr_of, {**options, "models": models, "threads": threads})
    if workers and parts:
        from alpr_utils.serve.on_ray import read_parts_on_ray

        done = read_parts_on_ray(results, parts, opened, crops, workers, threads)
    else:
        done = read_parts(results, parts, opened, crops)
    try:
        for part, count, problem in tqdm(done, total=len(parts), unit="part", disable=None, file=sys.stderr):
            pictures += count
            if problem:
                failed = True
                complain(f"part {part.number}: {problem}")
    except KeyboardInterrupt:
        complain(f"stopped; what is in {results.place} is kept. Give the same command to go on.")
        raise typer.Exit(1) from None
    if pictures:
        seconds = time.monotonic() - start_s
        typer.echo(f"{pictures} pictures in {seconds:.0f} s, {pictures / seconds:.1f} a second", err=True)
    return failed
