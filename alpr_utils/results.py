"""What a run gives: frozen records of plates and pictures, and the files they are written to."""

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from alpr_utils.errors import AlprError, OutputError, PictureError, at_picture
from alpr_utils.images import write_bytes

PLATE_COLUMNS = (
    "image", "plate", "xmin", "ymin", "xmax", "ymax", "detection_score", "text", "text_score", "rows", "country",
)  # fmt: skip
CROP_COLUMNS = ("image", "text", "text_score")
# A character that scores less is shown as UNKNOWN. Chosen on generated plates in hard conditions: hardly any wrong
# character scores more, and few right ones score less; `evaluate --crops` counts both.
UNSURE = 0.7
UNKNOWN = "?"
EXCEL_MARK = codecs.BOM_UTF8.decode()  # at the beginning of a file that Excel is to take for UTF-8
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ESCAPED = tuple(f"'{sign}" for sign in _FORMULA)
_JSON_HEAD_BYTES = 4096
_RESULTS = re.compile(rb'[\[{\s]*"[^\0]*"(plates|machine)":')  # how JSON of `read`, `evaluate` and `benchmark` begins
_STEM_BYTES = 200  # file systems take names of 255 bytes
DRAWING_COLUMN = "drawing"  # the last column where drawings are made
_File = TypeVar("_File", bound="GrowingFile")


@dataclass(frozen=True)
class PlateReading:
    """One plate, found and read.

    Attributes:
        box: ymin, xmin, ymax, xmax, normalised to 0..1.
        detection_score: confidence that this is a plate, 0..1.
        text: canonical text, ``""`` when nothing could be read or nobody tried.
        text_score: confidence of the whole text, 0..1.
        char_scores: one confidence a character of ``text``, 0..1.
        rows: number of text rows, 0 when nothing could be read.
        country: ``mn``, ``kr`` or ``""``.
        alternatives: the likeliest other texts with their scores, best first; empty where the reader gives none.
    """

    box: tuple[float, float, float, float]
    detection_score: float
    text: str = ""
    text_score: float = 0.0
    char_scores: tuple[float, ...] = ()
    rows: int = 0
    country: str = ""
    alternatives: tuple[tuple[str, float], ...] = ()

    @property
    def shown_text(self) -> str:
        """``text`` with ``?`` in the place of every character that the reader is not sure of."""
        return shown_text(self.text, self.char_scores)

    def box_pixels(self, height: int, width: int) -> tuple[int, int, int, int]:
        """The box as xmin, ymin, xmax, ymax in whole pixels of a ``height`` x ``width`` picture."""
        ymin, xmin, ymax, xmax = self.box
        return round(xmin * width), round(ymin * height), round(xmax * width), round(ymax * height)


@dataclass(frozen=True)
class PictureResult:
    """The plates of one picture or video frame.

    Attributes:
        name: its name in tables: the file name, the whole path where two inputs share it; frames end in ``#12``.
        stem: how the files made from it begin, no two alike in one run; frames end in ``_000012``.
        path: the file it came from.
        image: uint8 (H, W, 3) RGB; a single black pixel when it could not be read.
        detector_input: what the detector saw: ``image``, or ``image`` enhanced.
        height, width: of the picture in its file, pixels; ``image`` is smaller where that is very large.
        plates: best first.
        error: why the picture could not be processed, None when it was.
    """

    name: str
    stem: str
    path: Path
    image: np.ndarray
    detector_input: np.ndarray
    height: int
    width: int
    plates: tuple[PlateReading, ...] = ()
    error: AlprError | None = None

    @classmethod
    def unseen(
        cls, image: np.ndarray, name: str = "", stem: str = "", path: Path = Path(),
        size_px: tuple[int, int] | None = None,
    ) -> "PictureResult":  # fmt: skip
        """A picture that nobody looked at yet; ``size_px``: height and width in its file, if ``image`` has others."""
        return cls(name, stem, path, image, image, *(size_px or image.shape[:2]))

    @classmethod
    def failed(cls, name: str, stem: str, path: Path, error: AlprError | MemoryError) -> "PictureResult":
        """A picture that could not be processed."""
        if isinstance(error, MemoryError):
            error = PictureError(f"{path}: needs more memory than there is; make it smaller.")
        nothing = np.zeros((1, 1, 3), np.uint8)
        return cls(name, stem, path, nothing, nothing, 1, 1, error=at_picture(path, error))


def shown_text(text: str, char_scores: Sequence[float]) -> str:
    """``text`` with ``?`` in the place of every character that scores less than `UNSURE`; as it is without scores."""
    if not char_scores:
        return text
    return "".join(char if score >= UNSURE else UNKNOWN for char, score in zip(text, char_scores, strict=True))


class GrowingFile:
    """A text file that is complete up to the last addition at every moment, even if the program is killed.

    Args:
        path: UTF-8 file; missing folders are made, an old file is replaced.
        beginning: its first lines.

    Raises:
        OutputError: (on opening and on writing) the place is read-only, full or otherwise not writable.
    """

    def __init__(self, path: Path, beginning: str = ""):
        self._path = path
        write_bytes(path, beginning.encode())
        try:
            self._file = path.open("a", encoding="utf-8", newline="")
        except OSError as error:
            raise self._failure(error) from None

    def _failure(self, error: OSError) -> OutputError:
        return OutputError(f"{self._path}: cannot be written ({error.strerror}); choose another place for it.")

    def write(self, text: str) -> None:
        """Append ``text`` and hand it to the operating system."""
        try:
            self._file.write(text)
            self._file.flush()
            if not self._path.exists():
                raise OutputError(f"{self._path}: was deleted or moved while it was written; start again.")
        except OSError as error:
            raise self._failure(error) from None

    def __enter__(self: _File) -> _File:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as close_error:  # what could not be flushed cannot be closed either
            if error is None:
                raise self._failure(close_error) from None


def csv_text(rows: Iterable[Sequence[object]], for_excel: bool = False) -> str:
    """``rows`` as CSV; ``for_excel`` as in `CsvTable`, without the byte-order mark."""
    if for_excel:
        rows = [[f"'{cell}" if str(cell).startswith(_FORMULA) else cell for cell in row] for row in rows]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


class CsvTable(GrowingFile):
    """A CSV file with the header ``columns`` and, from an earlier run, ``rows``.

    Args:
        for_excel: with a byte-order mark, so that Excel shows Cyrillic and hangul, and with ``'`` before names that it
            would take for formulas. Other programs do better without both.
    """

    def __init__(
        self, path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]] = (), for_excel: bool = False
    ):
        self._for_excel = for_excel
        super().__init__(path, (EXCEL_MARK if for_excel else "") + csv_text([columns, *rows], for_excel))

    def add(self, rows: Sequence[Sequence[object]]) -> None:
        """Append rows."""
        self.write(csv_text(rows, self._for_excel))


class JsonLines(GrowingFile):
    """A file with one JSON object a line; ``lines`` come from an earlier run."""

    def __init__(self, path: Path, lines: Sequence[str] = ()):
        super().__init__(path, "".join(f"{line}\n" for line in lines))

    def add(self, record: dict[str, Any]) -> None:
        """Append one object."""
        self.write(json.dumps(record, ensure_ascii=False) + "\n")


def read_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of a CSV file, as they were before they were written for Excel; ``[], []`` without one.

    Raises:
        OutputError: it cannot be read as UTF-8 CSV.
    """
    if not path.is_file():
        return [], []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for_excel = file.read(1) == EXCEL_MARK
            file.seek(len(codecs.BOM_UTF8) if for_excel else 0)
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OutputError(f"{path}: cannot be read as a table ({error}); choose another place for it.") from None
    if for_excel:
        rows = [[cell[cell.startswith(_ESCAPED) :] for cell in row] for row in rows]
    return (rows[0], rows[1:]) if rows else ([], [])


def read_json_lines(path: Path) -> dict[str, str]:
    """Picture name -> line of a file that `JsonLines` wrote; a line that was cut off is left out."""
    lines: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else ():
        try:
            lines[json.loads(line)["image"]] = line
        except (ValueError, TypeError, KeyError):
            continue
    return lines


def check_json_place(path: Path) -> None:
    """Make sure that JSON of results replaces nothing else.

    Raises:
        OutputError: there is a file that holds something else, such as a picture or labels.
    """
    if not path.is_file() or not path.stat().st_size:
        return
    with path.open("rb") as file:
        head = file.read(_JSON_HEAD_BYTES)
    if head.strip() != b"[]" and not _RESULTS.match(head):
        raise OutputError(f"{path}: is there and does not hold results; choose another place or move it away.")


def table_names(paths: Iterable[Path]) -> dict[Path, str]:
    """How each of ``paths`` is called in tables: by its file name, by its whole path where two have the same name.

    Bytes of a name that are not UTF-8 are written as ``\\udcff``.
    """
    paths = list(paths)
    count = Counter(path.name for path in paths)
    return {path: _encodable(path.name if count[path.name] == 1 else path.as_posix()) for path in paths}


def _encodable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def _short(stem: str) -> str:
    """``stem`` cut so that a file name made from it does not get too long."""
    return _encodable(stem).encode()[:_STEM_BYTES].decode(errors="ignore")


def file_stems(paths: Iterable[Path]) -> list[str]:
    """How the files made from each of ``paths`` begin: ``12``, or longer where two would be the same."""
    stems: dict[str, str] = {}
    for path in paths:
        parts = [part.replace(":", "") for part in path.parent.parts if part not in ("/", ".", "..")]
        with_suffix = f"{path.stem}_{path.suffix[1:]}" if path.suffix else path.stem
        choices = [path.stem, with_suffix, "_".join([*parts, with_suffix])]
        choices = [_short(choice) for choice in choices]
        choices += [f"{choices[-1]}_{number}" for number in range(2, len(stems) + 3)]
        stem = next(choice for choice in choices if choice.casefold() not in stems)
        stems[stem.casefold()] = stem
    return list(stems.values())


def plate_rows(result: PictureResult) -> list[tuple[object, ...]]:
    """One row of ``PLATE_COLUMNS`` a plate; boxes in pixels of the picture, plates counted from 1."""
    return [
        (
            result.name,
            number,
            *plate.box_pixels(result.height, result.width),
            f"{plate.detection_score:.4f}",
            plate.text,
            f"{plate.text_score:.4f}",
            plate.rows,
            plate.country,
        )
        for number, plate in enumerate(result.plates, start=1)
    ]


def crop_rows(result: PictureResult) -> list[tuple[object, ...]]:
    """The rows of ``CROP_COLUMNS`` for a picture that was read as one plate."""
    return [(result.name, plate.text, f"{plate.text_score:.4f}") for plate in result.plates]


def picture_record(result: PictureResult) -> dict[str, object]:
    """One picture for JSON: name, size, boxes in pixels, the score of every character, texts with alternatives."""
    plates = [plate_record(plate, result.height, result.width) for plate in result.plates]
    return {"image": result.name, "width": result.width, "height": result.height, "plates": plates}


def plate_record(plate: PlateReading, height: int, width: int) -> dict[str, object]:
    """One plate of a ``height`` x ``width`` picture for JSON."""
    xmin, ymin, xmax, ymax = plate.box_pixels(height, width)
    box = {"xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax}
    record = {key: value for key, value in asdict(plate).items() if key != "box"}
    others = [{"text": text, "text_score": score} for text, score in plate.alternatives]
    return {**record, "shown_text": plate.shown_text, "alternatives": others, "box_pixels": box}


def write_json(path: Path, content: object) -> None:
    """Write ``content`` as UTF-8 JSON.

    Raises:
        OutputError: the place is read-only, full or otherwise not writable, or as `check_json_place`.
    """
    check_json_place(path)
    write_bytes(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
