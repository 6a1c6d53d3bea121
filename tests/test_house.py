"""The package keeps the shape that CONTRIBUTING.md describes: few rooms, few arrows, short files and functions."""

import ast
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

import alpr_utils

PACKAGE = Path(alpr_utils.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
MOST_ROOMS, MOST_ARROWS = 24, 100  # 90 before video/ was built on, 96 before serve/, which leans on few
MOST_LINES_OF_FILE, MOST_LINES_OF_FUNCTION = 350, 40


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def test_rooms_and_arrows_are_few() -> None:
    graph = grimp.build_graph("alpr_utils", cache_dir=None)
    imports = {(module, other) for module in graph.modules for other in graph.find_modules_directly_imported_by(module)}
    arrows = {(_room(a), _room(b)) for a, b in imports if _room(a) != _room(b)}
    rooms = {_room(module) for module in graph.modules}
    assert len(rooms) <= MOST_ROOMS, sorted(rooms)
    assert len(arrows) <= MOST_ARROWS, sorted(arrows)


def test_files_are_short() -> None:
    lengths = {path.relative_to(PACKAGE).as_posix(): len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert {name: count for name, count in lengths.items() if count > MOST_LINES_OF_FILE} == {}


def test_functions_are_short() -> None:
    long = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                length = _lines_without_docstring(node)
                if length > MOST_LINES_OF_FUNCTION:
                    long[f"{path.relative_to(PACKAGE).as_posix()}: {node.name}"] = length
    assert long == {}


def _lines_without_docstring(node: ast.FunctionDef) -> int:
    docstring = node.body[0] if ast.get_docstring(node) else None
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    return lines - ((docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0)


@pytest.mark.parametrize("name", ["ALPR", "load_detector", "load_reader"])
def test_opening_loads_no_generator_training_or_evaluation(name: str) -> None:
    rooms = "{module.split('.')[1] for module in sys.modules if module.startswith('alpr_utils.')}"
    code = f"import sys; from alpr_utils import {name}; print(sorted({rooms}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"synth", "training", "evaluation", "charts"} & set(ast.literal_eval(done.stdout))


def test_every_package_says_what_it_is_for() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path
