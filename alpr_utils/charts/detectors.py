"""Tables and charts of what detectors can do."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from alpr_utils.boxes import shape_iou, to_pixels
from alpr_utils.charts.draw import marked
from alpr_utils.charts.logs import logged_values, read_log
from alpr_utils.charts.style import (
    BLUE,
    GREEN,
    GREY,
    LINE_COLOURS,
    ORANGE,
    VERMILION,
    chart_grid,
    chart_style,
    left_charts,
    plain_log,
    wilson_bars,
)
from alpr_utils.evaluation.detectors import DetectorFigures, interval_of, precision_recall, resampled_ap
from alpr_utils.evaluation.intervals import with_interval
from alpr_utils.evaluation.widths import WidthBand, found_by_width

if TYPE_CHECKING:
    from alpr_utils.evaluation.detectors import LabelledImage

# The same colour in every chart, whichever detectors are in it.
_COLOURS = {
    "plate_detector_ssd": BLUE,
    "plate_detector_faster_rcnn": ORANGE,
    "plate_detector_yolov3": GREEN,
    "plate_detector_two_looks": VERMILION,
}
_MARKERS = {
    "plate_detector_ssd": "o",
    "plate_detector_faster_rcnn": "s",
    "plate_detector_yolov3": "^",
    "plate_detector_two_looks": "*",
}


def _of_detector(styles: Mapping[str, str], name: str, otherwise: str) -> str:
    """The style of a detector, also where its name is followed by how it was used."""
    return next((style for beginning, style in styles.items() if name.startswith(beginning)), otherwise)


def detector_colour(name: str) -> str:
    """The colour of a detector in all charts, also where its name is followed by how it was used."""
    return _of_detector(_COLOURS, name, GREY)


def _marker(name: str) -> str:
    return _of_detector(_MARKERS, name, "D")


def short_name(name: str) -> str:
    """``plate_detector_ssd`` -> ``ssd``."""
    return name.removeprefix("plate_detector_")


def detectors_table(evaluations: Sequence[DetectorFigures]) -> str:
    """The figures of detectors as a Markdown table, one row a detector; in brackets 95 % intervals."""
    lines = [
        "| detector | pictures | plates | AP (95 %) | AP50 | AP75 | found (95 %) | false boxes |",
        "|---" * 8 + "|",
    ]
    for figures in evaluations:
        counts = f"{figures.pictures} | {len(figures.widths)}"
        interval = interval_of(resampled_ap(figures), figures.pictures)
        precision = f"{figures.ap:.2f} ({interval}) | {figures.ap50:.2f} | {figures.ap75:.2f}"
        found = f"{with_interval(len(figures.found), len(figures.widths))} | {figures.false_boxes}"
        lines.append(f"| {short_name(figures.detector)} | {counts} | {precision} | {found} |")
    return "\n".join(lines)


def failures(figures: DetectorFigures, pictures: "Sequence[LabelledImage]") -> list[tuple[str, np.ndarray]]:
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
    """Precision over recall at IoU 0.5, one chart a title, one curve a detector.

    The marker stands at the operating threshold.
    """
    with chart_style():
        figure, charts = chart_grid(len(evaluations), 3.4)
        for axes, (title, group) in zip(charts, evaluations.items(), strict=True):
            for figures in group:
                recall, precision = precision_recall(figures.ranking, len(figures.widths))
                label = f"{short_name(figures.detector)}, AP50 {figures.ap50:.3f}"
                colour = detector_colour(figures.detector)
                axes.plot(recall, precision, color=colour, label=label)
                if figures.reported:
                    place = len(figures.reported) - 1
                    axes.plot(recall[place], precision[place], _marker(figures.detector), color=colour)
            axes.set(title=title, xlabel="recall", xlim=(0, 1.04), ylim=(0, 1.04))
            axes.grid(alpha=0.3)
            axes.legend(loc="lower left")
        for axes in left_charts(charts):
            axes.set_ylabel("precision")
    return figure


def draw_widths_found(evaluations: Mapping[str, Sequence[DetectorFigures]]) -> Figure:
    """Share of the plates found by their width, with 95 % intervals: one chart a title, one colour a detector.

    Below each band stands its number of plates; found means at the operating threshold.
    """
    with chart_style():
        figure, charts = chart_grid(len(evaluations), 3.2)
        for axes, (title, group) in zip(charts, evaluations.items(), strict=True):
            _draw_bands(axes, group)
            axes.set(title=title, xlabel="width of the plate, pixels (plates)", ylim=(0, 104))
            axes.grid(axis="y", alpha=0.3)
        for axes in left_charts(charts):
            axes.set_ylabel("plates found, %")
        # Beside the bars it would hide some of them; the charts share their colours.
        figure.legend(*charts[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _draw_bands(axes: Axes, group: Sequence[DetectorFigures]) -> None:
    thickness = 0.8 / max(len(group), 1)
    bands: tuple[WidthBand, ...] = ()
    for number, figures in enumerate(group):
        found, name = figures.found, figures.detector
        bands = found_by_width((width, plate in found) for plate, width in enumerate(figures.widths))
        shares = [band.found / band.plates for band in bands]
        reach = 100 * wilson_bars(shares, [band.plates for band in bands])
        lines = {"elinewidth": 0.8, "ecolor": GREY}
        places = np.arange(len(bands)) + thickness * (number - (len(group) - 1) / 2)
        heights, colour = [100 * share for share in shares], detector_colour(name)
        axes.bar(places, heights, thickness, label=short_name(name), color=colour, yerr=reach, error_kw=lines)
    titles = (band.title.removesuffix(" px").replace(" px or more", "+") for band in bands)
    axes.set_xticks(range(len(bands)), [f"{title}\n({band.plates})" for title, band in zip(titles, bands, strict=True)])


def draw_losses(logs: Mapping[str, Path]) -> Figure:
    """Every part of the loss over the epochs, one chart a ``log.csv``; validation is dotted where it was logged.

    A part that is the whole loss is drawn once.
    """
    with chart_style():
        figure, charts = chart_grid(len(logs), 4.4, columns=3, share_y=False)
        for axes, (name, log) in zip(charts, logs.items(), strict=True):
            rows = read_log(log)
            columns = [column for column in (rows[0] if rows else {}) if column.endswith("_loss")]
            whole = logged_values(rows, "loss")
            parts = [name for name in columns if not name.startswith("val_") and logged_values(rows, name) != whole]
            for number, column in enumerate(("loss", *parts)):
                colour = LINE_COLOURS[number % len(LINE_COLOURS)]
                for logged, style, label in ((column, "-", column), (f"val_{column}", ":", None)):
                    epochs, losses = logged_values(rows, logged)
                    if epochs:
                        axes.plot(epochs, losses, style, color=colour, label=label)
            validated = logged_values(rows, "val_loss")[0]
            title = f"{short_name(name)}: {'validation dotted' if validated else 'no validation logged'}"
            axes.set(title=title, xlabel="epoch", yscale="log")
            plain_log(axes.yaxis)
            axes.grid(alpha=0.3)
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18))
        for axes in left_charts(charts, 3):
            axes.set_ylabel("loss")
    return figure


def draw_found(found: Mapping[str, Mapping[str, Mapping[float, float]]]) -> Figure:
    """Detector -> passes -> what `found_by_share` gave: one chart a detector, one line a kind, the first one dashed."""
    with chart_style():
        figure, charts = chart_grid(len(found), 2.8, columns=3)
        for axes, (name, kinds) in zip(charts, found.items(), strict=True):
            for style, (kind, parts) in zip(("--", "-", ":"), kinds.items(), strict=False):
                places, heights = ([100 * value for value in values] for values in (parts, parts.values()))
                axes.plot(places, heights, style, marker=_marker(name), color=detector_colour(name), label=kind)
            axes.set(title=short_name(name), xlabel="width of the plate,\n% of the picture", ylim=(-3, 103))
            axes.grid(alpha=0.3)
            axes.legend(loc="lower left")
        charts[0].set_ylabel("plates found, %")
    return figure


def draw_anchor_shapes(plates: np.ndarray, anchors: Mapping[str, np.ndarray]) -> Figure:
    """Detector -> shapes of its anchors beside those of the plates: float (N, 2), height and width in pixels each."""
    with chart_style():
        figure, charts = chart_grid(len(anchors), 3.0, columns=3)
        for axes, (name, shapes) in zip(charts, anchors.items(), strict=True):
            axes.plot(plates[:, 1], plates[:, 0], ".", label="plates")
            axes.plot(shapes[:, 1], shapes[:, 0], "x", label="anchors")
            fit = shape_iou(plates, shapes).max(axis=1).mean()
            title = f"{name}: mean IoU {fit:.2f}"
            axes.set(title=title, xlabel="width, pixels", xscale="log", yscale="log")
            plain_log(axes.xaxis)
            plain_log(axes.yaxis)
            axes.legend(loc="lower right")
        charts[0].set_ylabel("height, pixels")
    return figure


CHANGE_COLUMNS = ("what", "detector", "AP before", "change (95 %)", "found", "false boxes")


def change_rows(
    what: str, before: Sequence[DetectorFigures], after: Sequence[DetectorFigures]
) -> list[tuple[str, ...]]:
    """What a change did to each detector on the same pictures, one row each, in the order of ``CHANGE_COLUMNS``."""
    rows: list[tuple[str, ...]] = []
    for old, new in zip(before, after, strict=True):
        interval = interval_of(resampled_ap(new) - resampled_ap(old), old.pictures, "+.2f")
        change = f"{round(new.ap - old.ap, 2) + 0.0:+.2f} ({interval})"
        found = f"{len(old.found)} to {len(new.found)} of {len(old.widths)}"
        false = f"{old.false_boxes} to {new.false_boxes}"
        rows.append((what, short_name(old.detector), f"{old.ap:.2f}", change, found, false))
    return rows


def lead_rows(sets: Mapping[str, Sequence[DetectorFigures]]) -> list[tuple[str, ...]]:
    """For each set of pictures its plates and, detector by detector, the highest AP or by how much it leads."""
    rows: list[tuple[str, ...]] = []
    for title, group in sets.items():
        best = max(group, key=lambda figures: figures.ap)
        cells = []
        for other in group:
            interval = interval_of(resampled_ap(best) - resampled_ap(other), best.pictures, "+.2f")
            cells.append(f"best: {best.ap:.2f}" if other is best else f"{best.ap - other.ap:+.2f} ({interval})")
        rows.append((title, str(len(best.widths)), *cells))
    return rows


SMALL_COLUMNS = ("detector", "small plates found (95 %)", "others found (95 %)", "gained", "lost", "false boxes")


def small_rows(sets: Mapping[str, Sequence[DetectorFigures]], small: float) -> list[tuple[str, ...]]:
    """All sets together: plates found, those narrower than ``small`` pixels by themselves; see ``SMALL_COLUMNS``.

    *Gained* and *lost* count the small plates that a detector finds and the first one does not, and the other way
    round.
    """
    by_detector = list(zip(*sets.values(), strict=True))
    found = [[plate in one.found for one in group for plate in range(len(one.widths))] for group in by_detector]
    narrow = [width < small for one in by_detector[0] for width in one.widths]
    rows: list[tuple[str, ...]] = []
    for group, own in zip(by_detector, found, strict=True):
        shares = []
        for wanted in (True, False):
            part = [hit for hit, is_narrow in zip(own, narrow, strict=True) if is_narrow == wanted]
            shares.append(f"{with_interval(sum(part), len(part))} of {len(part)}")
        pairs = [pair for *pair, is_narrow in zip(own, found[0], narrow, strict=True) if is_narrow]
        gained, lost = (pairs.count([hit, not hit]) for hit in (True, False))
        false = sum(one.false_boxes for one in group)
        rows.append((short_name(group[0].detector), *shares, str(gained), str(lost), str(false)))
    return rows
