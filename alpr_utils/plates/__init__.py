"""What a plate is: alphabets, grammars, layouts and regions. A country is one module, every other package asks it.

May import: `alpr_utils.errors`.
"""

import importlib.util
from pathlib import Path

from alpr_utils.errors import AlprError
from alpr_utils.plates import korea, mongolia
from alpr_utils.plates.country import PLATE_LABEL, PlateType
from alpr_utils.plates.layout import Box, Mark, PlateColours, PlateLayout, Rgb
from alpr_utils.plates.text_form import ParsedPlate, PlateTextError, TextForm, TextPart

__all__ = [
    "COUNTRIES",
    "PLATE_LABEL",
    "Box",
    "Mark",
    "ParsedPlate",
    "PlateColours",
    "PlateLayout",
    "PlateTextError",
    "PlateType",
    "Rgb",
    "TextForm",
    "TextPart",
    "plate_type",
]

COUNTRIES = {plates.country: plates for plates in (mongolia.PLATES, korea.PLATES)}
"""The known countries by their code; `plate_type` adds those of files."""

_FILES: dict[Path, PlateType] = {}


def plate_type(country: str) -> PlateType:
    """The plates of a country.

    Args:
        country: two-letter code such as ``mn``, or the path of a Python file that defines ``PLATES``, a `PlateType`;
            once that was opened, the country is known under its code, too, in this process.

    Raises:
        AlprError: no such country or file, or the file is broken.
    """
    if country.endswith(".py"):
        return _from_file(Path(country))
    if country not in COUNTRIES:
        raise AlprError(
            f"There are no plates of country '{country}'; choose one of {', '.join(COUNTRIES)} "
            "or give the path of a Python file that defines PLATES."
        )
    return COUNTRIES[country]


def _from_file(file: Path) -> PlateType:
    path = file.resolve()
    if path in _FILES:
        return _FILES[path]
    if not path.is_file():
        raise AlprError(f"{file}: there is no such file; give the path of a Python file that defines PLATES.")
    spec = importlib.util.spec_from_file_location(f"plates_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise AlprError(f"{file}: cannot be run ({type(error).__name__}: {error}); correct it.") from error
    plates = getattr(module, "PLATES", None)
    if not isinstance(plates, PlateType):
        raise AlprError(f"{file}: does not define PLATES, a PlateType; see alpr_utils/plates/country.py.")
    if plates.country in COUNTRIES:
        raise AlprError(f"{file}: its code '{plates.country}' is taken; choose another one.")
    COUNTRIES[plates.country] = _FILES[path] = plates
    return plates
