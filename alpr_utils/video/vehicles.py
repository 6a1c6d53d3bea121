"""One row a vehicle: plates are followed through the frames, read where they are seen best, and voted on."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from alpr_utils.alpr import ALPR
from alpr_utils.images import crop_plate
from alpr_utils.results import PlateReading, plate_record
from alpr_utils.video.frames import Frame
from alpr_utils.video.tracker import Track, Tracker
from alpr_utils.video.votes import Ballot, elect

VEHICLE_COLUMNS = (
    "video", "vehicle", "first_s", "last_s", "frames", "text", "text_score", "rows", "country", "best_frame",
    "xmin", "ymin", "xmax", "ymax",
)  # fmt: skip
_MOST_BALLOTS = 6  # frames of a vehicle that vote
_BETTER = 1.2  # how much better than the worst of them another frame must be to take its place
_UNSURE = 0.4  # of the detector's threshold: least score of a box that may keep a track alive
_LEAST_LOOKS = 2  # what is found once only is no vehicle
_LEAST_BALLOTS = 3  # before a vehicle is shown; what is read of few frames may still turn out to be no text
_LEAST_UNREAD_LOOKS = 5  # the same where nobody reads
_SHARP_HEIGHT_PX = 32  # sharpness is compared at one size
_AT_EDGE = 0.004  # of the picture; a plate that near to its edge may be cut off
_SHOWN_S = 0.3  # a plate that was seen so lately is still drawn


@dataclass(frozen=True, eq=False)
class VehicleReading:
    """One vehicle on its way through a video.

    Attributes:
        vehicle: its number, from 1, in the order of appearance.
        first_s, last_s: when its plate was seen first and last, seconds since the first frame.
        frames: in how many frames it was found.
        plate: box in the best frame, text and score by the vote of the best frames; the text is empty where it scores
            less than the facade's ``min_text_score``.
        best_frame: number of the frame that shows the plate best.
        image: uint8 (H, W, 3) RGB, that frame.
    """

    vehicle: int
    first_s: float
    last_s: float
    frames: int
    plate: PlateReading
    best_frame: int
    image: np.ndarray

    @property
    def crop(self) -> np.ndarray:
        """The plate in the best frame: uint8 (h, w, 3) RGB."""
        return crop_plate(self.image, self.plate.box)

    def row(self, video: str) -> tuple[object, ...]:
        """The row of ``VEHICLE_COLUMNS``; box in pixels."""
        plate, box = self.plate, self.plate.box_pixels(*self.image.shape[:2])
        return (
            video, self.vehicle, f"{self.first_s:.2f}", f"{self.last_s:.2f}", self.frames, plate.text,
            f"{plate.text_score:.4f}", plate.rows, plate.country, self.best_frame, *box,
        )  # fmt: skip

    def record(self, video: str) -> dict[str, object]:
        """The vehicle for JSON: its best frame, named as tables name frames, with its plate, and when it was seen."""
        height, width = self.image.shape[:2]
        known = {"video": video, "vehicle": self.vehicle, "frames": self.frames, "best_frame": self.best_frame}
        times = {"first_s": round(self.first_s, 2), "last_s": round(self.last_s, 2)}
        plates = [plate_record(self.plate, height, width)]
        return (
            {"image": f"{video}#{self.best_frame}", "width": width, "height": height, "plates": plates} | known | times
        )


@dataclass(frozen=True)
class Scene:
    """What is known after one more frame.

    Attributes:
        frame: the frame.
        vehicles: those whose plates are in it, as they are known so far.
        plates: their plates, where they are now, by the number of the vehicle.
        looked: whether the detector looked at it; else boxes are predictions.
        ended: vehicles that are complete.
    """

    frame: Frame
    vehicles: tuple[VehicleReading, ...]
    plates: dict[int, PlateReading]
    looked: bool
    ended: tuple[VehicleReading, ...]

    @property
    def numbered(self) -> list[PlateReading]:
        """The plates for a drawing, with the number of the vehicle before the text."""
        return [_numbered(number, plate) for number, plate in self.plates.items()]


@dataclass
class _Vehicle:
    """What is gathered about a track; ``number`` is 0 until it is a vehicle, ``earlier`` what was seen before."""

    track: Track
    number: int = 0
    earlier: VehicleReading | None = None
    ballots: list[Ballot] = field(default_factory=list)
    text: PlateReading | None = None
    best: tuple[float, Frame, PlateReading] | None = None  # how well it shows the plate, and where


class Vehicles:
    """Gathers the vehicles of one video, frame by frame.

    Args:
        alpr: finds and reads.
        again_s: a text that is seen again within so many seconds is the same vehicle.
    """

    def __init__(self, alpr: ALPR, again_s: float = 3.0):
        self._alpr, self._again_s = alpr, again_s
        sure = alpr.detector.threshold if alpr.min_score is None else alpr.min_score
        self._tracker = Tracker(sure)
        self.least_score = sure * _UNSURE
        self._vehicles: dict[int, _Vehicle] = {}
        self._held: list[VehicleReading] = []  # ended, but may be seen again
        self._count = 0

    def see(self, frame: Frame, plates: Sequence[PlateReading] | None) -> Scene:
        """Take in the next frame with what was found in it; None where nobody looked."""
        for track in self._tracker.move_to(frame.time_s):
            self._end(track)
        if plates is not None:
            tracks = self._tracker.look(plates)
            self._read(frame, tracks)
            for track in tracks:
                vehicle = self._vehicles[track.number]
                if self._alpr.reader is None or len(vehicle.ballots) >= _LEAST_BALLOTS:
                    self._recognise(vehicle)
        shown = self._shown(frame.time_s, plates is not None)
        known = tuple(self._reading(vehicle) for vehicle in shown)
        now = {vehicle.number: self._now(vehicle, plates is not None) for vehicle in shown}
        return Scene(frame, known, now, plates is not None, self._ready(frame.time_s))

    def finish(self) -> tuple[VehicleReading, ...]:
        """The vehicles that are left when the video ends."""
        for track in self._tracker.tracks:
            self._end(track)
        self._tracker.tracks = []
        return self._ready(float("inf"))

    def _read(self, frame: Frame, tracks: Sequence[Track]) -> None:
        """Let the frame vote on each plate that it shows better than others did."""
        chosen: list[tuple[_Vehicle, float]] = []
        for track in tracks:
            vehicle = self._vehicles.setdefault(track.number, _Vehicle(track))
            crop = crop_plate(frame.image, track.plate.box)
            quality = _quality(crop, track.plate.box)
            if vehicle.best is None or quality > vehicle.best[0]:
                vehicle.best = quality, frame, track.plate
            worst = min((ballot.weight for ballot in vehicle.ballots), default=0.0)
            if quality > 0 and (len(vehicle.ballots) < _MOST_BALLOTS or quality > worst * _BETTER):
                chosen.append((vehicle, quality))
        readings = self._alpr.read_plates(frame.image, [vehicle.track.plate for vehicle, _ in chosen])
        for (vehicle, quality), reading in zip(chosen, readings, strict=True):
            ballots = sorted([*vehicle.ballots, Ballot(quality, reading)], key=lambda ballot: -ballot.weight)
            vehicle.ballots = ballots[:_MOST_BALLOTS]
            vehicle.text = elect(vehicle.ballots)

    def _recognise(self, vehicle: _Vehicle) -> None:
        """Give a number to what is a vehicle.

        What the detector takes for a plate and no frame can be read of is mostly none, so where there is a reader, only
        a text that the grammar allows makes a vehicle.
        """
        if vehicle.number or not self._is_one(vehicle):
            return
        vehicle.earlier = self._take_held(self._text_of(vehicle), vehicle.track)
        if vehicle.earlier:
            vehicle.number = vehicle.earlier.vehicle
        else:
            self._count += 1
            vehicle.number = self._count

    def _is_one(self, vehicle: _Vehicle) -> bool:
        """Whether it is a vehicle by what is known now."""
        if self._alpr.reader is None:
            return vehicle.track.hits >= _LEAST_UNREAD_LOOKS
        return vehicle.track.hits >= _LEAST_LOOKS and self._text_of(vehicle) is not None

    def _take_held(self, text: PlateReading | None, track: Track) -> VehicleReading | None:
        """The vehicle of that text that was lost a moment ago, taken out of those that are held."""
        for earlier in self._held:
            gap_s = max(track.first_s - earlier.last_s, earlier.first_s - track.last_s)
            if text and text.text and text.text == earlier.plate.text and gap_s <= self._again_s:
                self._held.remove(earlier)
                return earlier
        return None

    def _text_of(self, vehicle: _Vehicle) -> PlateReading | None:
        """What the votes say, where they are sure enough to be shown and it is the text of a whole plate."""
        text = vehicle.text
        whole = text is not None and (bool(text.country) or not self._alpr.grammar)
        return text if text and whole and text.text_score >= self._alpr.min_text_score else None

    def _shown(self, time_s: float, looked: bool) -> list[_Vehicle]:
        """The vehicles whose plates are in the picture."""
        patience_s = 0.0 if looked else _SHOWN_S
        lately = [track for track in self._tracker.tracks if time_s - track.alive_s <= patience_s]
        vehicles = [self._vehicles[track.number] for track in lately]
        return [vehicle for vehicle in vehicles if vehicle.number]

    def _now(self, vehicle: _Vehicle, looked: bool) -> PlateReading:
        """Where its plate is, with the text so far."""
        track = vehicle.track
        box = track.plate.box if looked else tuple(np.clip(track.kalman.box, 0, 1).tolist())
        text = self._text_of(vehicle) or PlateReading(box, 0.0)
        return replace(text, box=box, detection_score=track.plate.detection_score)

    def _reading(self, vehicle: _Vehicle) -> VehicleReading:
        """What is known about a vehicle so far."""
        assert vehicle.best
        track, (_, frame, plate) = vehicle.track, vehicle.best
        text = self._text_of(vehicle) or PlateReading(plate.box, 0.0)
        text = replace(text, box=plate.box, detection_score=plate.detection_score)
        reading = VehicleReading(
            vehicle.number, track.first_s, track.last_s, track.hits, text, frame.number, frame.image
        )
        return _joined(vehicle.earlier, reading) if vehicle.earlier else reading

    def _end(self, track: Track) -> None:
        """A track has ended: it is a vehicle, or more of one that was seen before, or nothing."""
        vehicle = self._vehicles.pop(track.number)
        self._recognise(vehicle)
        if vehicle.earlier is None and not self._is_one(vehicle):
            return
        reading = self._reading(vehicle)
        earlier = None if vehicle.earlier else self._take_held(reading.plate, track)
        self._held.append(_joined(earlier, reading) if earlier else reading)

    def _ready(self, time_s: float) -> tuple[VehicleReading, ...]:
        """Those that nobody will see again; they are handed out once."""
        waits_s = self._again_s + self._tracker.lost_s
        ready = [vehicle for vehicle in self._held if time_s - vehicle.last_s > waits_s]
        self._held = [vehicle for vehicle in self._held if time_s - vehicle.last_s <= waits_s]
        return tuple(sorted(ready, key=lambda vehicle: vehicle.vehicle))


def follow(
    alpr: ALPR, frames: Iterable[Frame], every: int = 1, again_s: float = 3.0, region: np.ndarray | None = None
) -> Generator[Scene, None, None]:
    """What is known after each frame; with the last one, all vehicles have ended.

    Args:
        alpr: finds and reads.
        frames: in their order.
        every: the detector looks at every so many frames.
        again_s: as in `Vehicles`.
        region: float32 (N, 2), corners x, y in 0..1 of the part of the picture in which plates count; None: all of it.
    """
    vehicles = Vehicles(alpr, again_s)
    scene: Scene | None = None
    looks = ((frame, None if frame.number % every else frame.image) for frame in frames)
    for frame, plates in alpr.find_ahead(looks, vehicles.least_score):
        if scene:
            yield scene
        if plates is not None and region is not None:
            plates = tuple(plate for plate in plates if _is_in(plate, region))
        scene = vehicles.see(frame, plates)
    if scene:
        yield replace(scene, ended=(*scene.ended, *vehicles.finish()))


def _is_in(plate: PlateReading, region: np.ndarray) -> bool:
    ymin, xmin, ymax, xmax = plate.box
    return cv2.pointPolygonTest(region, ((xmin + xmax) / 2, (ymin + ymax) / 2), False) >= 0


def _numbered(number: int, plate: PlateReading) -> PlateReading:
    start = f"#{number} "
    scores = (1.0,) * len(start) + plate.char_scores if plate.char_scores else ()
    return replace(plate, text=start + plate.text if plate.text else start[:-1], char_scores=scores)


def _joined(earlier: VehicleReading, later: VehicleReading) -> VehicleReading:
    """Two parts of one vehicle's way as one."""
    better = max(earlier, later, key=lambda vehicle: vehicle.plate.text_score)
    return replace(
        better,
        vehicle=min(earlier.vehicle, later.vehicle),
        first_s=min(earlier.first_s, later.first_s),
        last_s=max(earlier.last_s, later.last_s),
        frames=earlier.frames + later.frames,
    )


def _quality(crop: np.ndarray, box: Sequence[float]) -> float:
    """How well a frame shows a plate: the fine detail that is left at one size; 0 where it may be cut off."""
    if min(*box[:2], *(1 - edge for edge in box[2:])) < _AT_EDGE:
        return 0.0
    width = max(1, round(crop.shape[1] * _SHARP_HEIGHT_PX / crop.shape[0]))
    grey = cv2.cvtColor(cv2.resize(crop, (width, _SHARP_HEIGHT_PX), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    detail = float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean()) / (float(grey.std()) + 8)
    return detail * min(1.0, crop.shape[1] / 160) + 1e-3
