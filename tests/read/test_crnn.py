"""The CRNN: data, training, model folder, reader."""

import json
import shutil
from importlib import import_module
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from alpr_utils.cli.app import app
from alpr_utils.data.images import labelled_images
from alpr_utils.errors import AlprError, LabelError, ModelError, OutputError
from alpr_utils.evaluation.crops import evaluate_crops, real_crops
from alpr_utils.images import write_image
from alpr_utils.models.weights import save_weights
from alpr_utils.networks.corners import build_corner_network
from alpr_utils.networks.crnn import BandCTC, build_crnn
from alpr_utils.networks.reader_configs import CRNN_VARIANTS
from alpr_utils.plates import COUNTRIES
from alpr_utils.read.crnn.reader import CRNNReader
from alpr_utils.read.grammar import tokens_of
from alpr_utils.read.load import ReaderOptions, load_reader
from alpr_utils.read.preprocess import HEIGHT, WIDTH, stretch
from alpr_utils.read.rectify import UPRIGHT, Rectifier, is_plausible, rectify
from alpr_utils.synth.photo.sample import sample_plate
from alpr_utils.training.config import CornersTrainConfig, CRNNTrainConfig, DataSource, ReaderTrainConfig
from alpr_utils.training.corners import CornerBatches, export_corners, train_corners
from alpr_utils.training.crnn import build, export_crnn, greedy_classes, train_crnn
from alpr_utils.training.generated_crops import from_degraded
from alpr_utils.training.plate_batches import CropBatches, class_targets
from alpr_utils.training.plate_crops import (
    MARGIN,
    ROW_BREAK,
    STORED_HEIGHT,
    STORED_WIDTH,
    PlateCrops,
    labelled_tokens,
    stored,
    upright,
)

MODELS = Path(__file__).parents[2] / "exported_model_directory"
Trained = tuple[Path, Path, CRNNTrainConfig]
TINY = {"countries": ("mn",), "generated": 24, "batch": 4, "epoch_batches": 2}


@pytest.mark.parametrize("variant", CRNN_VARIANTS)
def test_every_variant_gives_eighty_steps(variant: str) -> None:
    network = build_crnn(5, variant)
    assert network.output_shape == (None, 80, 6)


def test_the_small_variant_is_small() -> None:
    assert build_crnn(110, "small").count_params() * 2 < 6e6, "half precision, 6 MB"


def test_row_breaks_stand_where_the_second_row_begins() -> None:
    assert labelled_tokens("1537УНЛ", "mn", 1) == tuple("1537УНЛ")
    assert labelled_tokens("1537УНЛ", "mn", 2) == (*"1537", ROW_BREAK, *"УНЛ")
    assert labelled_tokens("서울39바2764", "kr", 2) == ("서울", "3", "9", ROW_BREAK, *"바2764")
    assert labelled_tokens("12가3456", "kr", 2) == (*"12가", ROW_BREAK, *"3456")


def test_stretching_keeps_places() -> None:
    image = np.zeros((100, 200), np.uint8)
    image[40:60, 100:150] = 255
    cut = stretch(image, np.array([40.0, 100.0, 60.0, 150.0]), (WIDTH, HEIGHT))
    assert cut.shape == (HEIGHT, WIDTH)
    assert cut[2:-2, 2:-2].min() == 255, "the box and nothing else"
    assert cut[0, 0] == pytest.approx(255 * (0.5 + 0.5 / 3.2) ** 2, abs=2), "at the edge a little of its neighbours"
    wide = stretch(image, np.array([20.0, 50.0, 80.0, 200.0]), (30, 12))
    assert wide.mean() == pytest.approx(255 * 50 * 20 / (150 * 60), rel=0.05), "shrinking averages"


def test_stored_plates_have_their_margin() -> None:
    picture = np.zeros((120, 320, 3), np.uint8)
    picture[40:80, 100:220] = 200
    plate = stored(picture, np.array([40.0, 100.0, 80.0, 220.0]))
    assert plate.shape == (STORED_HEIGHT, STORED_WIDTH)
    bright = plate > 100
    assert bright.mean() == pytest.approx(1 / (1 + 2 * MARGIN) ** 2, abs=0.02)
    at_the_corner = stored(picture[40:80, 100:220], np.array([0.0, 0.0, 40.0, 120.0]))
    assert at_the_corner.min() > 150, "outside the picture its edge is repeated"


def test_generated_plates_become_crops_of_every_layout() -> None:
    for country in COUNTRIES:
        known = {*tokens_of([country]), ROW_BREAK}
        for index in range(30):
            plate = sample_plate(np.random.default_rng([3, index]), country)
            crops = from_degraded([plate])
            assert crops.images.shape == (1, STORED_HEIGHT, STORED_WIDTH)
            assert set(crops.texts[0]) <= known
            assert "".join(crops.texts[0]).replace(ROW_BREAK, "") == plate.text
            inner = np.array([STORED_WIDTH, STORED_HEIGHT]) / (1 + 2 * MARGIN)
            assert crops.corners[0].min(axis=0) == pytest.approx(inner * MARGIN, abs=1e-3)
            assert crops.corners[0].max(axis=0) == pytest.approx(inner * (1 + MARGIN), abs=1e-3)


def test_batches_are_repeatable_and_fresh_each_epoch() -> None:
    images = np.random.default_rng(0).integers(0, 255, (3, STORED_HEIGHT, STORED_WIDTH), np.uint8)
    places = np.zeros((3, 4, 2), np.float32), np.zeros((3, 9, 4), np.float32), np.full(3, np.nan, np.float32)
    plates = PlateCrops(images, (("1",),) * 3, *places)
    batches = CropBatches([plates], [1.0], ("1", "2"), batch=4, batches=2)
    images, targets = batches[0]
    again, _ = batches[0]
    assert images.shape == (4, HEIGHT, WIDTH, 1)
    assert targets.shape[:2] == (4, 2)
    assert (targets[:, 1, 0] == 1).all()
    assert (targets.sum(axis=(1, 2)) == 1).all()
    assert (images == again).all()
    batches.epoch += 1
    assert (images != batches[0][0]).any()


def test_targets_and_greedy_classes_agree() -> None:
    targets = class_targets([("2", "2", ROW_BREAK, "1"), ("1", "2")], ("1", "2"))
    assert targets[0, :, :3].tolist() == [[2, 2, 0], [1, 0, 0]]
    assert targets[1, :, :3].tolist() == [[0, 0, 0], [1, 2, 0]], "the only row is the lower one"
    steps = np.eye(3)[[0, 2, 2, 0, 2, 1, 1, 0]]
    assert greedy_classes(steps[None]) == [[2, 2, 1]]


def test_the_loss_wants_each_row_in_its_own_band() -> None:
    targets = class_targets([("1", ROW_BREAK, "2")], ("1", "2"))
    in_place, swapped = np.full((2, 1, 80, 3), -5.0, np.float32)
    in_place[..., 0] = swapped[..., 0] = 5.0
    for logits, upper, lower in ((in_place, 1, 2), (swapped, 2, 1)):
        logits[0, 10, [0, upper]] = logits[0, 60, [0, lower]] = -5.0, 5.0
    assert BandCTC()(targets, in_place) < 0.1
    assert BandCTC()(targets, swapped) > 5


@pytest.mark.slow
def test_ctc_learns_a_handful_of_plates() -> None:
    keras.utils.set_random_seed(0)
    crops = from_degraded([sample_plate(np.random.default_rng([1, i]), "mn", "phone") for i in range(2)])
    tokens = tokens_of(["mn"])
    network = build_crnn(len(tokens))
    network.compile(optimizer=keras.optimizers.Adam(2e-3), loss=BandCTC())
    images, targets = upright(crops), class_targets(crops.texts, tokens)
    before = network.evaluate(images, targets, verbose=0)
    network.fit(images, targets, epochs=12, verbose=0)
    assert network.evaluate(images, targets, verbose=0) < before / 2


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A run of one epoch, its model folder and its settings."""
    run = tmp_path_factory.mktemp("crnn") / "run"
    plan = CRNNTrainConfig(**TINY, epochs=1)
    return run, export_crnn([train_crnn(plan, run)], run.parent / "models" / "crnn_small", plan), plan


@pytest.mark.slow
def test_a_training_resumes_and_tells_its_history(trained: Trained, tmp_path: Path) -> None:
    run, folder, plan = trained
    generated = sorted((run / "generated").iterdir())
    stamps = [file.stat().st_mtime_ns for file in generated]
    train_crnn(plan, run)
    assert [file.stat().st_mtime_ns for file in generated] == stamps, "plates are not made twice"
    assert len((run / "log.csv").read_text().splitlines()) == 2, "one epoch, already done"
    with pytest.raises(AlprError, match="other settings"):
        train_crnn(CRNNTrainConfig(**TINY, epochs=2), run)

    tuned = CRNNTrainConfig(**TINY, epochs=1, start_from=str(folder / "weights.npz"), learning_rate=1e-4)
    export_crnn([train_crnn(tuned, tmp_path / "tuned")], tmp_path / "crnn_small", tuned)
    stages = json.loads((tmp_path / "crnn_small" / "metadata.json").read_text(encoding="utf-8"))["training"]
    assert [stage["learning_rate"] for stage in stages] == [plan.learning_rate, 1e-4]

    tuned_further = tuned.changed(start_from=str(tmp_path / "tuned"))
    export_crnn([train_crnn(tuned_further, tmp_path / "further")], tmp_path / "further_model", tuned_further)
    log = (tmp_path / "further_model" / "log.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in log] == ["stage", "0", "1", "2"]


@pytest.mark.slow
def test_a_folder_that_is_tuned_further_keeps_its_history(trained: Trained, tmp_path: Path) -> None:
    run, folder, plan = trained
    copy = Path(shutil.copytree(folder, tmp_path / "crnn_small"))
    tuned = plan.changed(start_from=str(copy / "weights.npz"), learning_rate=1e-4)
    second = Path(shutil.copytree(run, tmp_path / "run"))
    settings = {"architecture": "crnn", "training": tuned.model_dump(mode="json")}
    (second / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    export_crnn([second / "last.weights.h5"], copy, tuned)
    stages = json.loads((copy / "metadata.json").read_text(encoding="utf-8"))["training"]
    assert [stage["learning_rate"] for stage in stages] == [plan.learning_rate, 1e-4]
    log = (copy / "log.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in log] == ["stage", "0", "1"]


@pytest.mark.slow
def test_a_failed_export_leaves_the_old_model(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    save_weights(build_corner_network(), tmp_path / "corners.npz")
    monkeypatch.setattr("alpr_utils.training.export.write_metadata", fail)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "metadata.json").write_text("{}", "utf-8")
    with pytest.raises(OutputError, match="No space"):
        export_crnn([trained[0] / "last.weights.h5"], tmp_path / "model", trained[2])
    with pytest.raises(OutputError, match="No space"):
        export_corners([tmp_path / "corners.npz"], tmp_path / "model")
    assert {path.name for path in tmp_path.iterdir()} == {"model", "corners.npz"}
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["metadata.json"]
    with pytest.raises(OutputError, match="is not a folder"):
        export_crnn([trained[0] / "last.weights.h5"], tmp_path / "corners.npz", trained[2])


@pytest.mark.parametrize("name", ["plate_detector_ssd", "plate_corners", "char_detector"])
def test_only_a_crnn_is_tuned_further(name: str) -> None:
    weights = MODELS / name / "weights.npz"
    with pytest.raises(ModelError, match="is not a crnn") as caught:
        build(CRNNTrainConfig(countries=("mn",), start_from=str(weights)))
    assert str(caught.value).startswith(str(weights))


def test_a_detectors_run_is_no_crnn(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"architecture": "ssd", "training": {}}))
    with pytest.raises(ModelError, match="is not a crnn"):
        build(CRNNTrainConfig(countries=("mn",), start_from=str(tmp_path / "last.weights.h5")))


def test_another_variant_lends_its_convolutions(trained: Trained) -> None:
    run, _, plan = trained
    small = build_crnn(len(tokens_of(("mn",))), "small")
    small.load_weights(run / "last.weights.h5")
    lstm = build(plan.changed(variant="lstm", start_from=str(run / "last.weights.h5")))
    views = [
        keras.Model(network.input, network.get_layer("relu_1_0").output)(np.full((1, HEIGHT, WIDTH, 1), 90, np.uint8))
        for network in (small, lstm)
    ]
    assert lstm.get_layer("relu_1_0").output.shape[-1] > small.get_layer("relu_1_0").output.shape[-1]
    np.testing.assert_allclose(views[1][..., : views[0].shape[-1]], views[0], atol=1e-4)


@pytest.mark.slow
def test_a_wider_variant_lends_nothing(tmp_path: Path) -> None:
    lstm = CRNNTrainConfig(**TINY, variant="lstm", epochs=1)
    train_crnn(lstm, tmp_path / "lstm")
    with pytest.raises(AlprError, match="wider than 'small'"):
        build(lstm.changed(variant="small", start_from=str(tmp_path / "lstm" / "last.weights.h5")))


@pytest.mark.slow
def test_validation_plates_are_in_the_curve(tmp_path: Path) -> None:
    for text in ("1537УНЛ", "3386УБТ_2"):
        write_image(tmp_path / "crops" / f"{text}.png", np.full((40, 160, 3), 90, np.uint8))
    plan = CRNNTrainConfig(**TINY, epochs=1, validation=(DataSource(folder=str(tmp_path / "crops")),))
    train_crnn(plan, tmp_path / "run")
    header, line = (tmp_path / "run" / "log.csv").read_text().splitlines()
    assert {"val_loss", "val_exact"} <= set(header.split(","))
    assert "NA" not in line
    assert (tmp_path / "run" / "curves.png").stat().st_size > 1000


@pytest.mark.parametrize("kind", ["crnn", "char_detector"])
def test_the_commands_train_what_their_options_say(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("alpr_utils.training.crnn" if kind == "crnn" else "alpr_utils.training.char_detector")
    plans = []
    monkeypatch.setattr(module, f"train_{kind}", lambda config, run, workers: plans.append((config, run, workers)))
    monkeypatch.setattr(module, f"export_{kind}", lambda weights, folder, config: folder)
    options = "--source generated --source photos:a=0.5 --country mn --validation photos:b --generated 9 --batch 2"
    options += " --epochs 3 --learning-rate 0.01 --precision mixed_bfloat16 --start-from w.npz --seed 4 --workers 2"
    own = ["--variant", "gru"] if kind == "crnn" else []
    result = CliRunner().invoke(app, ["train", kind, "--run", str(tmp_path), *options.split(), *own])
    assert result.exit_code == 0, result.output
    shared = ReaderTrainConfig(
        countries=("mn",),
        sources=(DataSource(folder="generated"), DataSource.parse("photos:a=0.5")),
        validation=(DataSource.parse("photos:b"),),
        generated=9, batch=2, epochs=3, learning_rate=0.01, precision="mixed_bfloat16", start_from="w.npz", seed=4,
    )  # fmt: skip
    whole = {**dict(shared), "variant": "gru"} if kind == "crnn" else dict(shared)
    assert [(dict(config), run, workers) for config, run, workers in plans] == [(whole, tmp_path, 2)]


def test_foreign_plates_are_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "crops" / "12가3456.png", np.full((40, 160, 3), 90, np.uint8))
    with pytest.raises(AlprError, match="12가3456"):
        train_crnn(CRNNTrainConfig(**TINY, sources=(DataSource(folder=str(tmp_path / "crops")),)), tmp_path / "run")
    write_image(tmp_path / "crops" / "holiday.png", np.full((40, 160, 3), 90, np.uint8))
    with pytest.raises(AlprError, match="holiday"):
        list(labelled_images(tmp_path / "crops"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(LabelError, match="holds no picture"):
        list(labelled_images(tmp_path / "empty"))


def test_the_reader_survives_any_crop(trained: Trained) -> None:
    _, folder, _ = trained
    reader = CRNNReader(folder)
    noise = np.random.default_rng(0).integers(0, 255, (37, 90, 3), np.uint8)
    for crop in (noise, noise[:3, :3], np.zeros((500, 20, 3), np.uint8), noise[:1, :1]):
        (reading,) = reader.read([crop])
        assert 0 <= reading.score <= 1
        assert len(reading.text) == len(reading.char_scores)
    assert reader.read([noise, noise]) == reader.read([noise]) * 2
    (n_best,) = reader.read_n_best([noise], 3)
    assert len({reading.text for reading in n_best}) == len(n_best)


def test_wrong_model_folders_get_one_sentence(trained: Trained, tmp_path: Path) -> None:
    _, folder, _ = trained
    with pytest.raises(ModelError, match="not of kr"):
        load_reader("crnn_small", ReaderOptions("kr", models_dir=folder.parent))
    with pytest.raises(ModelError, match="is missing"):
        load_reader("crnn_small", ReaderOptions(models_dir=tmp_path))
    broken = tmp_path / "crnn_small"
    broken.mkdir()
    for name, changed in (("alphabet", ["1", "1"]), ("variant", "huge"), ("alphabet", list("123"))):
        facts = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
        facts[name] = changed
        (broken / "metadata.json").write_text(json.dumps(facts), encoding="utf-8")
        (broken / "weights.npz").write_bytes((folder / "weights.npz").read_bytes())
        with pytest.raises(ModelError):
            load_reader("crnn_small", ReaderOptions(models_dir=tmp_path))


def test_crops_are_evaluated_at_every_width(trained: Trained, tmp_path: Path) -> None:
    _, folder, _ = trained
    write_image(tmp_path / "1537УНЛ.png", np.full((40, 160, 3), 90, np.uint8))
    figures = [evaluate_crops(real_crops(tmp_path), CRNNReader(folder), condition=f"w{width}") for width in (80, 40)]
    assert [(f.condition, f.plates) for f in figures] == [("w80", 1), ("w40", 1)]
    assert all(f.exact == float(f.outcomes[0].text == "1537УНЛ") for f in figures)


@pytest.mark.slow
def test_the_corner_network_trains_and_resumes(tmp_path: Path) -> None:
    plan = CornersTrainConfig(countries=("mn",), generated=12, batch=4, epochs=1, epoch_batches=2)
    folder = export_corners([train_corners(plan, tmp_path / "run")], tmp_path / "plate_corners")
    train_corners(plan, tmp_path / "run")
    assert len((tmp_path / "run" / "log.csv").read_text().splitlines()) == 2, "one epoch, already done"
    found = Rectifier(folder).corners([np.full((40, 160, 3), 90, np.uint8)])[0]
    assert found.shape == (4, 2) and np.isfinite(found).all()
    with pytest.raises(ModelError, match="is missing"):
        Rectifier(tmp_path)


def test_corner_targets_are_the_corners_of_what_the_network_sees() -> None:
    image = np.zeros((1, STORED_HEIGHT, STORED_WIDTH), np.uint8)
    corners = np.array([[(40, 20), (150, 28), (148, 60), (38, 52)]], np.float32)
    cv2.fillPoly(image[0], [corners[0].astype(np.int32)], (255,))
    pictures, targets = CornerBatches(image, corners, np.array([1]), 8, 1)[0]
    for picture, target in zip(pictures, targets, strict=True):
        seen = (target.reshape(4, 2) + UPRIGHT) * (WIDTH, HEIGHT)
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.fillPoly(mask, [np.round(seen).astype(np.int32)], (1,))
        bright = picture[..., 0] > (int(picture.max()) + int(picture.min())) / 2
        assert (bright == (mask > 0)).mean() > 0.97


def test_a_slanted_plate_is_rectified() -> None:
    plate = np.zeros((60, 150, 3), np.uint8)
    corners = np.array([(10, 5), (140, 25), (140, 55), (10, 35)], np.float32)
    cv2.fillPoly(plate, [corners.astype(np.int32)], (255, 255, 255))
    flat = rectify(plate, corners / (150, 60))
    assert flat.shape == (HEIGHT, WIDTH, 1)
    assert flat[6:-6, 10:-10].min() > 200, "nothing but the plate"
    assert is_plausible(corners / (150, 60))
    assert not is_plausible(corners[[0, 2, 1, 3]] / (150, 60)), "crossed"
    assert not is_plausible(corners / 1500), "tiny"
