"""Events to other programs by HTTP: each in its order, again and again until it is taken."""

import urllib.error
import urllib.request
from collections.abc import Callable
from threading import Event, Thread

from alpr_utils.errors import AlprError, OutputError
from alpr_utils.video.store import EventStore

_TIMEOUT_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0  # after a failure; doubled each time
_IDLE_S = 0.25  # how often an empty spool is looked at


def check_url(url: str) -> None:
    """Raises `AlprError` when ``url`` is no address that events can be sent to."""
    if not url.lower().startswith(("http://", "https://")):
        raise AlprError(f"{url}: is no address of a webhook; begin it with http:// or https://.")


class Webhook:
    """Sends what the spool of a store holds for ``url``, in a thread of its own, until `stop`.

    The receiver gets POST with one event as JSON and its id also in the header ``X-Event-Id``. An answer of 200 to 299
    means that it has taken the event. When the answer is lost on its way, the event comes again with the same id.

    Args:
        problem: is told, in a sentence, when events have to wait.
        first_pause_s: the pause after the first failure.
    """

    def __init__(
        self, store: EventStore, url: str, problem: Callable[[str], None], first_pause_s: float = _FIRST_PAUSE_S
    ):
        self._store, self._url, self._problem, self._first_pause_s = store, url, problem, first_pause_s
        self._stopped = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self, patience_s: float = 2.0) -> None:
        """End; what is not taken yet stays in the spool for the next run. Waits so long for a message on its way."""
        self._stopped.set()
        self._thread.join(patience_s)

    def _run(self) -> None:
        pause_s = self._first_pause_s
        while not self._stopped.is_set():
            waiting = self._store.next_for(self._url)
            if waiting is None:
                self._stopped.wait(_IDLE_S)
                continue
            number, identity, body = waiting
            failure = self._send(identity, body)
            try:
                if not failure:
                    self._store.taken(number)
                    pause_s = self._first_pause_s
                    continue
            except OutputError as error:
                failure = str(error)
            if pause_s == self._first_pause_s:  # said once, not each time
                self._problem(f"{self._url}: takes no events ({failure}); they are kept and sent later.")
            self._stopped.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _send(self, identity: str, body: str) -> str:
        """Why the event was not taken, empty when it was."""
        headers = {"Content-Type": "application/json; charset=utf-8", "X-Event-Id": identity}
        request = urllib.request.Request(self._url, body.encode(), headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
                return "" if 200 <= answer.status < 300 else f"answer {answer.status}"
        except (OSError, ValueError) as error:  # refused, timed out, no such name, answers of 400 and more
            return str(error)
