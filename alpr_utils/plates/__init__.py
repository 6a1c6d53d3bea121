"""What a plate is: alphabets, grammars, layouts and regions, one module a country."""

from alpr_utils.errors import AlprError
from alpr_utils.plates.korea import KOREA
from alpr_utils.plates.mongolia import MONGOLIA
from alpr_utils.plates.plate_type import PlateType

COUNTRIES = {plates.country: plates for plates in (MONGOLIA, KOREA)}


def plate_type(country: str) -> PlateType:
    """The plates of a country by its two-letter code, ``mn`` or ``kr``.

    Raises:
        AlprError: no such country.
    """
    if country not in COUNTRIES:
        raise AlprError(f"There are no plates of country '{country}'; choose one of {', '.join(COUNTRIES)}.")
    return COUNTRIES[country]
