"""Charts of the lesson about video: what a tracker predicts, what frames vote for."""

from collections.abc import Container, Mapping, Sequence

from matplotlib.figure import Figure

from alpr_utils.charts.style import BLUE, GREEN, GREY, ORANGE, chart_grid, chart_style

_MOST_TEXTS = 4


def draw_predictions(
    frames: Sequence[int], predicted: Sequence[float], spread: Sequence[float], found: Sequence[float]
) -> Figure:
    """Where a plate was predicted, with a bar of how far that may be off, and where it was found, 0..1, by frame."""
    with chart_style():
        figure, (axes,) = chart_grid(1, 3.2)
        label = "predicted, and how far it may be off"
        axes.errorbar(frames, predicted, spread, fmt="o", color=BLUE, capsize=3, label=label)
        axes.plot(frames, found, "x", color=ORANGE, markersize=8, label="found")
        axes.set(xlabel="frame", ylabel="place: 0 top edge, 1 bottom edge", ylim=(1.05, -0.05))
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def draw_votes(shares: Mapping[int, Mapping[str, float]], right: Container[str]) -> Figure:
    """Number of frames -> text -> share of the votes: the likeliest texts, the true ones green and marked."""
    with chart_style():
        figure, charts = chart_grid(len(shares), 1.9, share_y=False)
        for axes, (count, votes) in zip(charts, shares.items(), strict=True):
            best = sorted(votes.items(), key=lambda item: item[1])[-_MOST_TEXTS:]
            names = [f"{text} (true)" if text in right else text for text, _ in best]
            colours = [GREEN if text in right else GREY for text, _ in best]
            axes.barh(names, [share for _, share in best], color=colours)
            axes.set(title=f"{count} frame{'' if count == 1 else 's'}", xlim=(0, 1), xlabel="share of the votes")
    return figure
