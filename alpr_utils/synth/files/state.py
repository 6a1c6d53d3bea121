"""The settings of a data set in its ``generator.json``, and whether a command may go on in its folder."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from alpr_utils.errors import OutputError
from alpr_utils.models.folder import package_versions
from alpr_utils.plates import plate_type
from alpr_utils.synth.files.recipe import Recipe
from alpr_utils.synth.files.shards import IMAGES

SETTINGS_FILE = "generator.json"
TFRECORD_FOLDER = "tfrecord"
_PICTURE_BYTES = {"plates": 14_000, "scenes": 200_000}  # picture and label file, a little more than the mean


def _country(country: str) -> str:
    """The code of a country, and for one that comes from a file also a digest of the file."""
    if not country.endswith(".py"):
        return country
    return f"{plate_type(country).country} {hashlib.sha256(Path(country).read_bytes()).hexdigest()[:16]}"


def _settings(recipe: Recipe) -> dict[str, Any]:
    """What two runs must share to make the same pictures."""
    photos = [f"{path.name} {path.stat().st_size}" for path in recipe.backgrounds]
    digest = hashlib.sha256("\n".join(photos).encode()).hexdigest()[:16] if photos else ""
    return {
        "kind": recipe.kind,
        "country": _country(recipe.country),
        "preset": recipe.preset,
        "seed": recipe.seed,
        "balanced": recipe.balanced,
        "quality": recipe.quality,
        "backgrounds": digest,
        "version": package_versions(["alpr-utils"]).get("alpr-utils", ""),
    }


def read_state(out: Path) -> dict[str, Any]:
    """``settings`` and ``count`` of ``generator.json``; ``{}`` in a new folder.

    Raises:
        OutputError: the folder holds other files or cannot be read.
    """
    file = out / SETTINGS_FILE
    try:
        if not out.exists() or not any(path.name != f"{SETTINGS_FILE}.unfinished" for path in out.iterdir()):
            return {}
        state = json.loads(file.read_text(encoding="utf-8"))
        return {"settings": dict(state["settings"]), "count": int(state["count"])}
    except FileNotFoundError:
        raise OutputError(f"{out}: holds other files; choose a new folder for --out.") from None
    except NotADirectoryError:
        raise OutputError(f"{out}: is a file; choose a new folder for --out.") from None
    except OSError as error:
        raise OutputError(f"{out}: cannot be read ({error.strerror}); choose another --out folder.") from None
    except (ValueError, KeyError, TypeError):
        raise OutputError(f"{file}: is damaged; delete the folder or choose a new one for --out.") from None


def write_state(out: Path, recipe: Recipe, count: int) -> None:
    """Write ``generator.json`` whole or not at all."""
    draft = out / f"{SETTINGS_FILE}.unfinished"
    state = {"settings": _settings(recipe), "count": count}
    draft.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    draft.replace(out / SETTINGS_FILE)


def check_state(out: Path, state: dict[str, Any], recipe: Recipe, count: int, form: str) -> None:
    """Compare the settings of a folder with those of a new command.

    Raises:
        OutputError: they make other pictures, or fewer than there are.
    """
    for name, chosen in _settings(recipe).items():
        before = state["settings"].get(name)
        if before != chosen:
            raise OutputError(
                f"{out}: was started with another {name} ({before}, now {chosen}); "
                "use the settings in its generator.json or choose a new --out folder."
            )
    if count < state["count"]:
        raise OutputError(
            f"{out}: was started with --count {state['count']}; give at least that, or a new --out folder."
        )
    if is_packed(out) and (count > state["count"] or form != "tfrecord"):
        raise OutputError(f"{out}: holds only TFRecord files, nothing can be added; choose a new --out folder.")


def is_packed(out: Path) -> bool:
    """Whether the folder is complete and its pictures are only in TFRecord files."""
    return (out / TFRECORD_FOLDER).is_dir() and not (out / IMAGES).exists()


def check_room(out: Path, kind: str, pictures: int, form: str) -> None:
    """Make sure that the disk has room for that many more pictures.

    Raises:
        OutputError: it has not.
    """
    place = out.absolute()
    while not place.is_dir() and place != place.parent:
        place = place.parent
    needed = pictures * _PICTURE_BYTES[kind] * (1 if form == "voc" else 2)
    free = shutil.disk_usage(place).free
    if needed > free:
        raise OutputError(
            f"{out}: {pictures} {kind} take about {needed / 1e9:,.1f} GB, but only {free / 1e9:,.1f} GB are free; "
            "lower --count or choose another --out folder."
        )
