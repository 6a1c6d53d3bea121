"""What stands between requests and `ALPR`: limits, a bounded queue, counts."""

import asyncio
import math
import time
from dataclasses import dataclass

from fastapi import HTTPException
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from alpr_utils.alpr import ALPR
from alpr_utils.results import PictureResult
from alpr_utils.serve.lane import Lane

_BUCKETS_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(frozen=True)
class Limits:
    """What the service takes.

    Attributes:
        most_bytes: of one request's body.
        most_pixels: of one picture.
        most_waiting: requests that are received or read at one time; more are told to come again.
        timeout_s: for a body to come, and again for its picture to be read.
    """

    most_bytes: int = 20_000_000
    most_pixels: int = 50_000_000
    most_waiting: int = 16
    timeout_s: float = 30.0


class Metrics:
    """What Prometheus is told; a registry of its own, so that several applications fit into one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter("alpr_requests", "Requests to read.", ["status"], registry=self.registry)
        self.seconds = Histogram(
            "alpr_request_seconds", "From request to answer.", buckets=_BUCKETS_S, registry=self.registry
        )
        self.waiting = Gauge("alpr_waiting", "Requests received or read now.", registry=self.registry)
        self.plates = Counter("alpr_plates", "Plates in answers.", registry=self.registry)


class Service:
    """Reads pictures for requests. Everything but its lanes runs in the thread of the event loop.

    Args:
        alpr: opened now if it was not.
        limits: what is taken.

    Raises:
        ModelError: a model cannot be opened.
    """

    def __init__(self, alpr: ALPR, limits: Limits):
        alpr.load()
        self.limits, self.metrics = limits, Metrics()
        self._lanes = {
            crops: Lane(alpr, crops, limits.most_pixels) for crops in ([False, True][: 1 + bool(alpr.reader)])
        }
        self._waiting, self._last_s, self._stopped = 0, 1.0, False

    @property
    def full(self) -> bool:
        """Whether another request would be one too many."""
        return self._waiting >= self.limits.most_waiting

    @property
    def ready(self) -> bool:
        """Whether a request would be taken now."""
        return not self._stopped and not self.full and all(lane.alive for lane in self._lanes.values())

    @property
    def retry_after(self) -> dict[str, str]:
        """When to come again, as a header: the last answer took as long as the queue is."""
        return {"Retry-After": str(max(1, math.ceil(self._last_s)))}

    def __enter__(self) -> None:
        """Take one of the places of the queue; leaving gives it back."""
        self._waiting += 1
        self.metrics.waiting.set(self._waiting)

    def __exit__(self, *error: object) -> None:
        self._waiting -= 1
        self.metrics.waiting.set(self._waiting)

    async def read(self, content: bytes, crop: bool) -> PictureResult:
        """Read the bytes of one picture file.

        Raises:
            HTTPException: 422 the picture cannot be used; 500 it breaks a model; 503 it took too long.
        """
        if crop not in self._lanes:
            raise HTTPException(422, "This service only finds plates; it has no reader for crops.")
        start_s = time.monotonic()
        answer = asyncio.wrap_future(self._lanes[crop].submit(content))
        try:
            result = await asyncio.wait_for(answer, self.limits.timeout_s)
        except asyncio.TimeoutError:
            detail = f"The picture was not read within {self.limits.timeout_s:g} seconds; come again later."
            raise HTTPException(503, detail, self.retry_after) from None
        except Exception:
            raise HTTPException(500, "The picture could not be read because of a fault of the service.") from None
        self._last_s = time.monotonic() - start_s
        if result.error:
            raise HTTPException(422, str(result.error))
        self.metrics.plates.inc(len(result.plates))
        return result

    def stop(self) -> None:
        """Take nothing more and end after what is waiting."""
        self._stopped = True
        for lane in self._lanes.values():
            lane.stop()
