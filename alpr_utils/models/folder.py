"""Model folders and their ``metadata.json``: architecture, training, figures, package versions, checksums."""

import hashlib
import json
import platform
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from alpr_utils.errors import ModelError, OutputError

METADATA_FILE = "metadata.json"
WEIGHTS_FILE = "weights.npz"
SAVED_MODEL = "saved_model"
_MOST_METADATA_BYTES = 10_000_000
_PACKAGES = ("alpr-utils", "tensorflow", "keras", "numpy", "onnxruntime")


def check_model_place(folder: Path) -> None:
    """Make sure that a model written to ``folder`` replaces another model, or nothing.

    Raises:
        OutputError: there is a file, or a folder that holds anything else, such as photos.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is not a folder; choose another output folder.")
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if names and not names & {METADATA_FILE, SAVED_MODEL, WEIGHTS_FILE}:
        raise OutputError(f"{folder}: holds {min(names)} and no model; choose another output folder.")


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """A new folder beside ``folder`` to write a model into; at the end it replaces ``folder``.

    When writing fails, ``folder`` stays as it was; until then what it holds can still be read.

    Raises:
        OutputError: as `check_model_place`, or the place is not writable.
    """
    check_model_place(folder)
    final = folder.resolve()
    draft, old = (final.with_name(f".{final.name}.{suffix}") for suffix in ("new", "old"))
    try:
        shutil.rmtree(draft, ignore_errors=True)  # of a run that was killed
        if old.exists() and not final.exists():  # it was killed between two renames
            old.rename(final)
        draft.mkdir(parents=True)
        yield draft
        shutil.rmtree(old, ignore_errors=True)
        if final.exists():
            final.rename(old)
        draft.rename(final)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0][:120]
        raise OutputError(f"{folder}: cannot be written ({reason}); choose another output folder.") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def package_versions(packages: Sequence[str] = _PACKAGES) -> dict[str, str]:
    """The versions of Python and of those of ``packages`` that are installed."""
    versions = {"python": platform.python_version()}
    for package in packages:
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions


def _write(folder: Path, metadata: dict[str, Any]) -> None:
    text = json.dumps(metadata, indent=2, ensure_ascii=False)
    draft = folder / f"part_{METADATA_FILE}"
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(folder / METADATA_FILE)


def write_metadata(folder: Path, entries: dict[str, Any], files: Sequence[Path]) -> None:
    """Write ``folder/metadata.json``: ``entries``, versions, and the SHA-256 of ``files``, which are in ``folder``."""
    checksums = {file.relative_to(folder).as_posix(): _sha256(file) for file in files}
    _write(folder, {**entries, "versions": package_versions(), "sha256": checksums})


def add_metadata(folder: Path, entries: dict[str, Any]) -> None:
    """Write ``entries`` into the ``metadata.json`` of a model folder, in place of entries with the same keys.

    Raises:
        ModelError: as `read_metadata`, or there is none.
    """
    metadata = read_metadata(folder)
    if not metadata:
        raise ModelError(f"{folder / METADATA_FILE}: is missing or empty; restore the folder or train it again.")
    _write(folder, {**metadata, **entries})


def update_checksums(folder: Path, metadata: dict[str, Any], names: Sequence[str]) -> None:
    """Write ``metadata`` with new checksums of these files of the folder."""
    checksums = {**metadata.get("sha256", {}), **{name: _sha256(folder / name) for name in names}}
    _write(folder, {**metadata, "sha256": checksums})


class _Metadata(BaseModel):
    """The entries that this package reads, and what they may be."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)

    architecture: str = ""
    config: dict[str, Any] = {}
    alphabet: str | list[str] = ""
    countries: list[str] = []
    classes: str | list[str] = []
    variant: str = ""
    calibration: dict[str, Any] = {}
    parameters: Annotated[int, Field(ge=0)] = 0
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    sha256: dict[str, str] = {}


def _parsed(file: Path) -> dict[str, Any]:
    """The content of a ``metadata.json``.

    Raises:
        ModelError: it cannot be read, is not JSON, or an entry is not what it should be.
    """
    try:
        if not file.is_file() or file.stat().st_size > _MOST_METADATA_BYTES:
            raise ModelError(f"{file}: is not a file of at most {_MOST_METADATA_BYTES // 1_000_000} MB; copy it again.")
        metadata = json.loads(file.read_text(encoding="utf-8"))
        _Metadata.model_validate(metadata)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = first["loc"][0] if first["loc"] else "its content"
        raise ModelError(f"{file}: is damaged ('{key}': {first['msg']}); copy the model folder again.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{file}: is damaged ({error}); copy the model folder again.") from None
    return metadata


def read_metadata(folder: Path) -> dict[str, Any]:
    """The content of ``folder/metadata.json``, ``{}`` where there is none; files are compared with its checksums.

    Raises:
        ModelError: no valid JSON object, an entry of the wrong kind, or a listed file is missing or has another
            checksum.
    """
    file = folder / METADATA_FILE
    if not file.exists():
        return {}
    metadata = _parsed(file)
    for name, checksum in metadata.get("sha256", {}).items():
        listed = folder / name
        if not listed.is_file():
            raise ModelError(f"{listed}: is missing, {METADATA_FILE} lists it; copy the model folder again.")
        if _sha256(listed) != checksum:
            raise ModelError(f"{listed}: does not have the checksum in {METADATA_FILE}; copy the model folder again.")
    return metadata


def trained_on(metadata: Any) -> tuple[str, ...]:
    """The folders of real plates that the trainings in the metadata of a model name, each with its half, once."""
    found: dict[str, None] = {}
    if isinstance(metadata, dict):
        folder, half = metadata.get("folder"), metadata.get("half") or metadata.get("part") or ""
        if isinstance(folder, str) and folder != "generated":
            found[f"{folder}:{half}" if half else folder] = None
        for name in metadata.get("labelled_folders") or ():
            found[str(name)] = None
        nested = [value for key, value in metadata.items() if key != "validation"]
    else:
        nested = list(metadata) if isinstance(metadata, list | tuple) else []
    for value in nested:
        found.update(dict.fromkeys(trained_on(value)))
    return tuple(found)
