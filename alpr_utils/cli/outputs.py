"""What the command ``read`` writes: the table, JSON Lines, drawings and cut plates, picture by picture."""

import json
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alpr_utils.errors import OutputError, on_one_line
from alpr_utils.images import CROP, DRAWING, crop_plate, has_comment, true_path, write_bytes, write_image
from alpr_utils.results import (
    CROP_COLUMNS,
    DRAWING_COLUMN,
    PLATE_COLUMNS,
    CsvTable,
    JsonLines,
    check_json_place,
    crop_rows,
    file_stems,
    picture_record,
    plate_rows,
    read_json_lines,
    read_table,
)

if TYPE_CHECKING:
    import numpy as np

    from alpr_utils.results import PictureResult, PlateReading

    Draw = Callable[[np.ndarray, Iterable[PlateReading]], np.ndarray]  # such as `ALPR.draw`


_log = logging.getLogger(__name__)

# The options that decide what stands in a table; the rows of runs that differ in one of them are not mixed.
DECIDE_RESULTS = (
    "detector", "tiles", "vehicle_first", "vehicle_detector", "reader", "enhance", "remove_shadows", "min_score",
    "min_text_score", "crops", "country", "grammar", "every",
)  # fmt: skip


@dataclass(frozen=True)
class Places:
    """Where results go; None: nowhere.

    Attributes:
        table: CSV file.
        json: JSON Lines file.
        drawings: folder of the drawn pictures.
        crops: folder of the plates cut out of the pictures.
    """

    table: Path | None
    json: Path | None
    drawings: Path | None
    crops: Path | None

    @property
    def options(self) -> Path | None:
        """Where the options of the run are noted: beside its first file, whose name it carries."""
        beside = self.table or self.json
        return beside.with_name(f"{beside.stem}.options.json") if beside else None


class Outputs:
    """The files of one run; with `open` they are there, with `add` they grow.

    Args:
        places: what is wanted.
        pictures: the inputs, which are never written to.
        whole: every picture is one plate.
        options: those of the command that decide what is read, such as ``enhance`` and ``crops``; with ``excel`` the
            tables are written as `CsvTable` does for Excel.
        draw: draws plates on a picture.
    """

    def __init__(self, places: Places, pictures: Iterable[Path], options: Mapping[str, Any], draw: "Draw"):
        whole, enhanced = options["crops"], options["enhance"]
        self.places, self.for_excel, self._whole, self._draw = places, options["excel"], whole, draw
        self._options = {name: value for name, value in options.items() if name in DECIDE_RESULTS}
        self._pictures = list(pictures)
        self._inputs = {true_path(path) for path in self._pictures}
        self._ending = "_enhanced.jpg" if enhanced and not whole else ".jpg"
        self._columns = CROP_COLUMNS if whole else PLATE_COLUMNS
        if places.drawings:
            self._columns = (*self._columns, DRAWING_COLUMN)
        self._table: CsvTable | None = None
        self._json: JsonLines | None = None
        self.count = 0

    def check(self, resume: bool) -> None:
        """Make sure that nothing is lost by writing.

        Raises:
            OutputError: an output would replace an input picture, any other file that is not a result, or a table of
                another kind; cut plates would lie among the pictures; a run with other options is to be resumed.
        """
        for place in (self.places.table, self.places.json):
            if place:
                self.not_an_input(place)
        if self.places.json:
            check_json_place(self.places.json)
        if self.places.drawings:
            for stem in file_stems(self._pictures):
                self.safe(self.places.drawings / f"{stem}{self._ending}", DRAWING)
        if self.places.crops and true_path(self.places.crops) in {path.parent for path in self._inputs}:
            raise OutputError(
                f"{self.places.crops}: holds pictures to read, among which cut plates would be read the next time; "
                "choose another folder for --save-crops."
            )
        if resume:
            self._check_options()
        if self.places.table:
            check_table(self.places.table, self._columns, resume)

    def _check_options(self) -> None:
        noted = self.places.options
        if not noted or not noted.is_file():
            return
        try:
            earlier = dict(json.loads(noted.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            raise OutputError(f"{noted}: is damaged; give the command without --resume.") from None
        for name, value in self._options.items():
            if earlier.get(name) != value:
                option = name.replace("_", "-")
                raise OutputError(
                    f"{noted}: the first run had --{option} {earlier.get(name)}, this one {value}; resume with the "
                    "same options or choose another place for the results."
                )

    def not_an_input(self, place: Path) -> Path:
        """``place``, unless it is one of the files to read."""
        if true_path(place) in self._inputs:
            raise OutputError(f"{place}: is one of the pictures to read; choose another place for the results.")
        return place

    def safe(self, target: Path, comment: str) -> Path:
        """A place for a picture, which may replace one with this comment and nothing else."""
        self.not_an_input(target)
        if target.exists() and not has_comment(target, comment):
            raise OutputError(f"{target}: is there and was not made by 'read'; choose another place or move it away.")
        return target

    def open(self, stack: ExitStack, resume: bool) -> set[str]:
        """Open the files, which ``stack`` closes; the names of the pictures that an earlier run finished.

        The last picture of a table may be incomplete, so it is not among them.
        """
        lines = read_json_lines(self.places.json) if resume and self.places.json else {}
        rows = read_table(self.places.table)[1] if resume and self.places.table else []
        rows = [row for row in rows if len(row) == len(self._columns)]
        done = set(lines) if self.places.json else {row[0] for row in rows} - {row[0] for row in rows[-1:]}
        if self.places.table:
            kept = [row for row in rows if row[0] in done]
            self._table = stack.enter_context(CsvTable(self.places.table, self._columns, kept, self.for_excel))
        if self.places.json:
            self._json = stack.enter_context(JsonLines(self.places.json, list(lines.values())))
        if not resume:
            self._note_options()
            self._name_old_drawings()
        return done

    def _note_options(self) -> None:
        beside, noted = self.places.table or self.places.json, self.places.options
        if beside and noted and beside.is_file():  # not a device
            write_bytes(noted, (json.dumps(self._options, indent=2) + "\n").encode())

    def _name_old_drawings(self) -> None:
        """Say how many drawings of an earlier run will lie beside those of this one."""
        folder = self.places.drawings
        if folder is None or not self._pictures:
            return
        new = {f"{stem}{self._ending}" for stem in file_stems(self._pictures)}
        old = [path for path in folder.glob("*.jpg") if path.name not in new and has_comment(path, DRAWING)]
        if old:
            drawings = "1 drawing" if len(old) == 1 else f"{len(old)} drawings"
            _log.warning("%s: %s of an earlier run stay, such as %s; the table is new.", folder, drawings, old[0].name)

    def add(self, result: "PictureResult") -> None:
        """Write one result everywhere and say it on stdout.

        Raises:
            OutputError: something cannot be written, or would replace an input.
        """
        drawing = f"{result.stem}{self._ending}" if self.places.drawings else None
        if self._table:
            rows = crop_rows(result) if self._whole else plate_rows(result)
            self._table.add([(*row, drawing) for row in rows] if drawing else rows)
        self._write_pictures(result, drawing)
        if self._json:
            self._json.add({**picture_record(result), **({"drawing": drawing} if drawing else {})})
        for plate in result.plates:
            say(result.name, plate)
        self.count += 1

    def add_record(self, record: dict[str, object]) -> None:
        """Add a line of JSON about something else than a picture."""
        if self._json:
            self._json.add(record)

    def _write_pictures(self, result: "PictureResult", drawing: str | None) -> None:
        if self.places.drawings and drawing:
            target = self.safe(self.places.drawings / drawing, DRAWING)
            write_image(target, self._draw(result.detector_input, result.plates), DRAWING)
        for number, plate in enumerate(result.plates if self.places.crops else (), start=1):
            assert self.places.crops
            crop = self.safe(self.places.crops / f"{result.stem}_plate{number}.jpg", CROP)
            write_image(crop, crop_plate(result.image, plate.box), CROP)

    def stopped(self) -> str:
        """The sentence for a user who stopped the run."""
        if not self.count:
            return "stopped before the first picture was read; give the same command again."
        kept = " and ".join(str(path) for path in (self.places.table, self.places.json) if path)
        done = f"stopped after {self.count} picture{'' if self.count == 1 else 's'}"
        if not kept:
            return f"{done}; nothing was kept, give --output, --csv or --json."
        return f"{done}; what was read is kept in {kept}. Give the same command with --resume to go on."


def check_table(path: Path, columns: tuple[str, ...], resume: bool) -> None:
    """Raises `OutputError` when there is a table with other columns; for ``resume`` they must be just the same."""
    header = tuple(read_table(path)[0])
    same = header == columns if resume else set(header) ^ set(columns) <= {DRAWING_COLUMN}
    if header and not same:
        raise OutputError(
            f"{path}: is a table with other columns ({', '.join(header[:4])} ...); "
            "choose another place or move it away."
        )


def say(name: str, plate: "PlateReading") -> None:
    """One line on stdout: picture or video, text or -, detection score, text score."""
    from tqdm import tqdm

    line = (on_one_line(name), plate.text or "-", f"{plate.detection_score:.2f}", f"{plate.text_score:.2f}")
    tqdm.write("\t".join(line), file=sys.stdout)
