"""Vehicles that were found in generated clips against those that drove there."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alpr_utils.errors import AlprError
from alpr_utils.video.vehicles import VehicleReading

NEAR_S = 0.2  # first and last times that differ less are right


@dataclass(frozen=True)
class TrueVehicle:
    """A vehicle of a generated clip: its text, and when its plate is wholly in view, seconds."""

    text: str
    first_s: float
    last_s: float


@dataclass(frozen=True)
class ClipFigures:
    """How well the vehicles of some clips were found.

    Attributes:
        vehicles: that drove there.
        rows: that were found.
        exact: vehicles whose text has a row.
        once: vehicles whose text has exactly one row.
        in_time: those with a row whose first and last times are right within `NEAR_S`.
        scored: the score of each row's text, and whether the text is a vehicle's.
    """

    vehicles: int
    rows: int
    exact: int
    once: int
    in_time: int
    scored: tuple[tuple[float, bool], ...]

    def __add__(self, other: "ClipFigures") -> "ClipFigures":
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return ClipFigures(*(mine + theirs for mine, theirs in pairs))


def truth_of(clip: Path) -> list[TrueVehicle]:
    """The vehicles of a clip that ``generate clips`` wrote.

    Raises:
        AlprError: the JSON beside it is missing or something else.
    """
    file = clip.with_suffix(".json")
    try:
        vehicles = json.loads(file.read_text("utf-8"))["vehicles"]
        return [TrueVehicle(v["text"], float(v["first_s"]), float(v["last_s"])) for v in vehicles]
    except (OSError, ValueError, TypeError, KeyError):
        raise AlprError(f"{file}: is not the truth of a generated clip; write clips with 'generate clips'.") from None


def compared(truth: Sequence[TrueVehicle], found: Sequence[VehicleReading]) -> ClipFigures:
    """Compare the vehicles of one clip by their texts."""
    rows = [[row for row in found if row.plate.text == vehicle.text] for vehicle in truth]
    in_time = [
        any(max(abs(row.first_s - vehicle.first_s), abs(row.last_s - vehicle.last_s)) <= NEAR_S for row in of_vehicle)
        for vehicle, of_vehicle in zip(truth, rows, strict=True)
    ]
    exact, once = sum(map(bool, rows)), sum(len(of_vehicle) == 1 for of_vehicle in rows)
    texts = {vehicle.text for vehicle in truth}
    scored = tuple((row.plate.text_score, row.plate.text in texts) for row in found)
    return ClipFigures(len(truth), len(found), exact, once, sum(in_time), scored)
