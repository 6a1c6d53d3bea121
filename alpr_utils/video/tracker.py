"""Which box of this frame is which box of the last one: Kalman filters, assignment, and ByteTrack's two rounds.

Each track predicts where its plate should be by now. Boxes of which the detector is sure are assigned to the
predictions first; then boxes of which it is not sure may keep a track alive that would else be lost, such as a blurred
plate in the middle of its way, but they never begin one (Zhang et al. 2022, https://arxiv.org/abs/2110.06864).

Plates are small and may move by more than their own size between two looks, so boxes are grown before they are compared
(buffered IoU, Yang et al. 2022).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from scipy.optimize import linear_sum_assignment

from alpr_utils.boxes import enlarge, iou_matrix
from alpr_utils.results import PlateReading

_GROWN = 1.0  # of a box on each side, as a share of its sides, before boxes are compared
_GROWN_NEW = 3.0  # the same for a track that was seen once, whose speed is unknown
_GROWN_UNSURE = 0.25  # the same in the second round, where a wrong box is more likely than a surprising move
_LEAST_IOU = 0.1  # of grown boxes that may be one plate
_PLACE_NOISE = 0.08  # standard deviation of where the detector puts a box, as a share of the box's sides
_PUSH = 6.0  # how much a speed may change in a second, standard deviation, in sides of the box a second
_FIRST_SPEED = 10.0  # standard deviation of the speed of a new track, in sides of the box a second


class Kalman:
    """A box that moves evenly but for random pushes.

    ``mean``: float64 (2, 4), its middle y, x, height, width, and their speeds by the second; ``covariance``: float64
    (4, 2, 2), of each number with its speed.
    """

    def __init__(self, box: Sequence[float]):
        measured = _middle_and_sides(np.array(box))
        self.mean = np.stack([measured, np.zeros(4)])
        place, speed = self._sides() * _PLACE_NOISE, self._sides() * _FIRST_SPEED
        self.covariance = np.zeros((4, 2, 2))
        self.covariance[:, 0, 0], self.covariance[:, 1, 1] = place**2, speed**2

    def _sides(self) -> np.ndarray:  # the scale of each number: the height for vertical ones, the width for others
        return np.maximum(np.tile(self.mean[0, 2:], 2), 1e-4)

    def predict(self, passed_s: float) -> None:
        """Move on by ``passed_s`` seconds."""
        step = np.array([[1, passed_s], [0, 1]])
        push = np.array([[passed_s**3 / 3, passed_s**2 / 2], [passed_s**2 / 2, passed_s]])
        self.mean = step @ self.mean
        self.covariance = step @ self.covariance @ step.T + push * ((self._sides() * _PUSH) ** 2)[:, None, None]

    def correct(self, box: Sequence[float]) -> None:
        """Take in where the box really was."""
        surprise = _middle_and_sides(np.array(box)) - self.mean[0]
        gain = self.covariance[:, :, 0] / (self.covariance[:, 0, 0] + (self._sides() * _PLACE_NOISE) ** 2)[:, None]
        self.mean = self.mean + (gain * surprise[:, None]).T
        self.covariance = self.covariance - gain[:, :, None] * self.covariance[:, :1, :]

    @property
    def box(self) -> np.ndarray:
        """Where it is now: float64 (4,), ymin, xmin, ymax, xmax."""
        half = np.maximum(self.mean[0, 2:], 1e-4) / 2
        return np.concatenate([self.mean[0, :2] - half, self.mean[0, :2] + half])


def _middle_and_sides(box: np.ndarray) -> np.ndarray:
    return np.concatenate([(box[:2] + box[2:]) / 2, box[2:] - box[:2]])


@dataclass(eq=False)
class Track:
    """One plate on its way through the picture.

    Attributes:
        number, kalman: from 1; where it is and how fast it moves.
        first_s, last_s: when it was seen first and last by a box of which the detector was sure.
        alive_s: when it was seen last by any box.
        plate, hits: what was seen last, and how often it was seen.
    """

    number: int
    kalman: Kalman
    first_s: float
    last_s: float
    alive_s: float
    plate: PlateReading
    hits: int = 1

    def saw(self, plate: PlateReading, time_s: float, sure: bool) -> None:
        """Note that the plate was seen."""
        self.kalman.correct(plate.box)
        self.plate, self.alive_s, self.hits = plate, time_s, self.hits + 1
        self.last_s = time_s if sure else self.last_s


class Tracker:
    """Follows plates from look to look.

    Args:
        sure: least detection score of a box that may begin a track; boxes below come in the second round.
        lost_s: a track that is not seen for so many seconds has ended.
    """

    def __init__(self, sure: float, lost_s: float = 1.0):
        self.sure, self.lost_s = sure, lost_s
        self.tracks: list[Track] = []
        self._time_s, self._numbers = 0.0, count(1)

    def move_to(self, time_s: float) -> list[Track]:
        """Let the tracks move on to this time; those that have ended by then are returned and forgotten."""
        for track in self.tracks:
            track.kalman.predict(max(time_s - self._time_s, 0.0))
        self._time_s = time_s
        ended = [track for track in self.tracks if time_s - track.alive_s > self.lost_s]
        self.tracks = [track for track in self.tracks if track not in ended]
        return ended

    def look(self, plates: Sequence[PlateReading]) -> list[Track]:
        """Assign the plates of a frame, found at the time of the last `move_to`; the tracks that were seen now."""
        sure, unsure = ([p for p in plates if (p.detection_score >= self.sure) == is_sure] for is_sure in (True, False))
        seen, new, waiting = self._assign(self.tracks, sure, True)
        kept, _, _ = self._assign(waiting, unsure, False)
        now = self._time_s
        begun = [Track(next(self._numbers), Kalman(plate.box), now, now, now, plate) for plate in new]
        self.tracks += begun
        return [*seen, *kept, *begun]

    def _assign(
        self, tracks: Sequence[Track], plates: Sequence[PlateReading], sure: bool
    ) -> tuple[list[Track], list[PlateReading], list[Track]]:
        """One round: the tracks that got a plate, the plates that are left over, and the tracks that are."""
        if not tracks or not plates:
            return [], list(plates), list(tracks)
        found = np.array([plate.box for plate in plates])
        likeness = np.concatenate([_likeness(track, found, sure) for track in tracks])
        rows, columns = linear_sum_assignment(-likeness)
        pairs = [(row, column) for row, column in zip(rows, columns, strict=True) if likeness[row, column] > _LEAST_IOU]
        for row, column in pairs:
            tracks[row].saw(plates[column], self._time_s, sure)
        got, given = {row for row, _ in pairs}, {column for _, column in pairs}
        left = [plate for number, plate in enumerate(plates) if number not in given]
        return [tracks[row] for row in got], left, [track for row, track in enumerate(tracks) if row not in got]


def _likeness(track: Track, boxes: np.ndarray, sure: bool) -> np.ndarray:
    """IoU of the grown prediction with each of the grown boxes: (1, N)."""
    grown = (_GROWN_NEW if track.hits == 1 else _GROWN) if sure else _GROWN_UNSURE
    return iou_matrix(enlarge(track.kalman.box[None], grown), enlarge(boxes, grown))
