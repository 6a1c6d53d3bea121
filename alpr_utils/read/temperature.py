"""How scores become probabilities: temperature scaling (Guo et al. 2017, arXiv:1706.04599) with a bias.

Temperatures are fitted by `alpr_utils.evaluation.calibration` and stored in the ``metadata.json`` of a reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alpr_utils.errors import AlprError, ModelError
from alpr_utils.models.folder import METADATA_FILE

CALIBRATION = "calibration"  # key in metadata.json
_SUREST = 1e-9  # probability that even the surest reading leaves to others


@dataclass(frozen=True)
class Temperature:
    """What is done to scores; the default leaves them as they are.

    Attributes:
        value: more than 0; above 1 makes scores less sure, below 1 surer.
        rest: more than 0; weight of all other texts together. Most of them cannot stand on a plate, so that the truth
            is among them less often than a network says.
    """

    value: float = 1.0
    rest: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is not positive."""
        if not (self.value > 0 and self.rest > 0):
            raise AlprError(f"The temperature is {self.value}, the weight of the rest {self.rest}; both must exceed 0.")


@dataclass(frozen=True)
class Temperatures:
    """The temperatures of a reader; readings without the grammar have one of their own."""

    with_grammar: Temperature = Temperature()
    without_grammar: Temperature = Temperature()

    def of(self, grammar: bool) -> Temperature:
        """The temperature of readings with or without the grammar."""
        return self.with_grammar if grammar else self.without_grammar


def stored_temperatures(metadata: dict[str, Any], folder: Path) -> Temperatures:
    """The temperatures in the metadata of a model folder; where none was fitted, one that changes nothing.

    Raises:
        ModelError: one is broken.
    """
    try:
        stored = metadata.get(CALIBRATION, {})
        kinds = (stored.get(kind, {}).get("temperature", {}) for kind in ("with_grammar", "without_grammar"))
        return Temperatures(*(Temperature(**values) for values in kinds))
    except (AlprError, AttributeError, TypeError):
        raise ModelError(f"{folder / METADATA_FILE}: its temperature is broken; fit it with 'calibrate'.") from None


def tempered(scores: Sequence[float], temperature: Temperature) -> tuple[float, ...]:
    """Scores as probabilities, in the same order.

    Args:
        scores: of different texts, adding up to 1 at most; what is missing counts as one more text, times ``rest``.
        temperature: all are raised to the power of 1 / ``value`` and scaled to add up to 1 again.
    """
    return tuple(tempered_rows(np.array([scores], float), temperature)[0].tolist())


def tempered_rows(scores: np.ndarray, temperature: Temperature) -> np.ndarray:
    """`tempered` for many plates at once; scores: float (N, texts), shape unchanged."""
    rest = 1.0 - scores.sum(axis=1, keepdims=True)
    # Texts of probability 1 would stay that sure at any temperature.
    shares = np.clip(np.hstack([scores, rest]), _SUREST, 1.0)
    shares[:, -1] *= temperature.rest
    powers = np.exp(np.log(shares) / temperature.value)
    return powers[:, :-1] / powers.sum(axis=1, keepdims=True)
