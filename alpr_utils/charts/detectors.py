"""Charts of what detectors can do and pictures of how they do it: tables, curves, boxes and scores on a picture."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure

from alpr_utils.boxes import to_pixels
from alpr_utils.data.labels import LabelledImage
from alpr_utils.evaluation.detectors import DetectorFigures, precision_of_widths, precision_recall
from alpr_utils.evaluation.widths import found_by_width
from alpr_utils.images import crop_plate

Colour = tuple[int, int, int]
PLATE_COLOUR: Colour = (0, 220, 70)
WRONG_COLOUR: Colour = (240, 50, 40)
IGNORED_COLOUR: Colour = (250, 190, 0)
FAINT_COLOUR: Colour = (90, 160, 255)
# The same colour in every chart, whichever detectors are in it.
_COLOURS = {"plate_detector_ssd": "C0", "plate_detector_faster_rcnn": "C1", "plate_detector_yolov3": "C2"}
_OTHER_COLOUR = "C7"
_DIMMED = 0.45  # of a picture under a map of scores


def detector_colour(name: str) -> str:
    """The colour of a detector in all charts, also where its name is followed by how it was used."""
    return next((colour for known, colour in _COLOURS.items() if name.startswith(known)), _OTHER_COLOUR)


def short_name(name: str) -> str:
    """``plate_detector_ssd`` -> ``ssd``."""
    return name.removeprefix("plate_detector_")


def detectors_table(evaluations: Sequence[DetectorFigures]) -> str:
    """The figures of detectors as a Markdown table, one row a detector."""
    lines = [
        "| detector | pictures | plates | AP | AP50 | AP75 | found | false boxes | ms | processor ms |",
        "|---" * 10 + "|",
    ]
    for one in evaluations:
        precision = f"{one.ap:.3f} | {one.ap50:.3f} | {one.ap75:.3f}"
        cost = f"{one.milliseconds:.0f} | {one.processor_milliseconds:.0f}"
        found = f"{one.recall:.1%} | {one.false_boxes}"
        title = short_name(one.detector)
        lines.append(f"| {title} | {one.pictures} | {len(one.widths)} | {precision} | {found} | {cost} |")
    return "\n".join(lines)


def outline(image: np.ndarray, groups: Sequence[tuple[np.ndarray, Colour]], line: int = 1) -> np.ndarray:
    """A copy of ``image: uint8 (H, W, 3)`` with groups of boxes, each in its colour, the last group on top.

    Boxes are float (N, 4), ymin, xmin, ymax, xmax, pixels.
    """
    picture = image.copy()
    for boxes, colour in groups:
        for ymin, xmin, ymax, xmax in np.round(boxes).astype(int).tolist():
            cv2.rectangle(picture, (xmin, ymin), (xmax - 1, ymax - 1), colour, line)
    return picture


def heat(image: np.ndarray, scores: np.ndarray, stride: int) -> np.ndarray:
    """``scores: float (rows, columns)``, 0..1, of cells of ``stride`` pixels laid over a dimmed picture, uint8."""
    height, width = image.shape[:2]
    colours = matplotlib.colormaps["inferno"](scores)[..., :3]
    large = np.kron(colours, np.ones((stride, stride, 1)))[:height, :width]
    shown = np.kron(scores, np.ones((stride, stride)))[:height, :width, None]
    # A cell without any score shows the picture, a sure one nothing but its colour.
    share = np.clip(shown, 0, 1) ** 0.5
    return np.clip(255 * share * large + (1 - share) * _DIMMED * image, 0, 255).astype(np.uint8)


def channel_pictures(features: np.ndarray, count: int, height: int) -> list[np.ndarray]:
    """The ``count`` channels of ``features: float (rows, columns, C)`` that vary most: uint8 (height, w) each."""
    pictures = []
    for channel in np.argsort(-features.std(axis=(0, 1)))[:count]:
        values = features[..., channel]
        # A few extreme values would leave everything else black.
        low, high = np.quantile(values, (0.0, 0.99))
        width = round(height * values.shape[1] / values.shape[0])
        grey = (255 * np.clip((values - low) / max(high - low, 1e-6), 0, 1)).astype(np.uint8)
        pictures.append(cv2.resize(grey, (width, height), interpolation=cv2.INTER_NEAREST))
    return pictures


def around(image: np.ndarray, box_px: Sequence[float], times: float = 3, least: int = 160) -> np.ndarray:
    """The surroundings of a box in pixels, so many times as wide as the box and at least ``least`` pixels."""
    height, width = image.shape[:2]
    ymin, xmin, ymax, xmax = box_px
    middle_y, middle_x = (ymin + ymax) / 2, (xmin + xmax) / 2
    side = max(times * (xmax - xmin), least)
    half_y, half_x = 0.3 * side, 0.5 * side
    window = np.array([middle_y - half_y, middle_x - half_x, middle_y + half_y, middle_x + half_x])
    return crop_plate(image, window / [height, width, height, width], margin=0)


def marked(image: np.ndarray, box_px: Sequence[float]) -> np.ndarray:
    """The surroundings of a box in pixels, with the box drawn."""
    return around(outline(image, [(np.array([box_px]), WRONG_COLOUR)]), box_px)


def failures(figures: DetectorFigures, pictures: Sequence[LabelledImage]) -> list[tuple[str, np.ndarray]]:
    """Title and surroundings of every plate that was missed, widest first, and of every false box, surest first."""
    images = {picture.name: picture.image for picture in pictures}
    missed = sorted(set(range(len(figures.widths))) - figures.found, key=lambda number: -figures.widths[number])
    shown = []
    for number in missed:
        name, box_px = figures.plates[number]
        shown.append((f"missed: {figures.widths[number]:.0f} px", marked(images[name], box_px)))
    for box in figures.reported:
        if box.plate < 0:
            image = images[box.picture]
            (box_px,) = to_pixels([box.detection.box], *image.shape[:2])
            shown.append((f"false: {box.detection.score:.0%}", marked(image, box_px)))
    return shown


def draw_precision_recall(evaluations: Mapping[str, Sequence[DetectorFigures]]) -> Figure:
    """Precision over recall at IoU 0.5, one chart a title, one curve a detector; the dot is its operating threshold."""
    figure = Figure(figsize=(5.2 * len(evaluations), 3.8), layout="constrained")
    charts = figure.subplots(1, len(evaluations), sharey=True, squeeze=False)[0]
    for axes, (title, found) in zip(charts, evaluations.items(), strict=True):
        for one in found:
            recall, precision = precision_recall(one.ranking, len(one.widths))
            colour, label = detector_colour(one.detector), f"{short_name(one.detector)}, AP50 {one.ap50:.3f}"
            axes.plot(recall, precision, color=colour, label=label)
            if one.reported:
                place = len(one.reported) - 1
                axes.plot(recall[place], precision[place], "o", color=colour)
        axes.set(title=title, xlabel="recall", xlim=(0, 1.02), ylim=(0, 1.02))
        axes.grid(alpha=0.3)
        axes.legend(fontsize=7, loc="lower left")
    charts[0].set_ylabel("precision")
    return figure


def draw_widths_found(evaluations: Mapping[str, Sequence[DetectorFigures]]) -> Figure:
    """AP50 by width of the plates, one chart a title, one colour a detector; below each band its number of plates."""
    figure = Figure(figsize=(5.2 * len(evaluations), 3.4), layout="constrained")
    charts = figure.subplots(1, len(evaluations), sharey=True, squeeze=False)[0]
    for axes, (title, found) in zip(charts, evaluations.items(), strict=True):
        widths = [width for one in found[:1] for width in one.widths]
        bands = found_by_width((width, True) for width in widths)
        thickness = 0.8 / max(len(found), 1)
        for number, one in enumerate(found):
            heights = [precision_of_widths(one, band.least, band.below or np.inf)[1] for band in bands]
            places = np.arange(len(bands)) + thickness * (number - (len(found) - 1) / 2)
            colour, label = detector_colour(one.detector), short_name(one.detector)
            axes.bar(places, heights, thickness, color=colour, label=label)
        axes.set_xticks(range(len(bands)), [f"{band.title}\n({band.plates})" for band in bands], fontsize=7)
        axes.set(title=title, ylim=(0, 1.02))
        axes.grid(axis="y", alpha=0.3)
    charts[0].set_ylabel("AP50")
    # Beside the bars it would hide some of them; the charts share their colours.
    figure.legend(*charts[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=7)
    return figure


def draw_time_accuracy(evaluations: Mapping[str, Sequence[DetectorFigures]]) -> Figure:
    """AP over the time of all processor cores a picture, one chart a title, one dot a detector."""
    figure = Figure(figsize=(5.2 * len(evaluations), 3.4), layout="constrained")
    charts = figure.subplots(1, len(evaluations), squeeze=False)[0]
    for axes, (title, found) in zip(charts, evaluations.items(), strict=True):
        for one in found:
            place = (one.processor_milliseconds, one.ap)
            axes.plot(*place, "o", color=detector_colour(one.detector))
            axes.annotate(f" {short_name(one.detector)}", place, fontsize=7, va="bottom")
        slowest = max((one.processor_milliseconds for one in found), default=1.0)
        axes.set(title=title, xlabel="processor ms a picture", ylim=(0, 1), xlim=(0, 1.5 * slowest))
        axes.grid(alpha=0.3)
    charts[0].set_ylabel("AP")
    return figure


def draw_losses(logs: Mapping[str, Path]) -> Figure:
    """Every part of the loss over the epochs, one chart a ``log.csv``; validation is dotted."""
    figure = Figure(figsize=(4.6 * len(logs), 3.4), layout="constrained")
    charts = figure.subplots(1, len(logs), squeeze=False)[0]
    for axes, (name, log) in zip(charts, logs.items(), strict=True):
        with log.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        columns = [column for column in (rows[0] if rows else {}) if column.endswith("loss")]
        parts = [column for column in columns if not column.startswith("val_")]
        for number, column in enumerate(sorted(parts, key=lambda column: column != "loss")):
            for logged, style in ((column, "-"), (f"val_{column}", ":")):
                known = [epoch for epoch, row in enumerate(rows) if row.get(logged) not in (None, "", "NA")]
                losses = [float(rows[epoch][logged]) for epoch in known]
                label = column if style == "-" else None
                if known:
                    axes.plot([epoch + 1 for epoch in known], losses, style, color=f"C{number}", label=label)
        axes.set(title=short_name(name), xlabel="epoch", yscale="log")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=7)
    charts[0].set_ylabel("loss")
    return figure


def draw_found(found: Mapping[str, Mapping[str, Mapping[float, float]]]) -> Figure:
    """Detector -> look -> what `found_by_share` gave: one chart a detector, one line a look, the first one dashed."""
    figure = Figure(figsize=(4.2 * len(found), 2.8), layout="constrained")
    charts = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    for axes, (name, looks) in zip(charts, found.items(), strict=True):
        for style, (look, parts) in zip(("--", "-", ":"), looks.items(), strict=False):
            places, heights = ([100 * value for value in values] for values in (parts, parts.values()))
            axes.plot(places, heights, style, marker="o", color=detector_colour(name), label=look)
        axes.set(title=short_name(name), xlabel="width of the plate, % of the picture", ylim=(-3, 103))
        axes.grid(alpha=0.3)
        axes.legend(loc="lower left")
    charts[0].set_ylabel("plates found, %")
    return figure
