"""The classical reader from crop to text, its classifier's folder, and its training."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from alpr_utils.errors import ModelError
from alpr_utils.evaluation.characters import evaluate_characters
from alpr_utils.evaluation.crops import evaluate_crops, real_crops
from alpr_utils.models.folder import METADATA_FILE, WEIGHTS_FILE
from alpr_utils.networks.char_cnn import build_char_cnn
from alpr_utils.networks.reader_configs import CHAR_SIDE
from alpr_utils.plates.mongolia import ALPHABET
from alpr_utils.plates.mongolia import PLATES as MONGOLIA
from alpr_utils.read.classical.char_cnn import CharClassifier, load_char_classifier
from alpr_utils.read.classical.char_image import character_image, character_images
from alpr_utils.read.classical.labelled import light_on_dark
from alpr_utils.read.classical.reader import MODEL_FOLDER, ClassicalReader
from alpr_utils.read.reading import Reading
from alpr_utils.runtime.network import ONNX_FILE, open_keras
from alpr_utils.synth.photo.camera import CameraRanges
from alpr_utils.synth.photo.degrade import DegradeRanges, degrade
from alpr_utils.synth.photo.light import LightRanges
from alpr_utils.synth.photo.sample import sample_plates
from alpr_utils.synth.photo.view import ViewRanges
from alpr_utils.synth.photo.weather import WeatherRanges
from alpr_utils.synth.plate.render import RenderedPlate, pick_layout, render_plate

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "exported_model_directory"
PHOTOS = ROOT.parent / "shared" / "data" / "mongolian"
MILD = DegradeRanges(
    ViewRanges(width_px=(240, 275, 310), yaw_deg=(-20, 20), lens=0),
    LightRanges(dark=0, shadow=0, glare=0, shade_patches=0),
    WeatherRanges(rain=0, drops=0),
    CameraRanges(defocus_px=(0.4, 0.8), motion=0),
)


@pytest.fixture(scope="module")
def reader() -> ClassicalReader:
    return ClassicalReader(MODELS / MODEL_FOLDER)


def _rendered(text: str, layout: str, seed: int = 0) -> RenderedPlate:
    return render_plate(text, MONGOLIA.layout(layout), np.random.default_rng(seed), 110, colours=MONGOLIA.colours[0])


def test_clean_generated_plates_are_read(reader):
    rng = np.random.default_rng(5)
    texts = (
        "1537УНЛ",
        "2048ДОӨ",
        "6639УБИ",
        "0912СҮЦ",
        "7185ХӨЭ",
        "3344АРЖ",
        "9760УКҮ",
        "5211ЧОЧ",
        "8023ЗАГ",
        "4670ӨВП",
    )
    read = []
    for text in texts:
        plate = render_plate(text, pick_layout(rng, "mn"), rng, 120, colours=MONGOLIA.colours[0])
        read.append(reader.read([degrade(plate, rng, MILD).image])[0].text)
    assert sum(a == b for a, b in zip(texts, read, strict=True)) >= 8, list(zip(texts, read, strict=True))


@pytest.mark.parametrize(("layout", "rows"), [("one_row_oval", 1), ("two_rows_emblem", 2)])
def test_a_reading_tells_its_rows_and_scores(reader, layout, rows):
    image = degrade(_rendered("2648УБЯ", layout), np.random.default_rng(1), MILD).image
    segmentation, reading = reader.explain(image)
    assert (reading.text, reading.rows, reading.country) == ("2648УБЯ", rows, "mn")
    assert [character.row for character in segmentation.characters] == ([0] * 7 if rows == 1 else [0] * 4 + [1] * 3)
    assert len(reading.char_scores) == 7
    assert 0.5 < reading.score <= 1 and all(0 <= score <= 1 for score in reading.char_scores)


def test_light_characters_are_read_too(reader):
    plate = render_plate(
        "2648УБЯ", MONGOLIA.layout("one_row_plain"), np.random.default_rng(2), colours=MONGOLIA.colours[3]
    )
    segmentation, reading = reader.explain(degrade(plate, np.random.default_rng(3), MILD).image)
    assert segmentation.hypothesis.inverted
    assert reading.text == "2648УБЯ"


def test_explain_and_read_agree_and_repeat(reader):
    image = next(sample_plates(3, "mn")).image
    segmentation, reading = reader.explain(image)
    assert reader.read([image]) == [reading]
    assert segmentation.candidates == reader.explain(image)[0].candidates


def test_grammar_can_be_switched_off(reader):
    image = degrade(_rendered("2648УБЯ", "one_row_plain"), np.random.default_rng(1), MILD).image
    segmentation, reading = reader.explain(image, grammar=False)
    left = min(c.box[1] for c in segmentation.candidates)
    assert reading.text == "2648УБЯ"
    # Half a plate has no grammar to satisfy, but its characters stand there all the same.
    half = image[:, : round(image.shape[1] * 0.52)]
    assert left > 0 and reader.read([half], grammar=False)[0].text.startswith("2648"[:3])


def test_shadow_removal_can_be_switched_off():
    with_removal, without = (ClassicalReader(MODELS / MODEL_FOLDER, remove_shadows=on) for on in (True, False))
    assert all(not hypothesis.remove_shadows for hypothesis in without.hypotheses)
    assert with_removal.hypotheses[0].remove_shadows and not with_removal.hypotheses[0].local_threshold


@pytest.mark.parametrize(
    "shape", [(1, 1, 3), (3, 3, 3), (1, 400, 3), (400, 1, 3), (9, 9, 3), (60, 200, 3), (2500, 4000, 3)]
)
def test_blank_crops_of_any_size_give_an_empty_reading(reader, shape):
    assert reader.read([np.full(shape, 200, np.uint8)]) == [Reading()]


def test_noise_does_not_crash(reader):
    for seed, shape in enumerate([(20, 30, 3), (64, 256, 3), (300, 100, 3)]):
        noise = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
        assert reader.read([noise])[0].score < 0.9


def test_character_image_is_square_centred_and_keeps_its_shape():
    grey = np.full((60, 60), 220, np.uint8)
    grey[10:50, 25:35] = 30
    image = character_image(grey, (10, 20, 50, 40))
    assert image.shape == (CHAR_SIDE, CHAR_SIDE) and image.dtype == np.uint8
    rows, columns = np.nonzero(image > 128)
    assert np.ptp(rows) > 2 * np.ptp(columns)
    assert abs(rows.mean() - 15.5) < 1 and abs(columns.mean() - 15.5) < 1
    assert not character_image(grey, (10, 20, 10, 40)).any()
    assert not character_image(grey, (70, 70, 90, 90)).any()
    assert character_images(grey, []).shape == (0, CHAR_SIDE, CHAR_SIDE, 1)


def test_network_is_small_and_gives_probabilities():
    model = build_char_cnn(len(ALPHABET) + 1)
    assert 100_000 < model.count_params() < 300_000
    classifier = CharClassifier(open_keras(model), model.count_params())
    probabilities = classifier.probabilities(np.zeros((5, CHAR_SIDE, CHAR_SIDE, 1), np.uint8))
    assert probabilities.shape == (5, len(ALPHABET) + 1)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-4)
    assert classifier.probabilities(np.zeros((0, CHAR_SIDE, CHAR_SIDE, 1), np.uint8)).shape == (0, len(ALPHABET) + 1)


def test_shipped_folder_is_complete_and_light():
    folder = MODELS / MODEL_FOLDER
    metadata = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
    assert metadata["alphabet"] == ALPHABET
    assert metadata["sha256"].keys() == {WEIGHTS_FILE, ONNX_FILE}
    assert sum(file.stat().st_size for file in folder.iterdir()) < 2_000_000


def _copy_of_model(folder: Path) -> Path:
    return Path(shutil.copytree(MODELS / MODEL_FOLDER, folder / "model"))


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"nowhere.*is missing"):
        load_char_classifier(tmp_path / "nowhere")


def test_an_empty_model_folder_is_named(tmp_path):
    with pytest.raises(ModelError, match="is missing"):
        ClassicalReader(tmp_path)


@pytest.mark.parametrize("content", ["", "{}", "[]", "no json"])
def test_broken_metadata_is_named(tmp_path, content):
    folder = _copy_of_model(tmp_path)
    (folder / METADATA_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=METADATA_FILE):
        load_char_classifier(folder)


def test_a_corrupt_weights_file_is_named(tmp_path):
    folder = _copy_of_model(tmp_path)
    (folder / WEIGHTS_FILE).write_bytes(b"broken")
    with pytest.raises(ModelError, match="checksum"):
        load_char_classifier(folder)
    metadata = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
    del metadata["sha256"]
    (folder / ONNX_FILE).unlink()
    (folder / METADATA_FILE).write_text(json.dumps(metadata), encoding="utf-8")
    with pytest.raises(ModelError, match="does not hold weights"):
        load_char_classifier(folder)


def test_another_alphabet_is_refused(tmp_path):
    folder = _copy_of_model(tmp_path)
    metadata = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
    (folder / METADATA_FILE).write_text(json.dumps({**metadata, "alphabet": "ABC"}), encoding="utf-8")
    with pytest.raises(ModelError, match="alphabet ABC"):
        load_char_classifier(folder)


@pytest.mark.parametrize(("colours", "light"), [(0, False), (3, True)])
def test_light_characters_are_told_from_dark_ones_however_bold(colours, light):
    for seed in range(12):
        rng = np.random.default_rng(seed)
        plate = render_plate("8686МБЖ", MONGOLIA.layout("two_rows_tight"), rng, 90, colours=MONGOLIA.colours[colours])
        grey = cv2.erode(cv2.cvtColor(plate.image, cv2.COLOR_RGB2GRAY), np.ones((3, 3), np.uint8))
        if light:
            grey = cv2.dilate(grey, np.ones((5, 5), np.uint8))
        assert light_on_dark(grey, plate.char_boxes) is light


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the real photos are not here")
def test_real_plates_are_read(reader):
    figures = evaluate_crops(real_crops(PHOTOS), reader)
    assert figures.plates == 38
    assert figures.exact >= 0.85 and figures.cer <= 0.05, figures.confusions
    figures = evaluate_characters(PHOTOS, MODELS / MODEL_FOLDER)
    assert figures.characters == 266 and figures.right >= 0.97 * figures.characters
