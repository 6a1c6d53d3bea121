"""Stages of work side by side: each one runs in a thread of its own, one item ahead of whoever takes its results."""

from collections.abc import Callable, Generator, Iterable, Iterator
from queue import Empty, Queue
from threading import Event, Semaphore, Thread
from typing import Any, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_POLL_S = 0.1  # how often a waiting thread looks whether it is still needed
_LAST_ITEM_S = 1.5  # how long the end waits for an item in work


def ahead(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> Generator[_Result, None, None]:
    """``work`` of each item in order, computed in a thread, at most one result ahead.

    What ``work`` or ``items`` raises is raised here in its turn. When the caller stops early, or is interrupted, the
    thread ends with the item that it has in work; so do the threads of ``items`` that come from `ahead`, too.
    """
    results: Queue[tuple[bool, Any]] = Queue()
    free, stopped = Semaphore(1), Event()
    thread = Thread(target=_run, args=(work, iter(items), results, free, stopped), daemon=True)
    thread.start()
    try:
        while True:
            ended, result = _next(results)
            if not ended:
                free.release()
                yield result
            elif result is None:
                return
            else:
                raise result
    finally:
        stopped.set()
        thread.join(_LAST_ITEM_S)


def _next(results: "Queue[tuple[bool, Any]]") -> tuple[bool, Any]:
    while True:
        try:
            return results.get(timeout=_POLL_S)  # without a timeout Ctrl-C would not get through on Windows
        except Empty:
            continue


def _run(
    work: Callable[[Any], Any],
    items: Iterator[Any],
    results: "Queue[tuple[bool, Any]]",
    free: Semaphore,
    stopped: Event,
) -> None:
    """Put ``(False, result)`` of each item, then ``(True, error or None)``."""
    error: BaseException | None = None
    try:
        while not stopped.is_set():
            if not free.acquire(timeout=_POLL_S):
                continue
            try:
                item = next(items)
            except StopIteration:
                break
            if not stopped.is_set():
                results.put((False, work(item)))
    except BaseException as raised:  # it belongs to whoever takes the results
        error = raised
    finally:
        if hasattr(items, "close"):  # a generator; what it holds, such as a video, is let go
            items.close()
        results.put((True, error))
