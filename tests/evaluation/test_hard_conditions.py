"""Hard pictures made of easy ones: repeatable, and as hard as they say."""

from collections.abc import Sequence

import numpy as np
import pytest

from alpr_utils.errors import AlprError
from alpr_utils.evaluation.crop_conditions import conditions_of
from alpr_utils.evaluation.crops import PlateCrop, evaluate_crops, in_turns
from alpr_utils.evaluation.hard_conditions import NAMES, in_condition
from alpr_utils.read.reading import Reading


def _crop() -> np.ndarray:
    crop = np.full((44, 200, 3), 230, np.uint8)
    crop[10:34, 20:180:20] = crop[10:34, 21:180:20] = 20
    return crop


@pytest.mark.parametrize("name", [*NAMES, "w80", "w35"])
def test_conditions_are_repeatable(name: str) -> None:
    first, again, other = (in_condition(_crop(), name, 3, index) for index in (7, 7, 8))
    assert first.dtype == np.uint8
    assert (first == again).all()
    if name in ("dark", "blur", "night"):
        assert (first != other).any()


def test_widths_are_those_asked_for() -> None:
    assert in_condition(_crop(), "w50", 0).shape == (11, 50, 3)
    assert in_condition(_crop(), "night", 0).shape == (18, 80, 3)
    assert in_condition(_crop(), "w300", 0).shape == (44, 200, 3), "narrower ones stay as they are"


def test_conditions_take_turns() -> None:
    image = np.full((30, 120, 3), 200, np.uint8)
    crops = [PlateCrop(str(i), "1537УНЛ", "mn", 1, image, conditions_of(image, None)) for i in range(4)]
    brought = in_turns(crops, ["asis", "w50"])
    assert [crop.image.shape[1] for crop in brought] == [120, 50, 120, 50]
    assert [crop.name for crop in brought] == [crop.name for crop in crops]


def test_readers_get_the_crops_in_their_condition() -> None:
    class Wide:
        name = "wide"
        weight_count = 0

        def read(self, crops: Sequence[np.ndarray], grammar: bool = True) -> list[Reading]:
            texts = ["1537УНЛ" if crop.shape[1] > 60 else "" for crop in crops]
            return [Reading(text, 0.9, (0.9,) * len(text), 1, "mn") for text in texts]

    image = np.full((30, 120, 3), 200, np.uint8)
    crops = [PlateCrop("one", "1537УНЛ", "mn", 1, image, conditions_of(image, None))]
    near, far = (evaluate_crops(crops, Wide(), condition=name) for name in ("asis", "w50"))
    assert (near.condition, near.exact) == ("asis", 1.0)
    assert (far.condition, far.exact) == ("w50", 0.0)


def test_unknown_conditions_are_refused() -> None:
    with pytest.raises(AlprError, match="no such condition"):
        in_condition(_crop(), "fog", 0)
