"""Picture -> plates with their texts: opens readers by name, detects, crops, reads."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alpr_utils.boxes import clip, enlarge
from alpr_utils.detect.detector import Detection, Detector
from alpr_utils.detect.exported import default_models_dir
from alpr_utils.errors import AlprError, ModelError, PictureError
from alpr_utils.images import is_video, read_image, video_frames
from alpr_utils.read.reading import Reader, Reading

if TYPE_CHECKING:
    from alpr_utils.read.char_detector.reader import CharDetectorReader
    from alpr_utils.read.crnn.reader import CRNNReader
    from alpr_utils.read.rectify import Rectifier

# Boxes cut the outer strokes now and then; readers expect a little of the surroundings.
CROP_MARGIN = 0.06
COUNTRIES = ("mn", "kr", "auto")
Enhance = Callable[[np.ndarray], np.ndarray]


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


def _load_classical(models_dir: Path, country: str, grammar: bool, remove_shadows: bool) -> Reader:
    from alpr_utils.read.classical.reader import load_classical_reader

    if country == "kr":
        raise ModelError("classical: reads Mongolian plates only; choose another reader or --country mn.")
    return load_classical_reader(models_dir, grammar, remove_shadows)


def _load_rectifier(models_dir: Path) -> "Rectifier | None":
    from alpr_utils.read.rectify import MODEL_FOLDER, Rectifier

    return Rectifier(models_dir / MODEL_FOLDER) if (models_dir / MODEL_FOLDER).exists() else None


def _load_crnn(variant: str, models_dir: Path, country: str, grammar: bool, remove_shadows: bool) -> "CRNNReader":
    from alpr_utils.read.crnn.reader import CRNNReader

    return CRNNReader(models_dir / f"crnn_{variant}", country, grammar, _load_rectifier(models_dir))


def _load_char_detector(models_dir: Path, country: str, grammar: bool, remove_shadows: bool) -> "CharDetectorReader":
    from alpr_utils.read.char_detector.network import load_char_detector

    return load_char_detector(models_dir / "char_detector", country, grammar, _load_rectifier(models_dir))


def _load_voting(models_dir: Path, country: str, grammar: bool, remove_shadows: bool) -> Reader:
    from alpr_utils.read.char_detector.network import load_char_detector
    from alpr_utils.read.classical.reader import load_classical_reader
    from alpr_utils.read.crnn.reader import CRNNReader
    from alpr_utils.read.voting import VotingReader

    rectifier = _load_rectifier(models_dir)
    crnn = CRNNReader(models_dir / "crnn_small", country, grammar, rectifier)
    characters = load_char_detector(models_dir / "char_detector", country, grammar, rectifier)
    classical = load_classical_reader(models_dir, grammar, remove_shadows) if country != "kr" else None
    return VotingReader((crnn, characters), classical)


_READER_LOADERS: dict[str, Callable[[Path, str, bool, bool], Reader]] = {
    "voting": _load_voting,
    "classical": _load_classical,
    "char_detector": _load_char_detector,
    **{f"crnn_{variant}": partial(_load_crnn, variant) for variant in ("small", "gru", "lstm")},
}
READERS = tuple(_READER_LOADERS)


def load_reader(
    name: str,
    models_dir: Path | None = None,
    country: str = "auto",
    grammar: bool = True,
    remove_shadows: bool = True,
) -> Reader:
    """Open a reader of ``READERS`` by its name.

    Args:
        name: e.g. ``classical``.
        models_dir: default ``exported_model_directory`` beside the package.
        country: ``mn``, ``kr`` or ``auto``: whose plates are to be read.
        grammar: let the country's grammar decide between look-alikes.
        remove_shadows: let a reader that can do so flatten uneven light.

    Raises:
        ModelError: no such reader, not for that country, or its model folder is missing or damaged.
    """
    if name not in _READER_LOADERS:
        raise ModelError(f"{name}: no such reader; choose one of {', '.join(READERS)}.")
    return _READER_LOADERS[name](models_dir or default_models_dir(), country, grammar, remove_shadows)


def crop_plate(image: np.ndarray, box: tuple[float, float, float, float], margin: float = CROP_MARGIN) -> np.ndarray:
    """Cut a plate out of ``image``.

    Args:
        image: uint8 (H, W, 3) RGB.
        box: ymin, xmin, ymax, xmax, normalised.
        margin: surroundings to keep on each side, as a share of the box.

    Returns:
        uint8 (h, w, 3), at least one pixel.
    """
    height, width = image.shape[:2]
    ymin, xmin, ymax, xmax = clip(enlarge(np.array(box, np.float64), margin)) * [height, width, height, width]
    top, left = min(int(ymin), height - 1), min(int(xmin), width - 1)
    return image[top : max(int(np.ceil(ymax)), top + 1), left : max(int(np.ceil(xmax)), left + 1)]


def _combined(detection: Detection, reading: Reading) -> PlateReading:
    return PlateReading(
        detection.box,
        detection.score,
        reading.text,
        reading.score,
        reading.char_scores,
        reading.rows,
        reading.country,
    )


def read_detection(image: np.ndarray, detection: Detection, reader: Reader | None) -> PlateReading:
    """Read one found plate of ``image: uint8 (H, W, 3)`` RGB; without a reader its text stays empty."""
    return _combined(detection, reader.read(crop_plate(image, detection.box)) if reader else Reading())


def read_plates(
    image: np.ndarray,
    detector: Detector,
    reader: Reader | None,
    enhance: Enhance | None = None,
    min_score: float | None = None,
) -> list[PlateReading]:
    """Find and read the plates of one picture, best first.

    Args:
        image: uint8 (H, W, 3) RGB.
        detector: finds the plates.
        reader: reads them; None only detects.
        enhance: applied to what the detector sees, not to the crops: readers correct the light of a plate themselves.
        min_score: replaces the detector's own threshold.
    """
    found = detector.detect(enhance(image) if enhance else image, min_score)
    return [read_detection(image, detection, reader) for detection in found]


def _table_names(paths: list[Path]) -> list[str]:
    count = Counter(path.name for path in paths)
    return [path.name if count[path.name] == 1 else path.as_posix() for path in paths]


def _frames_of(path: Path, every: int) -> Iterator[tuple[int | None, np.ndarray]]:
    if is_video(path):
        yield from video_frames(path, every)
    else:
        yield None, read_image(path)


def _one_sentence(path: Path, error: Exception) -> AlprError:
    if isinstance(error, AlprError):
        return error
    detail = " ".join(str(error).split())[:200]
    return PictureError(
        f"{path}: could not be processed ({type(error).__name__}: {detail}); try it smaller or as JPEG."
    )


def process_batch(
    paths: Iterable[Path], work: Callable[[np.ndarray], Iterable[PlateReading]], every: int = 1
) -> Iterator[PictureResult]:
    """Do ``work`` on every picture and video frame; what fails is reported in its result and the rest goes on.

    Args:
        paths: pictures and videos.
        work: picture, uint8 (H, W, 3) RGB -> its plates.
        every: take every so many frames of a video.
    """
    paths = list(paths)
    for path, name in zip(paths, _table_names(paths), strict=True):
        try:
            for frame, image in _frames_of(path, every):
                frame_name = name if frame is None else f"{name}#{frame}"
                yield PictureResult(frame_name, path, image, tuple(work(image)), frame)
        except Exception as error:  # one bad picture must not cost the user the rest of a long batch
            yield PictureResult(name, path, np.zeros((1, 1, 3), np.uint8), error=_one_sentence(path, error))


def read_whole(crop: np.ndarray, reader: Reader) -> PlateReading:
    """Read ``crop: uint8 (H, W, 3)`` RGB, a picture of one plate: no detection, the box is the whole picture."""
    return _combined(Detection((0.0, 0.0, 1.0, 1.0), 1.0), reader.read(crop))
