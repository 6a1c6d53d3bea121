"""What a run gives: frozen records of plates and pictures, and the tables they are written to."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from alpr_utils.errors import AlprError, OutputError
from alpr_utils.images import write_bytes

if TYPE_CHECKING:
    pass

PLATE_COLUMNS = (
    "image", "plate", "xmin", "ymin", "xmax", "ymax", "detection_score", "text", "text_score", "rows", "country",
)  # fmt: skip
CROP_COLUMNS = ("image", "text", "text_score")


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
    """

    box: tuple[float, float, float, float]
    detection_score: float
    text: str = ""
    text_score: float = 0.0
    char_scores: tuple[float, ...] = ()
    rows: int = 0
    country: str = ""

    def box_pixels(self, height: int, width: int) -> tuple[int, int, int, int]:
        """The box as xmin, ymin, xmax, ymax in whole pixels of a ``height`` x ``width`` picture."""
        ymin, xmin, ymax, xmax = self.box
        return round(xmin * width), round(ymin * height), round(xmax * width), round(ymax * height)


@dataclass(frozen=True)
class PictureResult:
    """What became of one picture or video frame.

    Attributes:
        name: its name in tables: the file name, the whole path where two inputs share it; frames end in ``#12``.
        path: the file it came from.
        frame: number of the video frame, None for pictures.
        image: uint8 (H, W, 3) RGB; a single black pixel when it could not be read.
        plates: best first.
        error: why the picture could not be processed, None when it was.
    """

    name: str
    path: Path
    image: np.ndarray
    plates: tuple[PlateReading, ...] = ()
    frame: int | None = None
    error: AlprError | None = None


class CsvTable:
    """A CSV file that is complete up to the last row at every moment, even if the program is killed.

    Args:
        path: UTF-8 file; missing folders are made, an old file is replaced.
        columns: the header.

    Raises:
        OutputError: (on opening and on writing) the place is read-only, full or otherwise not writable.
    """

    def __init__(self, path: Path, columns: Sequence[str]):
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise self._failure(error) from None
        self._writer = csv.writer(self._file, lineterminator="\n")
        self.add([columns])

    def _failure(self, error: OSError) -> OutputError:
        return OutputError(f"{self._path}: cannot be written ({error.strerror}); choose another place for it.")

    def add(self, rows: Sequence[Sequence[object]]) -> None:
        """Append rows and hand them to the operating system."""
        try:
            self._writer.writerows(rows)
            self._file.flush()
        except OSError as error:
            raise self._failure(error) from None

    def __enter__(self) -> "CsvTable":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as close_error:  # what could not be flushed cannot be closed either
            if error is None:
                raise self._failure(close_error) from None


def plate_rows(result: PictureResult) -> list[tuple[object, ...]]:
    """One row of ``PLATE_COLUMNS`` a plate; boxes in pixels of the picture, plates counted from 1."""
    height, width = result.image.shape[:2]
    return [
        (
            result.name,
            number,
            *plate.box_pixels(height, width),
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


def drawing_name(result: PictureResult, enhanced: bool, taken: set[str]) -> str:
    """File name of a drawing, ``12_enhanced.jpg`` or ``12_not_enhanced.jpg``; made longer where two would be the same.

    ``taken`` holds the names given so far, in small letters, and is added to.
    """
    frame = "" if result.frame is None else f"_{result.frame:06d}"
    ending = f"{frame}_{'enhanced' if enhanced else 'not_enhanced'}.jpg"
    whole_path = "_".join(part for part in result.path.parts if part not in ("/", ".", ".."))
    for beginning in (result.path.stem, result.path.name, whole_path.replace(":", "")):
        name = beginning + ending
        if name.casefold() not in taken:
            break
    taken.add(name.casefold())
    return name


def picture_facts(result: PictureResult) -> dict[str, object]:
    """One picture for JSON: name, size and boxes in pixels, and the score of every character."""
    height, width = result.image.shape[:2]
    plates = []
    for plate in result.plates:
        xmin, ymin, xmax, ymax = plate.box_pixels(height, width)
        box = {"xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax}
        plates.append({**{key: value for key, value in asdict(plate).items() if key != "box"}, "box_pixels": box})
    return {"image": result.name, "width": width, "height": height, "plates": plates}


def write_json(path: Path, content: object) -> None:
    """Write ``content`` as UTF-8 JSON.

    Raises:
        OutputError: the place is read-only, full or otherwise not writable.
    """
    write_bytes(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
