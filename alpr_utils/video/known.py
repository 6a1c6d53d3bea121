"""Texts that may be meant to be the same: look-alikes count as equal, and one character may be wrong."""

import csv
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from alpr_utils.errors import AlprError, check_regular

# Characters that cameras, and people who type a list, take for each other; the first of a group stands for it. Latin
# letters are here because keyboards give them for Cyrillic ones.
_ALIKE = ("0ОOӨQ", "3З", "8ВB", "6Б", "УYҮ", "4Ч", "АA", "СC", "ЕE", "НH", "КK", "МM", "РP", "ТT", "ХX")
_SHAPE = str.maketrans({char: group[0] for group in _ALIKE for char in group})
EXACT, LOOK_ALIKE, ONE_EDIT = range(3)
"""How near two texts are; `nearness` gives one of them."""


def nearness(text: str, other: str) -> int | None:
    """``EXACT``, ``LOOK_ALIKE`` (the same but for characters of one shape), ``ONE_EDIT`` beyond these, or None."""
    if text == other:
        return EXACT
    shape, other_shape = text.translate(_SHAPE), other.translate(_SHAPE)
    if shape == other_shape:
        return LOOK_ALIKE
    return ONE_EDIT if Levenshtein.distance(shape, other_shape, score_cutoff=1) <= 1 else None


@dataclass(frozen=True)
class KnownPlates:
    """A list of plates with what they are called, such as an owner or a parking place.

    Attributes:
        names: text -> name.
    """

    names: dict[str, str]

    @classmethod
    def of(cls, file: Path) -> "KnownPlates":
        """Read a file: one plate a line, a comma and its name if it has one; spaces and hyphens in texts do not count.

        Raises:
            AlprError: the file is missing, not UTF-8, or names no plate.
        """
        check_regular(file)
        try:
            with file.open(encoding="utf-8-sig", newline="") as opened:
                rows = [row for row in csv.reader(opened) if row and row[0].strip()]
        except OSError as error:
            raise AlprError(f"{file}: cannot be opened ({error.strerror}); check the path.") from None
        except (UnicodeDecodeError, csv.Error) as error:
            raise AlprError(f"{file}: is not a list in UTF-8 ({error}); write one plate a line.") from None
        texts = {"".join(row[0].split()).replace("-", "").upper(): ",".join(row[1:]).strip() for row in rows}
        if not texts:
            raise AlprError(f"{file}: names no plate; write one plate a line.")
        return cls({text: name or text for text, name in texts.items()})

    def name_of(self, text: str) -> str:
        """What the plate with the nearest text is called; empty where none is near, or two are equally near."""
        if not text:
            return ""
        near = sorted((distance, known) for known in self.names if (distance := nearness(text, known)) is not None)
        if not near or (len(near) > 1 and near[0][0] == near[1][0]):
            return ""
        return self.names[near[0][1]]
