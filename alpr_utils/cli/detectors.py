"""The commands ``anchors`` and ``import-darknet``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from alpr_utils.errors import AlprError


def anchors(
    data: Annotated[Path, typer.Option(help="Folder of labelled pictures.")],
    count: Annotated[int, typer.Option(min=1, help="Anchors: 9 for YOLOv3, 6 for the tiny one.")] = 9,
    input_size: Annotated[
        float, typer.Option(min=1, help="Pixels of the long side at which the network sees a picture.")
    ] = 640,
    label: Annotated[str, typer.Option(help="Name of the objects.")] = "plate",
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Find the anchors that suit your data, by k-means with the distance 1 - IoU."""
    from alpr_utils.training.anchor_search import search_anchors

    found = search_anchors(data, count, input_size, label, seed)
    for problem in found.problems:
        typer.echo(f"left out: {problem}", err=True)
    typer.echo(f"{found.boxes} boxes, mean IoU {found.mean_iou:.3f} with {count} anchors (width x height, pixels):")
    typer.echo("  ".join(f"{width:g}x{height:g}" for width, height in found.anchors))
    typer.echo(f'"anchors": {json.dumps(found.anchors)}')


def _class_names(labels: Path) -> list[str]:
    """Names from a Darknet ``.names`` file, one a line."""
    try:
        names = [line.strip() for line in labels.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise AlprError(f"{labels}: cannot be read ({error}); give a text file with one class name a line.") from None
    if not names:
        raise AlprError(f"{labels}: names no class; write one class name a line.")
    return names


def _anchor_shapes(text: str) -> tuple[tuple[float, float], ...]:
    """``10,13, 16,30, ...`` as in a ``.cfg`` file -> ((10, 13), (16, 30), ...); ``()`` for nothing."""
    try:
        numbers = [float(number) for number in text.split(",")] if text else []
    except ValueError:
        numbers = [0.0]
    if len(numbers) % 2:
        raise typer.BadParameter(f"anchors '{text}' are no pairs of numbers; copy the line 'anchors=' of the .cfg.")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def import_darknet(
    weights: Annotated[Path, typer.Argument(metavar="FILE", help="A .weights file of YOLOv3 or YOLOv3-tiny.")],
    labels: Annotated[Path, typer.Option(help="Class names, one a line, such as coco.names.")],
    output: Annotated[Path, typer.Option(help="Model folder to write.")],
    variant: Annotated[str, typer.Option(help="yolov3 or tiny.")] = "yolov3",
    input_size: Annotated[int, typer.Option(min=32, help="Pixels of the long side of the pictures it sees.")] = 608,
    anchors: Annotated[
        str, typer.Option(help="Of every scale, finest first: 'W,H, W,H, ...' [default: the published].")
    ] = "",
    threshold: Annotated[float, typer.Option(min=0.0, max=1.0, help="Score from which a box counts.")] = 0.5,
) -> None:
    """Make a model folder of weights that Darknet trained, for 'read --detector' and '--vehicle-detector'."""
    if variant not in ("yolov3", "tiny"):
        raise typer.BadParameter(f"no variant '{variant}' of Darknet's; choose yolov3 or tiny.")
    if (output / "saved_model").exists():
        raise typer.BadParameter(f"{output} holds a model already; delete it or choose another --output.")
    from alpr_utils.models.tf_import import import_tensorflow_quietly

    names, shapes = _class_names(labels), _anchor_shapes(anchors)
    import_tensorflow_quietly()
    from alpr_utils.detect.export import export_detector
    from alpr_utils.detect.yolov3 import YOLOv3

    architecture = YOLOv3.published(variant, len(names), shapes)
    facts: dict[str, object] = {"darknet_weights": weights.name}
    sides = (input_size, input_size)
    export_detector(weights, output, architecture, names, facts, threshold, sides)
    typer.echo(f"exported to {output}")
