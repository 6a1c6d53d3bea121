"""Processes that work for a training; they end with it, whatever ends it."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from signal import SIG_IGN, SIGINT, signal
from threading import Thread

import cv2


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
    os._exit(1)


def _begin() -> None:
    signal(SIGINT, SIG_IGN)  # the process that trains ends this one
    cv2.setNumThreads(1)
    Thread(target=_end_with_parent, daemon=True).start()  # also when that one is killed


def worker_processes(workers: int) -> ProcessPoolExecutor:
    """``workers`` processes, one thread each, for functions of modules that load neither Keras nor TensorFlow."""
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin)
