"""The plan of an archive: the simulation agrees with the formula where it must, and the page says what it prints."""

import re
import shlex
import subprocess
import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = spec_from_file_location("plan_archive", ROOT / "examples" / "plan_archive.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    sys.modules["plan_archive"] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def test_without_chance_it_is_the_formula(example: ModuleType) -> None:
    for queue in (False, True):
        plan = example.Plan(100_000, 10.0, 5, spread=0.0, death_h=1e9, queue=queue)
        outcome = example.simulate(plan)
        assert outcome.hours == pytest.approx(plan.planned_h) == pytest.approx(100_000 / 10 / 5 / 3600)
        assert (outcome.machine_hours, outcome.deaths) == (pytest.approx(5 * plan.planned_h), 0)


def test_a_store_limits_all_machines_together(example: ModuleType) -> None:
    plan = example.Plan(100_000, 10.0, 50, store=100.0, spread=0.0, death_h=1e9)
    assert example.simulate(plan).hours == pytest.approx(100_000 / 100 / 3600)


def test_deaths_cost_the_part_in_work_and_the_time_of_coming_back(example: ModuleType) -> None:
    plan = example.Plan(4_000_000, 10.0, 4, spread=0.0, death_h=1.0, back_s=0.0)
    outcome = example.simulate(plan)
    assert outcome.deaths == pytest.approx(outcome.machine_hours, rel=0.3)
    lost_s = (outcome.machine_hours - 4 * plan.planned_h) * 3600 / outcome.deaths
    assert 35 < lost_s < 65  # half of a part of 100 s
    slower = example.simulate(replace(plan, back_s=600.0))
    assert slower.machine_hours - 4 * plan.planned_h == pytest.approx(slower.deaths * (lost_s + 600) / 3600, rel=0.2)


def test_shares_wait_for_the_slowest_machine(example: ModuleType) -> None:
    plan = example.Plan(10_000_000, 20.0, 100)
    queue, shares = example.simulate(plan), example.simulate(replace(plan, queue=False))
    assert queue == example.simulate(plan)
    assert queue.hours < 1.05 * plan.planned_h < 1.15 * plan.planned_h < shares.hours
    assert shares.machine_hours == pytest.approx(queue.machine_hours, rel=0.05)


@pytest.mark.slow
def test_the_page_says_what_is_printed() -> None:
    page = (ROOT / "docs" / "scale.md").read_text("utf-8")
    commands = re.findall(r"^python (examples/plan_archive.py .*)$", page, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        done = subprocess.run([sys.executable, *shlex.split(command)], cwd=ROOT, capture_output=True, text=True)
        assert done.stdout and done.stdout in page, command
