"""Found vehicles against the true ones of a clip."""

from pathlib import Path

import numpy as np
import pytest

from alpr_utils.errors import AlprError
from alpr_utils.results import PlateReading
from alpr_utils.video.compare import ClipFigures, TrueVehicle, compared, truth_of
from alpr_utils.video.vehicles import VehicleReading


def _row(text: str, first_s: float, last_s: float) -> VehicleReading:
    plate = PlateReading((0, 0, 1, 1), 0.9, text, 0.9)
    return VehicleReading(1, first_s, last_s, 5, plate, 3, np.zeros((4, 4, 3), np.uint8))


def test_figures_count_rows_texts_repeats_and_times() -> None:
    truth = [TrueVehicle("a", 1, 2), TrueVehicle("b", 1, 2), TrueVehicle("c", 1, 2)]
    rows = [_row("a", 1.1, 1.9), _row("b", 1, 2.3), _row("b", 3, 4), _row("x", 1, 2)]
    figures = compared(truth, rows)
    scored = ((0.9, True), (0.9, True), (0.9, True), (0.9, False))
    assert figures == ClipFigures(vehicles=3, rows=4, exact=2, once=1, in_time=1, scored=scored)
    assert figures + figures == ClipFigures(6, 8, 4, 2, 2, scored * 2)


def test_clips_without_truth_are_named(tmp_path: Path) -> None:
    with pytest.raises(AlprError, match=r"clip\.json: is not the truth of a generated clip"):
        truth_of(tmp_path / "clip.mp4")
