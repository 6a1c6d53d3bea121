"""Temperatures: found where scores were spoilt, stored with the weights, and changing no reading."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.errors import AlprError, ModelError
from alpr_utils.evaluation.calibration import (
    NBestScores,
    best_scores,
    calibrate,
    fit_temperature,
    mean_nll,
)
from alpr_utils.evaluation.crop_conditions import conditions_of
from alpr_utils.evaluation.crops import PlateCrop
from alpr_utils.models.folder import METADATA_FILE, read_metadata, trained_on, write_metadata
from alpr_utils.read.reading import NBestReader, Reading
from alpr_utils.read.temperature import Temperature, Temperatures, stored_temperatures, tempered


def spoilt(count: int, temperature: float) -> list[NBestScores]:
    """Plates whose scores are probabilities once they are tempered."""
    rng = np.random.default_rng(3)
    chances = rng.uniform(0.05, 0.99, count)
    return [NBestScores(tempered([c], Temperature(1 / temperature)), bool(rng.random() < c)) for c in chances]


class Certain:
    """Reads every plate as the same text, with a score that grows with the brightness."""

    name = "certain"
    weight_count = 0

    def __init__(self, temperature: Temperature = Temperature()):  # noqa: B008 (frozen)
        self.temperatures = Temperatures(temperature)

    def read_n_best(
        self, crops: list[np.ndarray], count: int, grammar: bool = True, calibrated: bool = True
    ) -> list[list[Reading]]:
        temperature = self.temperatures.of(grammar) if calibrated else Temperature()
        scores = (tempered([0.5 + crop[0, 0, 0] / 520], temperature)[0] for crop in crops)
        return [[Reading("1537УНЛ", score, (score,) * 7, 1, "mn")][:count] for score in scores]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_spoilt_the_scores_is_found(temperature: float) -> None:
    fit = fit_temperature(spoilt(2000, temperature))
    assert fit.temperature.value == pytest.approx(temperature, rel=0.25)
    assert 0.6 < fit.temperature.rest < 1.7
    assert fit.after.error < 0.06 and fit.nll_after <= fit.nll_before + 0.01
    assert temperature == 1 or fit.after.error < fit.before.error
    assert fit.plates == 1000


def test_certainty_that_is_wrong_costs_most() -> None:
    right, wrong = NBestScores((0.999,), True), NBestScores((0.999,), False)
    assert mean_nll([right], Temperature()) < 0.01 < 5 < mean_nll([wrong], Temperature())
    assert mean_nll([wrong], Temperature(3)) < mean_nll([wrong], Temperature(1, 2)) < mean_nll([wrong], Temperature())
    assert best_scores([NBestScores((0.6, 0.3), True)], Temperature()) == pytest.approx([0.6])
    with pytest.raises(AlprError, match="too few"):
        fit_temperature([right] * 5)


def test_temperatures_are_stored_with_the_weights(tmp_path: Path) -> None:
    (tmp_path / "weights.npz").write_bytes(b"weights")
    write_metadata(tmp_path, {"architecture": "crnn"}, [tmp_path / "weights.npz"])
    crops = []
    for number in range(60):
        image = np.full((20, 60, 3), 4 * number, np.uint8)
        text = "1537УНЛ" if number % 3 else "3386УБТ"
        crops.append(PlateCrop(str(number), text, "mn", 1, image, conditions_of(image, None)))
    reader = Certain(Temperature(2.5))
    assert isinstance(reader, NBestReader)
    fit, free_fit = calibrate(reader, crops, "made here", tmp_path)
    assert fit.temperature == free_fit.temperature, "what was fitted before does not matter"
    facts = read_metadata(tmp_path)
    assert facts["architecture"] == "crnn" and "weights.npz" in facts["sha256"]
    assert stored_temperatures(facts, tmp_path) == Temperatures(fit.temperature, free_fit.temperature)
    assert facts["calibration"]["data"] == "made here"
    assert stored_temperatures({}, tmp_path) == Temperatures()
    calibrate(reader, crops, "made again", tmp_path)
    facts = read_metadata(tmp_path)
    assert facts["calibration"]["data"] == "made again"


@pytest.mark.parametrize("value", [{"value": 0}, {"rest": -1}, {"value": "warm"}, {"heat": 1.0}, "warm"])
def test_a_broken_temperature_is_named(tmp_path: Path, value: object) -> None:
    with pytest.raises(ModelError, match="temperature"):
        stored_temperatures({"calibration": {"with_grammar": {"temperature": value}}}, tmp_path)


def test_a_folder_without_metadata_is_named(tmp_path: Path) -> None:
    crops = [
        PlateCrop(
            "", "1537УНЛ", "mn", 1, np.zeros((20, 60, 3), np.uint8), conditions_of(np.zeros((9, 9, 3), np.uint8), None)
        )
    ]
    with pytest.raises(ModelError, match=METADATA_FILE):
        calibrate(Certain(), crops * 30, "", tmp_path)


def test_models_tell_what_they_were_trained_on() -> None:
    first = {
        "sources": [{"folder": "generated"}, {"folder": "photos", "half": "a"}],
        "validation": [{"folder": "kept"}],
    }
    second = {"data": {"folder": "crops", "half": ""}, "started_from": {"labelled_folders": ["old"]}}
    assert trained_on(json.loads(json.dumps({"training": [first, second]}))) == ("photos:a", "crops", "old")
    assert trained_on({"training": []}) == ()
    assert trained_on({"sources": [{"folder": "cars", "part": "swap-all"}]}) == ("cars:swap-all",)


class Silent(Certain):
    """Finds nothing to read."""

    def read_n_best(
        self, crops: Sequence[np.ndarray], count: int, grammar: bool = True, calibrated: bool = True
    ) -> list[list[Reading]]:
        return [[] for _ in crops]


def test_a_reader_that_reads_nothing_is_told_apart_from_too_few_plates(tmp_path: Path) -> None:
    image = np.zeros((20, 60, 3), np.uint8)
    crops = [PlateCrop("", "1537УНЛ", "mn", 1, image, conditions_of(image, None))] * 30
    with pytest.raises(AlprError, match="crnn_new: gives a text for 0 of 30 plates"):
        calibrate(Silent(), crops, "", tmp_path / "crnn_new")
