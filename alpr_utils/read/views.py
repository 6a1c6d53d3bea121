"""What readers of whole plates share: a plate is read as it is and, where that leaves doubt, in other views as well.

One that seems to have moved is also read as if it had stood still; then, if doubt is left, it is rectified, too.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import cv2
import numpy as np

from alpr_utils.images.motion import likeliest_motion, within_reach, without_motion
from alpr_utils.read.preprocess import grey, network_input
from alpr_utils.read.reading import Reading, best_of, merged_readings
from alpr_utils.read.rectify import Rectifier
from alpr_utils.read.temperature import Temperature, Temperatures, tempered

SURE = 0.9  # score of the first view that is trusted; a second one hardly ever changes such a reading
# Depth of a motion from which a plate is also read without it. Some that stood still reach it, so both looks count.
MOVED = 3.5
_MIN_SIDE = 6  # pixels; smaller crops hold nothing that could be read
N_BEST = 3  # readings that are weighed against each other


class PlateViews:
    """What networks see of crops, uint8 (H, W, 3) RGB each; every view is made once, however many readers ask."""

    def __init__(self, crops: Sequence[np.ndarray]) -> None:
        self._crops = crops
        self._steadied: dict[int, np.ndarray | None] = {}
        self._rectified: dict[tuple[int, int], np.ndarray | None] = {}

    def __len__(self) -> int:
        return len(self._crops)

    @cached_property
    def plain(self) -> dict[int, np.ndarray]:
        """Number of the crop -> uint8 (64, 160, 1), without the crops that are too small to hold anything."""
        usable = enumerate(self._crops)
        return {number: network_input(crop) for number, crop in usable if min(crop.shape[:2]) >= _MIN_SIDE}

    def steadied(self, numbers: Sequence[int]) -> dict[int, np.ndarray]:
        """The same of those of these crops that seem to have moved, as if they had stood still."""
        for number in numbers:
            if number not in self._steadied:
                self._steadied[number] = _steadied(self._crops[number])
        found = {number: self._steadied[number] for number in numbers}
        return {number: network_input(crop) for number, crop in found.items() if crop is not None}

    def rectified(self, numbers: Sequence[int], rectifier: Rectifier) -> dict[int, np.ndarray]:
        """The same of these crops, rectified; without those whose corners were not found.

        Those that `steadied` has found to have moved are rectified as if they had stood still.
        """
        new = [number for number in numbers if (id(rectifier), number) not in self._rectified]
        if new:
            still = [self._steadied.get(number) for number in new]
            crops = [self._crops[n] if crop is None else crop for n, crop in zip(new, still, strict=True)]
            views = rectifier.rectified(crops)
            self._rectified.update({(id(rectifier), number): view for number, view in zip(new, views, strict=True)})
        found = {number: self._rectified[id(rectifier), number] for number in numbers}
        return {number: view for number, view in found.items() if view is not None}


def _steadied(crop: np.ndarray) -> np.ndarray | None:
    """The crop uint8 (H, W, 3) in grey as if it had stood still; None where nothing moved."""
    image = within_reach(grey(crop))
    motion = likeliest_motion(image)
    return cv2.cvtColor(without_motion(image, motion), cv2.COLOR_GRAY2RGB) if motion.depth >= MOVED else None


def _is_sure(readings: Sequence[Reading]) -> bool:
    return bool(readings) and readings[0].score >= SURE


class ViewReader:
    """A reader whose network sees views of plates; subclasses read them in `read_views`.

    It is a `Reader` and an `NBestReader`.
    """

    def __init__(
        self, name: str, temperatures: Temperatures, rectifier: Rectifier | None, network_weights: int
    ) -> None:
        """Put the shared parts together.

        Args:
            name: of the reader.
            temperatures: of its scores.
            rectifier: straightens slanted plates; an unsure plate is read both ways and the highest mean score counts.
            network_weights: of the reader's own network.
        """
        self.name, self.temperatures, self.rectifier = name, temperatures, rectifier
        self.network_weights = network_weights
        self.weight_count = network_weights + (rectifier.weight_count if rectifier else 0)

    def read_views(self, views: np.ndarray, count: int, grammar: bool) -> Sequence[list[Reading]]:
        """The ``count`` likeliest readings of each of ``views: uint8 (N, 64, 160, 1)``, best first; N is at least 1."""
        raise NotImplementedError

    def read(self, crops: Sequence[np.ndarray], grammar: bool = True) -> list[Reading]:
        """See `Reader.read`."""
        return [best_of(readings) for readings in self.read_n_best(crops, N_BEST, grammar)]

    def read_n_best(
        self, crops: Sequence[np.ndarray], count: int, grammar: bool = True, calibrated: bool = True
    ) -> list[list[Reading]]:
        """See `NBestReader.read_n_best`."""
        return self.n_best_of(PlateViews(crops), count, grammar, calibrated)

    def n_best_of(
        self, plates: PlateViews, count: int, grammar: bool = True, calibrated: bool = True
    ) -> list[list[Reading]]:
        """As `read_n_best`, of plates that other readers may look at, too; all go through the network together."""
        first = self.first_look(plates, count, grammar)
        return self.second_look(plates, first, count, grammar, calibrated)

    def first_look(
        self, plates: PlateViews, count: int, grammar: bool = True, *, skipped: Collection[int] = ()
    ) -> dict[int, list[Reading]]:
        """What the network reads, number of the plate -> at least ``count`` readings, without those ``skipped``.

        It sees the plates as they are and, where that leaves doubt and they seem to have moved, as if they had not.
        """
        seen = {number: view for number, view in plates.plain.items() if number not in skipped}
        found = self._read_each(seen, max(count, N_BEST), grammar)
        still = plates.steadied([number for number, readings in found.items() if not _is_sure(readings)])
        for number, readings in self._read_each(still, max(count, N_BEST), grammar).items():
            found[number] = merged_readings([*found[number], *readings], views=2)
        return found

    def second_look(
        self,
        plates: PlateViews,
        first: Mapping[int, list[Reading]],
        count: int,
        grammar: bool = True,
        calibrated: bool = True,
        *,
        settled: Collection[int] = (),
    ) -> list[list[Reading]]:
        """The likeliest readings after a look at the rectified plates, where the first left doubt.

        Args:
            plates, count, grammar, calibrated: as in `n_best_of`.
            first: what `first_look` gave.
            settled: numbers of plates that need no second look.
        """
        unsure = [n for n, readings in first.items() if n not in settled and not _is_sure(readings)]
        rectified = plates.rectified(unsure, self.rectifier) if self.rectifier else {}
        most = max(count, N_BEST)
        second = self._read_each(rectified, most, grammar)
        temperature = self.temperatures.of(grammar) if calibrated else Temperature()
        best = []
        for number in range(len(plates)):
            looks = [look[number] for look in (first, second) if number in look]
            readings = merged_readings([reading for look in looks for reading in look], len(looks))
            scores = tempered([reading.score for reading in readings[: max(count, N_BEST)]], temperature)
            best.append(
                [replace(reading, score=score) for reading, score in zip(readings, scores, strict=False)][:count]
            )
        return best

    def _read_each(self, views: Mapping[int, np.ndarray], count: int, grammar: bool) -> dict[int, list[Reading]]:
        if not views:
            return {}
        return dict(zip(views, self.read_views(np.stack(list(views.values())), count, grammar), strict=True))
