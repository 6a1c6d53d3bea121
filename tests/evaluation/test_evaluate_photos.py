"""Figures on small folders whose right answers are known."""

from pathlib import Path

import numpy as np
import pytest
from conftest import PICTURE_SIZE, PLATE_PIXELS, BrightBoxDetector, FixedReader

from alpr_utils.data.labels import LabelledObject, LabelledPicture
from alpr_utils.data.voc import write_voc
from alpr_utils.detect.detector import Detection
from alpr_utils.errors import AlprError, LabelError
from alpr_utils.evaluation.average_precision import average_precision
from alpr_utils.evaluation.matching import match
from alpr_utils.evaluation.photo_figures import PlateOutcome, remaining_texts
from alpr_utils.evaluation.photos import evaluate
from alpr_utils.images import write_image
from alpr_utils.read.reading import Reading


def _folder(folder: Path, picture: np.ndarray, texts: list[str], box: tuple[float, ...] = PLATE_PIXELS) -> Path:
    """One picture a text, all with the plate in the same place; ``""`` means a picture without any plate."""
    rows = ["image,xmin,ymin,xmax,ymax,text"]
    for number, text in enumerate(texts):
        write_image(folder / f"{number}.png", picture if text else np.full_like(picture, 90))
        objects = (LabelledObject("plate", (box[1], box[0], box[3], box[2])),) if text else ()
        write_voc(
            folder / f"{number}.xml", LabelledPicture(Path(f"{number}.png"), PICTURE_SIZE[1], PICTURE_SIZE[0], objects)
        )
        rows.append(f"{number}.png,{box[0]},{box[1]},{box[2]},{box[3]},{text}")
    (folder / "plates.csv").write_text("\n".join(rows[: 1 + sum(map(bool, texts))]) + "\n", encoding="utf-8")
    return folder


def test_perfect_boxes_and_half_the_texts(
    tmp_path: Path, plate_picture: np.ndarray, detector: BrightBoxDetector
) -> None:
    data = _folder(tmp_path, plate_picture, ["1537УНЛ", "1537УНО", ""])
    figures = evaluate(data, detector, FixedReader(free_text="1537УН0"))
    assert (figures.pictures, figures.plates, figures.plates_with_text) == (3, 2, 2)
    assert (figures.ap, figures.ap50, figures.ap75) == (1.0, 1.0, 1.0)
    assert figures.recall_at_threshold == 1.0
    assert (figures.texts.exact, figures.texts.exact_of_found, figures.texts.exact_in_true_boxes) == (0.5, 0.5, 0.5)
    assert figures.texts.exact_without_grammar == 0.0
    assert figures.texts.cer == pytest.approx(1 / 14, abs=1e-4)
    assert figures.lost == {"not_detected": 0, "badly_localised": 0, "wrong_length": 0, "misread": 1}
    assert figures.false_boxes_per_picture == 0.0
    assert set(figures.milliseconds) == {"open", "enhance", "detect", "read", "total"}


@pytest.mark.parametrize(
    ("labelled_box", "free_text", "stage", "false_boxes"),
    [
        ((0, 100, 20, 110), "", "not_detected", 1),
        ((75, 30, 135, 54), "", "badly_localised", 1),
        (PLATE_PIXELS, "1537", "wrong_length", 0),
        (PLATE_PIXELS, "1537УНЛ", "misread", 0),
    ],
)
def test_stage_at_which_a_plate_is_lost(
    tmp_path: Path,
    plate_picture: np.ndarray,
    detector: BrightBoxDetector,
    labelled_box: tuple[float, ...],
    free_text: str,
    stage: str,
    false_boxes: int,
) -> None:
    data = _folder(tmp_path, plate_picture, ["9999УБА"], labelled_box)
    figures = evaluate(data, detector, FixedReader(free_text=free_text))
    assert [name for name, count in figures.lost.items() if count] == [stage]
    assert figures.false_boxes_per_picture == false_boxes
    assert figures.texts.exact == 0.0


def test_detector_alone(tmp_path: Path, plate_picture: np.ndarray, detector: BrightBoxDetector) -> None:
    figures = evaluate(_folder(tmp_path, plate_picture, ["1537УНЛ"]), detector)
    assert (figures.reader, figures.ap50, figures.texts.exact, figures.texts.cer) == ("none", 1.0, None, None)
    assert sum(figures.lost.values()) == 0


def test_photos_are_brought_into_a_condition_and_their_boxes_move_along(
    tmp_path: Path, plate_picture: np.ndarray, detector: BrightBoxDetector, reader: FixedReader
) -> None:
    data = _folder(tmp_path, plate_picture, ["1537УНЛ", ""])  # the plate is 60 pixels wide
    small = evaluate(data, detector, reader, condition="w30")
    assert small.condition == "w30"
    assert (small.recall_at_threshold, small.ap, small.texts.exact) == (1.0, 1.0, 1.0)
    assert [outcome.width for outcome in small.outcomes] == [30.0]
    dark = evaluate(data, detector, reader, condition="dark")
    assert dark.recall_at_threshold == 0.0, "the detector takes only what is bright for a plate"
    assert dark.texts.exact == 0.0 and dark.outcomes[0].text_in_true_box == "1537УНЛ"
    with pytest.raises(AlprError, match="no such condition"):
        evaluate(data, detector, reader, condition="fog")


def test_where_plates_are_painted_over_every_box_is_false(
    tmp_path: Path, plate_picture: np.ndarray, detector: BrightBoxDetector, reader: FixedReader
) -> None:
    data = _folder(tmp_path, plate_picture, ["1537УНЛ", "2222УБА"])
    assert evaluate(data, detector, reader, condition="no-plates").false_boxes_per_picture == 0
    beside = _folder(tmp_path / "beside", plate_picture, ["1537УНЛ"], (0.0, 0.0, 10.0, 10.0))  # the label is wrong
    figures = evaluate(beside, detector, reader, condition="no-plates")
    assert (figures.plates, figures.ap, figures.false_boxes_per_picture) == (0, None, 1)
    assert figures.false_texts == ("1537УНЛ",) * figures.pictures


def test_texts_that_remain_are_counted_by_their_score() -> None:
    read = [("1537УНЛ", "1537УНЛ", 0.9), ("1537УНЛ", "1537УНД", 0.25), ("", "2222УБА", 0.1), ("1111УБА", "", 0.0)]
    outcomes = [PlateOutcome("a.png", true, 60, 1.0, text, score) for true, text, score in read]
    remaining = remaining_texts(outcomes, [Reading("3333УБА", 0.6), Reading()])
    counts = {row.min_text_score: (row.right, row.wrong, row.unknown, row.elsewhere) for row in remaining}
    assert counts[0.0] == counts[0.1] == (1, 1, 1, 1)
    assert counts[0.2] == (1, 1, 0, 1)
    assert counts[0.3] == counts[0.5] == (1, 0, 0, 1)
    assert counts[0.7] == (1, 0, 0, 0)


def test_halves_add_up(
    tmp_path: Path, plate_picture: np.ndarray, detector: BrightBoxDetector, reader: FixedReader
) -> None:
    data = _folder(tmp_path, plate_picture, ["1111УБА", "1111УБА", "2222УБА", "3333УБА"])
    halves = [{o.true_text for o in evaluate(data, detector, reader, half=half).outcomes} for half in "ab"]
    assert halves == [{"1111УБА", "3333УБА"}, {"2222УБА"}]


def test_broken_files_are_reported_and_the_rest_measured(
    tmp_path: Path, plate_picture: np.ndarray, detector: BrightBoxDetector
) -> None:
    data = _folder(tmp_path, plate_picture, ["1111УБА", "2222УБА", "3333УБА"])
    (data / "0.xml").write_text("")
    (data / "1.png").write_bytes(b"")
    figures = evaluate(data, detector)
    assert figures.pictures == 1
    assert [problem.split(": ")[0] for problem in figures.problems] == [str(data / "0.xml"), str(data / "1.png")]
    (data / "2.png").write_bytes(b"")
    with pytest.raises(LabelError, match="none of its pictures could be used"):
        evaluate(data, detector)


def test_average_precision_by_hand() -> None:
    truths = [np.array([[0, 0, 50, 50]])] * 2
    found = [
        [Detection((0.0, 0.0, 0.5, 0.3), 0.9)],  # IoU 0.6
        [Detection((0.5, 0.5, 1.0, 1.0), 0.8), Detection((0.0, 0.0, 0.5, 0.5), 0.7)],  # false, then exact
    ]
    ap, ap50, ap75 = average_precision(truths, found, [(100, 100), (100, 100)])
    # Precision is interpolated from the right at 101 recalls: at IoU 0.50 the hits are 1st and 3rd.
    assert ap50 == pytest.approx((51 * 1.0 + 50 * 2 / 3) / 101, abs=1e-6)
    assert ap75 == pytest.approx(51 * (1 / 3) / 101, abs=1e-6)
    assert ap75 < ap < ap50


def test_nothing_found_is_zero() -> None:
    assert average_precision([np.array([[0, 0, 5, 5]])], [[]], [(10, 10)]) == (0.0, 0.0, 0.0)


class PlateAndVehicleDetector(BrightBoxDetector):
    """Finds the plate, and half of its vehicle."""

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        return [*super().detect(image, min_score), Detection((0.0, 0.0, 0.5, 1.0), 0.8, "vehicle")]


def test_classes_are_measured_apart(tmp_path: Path, plate_picture: np.ndarray) -> None:
    data = _folder(tmp_path, plate_picture, ["1537УНЛ"])
    height, width = PICTURE_SIZE
    objects = (LabelledObject("vehicle", (0, 0, 0.8 * height, width)), LabelledObject("plate", (30, 40, 54, 100)))
    write_voc(data / "0.xml", LabelledPicture(Path("0.png"), width, height, objects))
    figures = evaluate(data, PlateAndVehicleDetector())
    assert (figures.ap, figures.false_boxes_per_picture) == (1.0, 0.0)
    ap = pytest.approx(0.3, abs=1e-6)  # IoU 0.625 counts at 0.50, 0.55 and 0.60
    assert figures.ap_by_class == {"plate": (1.0, 1.0, 1.0), "vehicle": (ap, 1.0, 0.0), "mean": (0.65, 1.0, 0.5)}
    assert evaluate(data, BrightBoxDetector()).ap_by_class == {}


def test_each_box_stands_for_one_plate_and_the_best_box_chooses_first() -> None:
    plates = np.array([[0, 0, 40, 40], [0, 10, 40, 50]])
    numbers, ious = match(np.array([[0, 10, 40, 50], [0, 8, 40, 48], [90, 90, 99, 99]]), plates)
    assert numbers.tolist() == [1, 0, -1]
    assert ious == pytest.approx([1, 32 / 48, 0])


def test_a_worse_box_never_takes_a_plate_from_one_that_found_it() -> None:
    plate = np.array([[0, 0, 40, 40]])
    numbers, ious = match(np.array([[0, 30, 40, 70], [0, 0, 40, 38]]), plate)
    assert numbers.tolist() == [-1, 0] and ious == pytest.approx([0, 0.95])
    numbers, ious = match(np.array([[0, 30, 40, 70]]), plate)
    assert numbers.tolist() == [0] and ious == pytest.approx([10 / 70]), "touched, not found"
    assert match(np.empty((0, 4)), plate)[0].tolist() == []
    assert match(plate, np.empty((0, 4)))[0].tolist() == [-1]
