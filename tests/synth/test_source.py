"""Generated plates as a training source, and the benchmark."""

import numpy as np
import pytest

from alpr_utils.cli import app as cli
from alpr_utils.synth.files import benchmark
from alpr_utils.synth.files.source import GeneratedPlates
from alpr_utils.synth.photo.degrade import DegradedPlate


def _encode(plates: list[DegradedPlate]) -> tuple[np.ndarray, np.ndarray]:
    images = np.stack([np.resize(plate.image.mean(2), (8, 16)) for plate in plates])
    return images.astype(np.float32), np.array([plate.country == "kr" for plate in plates], np.int64)


def _epoch(source: GeneratedPlates) -> list[np.ndarray]:
    return [source[index][0] for index in range(len(source))]


def test_runs_repeat_and_epochs_differ() -> None:
    source, again = (GeneratedPlates(_encode, 3, 2, ("mn", "kr"), seed=6) for _ in range(2))
    first = _epoch(source)
    np.testing.assert_array_equal(first, _epoch(again))
    source.on_epoch_end()
    second = _epoch(source)
    assert not any(np.array_equal(batch, other) for batch in first for other in second)
    resumed = GeneratedPlates(_encode, 3, 2, ("mn", "kr"), seed=6, first_epoch=1)
    np.testing.assert_array_equal(second, _epoch(resumed))


def test_countries_are_mixed() -> None:
    _, korean = GeneratedPlates(_encode, 24, 1, ("mn", "kr"))[0]
    assert 4 <= korean.sum() <= 20


@pytest.mark.slow
def test_fit_takes_it() -> None:
    import keras

    network = keras.Sequential([keras.layers.Input((8, 16)), keras.layers.Flatten(), keras.layers.Dense(2)])
    network.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
    source = GeneratedPlates(_encode, 2, 3, "mn", workers=2)
    history = network.fit(source, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert source.epoch >= 2


@pytest.mark.slow
def test_benchmark_prints_figures(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(benchmark, "COUNTRIES", {"kr": None})
    monkeypatch.setattr(benchmark, "presets", lambda kind: ())
    assert cli.main(["generate", "benchmark", "--seconds", "0.2", "--workers", "1"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("plates kr mixed: ")
    assert float(line.split()[3]) > 1
