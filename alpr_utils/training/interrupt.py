"""Ctrl-C in a training: it ends within two seconds and says what is kept."""

import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alpr_utils.errors import AlprError

_PATIENCE_SECONDS = 1.5  # for the step that is being computed


def _end_processes() -> None:
    for process in multiprocessing.active_children():
        process.terminate()


def _watch(listener: socket.socket, over: threading.Event, sentence: Callable[[], str]) -> None:
    """End the process when Ctrl-C was pressed and the main thread, busy in compiled code, has not heard of it."""
    while (number := listener.recv(1)) != b"":
        if number[0] == signal.SIGINT and not over.wait(_PATIENCE_SECONDS):
            print(f"\nerror: {sentence()}", file=sys.stderr, flush=True)
            _end_processes()
            os._exit(1)


@contextmanager
def stops_on_interrupt(sentence: Callable[[], str]) -> Iterator[None]:
    """Make Ctrl-C inside an `AlprError` that says ``sentence()``.

    What is written inside must be written whole or not at all, for a long step is cut off.

    Raises:
        AlprError: Ctrl-C was pressed.
    """
    over = threading.Event()
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread:
        listener, teller = socket.socketpair()
        teller.setblocking(False)
        before = signal.set_wakeup_fd(teller.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=_watch, args=(listener, over, sentence), daemon=True).start()
    try:
        yield
    except KeyboardInterrupt:
        over.set()
        _end_processes()
        raise AlprError(sentence()) from None
    finally:
        over.set()
        if in_main_thread:
            signal.set_wakeup_fd(before)
            teller.close()
