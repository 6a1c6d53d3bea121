"""The mean of weights as a model, and weights lent from one alphabet to another."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.detect.architecture import architecture_type
from alpr_utils.errors import AlprError, ModelError
from alpr_utils.models.folder import WEIGHTS_FILE, read_metadata, write_metadata
from alpr_utils.models.weights import load_weights, save_weights
from alpr_utils.networks.char_detector import build_char_detector as build_network
from alpr_utils.networks.configs import SSDConfig
from alpr_utils.networks.crnn import build_crnn
from alpr_utils.networks.reader_configs import CHAR_ANCHORS
from alpr_utils.read.char_detector.predictions import alphabet_of
from alpr_utils.read.grammar import tokens_of
from alpr_utils.training.average import average
from alpr_utils.training.char_detector import build as build_char_detector
from alpr_utils.training.config import CharDetectorTrainConfig, CRNNTrainConfig
from alpr_utils.training.crnn import build, export_crnn
from alpr_utils.training.run import WEIGHTS_FILE as LAST
from alpr_utils.training.run import Run

TINY = SSDConfig(stem=4, widths=(4, 8, 8, 8), blocks=(0, 0, 0, 0), pyramid=8)


def crnn_run(folder: Path, config: CRNNTrainConfig) -> Path:
    """A run folder as a training leaves it."""
    run = Run(folder)
    run.begin({"architecture": "crnn", "training": config.model_dump(mode="json")})
    build(config).save_weights(folder / LAST)
    run.log_epoch(0, {"loss": 1.0})
    return folder


def test_the_mean_of_readers_tells_all_their_trainings(tmp_path: Path) -> None:
    runs = [crnn_run(tmp_path / f"run_{seed}", CRNNTrainConfig(countries=("mn",), seed=seed)) for seed in (1, 2)]
    folder = average([runs[0], runs[0] / LAST, runs[1]], tmp_path / "model")
    metadata = read_metadata(folder)
    assert metadata["countries"] == ["mn"]
    assert [training["seed"] for training in metadata["training"]] == [1, 2]
    networks = [build_crnn(len(tokens_of(("mn",)))) for _ in range(3)]
    for network, file in zip(networks, (runs[0] / LAST, runs[1] / LAST, folder / WEIGHTS_FILE), strict=True):
        load_weights(network, file)
    first, second, mean = (network.get_weights()[0] for network in networks)
    np.testing.assert_allclose(mean, (2 * first + second) / 3, atol=1e-3)


def test_the_stages_of_one_run_have_a_mean(tmp_path: Path) -> None:
    run = Run(crnn_run(tmp_path / "run", CRNNTrainConfig(countries=("mn",))))
    networks = [build(CRNNTrainConfig(countries=("mn",), seed=seed)) for seed in (1, 2, 3)]
    for epoch, network in enumerate(networks):
        run.save(network, epoch + 1)
    assert [stage.name for stage in run.stages] == [f"00{epoch}.weights.h5" for epoch in (1, 2, 3)]
    folder = average(run.stages[-2:], tmp_path / "model")
    metadata = read_metadata(folder)
    assert (metadata["countries"], metadata["variant"], len(metadata["training"])) == (["mn"], "small", 1)
    assert (folder / "log.csv").read_text().splitlines()[1:] == ["0,0,1.0"]
    mean = build_crnn(len(tokens_of(("mn",))))
    load_weights(mean, folder / WEIGHTS_FILE)
    second, third = (network.get_weights()[0] for network in networks[1:])
    np.testing.assert_allclose(mean.get_weights()[0], (second + third) / 2, atol=1e-3)


@pytest.mark.slow
def test_the_mean_of_detectors_keeps_how_they_look(tmp_path: Path) -> None:
    kept = {"classes": ["plate"], "input_long_sides": [320, 320], "coarse_side": 128, "threshold": 0.75}
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        save_weights(architecture_type("ssd")(TINY).build(), tmp_path / name / WEIGHTS_FILE)
        write_metadata(
            tmp_path / name, {"architecture": "ssd", "config": asdict(TINY), **kept}, [tmp_path / name / WEIGHTS_FILE]
        )
    folder = average([tmp_path / "one", tmp_path / "other"], tmp_path / "mean", threshold=0.4)
    metadata = read_metadata(folder)
    assert (metadata["input_long_sides"], metadata["low_res_side"], metadata["threshold"]) == ([320, 320], 128, 0.4)


def test_only_alike_networks_have_a_mean(tmp_path: Path) -> None:
    runs = [
        crnn_run(tmp_path / variant, CRNNTrainConfig(countries=("mn",), variant=variant))
        for variant in ("small", "gru")
    ]
    with pytest.raises(AlprError, match="not of the same network"):
        average(runs, tmp_path / "model")
    with pytest.raises(ModelError, match="holds neither"):
        average([tmp_path], tmp_path / "model")


def test_an_alphabet_lends_its_tokens_to_another(tmp_path: Path) -> None:
    lender = crnn_run(tmp_path / "run", CRNNTrainConfig(countries=("mn",), seed=3))
    learner = build(CRNNTrainConfig(countries=("kr",), seed=4, start_from=str(lender)))
    tokens, known = tokens_of(("kr",)), tokens_of(("mn",))
    network = build_crnn(len(known))
    load_weights(network, lender / LAST)
    for name in ("conv_1_0", "recurrent_0"):
        np.testing.assert_array_equal(
            learner.get_layer(name).get_weights()[0], network.get_layer(name).get_weights()[0]
        )
    kernel, lent = (each.get_layer("logits").get_weights()[0] for each in (learner, network))
    np.testing.assert_array_equal(kernel[:, 0], lent[:, 0], "CTC's blank")
    np.testing.assert_array_equal(kernel[:, 1 + tokens.index("7")], lent[:, 1 + known.index("7")])
    assert not np.isin(kernel[:, 1 + tokens.index("가")], lent).any(), "of another alphabet"


def test_the_character_detector_lends_each_anchor_its_classes(tmp_path: Path) -> None:
    known, alphabet = alphabet_of(("mn",)), alphabet_of(("kr",))
    run, lender = Run(tmp_path / "run"), build_network(len(known))
    config = CharDetectorTrainConfig(countries=("mn",))
    run.begin({"architecture": "character ssd", "training": config.model_dump(mode="json")})
    lender.save_weights(run.weights)
    learner = build_char_detector(CharDetectorTrainConfig(countries=("kr",), start_from=str(run.folder)))
    kernel, lent = (network.get_layer("ssd").get_layer("logits").get_weights()[0] for network in (learner, lender))
    for anchor in range(CHAR_ANCHORS.per_cell):
        np.testing.assert_array_equal(
            kernel[..., anchor * len(alphabet) + alphabet.index("7")], lent[..., anchor * len(known) + known.index("7")]
        )


def test_exporting_a_run_gives_its_own_weights(tmp_path: Path) -> None:
    config = CRNNTrainConfig(countries=("mn",), seed=5)
    run = crnn_run(tmp_path / "run", config)
    folder = export_crnn([run / LAST], run / "model", config)
    network, stored = (build_crnn(len(tokens_of(("mn",)))) for _ in range(2))
    load_weights(network, run / LAST)
    load_weights(stored, folder / WEIGHTS_FILE)
    np.testing.assert_allclose(network.get_weights()[0], stored.get_weights()[0], atol=1e-3)
