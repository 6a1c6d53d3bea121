"""A country in one file, ``examples/kazakhstan.py``, and the Latin letters that it needs."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from alpr_utils import plates
from alpr_utils.cli import app as cli
from alpr_utils.errors import AlprError
from alpr_utils.plates import COUNTRIES, Mark, PlateTextError, plate_type
from alpr_utils.synth.files.dataset import write_dataset
from alpr_utils.synth.files.recipe import Recipe
from alpr_utils.synth.glyphs.catalogue import pick_face
from alpr_utils.synth.glyphs.stroke_font import STROKES, draw_strokes
from alpr_utils.synth.glyphs.strokes import StrokeStyle
from alpr_utils.synth.plate.marks import draw_mark

FILE = str(Path(__file__).parents[2] / "examples" / "kazakhstan.py")
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.fixture(autouse=True)
def _forget_the_file(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(plates, "_FILES", {})
    COUNTRIES.pop("kz", None)
    yield
    COUNTRIES.pop("kz", None)


def test_latin_letters_and_digits_differ() -> None:
    masks = {char: draw_strokes(char, 44, 76, 9, StrokeStyle()) for char in LATIN + "0123456789"}
    assert set(LATIN) <= set(STROKES)
    for char, mask in masks.items():
        nearest = min(float(np.abs(mask - other).mean()) for name, other in masks.items() if name != char)
        assert nearest > 0.02, char


def test_texts_are_taken_apart() -> None:
    country = plate_type(FILE)
    assert country.format("123abc02") == "123 ABC 02" and country.format("007 KZ 20") == "007 KZ 20"
    assert country.parse("123 ABC 02").region == "Almaty" and country.parse("123AB02").use == "company"
    assert country.split_rows("123ABC02", 2) == (tuple("123"), tuple("ABC02"))
    for wrong in ("12ABC02", "123ABC21", "123ABCD02", "123QBC02"):
        with pytest.raises(PlateTextError, match="123ABC02"):
            country.parse(wrong)


def test_every_layout_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["generate", "plates", "--country", FILE, "--count", "30", "--out", str(tmp_path / "d")]) == 0
    capsys.readouterr()
    rows = (tmp_path / "d" / "plates.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert {row.split(",")[8] for row in rows} == {layout.name for layout in plate_type(FILE).layouts}
    assert all(plate_type("kz").validate(row.split(",")[5]) for row in rows)


def test_a_changed_file_is_another_country(tmp_path: Path) -> None:
    text = Path(FILE).read_text(encoding="utf-8")
    (tmp_path / "kz.py").write_text(text, encoding="utf-8")
    recipe = Recipe("plates", str(tmp_path / "kz.py"), seed=1)
    write_dataset(tmp_path / "d", recipe, 2)
    write_dataset(tmp_path / "d", recipe, 3)
    (tmp_path / "kz.py").write_text(text + "\n", encoding="utf-8")
    with pytest.raises(AlprError, match="another country"):
        write_dataset(tmp_path / "d", recipe, 4)


def test_unknown_faces_and_marks_name_the_known_ones() -> None:
    with pytest.raises(AlprError, match="strokes, korean"):
        pick_face(np.random.default_rng(0), "runes")
    country = plate_type(FILE)
    face = pick_face(np.random.default_rng(0), country.faces)
    with pytest.raises(AlprError, match="block, disc, frame, word"):
        draw_mark(np.zeros((9, 9, 3), np.float32), Mark("star", (0, 0, 5, 5)), country.colours[0], face, 1)
