"""One call from a generator to a photographed plate with everything known about it."""

from collections.abc import Iterator

import numpy as np

from alpr_utils.plates.mongolia import random_text
from alpr_utils.synth.degrade import DegradedPlate, DegradeRanges, degrade
from alpr_utils.synth.plate import pick_layout, render_plate


def sample_plate(
    rng: np.random.Generator,
    balanced: bool = False,
    ranges: DegradeRanges = DegradeRanges(),  # noqa: B008 - frozen
) -> DegradedPlate:
    """A random text on a random layout, rendered and degraded; ``balanced`` as in `random_text`."""
    layout = pick_layout(rng)
    height_px = 80 if layout.rows == 1 else 150
    return degrade(render_plate(random_text(rng, balanced), layout, rng, height_px), rng, ranges)


def sample_plates(seed: int, balanced: bool = False) -> Iterator[DegradedPlate]:
    """Endless random plates; the same seed gives the same plates."""
    rng = np.random.default_rng(seed)
    while True:
        yield sample_plate(rng, balanced)
