"""The character detector: rows and order, the grammar's choice, targets, training, model folder, bad input."""

import json
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from alpr_utils.boxes import iou_matrix
from alpr_utils.cli.app import app
from alpr_utils.data.labels import LabelledObject, LabelledPicture
from alpr_utils.data.voc import write_voc
from alpr_utils.errors import AlprError, ModelError
from alpr_utils.images import write_image
from alpr_utils.models.folder import write_metadata
from alpr_utils.networks.char_detector import build_char_detector
from alpr_utils.networks.ssd import SSDLoss
from alpr_utils.plates.mongolia import LABEL_CODES
from alpr_utils.read.alignments import BLANK
from alpr_utils.read.char_detector.boxes import CharBoxes, merge_duplicates, reading_order, step_log_probs
from alpr_utils.read.char_detector.predictions import alphabet_of, best_boxes, char_anchors
from alpr_utils.read.char_detector.reader import CharDetectorReader, read_boxes
from alpr_utils.read.grammar import Grammar
from alpr_utils.read.load import ReaderOptions, load_reader
from alpr_utils.read.preprocess import HEIGHT, WIDTH
from alpr_utils.synth.photo.sample import sample_plate
from alpr_utils.training.char_batches import CharBatches, char_targets, upright_targets
from alpr_utils.training.char_detector import _plates, export_char_detector, train_char_detector
from alpr_utils.training.char_labels import boxes_of_text
from alpr_utils.training.config import CharDetectorTrainConfig, DataSource
from alpr_utils.training.generated_crops import from_degraded
from alpr_utils.training.plate_crops import upright
from alpr_utils.training.run import Run

ALPHABET = alphabet_of(("mn", "kr"))
GRAMMAR = Grammar.of(("mn", "kr"), ALPHABET, words=False)
ONE_ROW = [(12.0, 8.0 + 18 * i, 52.0, 20.0 + 18 * i) for i in range(8)]
TWO_ROWS = [(4.0, 20.0 + 30 * i, 30.0, 40.0 + 30 * i) for i in range(4)] + [
    (38.0, 35.0 + 32 * i, 58.0, 56.0 + 32 * i) for i in range(3)
]
# 서울 stacked, then 7 1 바 8 6 6 9: the syllable is lower than the digits beside it.
STACKED = [
    (10.0, 10.0, 31.0, 23.0), (34.0, 10.0, 55.0, 23.0),
    *((9.0, 28.0 + 17 * i, 56.0, 40.0 + 17 * i) for i in range(2)), (17.0, 62.0, 53.0, 76.0),
    *((9.0, 82.0 + 17 * i, 56.0, 94.0 + 17 * i) for i in range(4)),
]  # fmt: skip


def tilted(boxes: list[tuple[float, ...]], slope: float) -> np.ndarray:
    """The boxes moved down by ``slope`` times how far right of the middle they are, and a little higher for it."""
    array = np.array(boxes, float)
    shift = slope * ((array[:, 1] + array[:, 3]) / 2 - WIDTH / 2)
    growth = abs(slope) * (array[:, 3] - array[:, 1]) / 2
    array[:, 0] += shift - growth
    array[:, 2] += shift + growth
    return array


def seen(boxes: list[tuple[float, ...]] | np.ndarray, text: str, sure: float = 0.8) -> CharBoxes:
    scores = np.full((len(text), len(ALPHABET)), 0.002, np.float32)
    scores[np.arange(len(text)), [ALPHABET.index(char) for char in text]] = sure
    return CharBoxes(np.array(boxes, np.float32)[: len(text)], scores)


def set_score(found: CharBoxes, box: int, char: str, score: float) -> None:
    found.scores[box, ALPHABET.index(char)] = score


@pytest.mark.parametrize("slope", [-0.2, 0.0, 0.12, 0.25])
@pytest.mark.parametrize(("boxes", "rows"), [(ONE_ROW, [8]), (TWO_ROWS, [4, 3]), (STACKED, [9])])
def test_rows_and_order_follow_the_lines_of_slanted_plates(boxes, rows, slope: float) -> None:
    mixed = np.random.default_rng(3).permutation(len(boxes))
    found = reading_order(tilted(boxes, slope)[mixed], np.ones(len(boxes), bool))
    assert [len(row) for row in found] == rows
    assert [int(mixed[index]) for row in found for index in row] == list(range(len(boxes)))


def test_boxes_outside_the_rows_are_left_out_and_none_is_no_row() -> None:
    boxes = np.array([*TWO_ROWS, (0.0, 150.0, 3.0, 158.0)])
    clear = np.array([True] * 7 + [False])
    assert sorted(i for row in reading_order(boxes, clear) for i in row) == list(range(7))
    assert reading_order(np.empty((0, 4)), np.empty(0, bool)) == []
    assert reading_order(boxes[:1], clear[:1]) == [[0]]


def test_duplicates_become_one_box_and_neighbours_remain() -> None:
    first = seen(ONE_ROW, "12가3456")
    again = CharBoxes(first.boxes + np.float32(1.0), first.scores * np.float32(0.5))
    both = CharBoxes(np.concatenate([first.boxes, again.boxes]), np.concatenate([first.scores, again.scores]))
    merged = merge_duplicates(both)
    assert len(merged) == 8 - 1
    ordered = merged.boxes[np.argsort(merged.boxes[:, 1])]
    np.testing.assert_allclose(ordered, first.boxes + 1 / 3, atol=1e-4)


@pytest.mark.parametrize(
    ("boxes", "text", "country", "rows"),
    [
        (TWO_ROWS, "1537УНЛ", "mn", 2),
        (ONE_ROW, "1155УБО", "mn", 1),
        (ONE_ROW, "123가4567", "kr", 1),
        (STACKED, "서울71바8669", "kr", 1),
    ],
)
def test_plates_of_both_countries_are_read(boxes, text: str, country: str, rows: int) -> None:
    (best, *_) = read_boxes(seen(boxes, text), ALPHABET, GRAMMAR, 3)
    assert (best.text, best.country, best.rows) == (text, country, rows)
    assert len(best.char_scores) == len(text)
    assert min(best.char_scores) > 0.75
    assert read_boxes(seen(boxes, text), ALPHABET, None, 1)[0].text == text, "without grammar, too"


def test_the_grammar_chooses_among_the_alternatives_of_each_box() -> None:
    found = seen(TWO_ROWS, "1Б37УНЛ", 0.6)
    set_score(found, 1, "6", 0.3)
    assert read_boxes(found, ALPHABET, None, 1)[0].text == "1Б37УНЛ"
    best = read_boxes(found, ALPHABET, GRAMMAR, 3)[0]
    assert best.text == "1637УНЛ"
    assert best.char_scores[1] > best.char_scores[0] * 0.5
    letter_o = seen(TWO_ROWS, "О53700Л", 0.7)
    assert read_boxes(letter_o, ALPHABET, GRAMMAR, 3)[0].text == "0537ООЛ"


def test_a_region_must_be_one_and_a_faint_ghost_is_no_character() -> None:
    found = seen(STACKED, "서을71바8669".replace("을", "울"), 0.5)
    set_score(found, 1, "울", 0.2)
    set_score(found, 1, "북", 0.4)
    assert read_boxes(found, ALPHABET, GRAMMAR, 3)[0].text == "서울71바8669", "there is no 서북"
    ghost = seen([*TWO_ROWS, (4.0, 140.0, 30.0, 156.0)], "1537УНЛ8", 0.8)
    set_score(ghost, 7, "8", 0.1)
    assert read_boxes(ghost, ALPHABET, GRAMMAR, 3)[0].text == "1537УНЛ"


def test_equal_neighbours_remain_two_characters() -> None:
    steps = step_log_probs(seen(ONE_ROW, "11").scores)
    assert steps.shape == (3, len(ALPHABET) + 1)
    np.testing.assert_allclose(np.exp(steps).sum(axis=1), 1, atol=1e-6)
    assert steps[1, BLANK] == 0
    nothing = step_log_probs(np.zeros((1, len(ALPHABET)), np.float32))
    assert nothing.argmax() == BLANK, "a box without any score is a blank"


def test_clutter_leaves_a_clear_plate_sure() -> None:
    plate = seen(TWO_ROWS, "1537УНЛ", sure=0.6)
    clutter = seen(np.array(TWO_ROWS) + np.array((0, 11, 0, 11)), "8888888", sure=0.06)
    clutter.scores[:] = np.maximum(clutter.scores, 0.01)  # every class of a box that is none says a little
    both = CharBoxes(np.vstack([plate.boxes, clutter.boxes]), np.vstack([plate.scores, clutter.scores]))
    best = read_boxes(both, ALPHABET, GRAMMAR, 3)[0]
    assert best.text == "1537УНЛ"
    assert best.score > 0.5


def test_targets_name_the_class_of_every_visible_character() -> None:
    plates = from_degraded([sample_plate(np.random.default_rng([5, i]), "kr", "phone") for i in range(3)])
    anchors = char_anchors()
    for text, target in zip(plates.texts, upright_targets(plates, ALPHABET), strict=True):
        characters = "".join(text).replace("\n", "")
        positive = target[:, 4] > 0
        named = {ALPHABET[int(label) - 1] for label in target[positive, 4]}
        assert named == set(characters)
        assert iou_matrix(anchors[positive], target[positive, :4]).max(axis=1).min() > 0.1
    boxes = np.full((9, 4), np.nan, np.float32)
    boxes[0], boxes[1] = (10, 10, 50, 30), (10, 100, 50, 120)
    classes = np.array([3, 5] + [-1] * 7)
    half = char_targets(anchors, boxes, classes, np.array([0.0, 25.0, 80.0, 185.0]))
    assert set(half[:, 4]) <= {0.0, -1.0, 6.0}, "of the first character only a quarter is seen"
    assert (half[:, 4] == 6).any()


def test_a_known_text_says_which_boxes_are_its_characters() -> None:
    text = "1537УНЛ"
    found = seen(TWO_ROWS, text)
    ghost = CharBoxes(np.array([(20.0, 70.0, 50.0, 84.0)], np.float32), np.full((1, len(ALPHABET)), 0.02, np.float32))
    both = CharBoxes(np.vstack([found.boxes, ghost.boxes]), np.vstack([found.scores, ghost.scores]))
    boxes = boxes_of_text(both, [ALPHABET.index(char) for char in text])
    np.testing.assert_allclose(boxes, TWO_ROWS, atol=1e-3)
    assert boxes_of_text(both, [ALPHABET.index(char) for char in "1537УНЗ"]) is None, "one character is another"
    assert boxes_of_text(found, [ALPHABET.index(char) for char in "1537УНЛЛ"]) is None, "one box too few"


@pytest.mark.slow
def test_the_network_is_small_and_learns_a_handful_of_plates() -> None:
    keras.utils.set_random_seed(0)
    crops = from_degraded([sample_plate(np.random.default_rng([1, i]), "mn", "phone") for i in range(2)])
    images, targets = upright(crops), upright_targets(crops, ALPHABET)
    network = build_char_detector(len(ALPHABET))
    assert network.count_params() * 2 < 6e6, "half precision, 6 MB"
    network.compile(optimizer=keras.optimizers.Adam(2e-3), loss=SSDLoss(char_anchors()))
    losses = network.fit(np.repeat(images, 2, 0), np.repeat(targets, 2, 0), epochs=40, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2


def test_decoded_predictions_are_boxes_in_the_view_and_scores() -> None:
    network = build_char_detector(len(ALPHABET))
    (predictions,) = np.array(network(np.zeros((1, HEIGHT, WIDTH, 1), np.uint8), training=False))
    assert not len(best_boxes(predictions)), "an untrained network sees no characters"
    predictions[7, 4 + 3], predictions[9, 4 + 2] = 2.0, 1.0
    found = best_boxes(predictions)
    assert found.scores.argmax(axis=1).tolist() == [3, 2]
    np.testing.assert_allclose(found.scores.max(axis=1), [0.881, 0.731], atol=1e-3)
    assert np.abs(found.boxes - char_anchors()[[7, 9]]).max() < 22, "an untrained network stays near its anchors"


def test_batches_are_repeatable() -> None:
    plates = from_degraded([sample_plate(np.random.default_rng([2, i]), "mn") for i in range(2)])
    batches = CharBatches([plates], [1.0], ALPHABET, batch=3, batches=2)
    (images, targets), (again, _) = batches[0], batches[0]
    assert images.shape == (3, HEIGHT, WIDTH, 1)
    assert targets.shape == (3, len(char_anchors()), 5)
    assert (images == again).all()
    assert (targets[..., 4] > 0).any(axis=1).all()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two generated plates as photos with labelled characters."""
    folder = tmp_path / "photos"
    for index in range(2):
        plate = sample_plate(np.random.default_rng([4, index]), "mn", "phone")
        height, width = plate.image.shape[:2]
        write_image(folder / f"{index}.png", plate.image)
        boxes = [tuple(round(float(side)) for side in box) for box in plate.char_boxes]
        named = [LabelledObject(LABEL_CODES.get(c, c), box) for c, box in zip(plate.text, boxes, strict=True)]
        whole = LabelledObject("plate", (1, 1, height - 1, width - 1))
        write_voc(folder / f"{index}.xml", LabelledPicture(Path(f"{index}.png"), width, height, (whole, *named)))
    return folder


@pytest.mark.slow
def test_training_resumes_exports_and_reads(photos: Path, tmp_path: Path) -> None:
    sources = (DataSource(folder="generated"), DataSource(folder=str(photos), sampling_weight=0.5))
    settings = {"countries": ("mn",), "generated": 6, "batch": 2, "epoch_batches": 2, "sources": sources}
    plan = CharDetectorTrainConfig(**settings, validation=(DataSource(folder=str(photos)),), epochs=2)
    run = tmp_path / "run"
    weights = train_char_detector(plan, run)
    lines = (run / "log.csv").read_text().splitlines()
    assert len(lines) == 3
    assert "val_exact" in lines[0]
    train_char_detector(plan, run)
    assert len((run / "log.csv").read_text().splitlines()) == 3, "nothing is left to train"
    with pytest.raises(AlprError, match="other settings"):
        train_char_detector(CharDetectorTrainConfig(**settings, epochs=3), run)
    models = tmp_path / "models"
    folder = export_char_detector([weights], models / "char_detector", plan)
    facts = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
    assert facts["countries"] == ["mn"]
    assert sum(file.stat().st_size for file in folder.iterdir()) < 6e6
    reader = load_reader("char_detector", ReaderOptions("mn", models_dir=models))
    plate = sample_plate(np.random.default_rng([4, 0]), "mn", "phone").image
    assert 0 <= reader.read([plate])[0].score <= 1
    with pytest.raises(ModelError, match="not of kr"):
        CharDetectorReader(folder, "kr")
    facts["alphabet"] = facts["alphabet"][::-1]
    write_metadata(folder, facts, [])
    with pytest.raises(ModelError, match="another alphabet"):
        CharDetectorReader(folder)
    (folder / "weights.npz").unlink()
    with pytest.raises(ModelError, match="is missing"):
        CharDetectorReader(folder)


def test_plates_without_labelled_characters_are_refused(tmp_path: Path) -> None:
    crop = sample_plate(np.random.default_rng(0), "mn").image
    write_image(tmp_path / "crops" / "1537УНЛ.png", crop)
    plan = CharDetectorTrainConfig(countries=("mn",), sources=(DataSource(folder=str(tmp_path / "crops")),))
    with pytest.raises(AlprError, match="boxes of its characters"):
        train_char_detector(plan, tmp_path / "run")


def test_plates_without_labelled_characters_may_be_of_another_country(photos: Path) -> None:
    write_image(photos / "kr.png", sample_plate(np.random.default_rng(0), "kr").image)
    height, width = cv2.imread(str(photos / "kr.png")).shape[:2]
    whole = LabelledObject("plate", (0, 0, height, width))
    write_voc(photos / "kr.xml", LabelledPicture(Path("kr.png"), width, height, (whole,)))
    (photos / "plates.csv").write_text(
        f"image,xmin,ymin,xmax,ymax,text\nkr.png,0,0,{width},{height},12가3456\n", "utf-8"
    )
    plan = CharDetectorTrainConfig(countries=("mn",), sources=(DataSource(folder=str(photos)),))
    texts = ["".join(text).replace("\n", "") for text in _plates(plan, plan.sources[0], Run(photos), 1, None).texts]
    assert texts
    assert "12가3456" not in texts


def test_nothing_that_is_found_makes_it_fail() -> None:
    nothing = CharBoxes(np.empty((0, 4), np.float32), np.empty((0, len(ALPHABET)), np.float32))
    noise = np.random.default_rng(0).random((40, len(ALPHABET))).astype(np.float32) * 0.06
    corners = np.random.default_rng(1).uniform(0, 60, (40, 2))
    clutter = CharBoxes(np.hstack([corners, corners + 20]).astype(np.float32), noise)
    for found in (nothing, clutter, seen(ONE_ROW, "1"), seen(TWO_ROWS, "ЛНУ7351")):
        for grammar in (GRAMMAR, None):
            for reading in read_boxes(found, ALPHABET, grammar, 3):
                assert reading.text and reading.score <= (0.5 if grammar else 1)
                assert len(reading.char_scores) == len(reading.text)
    assert read_boxes(nothing, ALPHABET, GRAMMAR, 3) == read_boxes(nothing, ALPHABET, None, 1) == []


def test_the_command_lists_its_options() -> None:
    result = CliRunner().invoke(app, ["train", "char_detector", "--help"])
    assert result.exit_code == 0
    assert "--start-from" in result.stdout
