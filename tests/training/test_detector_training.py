"""The training that all detectors share: runs, resuming, configuration files, halves, classes, sizes."""

import csv
import json
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from alpr_utils.cli.app import app
from alpr_utils.data.labels import LabelledObject, LabelledPicture
from alpr_utils.data.voc import write_voc
from alpr_utils.detect.architecture import ARCHITECTURES, architecture_type
from alpr_utils.detect.exported import load_detector
from alpr_utils.errors import AlprError, ModelError
from alpr_utils.models.folder import WEIGHTS_FILE, read_metadata, write_metadata
from alpr_utils.models.weights import save_weights
from alpr_utils.networks.configs import SSDConfig
from alpr_utils.plates import COUNTRIES
from alpr_utils.training.config import DataSource, DetectorTrainConfig
from alpr_utils.training.detector import DetectorSettings, load_settings, start, train_detector
from alpr_utils.training.photo_sources import load_source
from alpr_utils.training.trainer import cosine_schedule

TINY = SSDConfig(stem=4, widths=(4, 8, 8, 8), blocks=(0, 0, 0, 0), pyramid=8)
CONFIGS = Path(__file__).resolve().parents[2] / "configs"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Eight grey pictures, each with one white, striped plate on a dark vehicle."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(8):
        image = rng.integers(60, 90, (180, 260, 3), np.uint8)
        y, x = int(rng.integers(40, 120)), int(rng.integers(20, 140))
        image[y - 30 : y + 40, x - 10 : x + 106] = 30
        image[y : y + 24, x : x + 96] = 230
        image[y + 6 : y + 18, x + 8 : x + 90 : 12] = 20
        cv2.imwrite(str(folder / f"{index}.png"), image)
        plate = LabelledObject("plate", (y, x, y + 24, x + 96))
        vehicle = LabelledObject("vehicle", (y - 30, x - 10, y + 40, x + 106))
        write_voc(folder / f"{index}.xml", LabelledPicture(Path(f"{index}.png"), 260, 180, (vehicle, plate)))
    return folder


def settings_for(photos: Path, **changes: object) -> DetectorSettings:
    config = DetectorTrainConfig(
        sources=(DataSource(folder=str(photos)),),
        height=64, width=96, batch=4, epochs=4, epoch_batches=5, learning_rate=5e-3,
    )  # fmt: skip
    return DetectorSettings("ssd", TINY, config.changed(**changes))


def logged(run: Path) -> list[dict[str, str]]:
    with (run / "log.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_training_learns_and_resumes(photos: Path, tmp_path: Path):
    run = tmp_path / "run"
    settings = settings_for(photos, validation=(DataSource(folder=str(photos)),), more_sizes=((96, 128),))
    train_detector(settings, run, stop_after=2)
    assert len(logged(run)) == 2
    weights = train_detector(settings, run)
    rows = logged(run)
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"], "a resumed run must go on, not start again"
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert float(rows[-1]["ssd_loss"]) == pytest.approx(float(rows[-1]["loss"]), rel=1e-3)
    assert float(rows[-1]["val_loss"]) > 0
    assert weights.exists()
    assert (run / "curves.png").stat().st_size > 1000
    with pytest.raises(AlprError, match="other settings"):
        train_detector(settings_for(photos, epochs=2), run)


@pytest.mark.slow
def test_training_takes_swapped_plates_one_half_and_two_classes(photos: Path, tmp_path: Path):
    sources = (DataSource.parse(f"{photos}:swap"), DataSource.parse(f"{photos}:a"))
    settings = settings_for(photos, sources=sources, classes=("vehicle", "plate"), epochs=1, epoch_batches=2)
    with pytest.raises(AlprError, match="vehicle, plate"):
        train_detector(settings, tmp_path / "run")
    settings = replace(settings, network=replace(TINY, classes=2))
    assert train_detector(settings, tmp_path / "run").exists()
    half_a, half_b = (load_source(DataSource(folder=str(photos), half=half))[0] for half in ("a", "b"))
    assert len(half_a) == len(half_b) == 4
    assert not {p.path for p in half_a} & {p.path for p in half_b}


@pytest.mark.slow
def test_the_command_exports_what_it_trained(photos: Path, tmp_path: Path):
    config, folder = tmp_path / "tiny.json", tmp_path / "run" / "model"
    training = {"height": 64, "width": 96, "batch": 2, "epochs": 1, "epoch_batches": 2}
    config.write_text(json.dumps({"architecture": "ssd", "network": asdict(TINY), "training": training}))
    arguments = ["train", "ssd", "--config", str(config), "--data", str(photos), "--long-side", "320"]
    result = CliRunner().invoke(app, [*arguments, "--run", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    assert [row["loss"] for row in logged(folder)] == [row["loss"] for row in logged(tmp_path / "run")]
    metadata = read_metadata(folder)
    assert metadata["input_long_sides"] == metadata["training"][0]["long_sides"] == [320, 320]
    assert load_detector(folder).detect(np.zeros((90, 160, 3), np.uint8), min_score=0.0) is not None


def test_unusable_settings_are_refused(photos: Path, tmp_path: Path):
    with pytest.raises(AlprError, match="multiples of 32"):
        train_detector(settings_for(photos, more_sizes=((100, 96),)), tmp_path / "run")
    with pytest.raises(AlprError, match="must be the shortest and the longest side"):
        train_detector(settings_for(photos, long_sides=(1280, 960)), tmp_path / "run")
    with pytest.raises(AlprError, match="--data"):
        train_detector(settings_for(photos, sources=()), tmp_path / "run")


def test_data_source_syntax():
    assert DataSource.parse("photos/mn:a=0.25") == DataSource(folder="photos/mn", sampling_weight=0.25, half="a")
    assert DataSource.parse("photos") == DataSource(folder="photos")
    for text in ("photos=much", "photos=0", "photos=-1", "photos=inf"):
        with pytest.raises(AlprError, match="not a positive number"):
            DataSource.parse(text)


def test_a_source_names_the_countries_of_its_new_plates():
    own = ("kr",)
    for text, countries in {
        "photos": (),
        "photos:swap=0.3": own,
        "photos:swap-mn": ("mn",),
        "photos:b:swap-all=2": tuple(COUNTRIES),
    }.items():
        assert DataSource.parse(text).swap_countries(own) == countries
    with pytest.raises(AlprError, match="xx"):
        DataSource.parse("photos:swap-xx").swap_countries(own)


def test_the_learning_rate_warms_up_and_falls():
    schedule = cosine_schedule(1.0, 1000, warm_up=50)
    rates = [float(schedule(step)) for step in (0, 25, 50, 500, 1000)]
    assert rates[0] < rates[1] < rates[2] == pytest.approx(1.0)
    assert rates[2] > rates[3] > rates[4] == pytest.approx(0.01 / 20, abs=0.011)


def test_a_configuration_file_sets_network_and_training(tmp_path: Path):
    file = tmp_path / "config.json"
    file.write_text(
        json.dumps(
            {
                "architecture": "ssd",
                "network": {"widths": [8, 8, 8, 8], "anchors": {"aspect_ratios": [2, 4.5]}},
                "training": {
                    "sources": [{"folder": "photos", "sampling_weight": 2}],
                    "warm_up": 10,
                    "more_sizes": [[64, 96]],
                },
            }
        )
    )
    settings = load_settings("ssd", file)
    assert settings.network == replace(
        SSDConfig(widths=(8, 8, 8, 8)), anchors=replace(SSDConfig().anchors, aspect_ratios=(2.0, 4.5))
    )
    assert settings.training == DetectorTrainConfig(
        sources=(DataSource(folder="photos", sampling_weight=2.0),), warm_up=10, more_sizes=((64, 96),)
    )
    whole = {"network": asdict(settings.network), "training": settings.training.model_dump()}
    file.write_text(json.dumps({"architecture": "ssd", **whole}))
    assert load_settings("ssd", file) == settings, "the settings.json of a run is a configuration file"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "does not hold a JSON object"),
        ('{"netwrok": {}}', "unknown key 'netwrok'; known are architecture, network, training"),
        ('{"architecture": "yolov3"}', "is for 'yolov3'; run 'train yolov3'"),
        ('{"network": {"depth": 3}}', "network: has the unknown key 'depth'; known are stem"),
        ('{"network": {"stem": "16"}}', 'network: stem must be a whole number, not "16"'),
        ('{"network": {"anchors": {"strides": 8}}}', "network: anchors: strides must be a list, not 8"),
        ('{"training": {"more_sizes": [[64]]}}', r"training: more_sizes\[0\]: lacks an item"),
        ('{"training": {"sources": [{"half": "a"}]}}', r"sources\[0\]: lacks the key 'folder'"),
        ('{"training": {"batch": true}}', "batch must be a whole number, not true"),
    ],
)
def test_a_broken_configuration_gets_one_clear_sentence(tmp_path: Path, text: str, message: str):
    file = tmp_path / "config.json"
    file.write_text(text)
    with pytest.raises(AlprError, match=message) as caught:
        load_settings("ssd", file)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


def test_missing_configuration_and_unknown_architecture(tmp_path: Path):
    with pytest.raises(AlprError, match=r"gone\.json: cannot be opened"):
        load_settings("ssd", tmp_path / "gone.json")
    with pytest.raises(AlprError, match="architecture: there is no 'rcnn9'; choose one of ssd, faster_rcnn, yolov3"):
        load_settings("rcnn9")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_shipped_configurations_are_valid(name: str):
    settings = load_settings(name, CONFIGS / f"{name}.json")
    assert settings.architecture == name
    assert settings.training.sources
    stride = settings.make().stride
    assert all(side % stride == 0 for size in settings.training.sizes for side in size)


@pytest.mark.slow
def test_a_model_folder_lends_its_backbone(photos: Path, tmp_path: Path):
    ssd = architecture_type("ssd")(TINY)
    lender = ssd.build()
    folder = tmp_path / "ssd"
    folder.mkdir()
    save_weights(lender, folder / WEIGHTS_FILE)
    write_metadata(folder, {"architecture": "ssd", "config": asdict(TINY)}, [folder / WEIGHTS_FILE])
    again = ssd.build()
    start(again, "ssd", TINY, str(folder))
    np.testing.assert_allclose(again.get_weights()[-1], lender.get_weights()[-1], atol=1e-2, err_msg="the same network")
    np.testing.assert_allclose(again.get_weights()[-2], lender.get_weights()[-2], atol=1e-2, err_msg="the same network")
    learner = architecture_type("faster_rcnn")()
    small = replace(learner.config, stem=TINY.stem, widths=TINY.widths, blocks=TINY.blocks)
    network = architecture_type("faster_rcnn")(small).build()
    start(network, learner.name, learner.config, str(folder))
    name = "backbone_2_conv"
    np.testing.assert_allclose(
        network.get_layer(name).get_weights()[0], lender.get_layer(name).get_weights()[0], atol=1e-3
    )
    with pytest.raises(ModelError, match="start from another one"):
        start(learner.build(), learner.name, learner.config, str(folder))  # of other widths
    with pytest.raises(ModelError, match="names no architecture"):
        start(network, learner.name, learner.config, str(tmp_path))
