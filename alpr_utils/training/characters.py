"""Training characters for the classifier, cut from generated plates and from labelled photos alike."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from alpr_utils.boxes import iou_matrix
from alpr_utils.data.images import cut_plates, labelled_images
from alpr_utils.errors import AlprError
from alpr_utils.networks.reader_configs import CHAR_SIDE
from alpr_utils.read.classical.char_image import character_image
from alpr_utils.read.classical.form import ALPHABET, PLATES
from alpr_utils.read.classical.labelled import cut_characters, light_on_dark
from alpr_utils.read.classical.segment import Hypothesis, segment
from alpr_utils.synth.photo.sample import sample_plates
from alpr_utils.training.plate_augment import relit, reweighted

REJECT = len(ALPHABET)
_SAME = 0.6  # IoU above which a candidate is that character
_OTHER = 0.45  # IoU below which it is not
_BOX_JITTER = 0.06  # of the character's size, as hand-drawn boxes vary
# Standard deviations of the shears; characters in labelled boxes lean, unlike those that the segmentation straightened.
_FALL_SPREAD = 0.06
_REAL_LEAN = 0.08
_GENERATED_LEAN = 0.15
_MAX_REJECTS_PER_PLATE = 4
_LEAST_CHARACTER_PX = 10  # nobody can read lower ones, which would teach guessing
_COARSE, _COARSE_WIDTH = 0.25, (44, 110)  # share of the real plates that are made so many pixels wide


@dataclass(frozen=True)
class PlateCharacters:
    """A plate crop whose characters are known.

    Attributes:
        image: uint8 (H, W, 3) RGB.
        text: canonical text.
        char_boxes: float32 (len(text), 4), ymin, xmin, ymax, xmax in pixels of ``image``.
    """

    image: np.ndarray
    text: str
    char_boxes: np.ndarray


@dataclass(frozen=True)
class CharacterSet:
    """Training characters: ``images`` uint8 (N, 32, 32, 1), ``labels`` int64 (N,), columns of the classifier."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


def _by_labels(plate: PlateCharacters, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, int]]:
    """Characters by their labelled boxes, shaken a little."""
    shake = rng.normal(0, _BOX_JITTER, (len(plate.text), 4))
    images = cut_characters(plate.image, plate.char_boxes, shake)
    yield from zip(images[..., 0], map(ALPHABET.index, plate.text), strict=True)


def _segmented(plate: PlateCharacters, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, int]]:
    """Characters, and other things, as the segmentation itself cuts them."""
    inverted = light_on_dark(cv2.cvtColor(plate.image, cv2.COLOR_RGB2GRAY), plate.char_boxes)
    hypothesis = Hypothesis(bool(rng.random() < 0.6), bool(rng.random() < 0.4), inverted)
    found = segment(plate.image, hypothesis)
    if not found.candidates:
        return
    overlaps = iou_matrix(found.boxes_on_plate(*plate.image.shape[:2]), plate.char_boxes)
    rejects = 0
    for index in rng.permutation(len(found.candidates)):
        nearest = int(overlaps[index].argmax())
        overlap = float(overlaps[index, nearest])
        if overlap >= _SAME:
            yield character_image(found.deskewed, found.candidates[index].box), ALPHABET.index(plate.text[nearest])
        elif overlap < _OTHER and rejects < _MAX_REJECTS_PER_PLATE:
            rejects += 1
            yield character_image(found.deskewed, found.candidates[index].box), REJECT


def _collect(items: Iterable[tuple[np.ndarray, int]]) -> CharacterSet:
    images, labels = [], []
    for image, label in items:
        images.append(image)
        labels.append(label)
    return CharacterSet(np.array(images, np.uint8).reshape(-1, CHAR_SIDE, CHAR_SIDE, 1), np.array(labels, np.int64))


def join(sets: Iterable[CharacterSet]) -> CharacterSet:
    """All characters of several sets, in their order."""
    chosen = list(sets)
    return CharacterSet(np.concatenate([s.images for s in chosen]), np.concatenate([s.labels for s in chosen]))


def _character_height(plate: PlateCharacters) -> float:
    return float(np.median(plate.char_boxes[:, 2] - plate.char_boxes[:, 0]))


def generated_characters(samples_per_class: int, seed: int) -> CharacterSet:
    """Characters from generated, degraded plates.

    Half are cut by their true boxes, half by the segmentation. Every character gets ``samples_per_class`` examples;
    "not a character", which looks in many ways, gets up to five times as many.
    """
    rng = np.random.default_rng(seed)
    limits = [samples_per_class] * len(ALPHABET) + [5 * samples_per_class]
    counts = [0] * len(limits)

    def items() -> Iterator[tuple[np.ndarray, int]]:
        for sample in sample_plates(seed, PLATES.country, balanced=True):
            plate = PlateCharacters(sample.image, sample.text, sample.char_boxes)
            if _character_height(plate) < _LEAST_CHARACTER_PX:
                continue
            turned = _turned(plate, _GENERATED_LEAN, rng)
            for image, label in [*_by_labels(turned, rng), *_segmented(plate, rng)]:
                if counts[label] < limits[label]:
                    counts[label] += 1
                    yield image, label
            if min(counts[:REJECT]) >= samples_per_class:
                return

    return _collect(
        tqdm(items(), "generating", len(ALPHABET) * samples_per_class, False, unit="character", disable=None)
    )


def characters_of_plates(folder: Path, half: str = "", margin: float = 0.04) -> list[PlateCharacters]:
    """The plates of a data folder whose text and every character box are known.

    Args:
        folder: photos with VOC XML of plates and characters, and perhaps ``plates.csv``.
        half: ``a`` or ``b`` takes only that half by plate identity, ``""`` takes all.
        margin: surroundings kept on each side, as a share of the plate's width and height.

    Raises:
        LabelError: the folder is missing or holds no plate with a known text.
        AlprError: none of its plates has labelled characters.
    """
    found = []
    for photo in labelled_images(folder, half):
        for crop in cut_plates(photo, margin):
            (plate,) = crop.plates
            if len(plate.char_boxes_px) and set(plate.text) <= set(ALPHABET):
                found.append(PlateCharacters(crop.image, plate.text, plate.char_boxes_px.astype(np.float32)))
    if not found:
        raise AlprError(f"{folder}: no plate has all of its characters labelled; label them or train without --data.")
    return found


def _turned(plate: PlateCharacters, lean_spread: float, rng: np.random.Generator) -> PlateCharacters:
    """The plate sheared along both axes, mostly leaning; its boxes move along at their centres."""
    fall, lean = rng.normal(0, (_FALL_SPREAD, lean_spread))
    height, width = plate.image.shape[:2]
    matrix = np.array([[1, lean, -lean * height / 2], [fall, 1, -fall * width / 2]])
    image = cv2.warpAffine(plate.image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    boxes = plate.char_boxes.copy()
    shift_x = lean * ((boxes[:, 0] + boxes[:, 2]) / 2 - height / 2)
    shift_y = fall * ((boxes[:, 1] + boxes[:, 3]) / 2 - width / 2)
    boxes += np.stack([shift_y, shift_x, shift_y, shift_x], axis=1).astype(np.float32)
    return PlateCharacters(image, plate.text, boxes)


def _coarser(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Coarser pixels, now and then: uint8 (H, W, 3), unchanged in shape."""
    if rng.random() >= _COARSE:
        return image
    height, width = image.shape[:2]
    pixels = int(rng.integers(*_COARSE_WIDTH))
    small = cv2.resize(image, (pixels, max(8, round(pixels * height / width))), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def augmented_characters(plates: list[PlateCharacters], copies: int, seed: int) -> CharacterSet:
    """Characters of real plates, each plate ``copies`` times with other light, angle, sharpness, boxes."""
    rng = np.random.default_rng(seed)

    def items() -> Iterator[tuple[np.ndarray, int]]:
        for plate in plates:
            for _ in range(copies):
                turned = _turned(plate, _REAL_LEAN, rng)
                worn = _coarser(reweighted(turned.image, rng), rng)
                again = PlateCharacters(relit(worn[None], rng)[0], plate.text, turned.char_boxes)
                yield from _by_labels(again, rng)
                yield from _segmented(again, rng)

    return _collect(items())
