"""What the command ``evaluate`` prints of its figures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from alpr_utils.evaluation.crops import CropEvaluation
    from alpr_utils.evaluation.photos import Evaluation
    from alpr_utils.evaluation.readers import Calibration


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def share_of(value: float | None, count: int) -> str:
    """A share of ``count`` plates with its 95 % confidence interval."""
    from alpr_utils.evaluation.intervals import with_interval

    return "-" if value is None else with_interval(round(value * count), count)


def calibration_error(figures: "Calibration") -> str:
    """The calibration error beside what so few plates show by chance."""
    return f"calibration error {figures.error:.1%} (by chance {figures.by_chance:.1%})"


def say_crop_figures(figures: "CropEvaluation") -> None:
    """How well one reader reads plates, in one line."""
    typer.echo(
        f"{figures.plates} plates{_in_condition(figures)}: exact {share_of(figures.exact, figures.plates)}, "
        f"without grammar {share_of(figures.exact_without_grammar, figures.plates)}, "
        f"CER {figures.cer:.1%}, {figures.milliseconds:g} ms a plate "
        f"({figures.processor_milliseconds:g} ms of processor time), "
        f"{calibration_error(figures.calibration)}"
    )


def say_together(evaluations: "Sequence[CropEvaluation]") -> None:
    """How far the scores of one reader can be trusted over all data and conditions, where there are several."""
    from alpr_utils.evaluation.readers import calibration, share

    if len(evaluations) < 2:
        return
    outcomes = [outcome for figures in evaluations for outcome in figures.outcomes]
    right = [outcome.is_exact for outcome in outcomes]
    scores = [outcome.score for outcome in outcomes]
    typer.echo(
        f"all {len(evaluations)} together: exact {share_of(share(right), len(right))}, "
        f"{calibration_error(calibration(scores, right))}"
    )


def say_any_reader(evaluations: "Sequence[CropEvaluation]") -> None:
    """How many plates at least one of several readers reads: a vote between them hardly reaches more."""
    by_plates: dict[tuple[str, str], list[CropEvaluation]] = {}
    for figures in evaluations:
        by_plates.setdefault((figures.data, figures.condition), []).append(figures)
    for (data, _), of_readers in by_plates.items():
        plates = zip(*(figures.outcomes for figures in of_readers), strict=True)
        right = sum(any(outcome.is_exact for outcome in outcomes) for outcomes in plates)
        first = of_readers[0]
        read = share_of(right / first.plates, first.plates)
        typer.echo(f"{data}{_in_condition(first)}: at least one of {len(of_readers)} readers exact {read}")


def _in_condition(figures: "CropEvaluation | Evaluation") -> str:
    from alpr_utils.evaluation.hard_conditions import AS_IS

    return "" if figures.condition == AS_IS else f" in condition {figures.condition}"


def say_crop_details(figures: "CropEvaluation") -> None:
    """Its unsure characters, groups of plates, confusions and mistakes."""
    unsure = figures.unsure
    typer.echo(
        f"  shown as ?: {unsure.shown} of {unsure.characters} characters, "
        f"among them {unsure.wrong_shown} of {unsure.wrong} wrong ones"
    )
    for group in figures.groups:
        typer.echo(
            f"  {group.measure} {group.group}: {group.plates} plates, exact {share_of(group.exact, group.plates)}, "
            f"without grammar {group.exact_without_grammar:.1%}"
        )
    wrong = [confusion for confusion in figures.confusions_without_grammar if confusion.true != confusion.read][:10]
    if wrong:
        listed = ", ".join(f"{item.true or '-'} as {item.read or '-'} {item.count}" for item in wrong)
        typer.echo(f"  read without grammar: {listed}")
    for outcome in figures.outcomes:
        if not outcome.is_exact:
            typer.echo(f"  {outcome.name}: {outcome.true_text} read as {outcome.text or '-'} ({outcome.score:.0%})")


def say_photo_figures(figures: "Evaluation") -> None:
    """How well plates of photos are found and read."""
    texts = figures.texts
    typer.echo(
        f"{figures.pictures} pictures{_in_condition(figures)}, "
        f"{figures.plates} plates ({figures.plates_with_text} with known text)"
    )
    if figures.ap is None:
        shown = f": {', '.join(figures.false_texts)}" if figures.false_texts else ""
        typer.echo(
            f"{figures.false_boxes_per_picture:.2f} false boxes a picture at score >= {figures.threshold:g}; "
            f"{len(figures.false_texts)} with a text that is shown{shown}"
        )
        return
    typer.echo(f"AP {figures.ap:.3f}  AP50 {figures.ap50:.3f}  AP75 {figures.ap75:.3f}")
    typer.echo(
        f"found {share_of(figures.recall_at_threshold, figures.plates)} at score >= {figures.threshold:g}, "
        f"{figures.false_boxes_per_picture:.2f} false boxes a picture, "
        f"{figures.pictures_with_two_false_boxes} pictures with two or more"
    )
    typer.echo("by width: " + ", ".join(f"{band.title} {band.found} of {band.plates}" for band in figures.by_width))
    for title, count, exact, free, cer in (
        ("all plates", texts.plates, texts.exact, texts.exact_without_grammar, texts.cer),
        ("found plates", texts.found, texts.exact_of_found, texts.exact_of_found_without_grammar, texts.cer_of_found),
        ("true boxes", texts.plates, texts.exact_in_true_boxes, None, texts.cer_in_true_boxes),
    ):
        typer.echo(f"{title}: exact {share_of(exact, count)}, without grammar {_percent(free)}, CER {_percent(cer)}")
    if figures.reader != "none":
        _say_remaining(figures)
    typer.echo("lost: " + ", ".join(f"{stage} {count}" for stage, count in figures.lost.items()))
    typer.echo("ms a picture: " + ", ".join(f"{stage} {ms:g}" for stage, ms in figures.milliseconds.items()))


def _say_remaining(figures: "Evaluation") -> None:
    scores = " / ".join(f"{row.min_text_score:g}" for row in figures.remaining)
    kinds = {
        "right": [row.right for row in figures.remaining],
        "wrong": [row.wrong for row in figures.remaining],
        "on plates of unknown text": [row.unknown for row in figures.remaining],
        "where no plate is": [row.elsewhere for row in figures.remaining],
    }
    counts = (f"{kind} {' / '.join(map(str, numbers))}" for kind, numbers in kinds.items() if any(numbers))
    typer.echo(f"texts that score {scores} or more: " + "; ".join(counts))
