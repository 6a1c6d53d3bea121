"""A camera that is watched: one event a vehicle, as soon as its text is sure."""

import time
import uuid
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

import numpy as np

from alpr_utils.alpr import ALPR
from alpr_utils.errors import AlprError
from alpr_utils.images import write_image
from alpr_utils.video.known import EXACT, LOOK_ALIKE, KnownPlates, nearness
from alpr_utils.video.sources import LiveSource, shown_name
from alpr_utils.video.store import EventStore, VehicleEvent
from alpr_utils.video.vehicles import Scene, VehicleReading, follow

KEEP_PICTURES = ("none", "crop", "frame")
_SURE_SCORE, _SURE_FRAMES = 0.9, 3  # with so much of both, an event need not wait for the vehicle to leave
_DAY_S = 86400.0
_FORGET_EVERY_S = 3600.0


@dataclass(frozen=True)
class WatchOptions:
    """What becomes of vehicles.

    Attributes:
        again_s: a vehicle with the same text, or one of look-alikes, makes no other event within so many seconds after
            it was seen last.
        keep_pictures: one of `KEEP_PICTURES`.
        pictures: folder for them.
        retention_days: events and pictures that are older are deleted; None: never.
        known: the list of known plates, if there is one.
        region: as in `follow`.
    """

    again_s: float = 60.0
    keep_pictures: str = "none"
    pictures: Path = Path("pictures")
    retention_days: float | None = None
    known: KnownPlates | None = None
    region: np.ndarray | None = None


def parse_region(text: str) -> np.ndarray:
    """``"0.1,0.3 0.9,0.3 0.9,1 0.1,1"`` as corners: float32 (N, 2), x, y in 0..1.

    Raises:
        AlprError: it is something else.
    """
    try:
        corners = np.array([[float(value) for value in pair.split(",")] for pair in text.split()], np.float32)
    except ValueError:
        corners = np.zeros(0, np.float32)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3 or corners.min() < 0 or corners.max() > 1:
        raise AlprError(f"the region '{text}' is no polygon; write its corners in 0..1, such as '0,0.5 1,0.5 1,1'.")
    return corners


def parse_days(text: str) -> float:
    """``30d``, ``12h`` or ``45m`` in days.

    Raises:
        AlprError: it is something else.
    """
    units = {"d": 1.0, "h": 1 / 24, "m": 1 / 1440}
    number, unit = text[:-1], text[-1:]
    if unit not in units or not number.isdecimal() or not int(number):
        raise AlprError(f"'{text}' is no time to keep events; write days, hours or minutes, such as 30d, 12h or 45m.")
    return int(number) * units[unit]


class Watch:
    """Watches a source and makes events.

    Args:
        alpr: finds and reads.
        source: where frames come from.
        store: where events go before anything else is done with them.
        options: what becomes of vehicles.
    """

    def __init__(self, alpr: ALPR, source: LiveSource, store: EventStore, options: WatchOptions):
        self._alpr, self._source, self._store, self._options = alpr, source, store, options
        self._announced: set[int] = set()
        self._seen_s: dict[str, float] = {}  # text -> when it was seen last
        self._started = time.time()
        self._forgot_s = -_FORGET_EVERY_S
        self._lock = Lock()
        self._latest: Scene | None = None

    @property
    def latest(self) -> Scene | None:
        """The last scene; any thread may ask."""
        with self._lock:
            return self._latest

    @property
    def stopped(self) -> bool:
        """Whether `events` has ended or soon will."""
        return self._source.stopped

    def stop(self) -> None:
        """Let `events` end soon."""
        self._source.stop()

    def events(self) -> Generator[VehicleEvent, None, None]:
        """Events as they come, until the source ends or is stopped; then those of the vehicles that are still there.

        Raises:
            PictureError: the source is a file that cannot be read.
            OutputError: an event or a picture cannot be written.
        """
        self._alpr.load()
        self._started = time.time()
        region = self._options.region
        with closing(follow(self._alpr, self._source.frames(), region=region)) as scenes:
            for scene in scenes:
                with self._lock:
                    self._latest = scene
                self._forget(scene.frame.time_s)
                for vehicle in self._new(scene):
                    yield self._event(vehicle)

    def _new(self, scene: Scene) -> list[VehicleReading]:
        """The vehicles of which an event has to be made now."""
        new = []
        sure = [v for v in scene.vehicles if v.plate.text_score >= _SURE_SCORE and v.frames >= _SURE_FRAMES]
        for vehicle in [*sure, *scene.ended]:
            if vehicle.vehicle not in self._announced:
                self._announced.add(vehicle.vehicle)
                if not self._was_seen(vehicle):
                    new.append(vehicle)
        for vehicle in scene.vehicles:
            if vehicle.vehicle in self._announced:
                self._seen_s[vehicle.plate.text] = vehicle.last_s
        self._announced -= {vehicle.vehicle for vehicle in scene.ended}
        return new

    def _was_seen(self, vehicle: VehicleReading) -> bool:
        """Whether this is a vehicle that went away a moment ago; notes that it is here."""
        since = vehicle.first_s - self._options.again_s
        self._seen_s = {text: seen_s for text, seen_s in self._seen_s.items() if seen_s >= since}
        text = vehicle.plate.text
        again = any(text and nearness(text, known) in (EXACT, LOOK_ALIKE) for known in self._seen_s)
        self._seen_s[text] = vehicle.last_s
        return again

    def _event(self, vehicle: VehicleReading) -> VehicleEvent:
        """Keep what is to be kept of a vehicle."""
        identity = uuid.uuid4().hex
        time_s = self._started + vehicle.first_s
        plate, known = vehicle.plate, self._options.known
        event = VehicleEvent(
            id=identity,
            time=datetime.fromtimestamp(time_s).astimezone().isoformat(timespec="milliseconds"),
            source=shown_name(self._source.source),
            text=plate.text,
            text_score=round(plate.text_score, 4),
            country=plate.country,
            known_as=known.name_of(plate.text) if known else "",
            seen_s=round(vehicle.last_s - vehicle.first_s, 2),
            box_pixels=plate.box_pixels(*vehicle.image.shape[:2]),
            picture=self._keep(vehicle, identity),
        )
        self._store.add(event, time_s)
        return event

    def _keep(self, vehicle: VehicleReading, identity: str) -> str:
        """Write the picture that the options want; its name, empty without one."""
        if self._options.keep_pictures == "none":
            return ""
        name = f"{identity}.jpg"
        image = vehicle.crop if self._options.keep_pictures == "crop" else vehicle.image
        write_image(self._options.pictures / name, image)
        return name

    def _forget(self, time_s: float) -> None:
        """Once an hour, delete what is older than the retention."""
        if self._options.retention_days is not None and time_s - self._forgot_s >= _FORGET_EVERY_S:
            self._forgot_s = time_s
            self._store.forget(self._options.retention_days, self._options.pictures)
