"""Several processes that write the shards of one data set. Only counts and error messages travel between them."""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ctypes import c_bool, c_int64
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import cv2

from alpr_utils.errors import AlprError
from alpr_utils.synth.files.recipe import Recipe
from alpr_utils.synth.files.shards import Shard, write_shard

_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 60  # for a ray traced picture to be finished before its process is ended


class _StopWork(Exception):  # noqa: N818 - no error
    """The command was interrupted or killed."""


@contextmanager
def _one_cv2_thread() -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Processes started inside never see Ctrl-C; their parent ends them in good order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _work(
    folder: Path,
    shards: Sequence[Shard],
    recipe: Recipe,
    taken: Any,
    stop: Any,
    done: Any,
    number: int,
    report: Connection,
) -> None:
    """Take shards until none is left; runs in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def after_each() -> None:
        done[number] += 1
        if stop.value or (parent is not None and not parent.is_alive()):
            raise _StopWork

    with _one_cv2_thread():
        try:
            while True:
                with taken.get_lock():
                    index = taken.value
                    taken.value += 1
                if index >= len(shards):
                    return
                write_shard(folder, shards[index], recipe, after_each)
        except _StopWork:
            return
        except AlprError as error:
            report.send(str(error))


def run_shards(
    folder: Path, shards: Sequence[Shard], recipe: Recipe, workers: int, progress: Callable[[int], None]
) -> None:
    """Write all ``shards`` with that many processes; with 1, in this process.

    Args:
        progress: called now and then with the number of pictures written since the last call.

    Raises:
        AlprError: a worker failed; the others have been ended, complete shards stay.
        KeyboardInterrupt: passed on, likewise.
    """
    if min(workers, len(shards)) <= 1:
        with _one_cv2_thread():
            for shard in shards:
                write_shard(folder, shard, recipe, lambda: progress(1))
        return
    context = multiprocessing.get_context("spawn")
    workers = min(workers, len(shards))
    taken, stop = context.Value(c_int64, 0), context.RawValue(c_bool, False)
    done = context.RawArray(c_int64, workers)
    processes: list[BaseProcess] = []
    reports: list[Connection] = []
    try:
        with _interrupts_ignored():
            for number in range(workers):
                receiver, sender = context.Pipe(duplex=False)
                arguments = (folder, shards, recipe, taken, stop, done, number, sender)
                process = context.Process(target=_work, args=arguments, daemon=True)
                process.start()
                sender.close()
                processes.append(process)
                reports.append(receiver)
        _watch(processes, reports, done, progress)
    finally:
        stop.value = True
        with _interrupts_ignored():
            _end(processes)


def _watch(
    processes: Sequence[BaseProcess], reports: Sequence[Connection], done: Any, progress: Callable[[int], None]
) -> None:
    reported = 0
    running = True
    while running:
        wait([process.sentinel for process in processes if process.is_alive()], _POLL_SECONDS)
        running = any(process.is_alive() for process in processes)
        now = sum(done)
        progress(now - reported)
        reported = now
        for process, report in zip(processes, reports, strict=True):
            if process.is_alive():
                continue
            message = _message(report)
            if message:
                raise AlprError(message)
            if process.exitcode:
                raise AlprError(
                    f"A worker was ended from outside (exit code {process.exitcode}, perhaps because memory ran out); "
                    "give the same command again with fewer --workers to go on."
                )


def _message(report: Connection) -> str:
    try:
        return str(report.recv()) if report.poll() else ""
    except EOFError:
        return ""


def _end(processes: Sequence[BaseProcess]) -> None:
    for process in processes:
        process.join(_PATIENCE_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
