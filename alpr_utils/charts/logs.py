"""The ``log.csv`` of a training, for learning curves."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

_NOT_LOGGED = (None, "", "NA")


def read_log(log: Path) -> list[dict[str, str]]:
    """The rows of a ``log.csv``, one an epoch."""
    with log.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def logged_values(rows: Sequence[Mapping[str, str]], column: str) -> tuple[list[int], list[float]]:
    """The epochs, from 1, in which ``column`` was logged, and its values."""
    values = {epoch: row[column] for epoch, row in enumerate(rows, start=1) if row.get(column) not in _NOT_LOGGED}
    return list(values), [float(value) for value in values.values()]
