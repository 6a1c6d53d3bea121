"""The faces that a country can name in ``PlateType.faces``."""

from collections.abc import Callable

import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.plates import PlateLayout
from alpr_utils.synth.glyphs.faces import Face, pick_stroke_face
from alpr_utils.synth.glyphs.korean_face import pick_korean_face

FACES: dict[str, Callable[[np.random.Generator, PlateLayout | None], Face]] = {
    "strokes": pick_stroke_face,  # digits, Cyrillic and Latin capitals
    "korean": pick_korean_face,  # digits and syllables
}


def pick_face(rng: np.random.Generator, faces: str, layout: PlateLayout | None = None) -> Face:
    """A random face.

    Args:
        faces: a key of `FACES`.
        layout: what the face is for; some layouts have old faces.

    Raises:
        AlprError: no such faces.
    """
    if faces not in FACES:
        raise AlprError(f"There are no faces '{faces}'; choose one of {', '.join(FACES)}.")
    return FACES[faces](rng, layout)
