"""Batches of plates for the training of readers, looking differently every time, with their texts for the CRNN."""

from collections.abc import Sequence

import numpy as np

from alpr_utils.read.preprocess import HEIGHT, WIDTH
from alpr_utils.training.batches import SeededBatches
from alpr_utils.training.plate_augment import TYPICAL_ASPECTS, photographed, random_cut, relit
from alpr_utils.training.plate_crops import ROW_BREAK, PlateCrops, rows_of

MAX_TOKENS = 10  # a row


class PlateBatches(SeededBatches):
    """Batches for ``fit``: images uint8 (B, 64, 160, 1), and what a subclass wants to read in them, see `target`.

    Args:
        sources: groups of plates; group ``i`` is drawn as often as ``sampling_weights[i]`` says.
        seed: sample ``k`` of epoch ``e`` is always the same.
    """

    def __init__(
        self,
        sources: Sequence[PlateCrops],
        sampling_weights: Sequence[float],
        batch: int,
        batches: int,
        seed: int = 0,
    ):
        super().__init__(batches, seed)
        self.sources, self.odds = sources, np.array(sampling_weights, np.float64) / np.sum(sampling_weights)
        self.batch = batch

    def target(self, group: int, number: int, view: np.ndarray) -> np.ndarray:
        """What a network should answer for a plate, any fixed shape.

        Args:
            group, number: which plate of which source.
            view: (4,), the part of the stored plate that is seen, pixels.
        """
        raise NotImplementedError

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = self.rng(index)
        images, targets = np.empty((self.batch, HEIGHT, WIDTH, 1), np.uint8), []
        for image, group in zip(images, rng.choice(len(self.sources), self.batch, p=self.odds), strict=True):
            plates = self.sources[group]
            number = int(rng.integers(len(plates)))
            rows, aspect = rows_of(plates.texts[number]), float(plates.aspects[number])
            view = random_cut(rng, rows)
            if np.isnan(aspect):
                aspect = rng.uniform(*TYPICAL_ASPECTS[rows])
            image[..., 0] = photographed(plates.images[number], view, aspect, rng)
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
        sampling_weights: Sequence[float],
        tokens: Sequence[str],
        batch: int,
        batches: int,
        seed: int = 0,
    ):
        super().__init__(sources, sampling_weights, batch, batches, seed)
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
