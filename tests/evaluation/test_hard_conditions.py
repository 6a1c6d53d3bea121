"""Hard pictures made of easy ones: repeatable, and as hard as they say."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.data.labels import LabelledObject, LabelledPicture, LabelledPlate, as_box
from alpr_utils.errors import AlprError
from alpr_utils.evaluation.crop_conditions import conditions_of
from alpr_utils.evaluation.crops import PlateCrop, evaluate_crops, in_turns
from alpr_utils.evaluation.hard_conditions import NAMES, in_condition, photo_in_condition
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


def test_a_photo_goes_by_its_narrowest_plate_and_its_labels_move_along() -> None:
    image = np.random.default_rng(0).integers(0, 255, (200, 400, 3), np.uint8)
    wide, narrow = (20.0, 40.0, 60.0, 200.0), (100.0, 300.0, 120.0, 380.0)
    objects = tuple(LabelledObject("plate", box) for box in (wide, narrow))
    plates = tuple(LabelledPlate(box, "1537УНЛ") for box in (wide, narrow))
    # Labelled at half the size of the picture.
    half = [LabelledPlate(as_box(np.array(plate.box_px) / 2), plate.text) for plate in plates]
    for picture in (
        LabelledPicture(Path("photo.jpg"), 400, 200, objects, plates),
        LabelledPicture(Path("photo.jpg"), 200, 100, (), tuple(half)),
    ):
        seen, small = photo_in_condition(picture, image, "w40")
        assert small.shape == (100, 200, 3) and (seen.width, seen.height) == (200, 100)
        assert [plate.box_px for plate in seen.plates] == [(10, 20, 30, 100), (50, 150, 60, 190)]
        assert seen.boxes_px().tolist() == ([[10, 20, 30, 100], [50, 150, 60, 190]] if picture.objects else [])
        assert photo_in_condition(picture, image, "night")[1].shape == image.shape, "80 pixels wide, as it is"


def test_photos_are_the_same_again_and_differ_by_name() -> None:
    image = np.random.default_rng(0).integers(0, 255, (60, 160, 3), np.uint8)
    pictures = [LabelledPicture(Path(name), 160, 60) for name in ("a.jpg", "folder/a.jpg", "b.jpg")]
    for name in ("dark", "blur", "night"):
        first, again, other = (photo_in_condition(picture, image, name)[1] for picture in pictures)
        assert (first == again).all() and (first != other).any()
    _, blurred = photo_in_condition(pictures[0], image, "blur")
    (_, sharper), edge = photo_in_condition(_with_plate(pictures[0], 12), image, "blur"), image.astype(int)
    assert np.abs(sharper - edge).mean() < np.abs(blurred - edge).mean(), "blur goes by the plate's width"


def _with_plate(picture: LabelledPicture, width: float) -> LabelledPicture:
    return replace(picture, plates=(LabelledPlate((10.0, 10.0, 20.0, 10.0 + width)),))


def test_unknown_conditions_are_refused() -> None:
    with pytest.raises(AlprError, match="no such condition"):
        in_condition(_crop(), "fog", 0)
