"""What README and docs tell a reader to type works: commands are run, or parsed where they need much."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer
import yaml

from alpr_utils.cli.app import app, main
from alpr_utils.images import crop_plate, read_image, write_image
from alpr_utils.plates import COUNTRIES

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def _commands(page: Path) -> Iterator[tuple[str, str]]:
    """Every line of the page's bash blocks and its comment; continued lines are joined, variables filled in."""
    variables: dict[str, str] = {}
    for block in re.findall(r"```bash\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            for name, value in variables.items():
                line = re.sub(rf"\${name}\b", lambda _, value=value: value, line)
            assignments = re.findall(r'^(\w+)="(.*?)"', line)
            variables.update(assignments)
            command, _, comment = line.partition("#")
            if command.strip() and not assignments:
                yield command.strip(), comment.strip()


def _arguments(command: str) -> list[str] | None:
    """The arguments of a command of ours, None for others."""
    words = shlex.split(re.sub(r"^python -m alpr_utils ", "alpr ", command))
    return words[1:] if words and words[0] == "alpr" else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_have_the_options_that_they_use(page: Path) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for command, _ in _commands(page):
        if command.startswith("make "):
            assert command.split()[1] in targets, command
        arguments = _arguments(command)
        if arguments is not None:
            _parse(arguments)


def _parse(arguments: list[str]) -> None:
    """Parse without running; an unknown command or option raises a sentence."""
    command: Any = typer.main.get_command(app)  # of the copy of click inside typer, whose classes have no public names
    context = command.make_context("alpr", [], resilient_parsing=True)
    while hasattr(command, "resolve_command"):
        name, command, arguments = command.resolve_command(context, arguments)
        context = command.make_context(name, [], parent=context, resilient_parsing=True)
    command.make_context(command.name, list(arguments), parent=context.parent)


def test_commands_of_the_deployment_have_the_options_that_they_use() -> None:
    unit = (ROOT / "deploy" / "alpr-serve.service").read_text("utf-8")
    (command,) = re.findall(r"^ExecStart=\S*/alpr (.*)$", unit, re.MULTILINE)
    _parse(shlex.split(command))
    (command,) = re.findall(r"^CMD (\[.*\])$", (ROOT / "Containerfile").read_text("utf-8"), re.MULTILINE)
    _parse(json.loads(command))
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))["services"]
    assert set(services) == {"serve", "watch"}
    for service in services.values():
        _parse(service["command"])


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_guide_names_files_that_are_there() -> None:
    text = (ROOT / "docs" / "reading_the_code.md").read_text("utf-8")
    names = set(re.findall(r"`((?:\w+/)*\w+\.py)`", text))
    assert len(names) > 15
    assert [name for name in sorted(names) if not (ROOT / "alpr_utils" / name).exists()] == []


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the README's reader has: photos, a video, plates, and the pictures that are included."""
    pictures = ROOT / "mongol_alpr_images"
    for folder, names in (("photos", ("1.jpg", "3.jpg")), ("mongol_alpr_images", ("1.jpg", "1.xml"))):
        (tmp_path / folder).mkdir()
        for name in names:
            shutil.copy(pictures / name, tmp_path / folder / name)
    shutil.copy(pictures / "1.jpg", tmp_path / "photo.jpg")
    image = read_image(pictures / "1.jpg")
    write_image(tmp_path / "plates" / "a.png", crop_plate(image, (0.51, 0.5, 0.59, 0.56)))
    video = cv2.VideoWriter(str(tmp_path / "drive.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 10, (640, 360))
    for _ in range(2):
        video.write(np.ascontiguousarray(cv2.resize(image, (640, 360))[..., ::-1]))
    video.release()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_commands_of_the_readme_run(newcomer: Path) -> None:
    for command, comment in _commands(ROOT / "README.md"):
        arguments = _arguments(command)
        if arguments and not comment.startswith("needs: "):
            assert main(arguments) == 0, command
    assert (newcomer / "results" / "plates.csv").read_text("utf-8").count("\n") >= 3
    assert (newcomer / "results" / "1.jpg").exists()


@pytest.mark.slow
def test_python_of_the_readme_runs(newcomer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    exec(code, {})
    assert "2520УЕН" in capsys.readouterr().out


def test_the_public_name_stands_in_one_place() -> None:
    pages = [*PAGES, *(ROOT / "notebooks").glob("*.ipynb"), ROOT / "pyproject.toml"]
    assert [page.name for page in pages if "OWNER/REPOSITORY" in page.read_text("utf-8")] == ["online.md"]


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


@pytest.mark.parametrize("folder", sorted((ROOT / "exported_model_directory").iterdir()), ids=lambda path: path.name)
def test_every_model_has_a_true_card(folder: Path) -> None:
    card = (ROOT / "docs" / "models" / f"{folder.name}.md").read_text("utf-8")
    metadata = json.loads((folder / "metadata.json").read_text("utf-8"))
    assert f"| parameters | {metadata['parameters']:,} |" in card
    assert "threshold" not in metadata or f"| default threshold | {metadata['threshold']:g} |" in card


@pytest.mark.slow
@pytest.mark.parametrize("page", ["generator.md", "new_country.md"])
def test_commands_of_the_generator_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("alpr_utils.plates._FILES", {})
    COUNTRIES.pop("kz", None)
    try:
        for command, comment in _commands(ROOT / "docs" / page):
            arguments = _arguments(command)
            if arguments and not comment.startswith("needs: "):
                assert main(arguments) == 0, command
    finally:
        COUNTRIES.pop("kz", None)
