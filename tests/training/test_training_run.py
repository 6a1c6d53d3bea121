"""Run folders: which settings they accept, and what their weights come from."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from alpr_utils.errors import AlprError, ModelError
from alpr_utils.training.reader import CropSource, ReaderPlan
from alpr_utils.training.run import earlier_trainings, prepare_run

PLAN = ReaderPlan(sources=(CropSource("typo"),))
MENDED = replace(PLAN, sources=(CropSource("photos"),))


def _noted(run: Path) -> str:
    return json.loads((run / "plan.json").read_text(encoding="utf-8"))["sources"][0]["folder"]


def test_settings_may_be_corrected_before_the_first_epoch(tmp_path: Path) -> None:
    prepare_run(tmp_path, PLAN)
    (tmp_path / "log.csv").touch()  # as a training leaves it that is stopped within its first epoch
    prepare_run(tmp_path, MENDED)
    assert _noted(tmp_path) == "photos"


@pytest.mark.parametrize("file", ["log.csv", "backup/latest.weights.h5"])
def test_settings_stay_after_an_epoch(file: str, tmp_path: Path) -> None:
    prepare_run(tmp_path, PLAN)
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("epoch,loss\n0,1.5\n")
    with pytest.raises(AlprError, match="other settings"):
        prepare_run(tmp_path, MENDED)
    prepare_run(tmp_path, PLAN)
    assert _noted(tmp_path) == "typo"


@pytest.mark.parametrize("change", [{"seed": 1}, {"generated": 9}, {"countries": ("kr",)}])
def test_plates_of_other_settings_are_not_mixed_in(change: dict[str, object], tmp_path: Path) -> None:
    prepare_run(tmp_path, PLAN)
    (tmp_path / "generated").mkdir()
    prepare_run(tmp_path, replace(PLAN, **change))  # type: ignore[arg-type]
    prepare_run(tmp_path, PLAN)
    (tmp_path / "generated" / "mn_0000000.npz").touch()
    with pytest.raises(AlprError, match="generated: its plates are of another seed"):
        prepare_run(tmp_path, replace(PLAN, **change))  # type: ignore[arg-type]
    prepare_run(tmp_path, MENDED)


def test_damaged_settings_are_named(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(asdict(PLAN))[:-9], encoding="utf-8")
    with pytest.raises(ModelError, match=r"plan\.json: is damaged"):
        earlier_trainings(str(tmp_path / "last.weights.h5"))


def test_generated_plates_have_no_halves() -> None:
    assert CropSource.parse("crops:a=0.5") == CropSource("crops", 0.5, "a")
    with pytest.raises(AlprError, match="no halves"):
        CropSource.parse("generated:a=0.5")
