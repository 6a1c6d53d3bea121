"""What every model folder tells about itself: ``metadata.json`` with facts, package versions and checksums."""

import hashlib
import json
import platform
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from alpr_utils import __version__
from alpr_utils.errors import ModelError, OutputError

METADATA_FILE = "metadata.json"
_PACKAGES = ("tensorflow", "keras", "numpy")


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """A new folder beside ``folder`` to write a model into; at the end it takes its place.

    When the writing fails, ``folder`` stays as it was, so that what is written may also be read from it.

    Raises:
        OutputError: ``folder`` is a file, or its place is not writable.
    """
    final = folder.resolve()
    draft, old = (final.with_name(f".{final.name}.{suffix}") for suffix in ("new", "old"))
    if final.exists() and not final.is_dir():
        raise OutputError(f"{folder}: is no folder; choose another output folder.")
    try:
        shutil.rmtree(draft, ignore_errors=True)  # of a run that was killed
        draft.mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror}); choose another output folder.") from None
    try:
        yield draft
        shutil.rmtree(old, ignore_errors=True)
        if final.exists():
            final.rename(old)
        draft.rename(final)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def write_metadata(folder: Path, facts: dict[str, Any], files: Sequence[Path]) -> None:
    """Write ``folder/metadata.json``: ``facts``, versions, and the SHA-256 of ``files``, which lie in ``folder``."""
    versions = {"alpr_utils": __version__, "python": platform.python_version(), **{p: version(p) for p in _PACKAGES}}
    checksums = {file.relative_to(folder).as_posix(): _sha256(file) for file in files}
    text = json.dumps({**facts, "versions": versions, "sha256": checksums}, indent=2, ensure_ascii=False)
    (folder / METADATA_FILE).write_text(text + "\n", encoding="utf-8")


def add_metadata(folder: Path, entries: dict[str, Any]) -> None:
    """Write ``entries`` into the ``metadata.json`` of a model folder, in place of entries with the same keys.

    Raises:
        ModelError: as `read_metadata`, or there is none.
    """
    metadata = read_metadata(folder)
    if not metadata:
        raise ModelError(f"{folder / METADATA_FILE}: is missing or empty; restore the folder or train it again.")
    text = json.dumps({**metadata, **entries}, indent=2, ensure_ascii=False)
    (folder / METADATA_FILE).write_text(text + "\n", encoding="utf-8")


def read_metadata(folder: Path) -> dict[str, Any]:
    """The facts in ``folder/metadata.json``, ``{}`` where there is none; files are compared with its checksums.

    Raises:
        ModelError: no valid JSON object, or a listed file is missing or has another checksum.
    """
    file = folder / METADATA_FILE
    if not file.exists():
        return {}
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        checksums = dict(facts.get("sha256", {}))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{file}: is damaged ({error}); copy the model folder again.") from None
    for name, checksum in checksums.items():
        part = folder / name
        if not part.is_file():
            raise ModelError(f"{part}: is missing, {METADATA_FILE} lists it; copy the model folder again.")
        if _sha256(part) != checksum:
            raise ModelError(f"{part}: does not have the checksum in {METADATA_FILE}; copy the model folder again.")
    return facts


def trained_on(facts: Any) -> tuple[str, ...]:
    """The folders of real plates that the trainings in ``facts`` of a model folder name, each with its half, once."""
    found: dict[str, None] = {}
    if isinstance(facts, dict):
        folder, half = facts.get("folder"), facts.get("half") or facts.get("part") or ""
        if isinstance(folder, str) and folder != "generated":
            found[f"{folder}:{half}" if half else folder] = None
        for name in facts.get("labelled_folders") or ():
            found[str(name)] = None
        parts = [value for key, value in facts.items() if key != "validation"]
    else:
        parts = list(facts) if isinstance(facts, list | tuple) else []
    for part in parts:
        found.update(dict.fromkeys(trained_on(part)))
    return tuple(found)
