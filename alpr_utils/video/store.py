"""Events on disk: a SQLite file that keeps them, and the spool of those that a webhook has not taken yet.

An event and its places in the spools are written in one transaction before anybody hears of it: whatever is killed
afterwards, the event is neither lost nor made twice.
"""

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import RLock

from alpr_utils.errors import OutputError
from alpr_utils.video.known import nearness

_TABLES = """
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, time_s REAL NOT NULL, text TEXT NOT NULL,
    picture TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_time ON events (time_s);
CREATE TABLE IF NOT EXISTS spool (
    number INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class VehicleEvent:
    """A vehicle was seen.

    Attributes:
        id: no other event has it; a receiver that gets it twice may drop it.
        time: when the vehicle was seen first, ISO 8601 with the offset to UTC.
        source: the camera, without its password.
        text, text_score, country: what its plate says.
        known_as: its name on the list of known plates, empty where it is not on it.
        seen_s: for how many seconds it had been seen when the event was made.
        box_pixels: xmin, ymin, xmax, ymax of the plate where it is seen best.
        picture: file name of the picture that is kept, empty without one.
    """

    id: str
    time: str
    source: str
    text: str
    text_score: float
    country: str
    known_as: str
    seen_s: float
    box_pixels: tuple[int, int, int, int]
    picture: str = ""

    def json(self) -> str:
        """One line."""
        return json.dumps(asdict(self), ensure_ascii=False)


EVENT_COLUMNS = (
    "id", "time", "source", "text", "text_score", "country", "known_as", "seen_s", "xmin", "ymin", "xmax", "ymax",
    "picture",
)  # fmt: skip


class EventStore:
    """The events of a place; threads and later runs may share it.

    Args:
        file: SQLite; made if it is not there.
        urls: webhooks; what one of them has not taken in an earlier run is still kept for it.

    Raises:
        OutputError: the file cannot be written, or is something else.
    """

    def __init__(self, file: Path, urls: Sequence[str] = ()):
        self._file, self._urls, self._lock = file, tuple(urls), RLock()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=FULL")
            self._base.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise OutputError(f"{file}: cannot be opened as a file of events ({error}); choose another.") from None

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._base.execute("BEGIN IMMEDIATE")
                yield self._base
                self._base.execute("COMMIT")
            except sqlite3.Error as error:
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")
                raise OutputError(f"{self._file}: cannot be written ({error}); make room or mend its rights.") from None

    def add(self, event: VehicleEvent, time_s: float) -> None:
        """Keep an event of the time ``time_s``, seconds since 1970, and spool it for every webhook.

        Raises:
            OutputError: the disk is full or the file is not writable.
        """
        body = event.json()
        with self._transaction() as base:
            base.execute(
                "INSERT INTO events (id, time_s, text, picture, body) VALUES (?, ?, ?, ?, ?)",
                (event.id, time_s, event.text, event.picture, body),
            )
            base.executemany(
                "INSERT INTO spool (url, id, body) VALUES (?, ?, ?)", [(url, event.id, body) for url in self._urls]
            )

    def next_for(self, url: str) -> tuple[int, str, str] | None:
        """The oldest event that a webhook has not taken: number in the spool, id, body; None when it has all."""
        with self._lock:
            query = "SELECT number, id, body FROM spool WHERE url = ? ORDER BY number LIMIT 1"
            return self._base.execute(query, (url,)).fetchone()

    def taken(self, number: int) -> None:
        """A webhook has taken that event of the spool."""
        with self._transaction() as base:
            base.execute("DELETE FROM spool WHERE number = ?", (number,))

    def events(self, text: str = "", count: int = 100) -> list[VehicleEvent]:
        """The newest events first; with ``text``, those that hold it or are near it, as `nearness` says."""
        wanted = "".join(text.split()).replace("-", "").upper()
        found: list[VehicleEvent] = []
        with self._lock, closing(self._base.execute("SELECT text, body FROM events ORDER BY number DESC")) as rows:
            for said, body in rows:
                if not wanted or wanted in said or nearness(wanted, said) is not None:
                    fields = json.loads(body)
                    found.append(VehicleEvent(**{**fields, "box_pixels": tuple(fields["box_pixels"])}))
                    if len(found) == count:
                        break
        return found

    def forget(self, days: float, pictures: Path) -> int:
        """Delete events that are older, with their pictures and wherever they wait; how many."""
        with self._transaction() as base:
            old = base.execute("SELECT id, picture FROM events WHERE time_s < ?", (time.time() - days * 86400,))
            gone = old.fetchall()
            base.executemany("DELETE FROM events WHERE id = ?", [(identity,) for identity, _ in gone])
            base.executemany("DELETE FROM spool WHERE id = ?", [(identity,) for identity, _ in gone])
        for _, picture in gone:
            if picture:
                (pictures / picture).unlink(missing_ok=True)
        return len(gone)


def event_row(event: VehicleEvent) -> tuple[object, ...]:
    """The row of ``EVENT_COLUMNS``."""
    fields = asdict(event)
    xmin, ymin, xmax, ymax = fields.pop("box_pixels")
    return tuple({**fields, "xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax}[name] for name in EVENT_COLUMNS)
