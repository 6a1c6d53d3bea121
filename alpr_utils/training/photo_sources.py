"""The photos that a detector learns from: folders of labelled pictures, halves of them, swapped plates."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from alpr_utils.data.labels import LabelledPicture
from alpr_utils.data.pictures import load_pictures
from alpr_utils.errors import AlprError
from alpr_utils.synth.scene.swap import swap_plate
from alpr_utils.training.config import DataSource, DetectorTrainConfig
from alpr_utils.training.photos import CachedPhoto, load_photos


def load_source(source: DataSource) -> tuple[list[LabelledPicture], list[AlprError]]:
    """The labelled pictures of a source and what is wrong with others.

    Raises:
        AlprError: the folder is unusable, or a half is asked of one that says nothing about the plates' identity.
    """
    pictures, problems = load_pictures(Path(source.folder), source.half)
    return pictures, list(problems)


def load_photo_groups(sources: Sequence[DataSource], config: DetectorTrainConfig) -> list[list[CachedPhoto]]:
    """The photos of each source in memory, with the boxes of the training's classes.

    Raises:
        AlprError: a source has no usable photo, or only labels of other names.
    """
    groups = []
    for source in sources:
        pictures, problems = load_source(source)
        photos, unreadable = load_photos(pictures, config.classes)
        for problem in [*problems, *unreadable]:
            print(f"left out: {problem}")
        if not photos:
            raise AlprError(f"{source.folder}: no usable photo is left; mend the files named above.")
        boxes = sum(len(photo.boxes) for photo in photos)
        names = sorted({item.name for picture in pictures for item in picture.objects})
        if not boxes:
            wanted, found = " or ".join(config.classes), f" but {', '.join(names)}" if names else ""
            raise AlprError(f"{source.folder}: no {wanted} is labelled{found}; label or rename some.")
        print(f"{source}: {len(photos)} photos, {boxes} boxes")
        countries = source.swap_countries(config.countries)
        groups.append(_swapped(photos, countries, config) if countries else photos)
    return groups


def _swapped(photos: list[CachedPhoto], countries: tuple[str, ...], config: DetectorTrainConfig) -> list[CachedPhoto]:
    """The same photos with every plate replaced by a generated one of one of the countries."""
    result = []
    for index, photo in enumerate(photos):
        rng = np.random.default_rng((config.seed, index))
        image, boxes = photo.image, photo.boxes.copy()
        for number, (box, kind) in enumerate(zip(photo.boxes, photo.classes, strict=True)):
            if config.classes[kind] == "plate":
                country = countries[0] if len(countries) == 1 else countries[rng.integers(len(countries))]
                image, boxes[number], _ = swap_plate(image, box, rng, country=country)
        result.append(replace(photo, image=image, boxes=boxes))
    return result
