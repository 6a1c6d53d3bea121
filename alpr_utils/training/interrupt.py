"""Ctrl-C in a training: it ends with a sentence about what is kept, as a command within two seconds."""

import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alpr_utils.errors import AlprError

_PATIENCE_SECONDS = 1.5  # for the step that is being computed

_trainings: list[Callable[[], str]] = []  # what to say of those that run
_commands: list[str] = []  # that end with the process


def end_processes() -> None:
    """End the processes that generate plates for this one."""
    for process in multiprocessing.active_children():
        process.terminate()


@contextmanager
def stops_on_interrupt(sentence: Callable[[], str]) -> Iterator[None]:
    """Make Ctrl-C inside an `AlprError` that says ``sentence()``, or end the command, see `ends_soon`.

    What is written inside must be written whole or not at all, for a long step may be cut off.

    Raises:
        AlprError: Ctrl-C was pressed.
    """
    _trainings.append(sentence)
    try:
        yield
    except KeyboardInterrupt:
        if _commands:
            _end()
        end_processes()
        raise AlprError(sentence()) from None
    finally:
        _trainings.remove(sentence)


def _end() -> None:
    """Say what is kept and end at once; TensorFlow would take seconds to clear up."""
    print("", *(f"error: {sentence()}" for sentence in _trainings), sep="\n", file=sys.stderr, flush=True)
    end_processes()
    os._exit(1)


def _watch(listener: socket.socket) -> None:
    while number := listener.recv(1):
        if number[0] == signal.SIGINT:
            time.sleep(_PATIENCE_SECONDS)
            _end()  # the main thread, busy in compiled code, has not heard of it


@contextmanager
def ends_soon() -> Iterator[None]:
    """Let Ctrl-C inside end this process within two seconds, even in a long step; for commands, not for notebooks."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    listener, teller = socket.socketpair()
    teller.setblocking(False)
    before = signal.set_wakeup_fd(teller.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(listener,), daemon=True).start()
    _commands.append("train")
    try:
        yield
    finally:
        _commands.pop()
        signal.set_wakeup_fd(before)
        teller.close()
