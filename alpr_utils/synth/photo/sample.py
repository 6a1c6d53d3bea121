"""Random photographed plates with their labels, in one call."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from alpr_utils.plates import plate_type
from alpr_utils.synth.photo.degrade import DegradedPlate, degrade, pick_preset
from alpr_utils.synth.photo.view import choose_view
from alpr_utils.synth.plate.render import pick_layout, render_plate

# A plate is rendered a little larger than it is seen, within limits where its characters can be drawn.
_RENDER_SCALE = 1.2
_RENDER_PX_PER_MM = (0.3, 0.8)


def sample_plate(
    rng: np.random.Generator, country: str, preset: str = "mixed", balanced: bool = False
) -> DegradedPlate:
    """A random text on a random layout of the country, rendered and degraded.

    Args:
        rng: what everything is drawn from; the same state gives the same bytes.
        country: two-letter code, one of ``plates.COUNTRIES``.
        preset: one of `PRESETS`, or ``mixed`` for a draw among them.
        balanced: as in `random_text`.

    Raises:
        AlprError: an unknown country or preset.
    """
    ranges = pick_preset(preset, rng)
    layout = pick_layout(rng, country)
    text = plate_type(country).random_text(rng, layout, balanced)
    view = choose_view(layout.size_mm, ranges.view, rng)
    least, most = _RENDER_PX_PER_MM
    height_px = round(min(most, max(least, _RENDER_SCALE * view.px_per_mm)) * layout.size_mm[1])
    return degrade(render_plate(text, layout, rng, height_px), rng, ranges, view)


def sample_plates(seed: int, country: str, preset: str = "mixed", balanced: bool = False) -> Iterator[DegradedPlate]:
    """Endless random plates as `sample_plate` makes them; the same seed gives the same plates.

    Plate number i depends on ``seed`` and i only.
    """
    for index in count():
        yield sample_plate(np.random.default_rng([seed, index]), country, preset, balanced)
