"""The training of the character classifier: its characters, its run, its model folder."""

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from alpr_utils.cli.app import main
from alpr_utils.data.labels import LabelledObject, LabelledPicture
from alpr_utils.data.voc import write_voc
from alpr_utils.errors import AlprError
from alpr_utils.images import write_image
from alpr_utils.models.folder import METADATA_FILE, WEIGHTS_FILE, trained_on
from alpr_utils.plates.mongolia import LABEL_CODES
from alpr_utils.read.classical.char_cnn import REJECT_CLASS
from alpr_utils.read.classical.reader import MODEL_FOLDER, ClassicalReader
from alpr_utils.runtime.network import ONNX_FILE
from alpr_utils.synth.photo.sample import sample_plates
from alpr_utils.training.char_cnn import export_char_cnn, train_char_cnn
from alpr_utils.training.characters import augmented_characters, characters_of_plates, generated_characters
from alpr_utils.training.config import CharsTrainConfig, DataSource
from alpr_utils.training.run import read_log

MODELS = Path(__file__).parents[2] / "exported_model_directory"


def test_generated_characters_are_balanced_and_repeatable():
    first, second = generated_characters(2, seed=4), generated_characters(2, seed=4)
    counts = np.bincount(first.labels, minlength=REJECT_CLASS + 1)
    assert (counts[:REJECT_CLASS] == 2).all() and 0 < counts[REJECT_CLASS] <= 10
    assert np.array_equal(first.images, second.images) and np.array_equal(first.labels, second.labels)


@pytest.fixture(scope="module")
def labelled_folder(tmp_path_factory) -> Path:
    """Three pictures, each with one labelled plate and its characters."""
    folder = tmp_path_factory.mktemp("labelled")
    for index, plate in enumerate(islice(sample_plates(8, "mn"), 3)):
        height, width = plate.image.shape[:2]
        write_image(folder / f"{index}.png", np.pad(plate.image, ((40, 40), (40, 40), (0, 0)), constant_values=90))
        low, high = plate.corners.min(0) + 40, plate.corners.max(0) + 40
        objects = [LabelledObject("plate", (*low[::-1].tolist(), *high[::-1].tolist()))]
        for char, box in zip(plate.text, plate.char_boxes.tolist(), strict=True):
            objects.append(LabelledObject(LABEL_CODES[char], tuple(side + 40 for side in box)))
        write_voc(
            folder / f"{index}.xml", LabelledPicture(Path(f"{index}.png"), width + 80, height + 80, tuple(objects))
        )
    return folder


def test_labelled_plates_become_characters(labelled_folder):
    plates = characters_of_plates(labelled_folder)
    assert [plate.text for plate in plates] == [plate.text for plate in islice(sample_plates(8, "mn"), 3)]
    more = augmented_characters(plates, copies=2, seed=0)
    assert len(more) >= 2 * sum(len(plate.text) for plate in plates)
    assert np.array_equal(more.images, augmented_characters(plates, copies=2, seed=0).images)


def test_the_halves_share_no_plate(labelled_folder):
    halves = [{plate.text for plate in characters_of_plates(labelled_folder, half)} for half in "ab"]
    assert not halves[0] & halves[1]
    assert len(halves[0] | halves[1]) == 3


def test_a_folder_without_labelled_characters_is_named(tmp_path, capsys):
    write_image(tmp_path / "a.png", np.full((60, 80, 3), 90, np.uint8))
    write_voc(tmp_path / "a.xml", LabelledPicture(Path("a.png"), 80, 60, (LabelledObject("plate", (10, 10, 40, 60)),)))
    write_image(tmp_path / "b.png", np.full((60, 80, 3), 90, np.uint8))
    (tmp_path / "b.xml").write_text("")
    with pytest.raises(AlprError, match="holds no plate with a known text"):
        characters_of_plates(tmp_path)
    assert f"left out: {tmp_path / 'b.xml'}" in capsys.readouterr().err


@pytest.mark.slow
def test_training_tunes_a_model_and_writes_a_folder_that_can_be_used(tmp_path, labelled_folder):
    config = CharsTrainConfig(
        sources=(DataSource(folder=str(labelled_folder)),),
        samples_per_class=2, epochs=2, epoch_batches=2, batch=8, learning_rate=1e-5,
        start_from=str(MODELS / MODEL_FOLDER),
    )  # fmt: skip
    run = tmp_path / "run"
    folder = export_char_cnn([train_char_cnn(config, run)], run / "model", config)
    assert {file.name for file in folder.iterdir()} == {WEIGHTS_FILE, ONNX_FILE, METADATA_FILE, "log.csv"}
    metadata = json.loads((folder / METADATA_FILE).read_text(encoding="utf-8"))
    shipped = json.loads((MODELS / MODEL_FOLDER / METADATA_FILE).read_text(encoding="utf-8"))
    assert metadata["training"] == [shipped["training_data"], config.model_dump(mode="json")]
    assert trained_on(metadata) == (str(labelled_folder),)
    assert metadata["figures"]["accuracy_on_kept_back_generated_characters"] > 0.8
    assert [row["epoch"] for row in read_log(run / "log.csv")] == ["0", "1"]
    assert "val_accuracy" in read_log(folder / "log.csv")[0]
    ClassicalReader(folder).read([next(sample_plates(1, "mn")).image])
    train_char_cnn(config, run)
    assert len(read_log(run / "log.csv")) == 2, "nothing is left to train"
    tuned = config.changed(start_from=str(run))
    again = export_char_cnn([train_char_cnn(tuned, tmp_path / "again")], folder, tuned)
    assert len(json.loads((again / METADATA_FILE).read_text(encoding="utf-8"))["training"]) == 3


def test_only_a_country_that_the_classical_reader_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train", "chars", "--run", str(tmp_path / "run"), "--country"]
    for country, name in (("kr", "Korea"), ("examples/kazakhstan.py", "Kazakhstan")):
        path = str(Path(__file__).parents[2] / country) if country.endswith(".py") else country
        assert main([*arguments, path]) == 2
        assert f"reads plates of Mongolia only; train crnn or char_detector for {name}." in " ".join(
            capsys.readouterr().err.split()
        )
    assert not (tmp_path / "run").exists()
