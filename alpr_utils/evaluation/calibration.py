"""Make the score of a text a probability: temperature scaling (Guo et al. 2017, arXiv:1706.04599) with a bias.

A temperature is fitted on one half of the plates, on which nothing was trained, and measured on the other half. It
changes scores, never a text.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.evaluation.crops import PlateCrop
from alpr_utils.evaluation.readers import Calibration, calibration
from alpr_utils.models.folder import add_metadata
from alpr_utils.read.reading import NBestReader
from alpr_utils.read.temperature import CALIBRATION, Temperature, tempered_rows
from alpr_utils.read.views import N_BEST

_VALUES = np.geomspace(0.2, 10, 40)
_RESTS = np.geomspace(0.01, 10, 40)
_FEWEST = 20  # plates


@dataclass(frozen=True)
class NBestScores:
    """The network's own scores of the likeliest texts of a plate, best first, and whether the best is right."""

    scores: tuple[float, ...]
    right: bool


@dataclass(frozen=True)
class TemperatureFit:
    """A temperature and what it brings on the plates that were kept aside.

    Attributes:
        plates: it was fitted on so many and measured on as many, or one less.
        exact: share of the kept plates read exactly, 0..1.
        before, after: calibration of the network's own scores and at the fitted temperature.
        nll_before, nll_after: mean negative log-likelihood, which the fit makes small.
    """

    temperature: Temperature
    plates: int
    exact: float
    before: Calibration
    after: Calibration
    nll_before: float
    nll_after: float


def n_best_scores(reader: NBestReader, crops: Sequence[PlateCrop], grammar: bool = True) -> list[NBestScores]:
    """Read plates without any temperature; those where nothing is found are left out."""
    n_best = reader.read_n_best([crop.image for crop in crops], N_BEST, grammar, calibrated=False)
    return [
        NBestScores(tuple(reading.score for reading in readings), readings[0].text == crop.text)
        for crop, readings in zip(crops, n_best, strict=True)
        if readings
    ]


def best_scores(plates: Sequence[NBestScores], temperature: Temperature) -> np.ndarray:
    """The score of each plate's best text: float64 (N,)."""
    best = np.zeros(len(plates))
    lengths = np.array([len(plate.scores) for plate in plates], int)
    for length in np.unique(lengths):
        chosen = np.flatnonzero(lengths == length)
        best[chosen] = tempered_rows(np.array([plates[int(i)].scores for i in chosen]), temperature)[:, 0]
    return best


def mean_nll(plates: Sequence[NBestScores], temperature: Temperature) -> float:
    """Mean negative log-likelihood (NLL) of the outcome: the best text of a plate is right, or it is wrong."""
    scores = np.clip(best_scores(plates, temperature), 1e-9, 1 - 1e-9)
    right = np.array([plate.right for plate in plates])
    return float(-np.log(np.where(right, scores, 1 - scores)).mean())


def fit_temperature(plates: Sequence[NBestScores], seed: int = 0) -> TemperatureFit:
    """The temperature with the least NLL on one half of the plates, measured on the other.

    Raises:
        AlprError: fewer than 20 plates.
    """
    if len(plates) < _FEWEST:
        raise AlprError(f"{len(plates)} plates are too few to fit a temperature; give at least {_FEWEST}.")
    order = np.random.default_rng(seed).permutation(len(plates))
    fitted_on = [plates[i] for i in order[::2]]
    kept = [plates[i] for i in order[1::2]]
    tried = (Temperature(round(float(v), 3), round(float(r), 4)) for v in _VALUES for r in _RESTS)
    temperature = min(tried, key=lambda candidate: mean_nll(fitted_on, candidate))
    right = [plate.right for plate in kept]
    return TemperatureFit(
        temperature=temperature,
        plates=len(fitted_on),
        exact=round(float(np.mean(right)), 4),
        before=calibration(best_scores(kept, Temperature()).tolist(), right),
        after=calibration(best_scores(kept, temperature).tolist(), right),
        nll_before=round(mean_nll(kept, Temperature()), 4),
        nll_after=round(mean_nll(kept, temperature), 4),
    )


def calibrate(
    reader: NBestReader, crops: Sequence[PlateCrop], data: str, folder: Path
) -> tuple[TemperatureFit, TemperatureFit]:
    """Fit temperatures, with and without the grammar, and store them in the ``metadata.json`` of a model folder.

    Args:
        reader: whose scores are made probabilities.
        crops: nothing was trained on them.
        data: what to call them in the metadata.
        folder: of the reader's model.

    Raises:
        AlprError: too few plates, too few of them that the reader reads at all, or the folder has no metadata.
    """
    fits = []
    for grammar in (True, False):
        scores = n_best_scores(reader, crops, grammar)
        if len(scores) < _FEWEST <= len(crops):
            raise AlprError(
                f"{folder.name}: gives a text for {len(scores)} of {len(crops)} plates only, and {_FEWEST} are needed; "
                "train it further before its scores are calibrated."
            )
        fits.append(fit_temperature(scores))
    fit, free_fit = fits
    entry = {"data": data, "with_grammar": asdict(fit), "without_grammar": asdict(free_fit)}
    add_metadata(folder, {CALIBRATION: entry})
    return fit, free_fit
