"""Picture -> plates with their texts: opens readers by name, detects, crops, reads."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from alpr_utils.detect.detector import Detection, Detector
from alpr_utils.errors import AlprError, PictureError
from alpr_utils.images import crop_plate, is_video, read_image, video_frames
from alpr_utils.read.reading import Reader, Reading
from alpr_utils.results import PictureResult, PlateReading

if TYPE_CHECKING:
    pass

Enhance = Callable[[np.ndarray], np.ndarray]


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
