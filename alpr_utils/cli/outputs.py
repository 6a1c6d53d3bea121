"""What the command ``read`` writes: the table, JSON Lines, drawings and cut plates, picture by picture."""

import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alpr_utils.errors import OutputError
from alpr_utils.results import (
    CROP_COLUMNS,
    DRAWING_COLUMN,
    PLATE_COLUMNS,
    CsvTable,
    JsonLines,
    crop_rows,
    file_stems,
    picture_record,
    plate_rows,
    read_json_lines,
    read_table,
)

if TYPE_CHECKING:
    from alpr_utils.results import PictureResult


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


class Outputs:
    """The files of one run; with `open` they are there, with `add` they grow.

    Args:
        places: what is wanted.
        pictures: the inputs, which are never written to.
        whole: every picture is one plate.
        enhanced: the detector sees enhanced pictures, and these are drawn on.
    """

    def __init__(self, places: Places, pictures: Iterable[Path], whole: bool, enhanced: bool):
        self.places, self._whole = places, whole
        self._pictures = list(pictures)
        self._inputs = {path.resolve() for path in self._pictures}
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
            OutputError: an output would replace an input picture or a table of another kind.
        """
        targets = [path for path in (self.places.table, self.places.json) if path]
        if self.places.drawings:
            targets += [self.places.drawings / f"{stem}{self._ending}" for stem in file_stems(self._pictures)]
        for target in targets:
            self._safe(target)
        if self.places.table:
            header = tuple(read_table(self.places.table)[0])
            same = header == self._columns if resume else set(header) ^ set(self._columns) <= {DRAWING_COLUMN}
            if header and not same:
                raise OutputError(
                    f"{self.places.table}: is a table with other columns ({', '.join(header[:4])} ...); "
                    "choose another place or move it away."
                )

    def _safe(self, target: Path) -> Path:
        if target.resolve() in self._inputs:
            raise OutputError(f"{target}: is one of the pictures to read; choose another place for the results.")
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
            self._table = stack.enter_context(CsvTable(self.places.table, self._columns, kept))
        if self.places.json:
            self._json = stack.enter_context(JsonLines(self.places.json, list(lines.values())))
        return done

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
        _say(result)
        self.count += 1

    def _write_pictures(self, result: "PictureResult", drawing: str | None) -> None:
        from alpr_utils.draw import draw_plates
        from alpr_utils.images import crop_plate, write_image

        if self.places.drawings and drawing:
            write_image(self._safe(self.places.drawings / drawing), draw_plates(result.detector_input, result.plates))
        for number, plate in enumerate(result.plates if self.places.crops else (), start=1):
            assert self.places.crops
            crop = self._safe(self.places.crops / f"{result.stem}_plate{number}.jpg")
            write_image(crop, crop_plate(result.image, plate.box))

    def stopped(self) -> str:
        """The sentence for a user who stopped the run."""
        if not self.count:
            return "stopped before the first picture was read; give the same command again."
        kept = " and ".join(str(path) for path in (self.places.table, self.places.json) if path)
        done = f"stopped after {self.count} picture{'' if self.count == 1 else 's'}"
        if not kept:
            return f"{done}; nothing was kept, give --output, --csv or --json."
        return f"{done}; what was read is kept in {kept}. Give the same command with --resume to go on."


def _say(result: "PictureResult") -> None:
    """One line a plate: picture, text or -, detection score, text score."""
    from tqdm import tqdm

    for plate in result.plates:
        line = (result.name, plate.text or "-", f"{plate.detection_score:.2f}", f"{plate.text_score:.2f}")
        tqdm.write("\t".join(line), file=sys.stdout)
