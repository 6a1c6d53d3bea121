"""Batches of plates for the training of readers: cut and lit differently every time, with what the CRNN learns."""

from collections.abc import Sequence

import cv2
import numpy as np

from alpr_utils.read.preprocess import HEIGHT, WIDTH, stretch
from alpr_utils.training.batches import SeededBatches
from alpr_utils.training.plate_crops import MARGIN, ROW_BREAK, STORED_HEIGHT, STORED_WIDTH, PlateCrops, rows_of

# How often a box cuts off one side of the plate: one row, two rows.
CUT_OFF = {1: 0.3, 2: 0.5}
# The most that is cut off at the top, left, bottom, right; detectors often miss half the upper row of green plates.
DEEPEST_CUTS = (0.26, 0.05, 0.1, 0.05)
CUT_SIDES = {1: (0.3, 0.2, 0.3, 0.2), 2: (0.7, 0.1, 0.1, 0.1)}
MAX_TOKENS = 10  # a row
# How often, and how much, strokes grow bolder or thinner, as over- and underexposure make them, and pixels coarser.
STROKES, STROKE_CHANGE = 0.3, (0.2, 1.0)
COARSE, COARSE_WIDTH = 0.25, (44, 110)  # pixels across the plate


class PlateBatches(SeededBatches):
    """Batches for ``fit``: images uint8 (B, 64, 160, 1), and what a subclass wants to read in them, see `target`.

    Args:
        sources: groups of plates; group ``i`` gives the share ``shares[i]`` of all samples.
        seed: sample ``k`` of epoch ``e`` is always the same.
    """

    def __init__(self, sources: Sequence[PlateCrops], shares: Sequence[float], batch: int, batches: int, seed: int = 0):
        super().__init__(batches, seed)
        self.sources, self.share = sources, np.array(shares, np.float64) / np.sum(shares)
        self.batch = batch

    def target(self, group: int, number: int, view: np.ndarray) -> np.ndarray:
        """What a network should say of a plate, any fixed shape.

        Args:
            group, number: which plate of which source.
            view: (4,), the part of the stored plate that is seen, pixels.
        """
        raise NotImplementedError

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = self.rng(index)
        images, targets = np.empty((self.batch, HEIGHT, WIDTH, 1), np.uint8), []
        for image, group in zip(images, rng.choice(len(self.sources), self.batch, p=self.share), strict=True):
            plates = self.sources[group]
            number = int(rng.integers(len(plates)))
            view = random_cut(rng, rows_of(plates.texts[number]))
            image[..., 0] = worn(stretch(plates.images[number], view, (WIDTH, HEIGHT)), rng)
            targets.append(self.target(int(group), number, view))
        return relit(images, rng), np.stack(targets)


class CropBatches(PlateBatches):
    """Batches for the CRNN: images as above, and classes int32 (B, 2, 10), see `class_targets`.

    Args:
        tokens: the alphabet; class ``1 + i`` is token ``i``.
    """

    def __init__(
        self,
        sources: Sequence[PlateCrops],
        shares: Sequence[float],
        tokens: Sequence[str],
        batch: int,
        batches: int,
        seed: int = 0,
    ):
        super().__init__(sources, shares, batch, batches, seed)
        self.targets = [class_targets(source.texts, tokens) for source in sources]

    def target(self, group: int, number: int, view: np.ndarray) -> np.ndarray:
        """The text, whatever part of the plate is seen."""
        return self.targets[group][number]


def class_targets(texts: Sequence[Sequence[str]], tokens: Sequence[str]) -> np.ndarray:
    """Token texts -> int32 (N, 2, 10) classes, 0 where a row has ended; of one-row plates the upper row is empty."""
    classes = {token: 1 + i for i, token in enumerate(tokens)}
    targets = np.zeros((len(texts), 2, MAX_TOKENS), np.int32)
    for target, text in zip(targets, texts, strict=True):
        split = text.index(ROW_BREAK) if ROW_BREAK in text else -1
        for row, part in zip(target, (text[: max(split, 0)], text[split + 1 :]), strict=True):
            row[: len(part)] = [classes[token] for token in part]
    return targets


def random_cut(rng: np.random.Generator, rows: int) -> np.ndarray:
    """The box that some detector might find in a stored plate: (4,), ymin, xmin, ymax, xmax, pixels of 80 x 192."""
    inner = np.array([STORED_HEIGHT, STORED_WIDTH]) / (1 + 2 * MARGIN)
    looseness = rng.choice([0.3, 1.0])
    margins = rng.uniform(-0.03, MARGIN, 4) * looseness
    if rng.random() < CUT_OFF[rows]:
        side = rng.choice(4, p=CUT_SIDES[rows])
        margins[side] = -rng.uniform(0.0, DEEPEST_CUTS[side])
    sides = np.tile(inner, 2)
    return np.tile(inner * MARGIN, 2) + sides * ([0, 0, 1, 1] + margins * [-1, -1, 1, 1])


def worn(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bolder or thinner strokes and coarser pixels, now and then: uint8 (64, 160) unchanged in shape."""
    if rng.random() < STROKES:
        change = cv2.erode if rng.random() < 0.5 else cv2.dilate
        weight = rng.uniform(*STROKE_CHANGE)
        changed = change(image, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
        image = cv2.addWeighted(image, 1 - weight, changed, weight, 0)
    if rng.random() < COARSE:
        width = int(rng.integers(*COARSE_WIDTH))
        small = cv2.resize(image, (width, max(8, round(width * HEIGHT / WIDTH))), interpolation=cv2.INTER_AREA)
        image = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    return image


def relit(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Other contrast, brightness and sensor noise for each picture: uint8 (B, H, W, 1)."""
    count = (len(images), 1, 1, 1)
    values = (images.astype(np.float32) - 127) * rng.uniform(0.6, 1.9, count) + 127 + rng.uniform(-40, 40, count)
    values += rng.standard_normal(images.shape, np.float32) * rng.uniform(0, 5, count)
    return np.clip(values, 0, 255).astype(np.uint8)
