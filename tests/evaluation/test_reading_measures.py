"""Figures of readers: what is counted, how plates are grouped, and how hard they are to read."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from alpr_utils.errors import AlprError, LabelError
from alpr_utils.evaluation.crop_conditions import Conditions, blur, conditions_of, darkness, tilt
from alpr_utils.evaluation.crops import evaluate_crops, fresh_crops, real_crops
from alpr_utils.evaluation.readers import (
    Confusion,
    CropOutcome,
    UnsureFigures,
    calibration,
    character_error_rate,
    confusions,
    groups,
    unsure_figures,
)
from alpr_utils.images import write_image
from alpr_utils.read.reading import Reading


class Knowing:
    """Reads what its pictures say in the brightness of their first pixel, with and without the grammar."""

    name = "knowing"
    weight_count = 12

    def __init__(self, texts: dict[int, tuple[str, str]]):
        self.texts = texts
        self.widths: list[int] = []

    def read(self, crops: Sequence[np.ndarray], grammar: bool = True) -> list[Reading]:
        self.widths += [crop.shape[1] for crop in crops]
        return [Reading(self.texts[int(crop[0, 0, 0])][not grammar], 0.75, (), 1, "mn") for crop in crops]


def outcome(
    text: str,
    true: str = "1537УНЛ",
    rows: int = 1,
    tilt: float | None = 0.0,
    width: int = 100,
    shown: str = "",
) -> CropOutcome:
    return CropOutcome("", true, "mn", rows, Conditions(2.0, tilt, 0.1, width), text, 0.9, text, 0.9, shown or text)


def stripes(width: int = 120, period: int = 12) -> np.ndarray:
    row = np.where(np.arange(width) // (period // 2) % 2, 220, 40).astype(np.uint8)
    return np.repeat(np.tile(row, (40, 1))[..., None], 3, axis=2)


def test_confusions_are_laid_side_by_side() -> None:
    found = confusions([("1537", "1587"), ("1537", "157"), ("12", "122")])
    assert Confusion("3", "8", 1) in found and Confusion("3", "", 1) in found and Confusion("", "2", 1) in found
    assert sum(one.count for one in found if one.true) == 10, "every character that stands there counts once"
    assert found[0] == Confusion("1", "1", 3), "the most frequent first"
    assert character_error_rate([("1537", "1587"), ("12", "122")]) == round(2 / 6, 4)


def test_question_marks_are_counted_with_the_mistakes_that_they_hide() -> None:
    outcomes = [
        outcome("1537УНЛ", shown="15?7УНЛ"),
        outcome("1587УНА", shown="15?7УНА"),
        outcome("1537УН", shown="??????"),  # which of its characters are wrong, nobody knows
    ]
    assert unsure_figures(outcomes) == UnsureFigures(characters=14, wrong=2, shown=2, wrong_shown=1)


def test_calibration_is_the_mean_gap_between_score_and_share() -> None:
    found = calibration([0.95, 0.95, 0.95, 0.95, 0.15], [True, True, False, False, False])
    assert found.error == pytest.approx((4 * 0.45 + 0.15) / 5)
    assert [(one.low, one.high, one.plates, one.exact) for one in found.bins] == [
        (0.1, 0.2, 1, 0.0),
        (0.9, 1.0, 4, 0.5),
    ]
    assert calibration([1.0, 0.0], [True, False]).error == 0
    assert calibration([], []).error == 0


def test_the_error_by_chance_is_that_of_scores_which_are_probabilities() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 1, 120)
    errors = [calibration(scores.tolist(), (rng.random(120) < scores).tolist()).error for _ in range(400)]
    assert calibration(scores.tolist(), [True] * 120).by_chance == pytest.approx(np.mean(errors), rel=0.05)
    assert calibration([1.0, 0.0], [False, True]).by_chance == 0


def test_groups_are_thirds_of_the_plates() -> None:
    outcomes = [outcome("1537УНЛ" if width > 60 else "", rows=1 + width % 2, width=width) for width in range(30, 120)]
    found = groups(outcomes)
    widths = [one for one in found if one.measure == "width"]
    assert [(one.group, one.plates) for one in widths] == [("30 to 59", 30), ("60 to 89", 30), ("90 to 119", 30)]
    assert widths[0].exact == 0 and 0.9 < widths[1].exact < 1 and widths[2].exact == 1
    assert [one.plates for one in found if one.measure == "rows"] == [45, 45]
    assert [one.plates for one in found if one.measure == "blur"] == [90], "one value is one group"
    assert not [one for one in groups([outcome("", tilt=None)]) if one.measure == "tilt"], "unknown is no group"


def test_blur_is_the_width_of_an_edge() -> None:
    sharp = stripes()
    blurs = [blur(sharp), blur(cv2.GaussianBlur(sharp, (0, 0), 1.0)), blur(cv2.GaussianBlur(sharp, (0, 0), 2.0))]
    assert 1 <= blurs[0] <= 2 < blurs[1] < blurs[2]
    assert blur((sharp // 4 + 90).astype(np.uint8)) == pytest.approx(blurs[0], abs=0.1), "whatever the contrast"
    assert blur(np.full((5, 7, 3), 90, np.uint8)) == 7


def test_darkness_and_tilt() -> None:
    assert darkness(np.full((5, 7, 3), 255, np.uint8)) == 0 and darkness(np.zeros((5, 7, 3), np.uint8)) == 1
    assert darkness(stripes()) == pytest.approx(1 - 220 / 255)
    assert tilt(np.array([(0, 0), (100, 0), (120, 50), (20, 50)])) == 0, "a slanted plate with level rows"
    for turn in (1, -1):
        assert tilt(np.array([(0, 0), (50, 50 * turn), (40, 60 * turn), (-10, 10)])) == pytest.approx(45, abs=6)
    assert conditions_of(stripes(), None).tilt is None and conditions_of(stripes(), None).width == 120


def test_readers_are_measured_at_a_width(tmp_path: Path) -> None:
    for grey, text in ((50, "1537УНЛ"), (90, "3386УБТ")):
        write_image(tmp_path / f"{text}.png", np.full((40, 160, 3), grey, np.uint8))
    crops = real_crops(tmp_path, find_corners=lambda _: np.array([[(0, 0), (1, 0.5), (1, 1), (0, 0.5)]]))
    assert {crop.conditions.tilt for crop in crops} == {round(float(np.degrees(np.arctan2(20, 160))), 2)}
    reader = Knowing({50: ("1537УНЛ", "1537УНЛ"), 90: ("3386УБТ", "3386УВ7")})
    figures = evaluate_crops(crops, reader, "here", "w80")
    assert set(reader.widths[1:]) == {80}, "the first call only warms the reader up"
    assert (figures.exact, figures.exact_without_grammar, figures.cer) == (1, 0.5, 0)
    assert figures.cer_without_grammar == round(2 / 14, 4)
    assert figures.calibration.error == 0.25 and figures.parameters == 12 and figures.plates == 2
    wrong = {(one.true, one.read) for one in figures.confusions_without_grammar if one.true != one.read}
    assert wrong == {("Б", "В"), ("Т", "7")}
    assert all(one.true == one.read for one in figures.confusions)
    evaluate_crops(crops, reader)
    assert reader.widths[-1] == 160


def test_generated_plates_are_cut_like_real_ones() -> None:
    crops = fresh_crops(4, 7)
    assert [crop.country for crop in crops] == ["mn", "kr", "mn", "kr"]
    again = fresh_crops(4, 7)
    assert all(np.array_equal(one.image, other.image) for one, other in zip(crops, again, strict=True))
    assert all(crop.conditions.width == crop.image.shape[1] and crop.conditions.tilt is not None for crop in crops)
    with pytest.raises(AlprError, match="preset"):
        fresh_crops(1, 7, preset="submarine")
    with pytest.raises(AlprError, match="xx"):
        fresh_crops(1, 7, ("xx",))


def test_a_folder_without_plates_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=str(tmp_path)):
        real_crops(tmp_path)
