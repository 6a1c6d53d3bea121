"""One call from a generator to a photographed plate with everything known about it."""

from collections.abc import Iterator

import numpy as np

from alpr_utils.plates import plate_type
from alpr_utils.synth.degrade import DegradedPlate, DegradeRanges, degrade
from alpr_utils.synth.plate import pick_layout, render_plate

PX_PER_MM = {1: 80 / 110, 2: 150 / 200}


def sample_plate(
    rng: np.random.Generator,
    balanced: bool = False,
    ranges: DegradeRanges = DegradeRanges(),  # noqa: B008 - frozen
    country: str = "mn",
) -> DegradedPlate:
    """A random text on a random layout of the country, rendered and degraded; ``balanced`` as in `random_text`."""
    layout = pick_layout(rng, country)
    text = plate_type(country).random_text(rng, layout, balanced)
    height_px = round(PX_PER_MM[layout.rows] * layout.size_mm[1])
    return degrade(render_plate(text, layout, rng, height_px), rng, ranges)


def sample_plates(seed: int, balanced: bool = False, country: str = "mn") -> Iterator[DegradedPlate]:
    """Endless random plates; the same seed gives the same plates."""
    rng = np.random.default_rng(seed)
    while True:
        yield sample_plate(rng, balanced, country=country)
