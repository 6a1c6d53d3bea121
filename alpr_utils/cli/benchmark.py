"""The command ``benchmark``: how fast this machine finds and reads plates."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alpr_utils.cli.options import check_json, with_alpr_options, wrong_usage

if TYPE_CHECKING:
    from alpr_utils.evaluation.benchmark import BenchmarkSettings
    from alpr_utils.evaluation.benchmark_report import Report

EnginesOption = Annotated[list[str], typer.Option(help="auto (int8 where fast), onnx, tensorflow; repeat to compare.")]
ThreadsOption = Annotated[list[int], typer.Option(min=0, help="Of each network, 0: all cores; repeat to compare.")]
SizeOption = Annotated[list[int], typer.Option(min=32, help="Longer side of the pictures; repeat to compare.")]
AgainstOption = Annotated[
    list[str] | None, typer.Option(help="Another detector or reader; all take turns; repeat for more.")
]
AccuracyOption = Annotated[
    list[Path] | None, typer.Option(help="JSON of 'evaluate' of a detector: the chart shows AP against time; repeat.")
]
ShowOption = Annotated[Path | None, typer.Option(help="Measure nothing, but print the tables of a JSON file.")]


@with_alpr_options("detector", "reader", "models")
def benchmark(
    context: typer.Context,
    pictures: Annotated[list[Path] | None, typer.Argument(help="Pictures or folders; none: generated.")] = None,
    against: AgainstOption = None,
    engine: EnginesOption = ["auto"],  # noqa: B006 - typer copies it
    threads: ThreadsOption = [0],  # noqa: B006
    size: SizeOption = [1920],  # noqa: B006
    count: Annotated[int, typer.Option(min=1, help="Pictures, and generated plates for the reader.")] = 8,
    rounds: Annotated[int, typer.Option(min=1, help="How often everything is repeated.")] = 5,
    networks: Annotated[bool, typer.Option("--networks", help="Also GFLOP and speed of every network.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="File for the figures.")] = None,
    plot: Annotated[Path | None, typer.Option(help="PNG file for a chart.")] = None,
    accuracy: AccuracyOption = None,
    show: ShowOption = None,
) -> None:
    """Measure how fast plates are found and read on this machine; print it as Markdown tables."""
    from alpr_utils.evaluation.benchmark_report import markdown, measure

    check_json(json_file)
    if show:
        report = _stored(show, "benchmark --json")
    else:
        with wrong_usage():
            report = measure(_settings(context.params), networks)
    typer.echo(markdown(report), nl=False)
    if json_file:
        from alpr_utils.results import write_json

        write_json(json_file, report)
    if plot:
        _draw(report, [_stored(file, "evaluate --json") for file in accuracy or ()], plot)


def _settings(options: Mapping[str, Any]) -> "BenchmarkSettings":
    """The settings that the options of the command describe, which are called like its arguments."""
    from alpr_utils.evaluation.benchmark import BenchmarkSettings
    from alpr_utils.read.load import READERS

    against = tuple(options["against"] or ())
    return BenchmarkSettings(
        detectors=(options["detector"], *(name for name in against if name not in READERS)),
        readers=(options["reader"], *(name for name in against if name in READERS)),
        engines=tuple(options["engine"]),
        threads=tuple(options["threads"]),
        sizes=tuple(options["size"]),
        pictures=tuple(options["pictures"] or ()),
        count=options["count"],
        rounds=options["rounds"],
        models_dir=options["models"],
    )


def _stored(file: Path, command: str) -> "Report":
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file}: is not a file that '{command}' wrote ({error}).") from None


def _draw(report: "Report", evaluations: "Sequence[Report]", file: Path) -> None:
    from alpr_utils.charts.benchmark import draw_accuracy, draw_benchmark
    from alpr_utils.images import write_bytes

    picture = io.BytesIO()
    figure = draw_accuracy(report, evaluations) if evaluations else draw_benchmark(report)
    figure.savefig(picture, format="png")
    write_bytes(file, picture.getvalue())
