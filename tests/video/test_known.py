"""The list of known plates and its tolerance."""

from pathlib import Path

import pytest

from alpr_utils.errors import AlprError
from alpr_utils.video.known import EXACT, LOOK_ALIKE, ONE_EDIT, KnownPlates, nearness


def test_nearness() -> None:
    assert nearness("1234УБА", "1234УБА") == EXACT
    assert nearness("1230УБО", "123ОУ60") == LOOK_ALIKE
    assert nearness("1234УБА", "1234YБA") == LOOK_ALIKE  # typed on a Latin keyboard
    assert nearness("28로3700", "28하3700") == ONE_EDIT
    assert nearness("1234УБА", "123УБА") == ONE_EDIT
    assert nearness("1234УБА", "1243УБА") is None


def test_names_of_a_list(tmp_path: Path) -> None:
    file = tmp_path / "known.csv"
    file.write_text("1234 УБА, Bat, the baker\n5678УНБ\n\n28로-3700,Kim\n", encoding="utf-8-sig")
    known = KnownPlates.of(file)
    assert known.name_of("1234УБА") == "Bat, the baker"
    assert known.name_of("5678УН6") == "5678УНБ"
    assert known.name_of("28모3700") == "Kim"
    assert known.name_of("9999УАВ") == ""
    assert known.name_of("") == ""


def test_two_equally_near_names_are_none() -> None:
    known = KnownPlates({"1234УБА": "a", "1235УБА": "b"})
    assert known.name_of("1236УБА") == ""
    assert known.name_of("1235УБА") == "b"


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe1\x00"])
def test_lists_that_are_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "known.csv").write_bytes(content)
    with pytest.raises(AlprError, match=r"known\.csv: "):
        KnownPlates.of(tmp_path / "known.csv")
