"""Generated clips: written with their truth for ``generate clips``, and the command ``evaluate-clips``."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alpr_utils.cli.figures import calibration_error
from alpr_utils.cli.options import (
    alpr_of,
    with_alpr_options,
    wrong_usage,
)
from alpr_utils.cli.videos import LOOKS_PER_S, EveryOption

if TYPE_CHECKING:
    from alpr_utils.alpr import ALPR
    from alpr_utils.synth.scene.clip import ClipFrame
    from alpr_utils.video.compare import ClipFigures

TRUTH_COLUMNS = ("video", "vehicle", "first_s", "last_s", "frames", "text", "rows", "country")


def write_clips(out: Path, kind: str, count: int, country: str, seed: int, fps: float, width: int) -> int:
    """Write ``count`` clips as H.264, ``NAME.json`` with the boxes of each frame, and ``truth.csv``; how many vehicles.

    Clips that are there with their JSON are kept, so that a stopped command goes on.
    """
    import numpy as np
    from tqdm import tqdm

    from alpr_utils.results import CsvTable, write_json
    from alpr_utils.synth.scene.clip import CLIP_KINDS, check_clip, clip_frames
    from alpr_utils.video.frames import VideoWriter

    kinds = CLIP_KINDS if kind == "all" else (kind,)
    with wrong_usage():
        check_clip(country, kinds[0])
    rows: list[tuple[object, ...]] = []
    for number in tqdm(range(count), unit="clip", disable=None, file=sys.stderr):
        kind = kinds[number % len(kinds)]
        path = out / f"{number:03d}_{kind}.mp4"
        truth_file = path.with_suffix(".json")
        if not truth_file.exists():
            truth: dict[int, dict[str, Any]] = {}
            with VideoWriter(path, fps) as writer:
                for frame in clip_frames(np.random.default_rng((seed, number)), country, kind, fps, width):
                    writer.add(frame.image, frame.time_s)
                    _note(truth, frame)
            write_json(truth_file, {"kind": kind, "fps": fps, "vehicles": [truth[key] for key in sorted(truth)]})
        vehicles = json.loads(truth_file.read_text("utf-8"))["vehicles"]
        rows += [(path.name, *(vehicle[name] for name in TRUTH_COLUMNS[1:])) for vehicle in vehicles]
    with CsvTable(out / "truth.csv", TRUTH_COLUMNS, rows):
        return len(rows)


def _note(truth: dict[int, dict[str, Any]], frame: "ClipFrame") -> None:
    """Add what is seen in a frame; boxes are xmin, ymin, xmax, ymax in pixels."""
    time_s = round(frame.time_s, 3)
    for number, plate in frame.plates.items():
        known = {"vehicle": number, "text": plate.text, "rows": plate.rows, "country": plate.country}
        vehicle = truth.setdefault(number, {**known, "first_s": time_s, "frames": 0, "boxes": {}})
        ymin, xmin, ymax, xmax = (round(float(edge), 1) for edge in plate.box)
        vehicle["boxes"][frame.number] = [xmin, ymin, xmax, ymax]
        vehicle["last_s"], vehicle["frames"] = time_s, vehicle["frames"] + 1


@with_alpr_options("detector", "reader", "min_text_score", "country", "models", "threads")
def evaluate_clips(
    context: typer.Context,
    clips: Annotated[Path, typer.Argument(metavar="FOLDER", help="Written by 'generate clips'.")],
    every: EveryOption = None,
) -> None:
    """Measure how many vehicles of generated clips get one row, with the right text and the right times."""
    from tqdm import tqdm

    alpr = alpr_of(context.params)
    videos = sorted(clips.glob("*.mp4"))
    if not videos:
        raise typer.BadParameter(f"{clips}: holds no clips; write some with 'generate clips'.")
    alpr.load()
    figures: dict[str, ClipFigures] = {}
    frames, start = 0, time.monotonic()
    for video in tqdm(videos, unit="clip", disable=None, file=sys.stderr):
        kind = video.stem.partition("_")[2]
        one, count = _measured(alpr, video, every)
        frames += count
        figures[kind] = figures[kind] + one if kind in figures else one
    seconds = time.monotonic() - start
    total, *others = figures.values()
    for other in others:
        total = total + other
    for kind, of_kind in {**figures, "all": total}.items():
        typer.echo(
            f"{kind}: {of_kind.vehicles} vehicles, {of_kind.rows} rows, {of_kind.exact} texts exact, "
            f"{of_kind.once} of them once, {of_kind.in_time} in time"
        )
    _say_calibration(total)
    rate, threads = frames / seconds, context.params["threads"]
    typer.echo(f"{frames} frames in {seconds:.1f} s: {rate:.1f} a second, with --threads {threads}")


def _say_calibration(figures: "ClipFigures") -> None:
    from alpr_utils.evaluation.readers import calibration

    scores, right = [score for score, _ in figures.scored], [is_right for _, is_right in figures.scored]
    typer.echo(
        f"{sum(right)} of {figures.rows} rows are right, by their scores {sum(scores):.1f}; "
        f"{calibration_error(calibration(scores, right))}"
    )


def _measured(alpr: "ALPR", video: Path, every: int | None) -> tuple["ClipFigures", int]:
    """How well the vehicles of a clip are found, and how many frames it has."""
    from alpr_utils.video.compare import compared, truth_of
    from alpr_utils.video.frames import FrameReader
    from alpr_utils.video.vehicles import follow

    truth = truth_of(video)
    with FrameReader(video) as reader:
        step = every or max(1, round(reader.fps / LOOKS_PER_S))
        found = [vehicle for scene in follow(alpr, reader.frames(step), step) for vehicle in scene.ended]
        return compared(truth, found), reader.frame_count
