"""Picture -> plates with their texts: finds a detector and a reader by name, opens them when needed, and runs them."""

from collections.abc import Callable, Container, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import TypeVar

import numpy as np

from alpr_utils.detect.detector import DEFAULT_DETECTOR, VEHICLE_DETECTOR, Detector
from alpr_utils.detect.exported import find_detector, load_detector
from alpr_utils.draw import draw_plates
from alpr_utils.errors import AlprError, ModelError
from alpr_utils.images import (
    MOST_PIXELS,
    PictureInput,
    crop_plate,
    decode_content,
    decode_picture,
    find_pictures,
    hide_boxes,
    is_video,
    to_rgb,
    video_frames,
)
from alpr_utils.read.load import DEFAULT_READER, MIN_TEXT_SCORE, READERS, ReaderOptions, load_reader
from alpr_utils.read.reading import Reader, Reading
from alpr_utils.results import PictureResult, PlateReading, file_stems, table_names
from alpr_utils.runtime.ahead import ahead
from alpr_utils.runtime.network import RuntimeOptions

_Frame = TypeVar("_Frame")


class ALPR:
    """Finds and reads licence plates. Models open with the first picture, once, whatever the number of threads.

    Args:
        detector: name of a folder in the models folder, a path, or an opened detector; None: only `read_crop` works.
        reader: name of a reader or an opened one; None only detects.
        country: whose plates are read, a code or a file as in `plate_type`; ``auto``: all that the reader knows.
        min_score: least detection score; None: the threshold stored with the detector.
        min_text_score: texts of found plates that score less are left empty; their boxes stay.
        tiles: look at overlapping parts of large pictures, too.
        vehicle_first: find vehicles in large pictures and look at each of them, too.
        vehicle_detector: name or path of the detector for ``vehicle_first``.
        enhance: correct light and colours of what the detector sees.
        grammar: let the grammar of the plates decide between look-alikes.
        remove_shadows: let the classical reader flatten uneven light.
        models_dir: default ``exported_model_directory``.
        engine, threads: see `RuntimeOptions`.

    Raises:
        AlprError: there is no such detector, reader, country or engine, a score is not in 0..1, or ``tiles`` and
            ``vehicle_first`` are both set.
    """

    def __init__(
        self,
        detector: str | Path | Detector | None = DEFAULT_DETECTOR,
        reader: str | Reader | None = DEFAULT_READER,
        *,
        country: str = "auto",
        min_score: float | None = None,
        min_text_score: float = MIN_TEXT_SCORE,
        tiles: bool = False,
        vehicle_first: bool = False,
        vehicle_detector: str | Path = VEHICLE_DETECTOR,
        enhance: bool = False,
        grammar: bool = True,
        remove_shadows: bool = True,
        models_dir: Path | None = None,
        engine: str = "auto",
        threads: int = 0,
    ):
        self.min_score, self.min_text_score, self.enhance = min_score, min_text_score, enhance
        self.grammar, self._runtime = grammar, RuntimeOptions(engine, threads)
        self._reader_options = ReaderOptions(country, remove_shadows, models_dir, self._runtime)
        self._models_dir = self._reader_options.models
        self._tiles, self._vehicle_first, self._vehicle_detector = tiles, vehicle_first, vehicle_detector
        self._detector, self._reader = detector, None if reader == "none" else reader
        self._lock = RLock()
        self._check()

    def _check(self) -> None:
        """Everything that can be said without opening a model."""
        for name, value in (("min_score", self.min_score), ("min_text_score", self.min_text_score)):
            if value is not None and not 0 <= value <= 1:
                raise AlprError(f"{name} is {value}; scores are between 0 and 1.")
        if isinstance(self._reader, str) and self._reader not in READERS:
            raise ModelError(f"no reader '{self._reader}'; choose one of {', '.join(READERS)}, none.")
        if self._tiles and self._vehicle_first:
            raise ModelError("tiles and vehicle_first are two ways to find small plates; choose one of them.")
        if isinstance(self._detector, str | Path):
            find_detector(self._detector, self._models_dir)
        if self._vehicle_first:
            from alpr_utils.detect.vehicle_first import check_vehicle_detector

            check_vehicle_detector(self._vehicle_detector, self._models_dir)

    @property
    def detector(self) -> Detector:
        """The detector, opened now if it was not.

        Raises:
            ModelError: its folder is damaged or holds no detector, or there is none.
        """
        with self._lock:
            if isinstance(self._detector, str | Path):
                self._detector = self._open_detector(self._detector)
            if self._detector is None:
                raise ModelError("there is no detector to find plates; choose one, or read crops.")
            return self._detector

    def _open_detector(self, name: str | Path) -> Detector:
        detector = load_detector(name, self._models_dir, self._runtime)
        if self._tiles:
            from alpr_utils.detect.tiles import TiledDetector

            return TiledDetector(detector)
        if self._vehicle_first:
            from alpr_utils.detect.vehicle_first import VehicleFirstDetector, load_vehicle_detector

            vehicles = load_vehicle_detector(self._vehicle_detector, self._models_dir, self._runtime)
            return VehicleFirstDetector(detector, vehicles)
        return detector

    @property
    def reader(self) -> Reader | None:
        """The reader, opened now if it was not; None only detects.

        Raises:
            ModelError: it is not for this country, or its model folder is missing or damaged.
        """
        with self._lock:
            if isinstance(self._reader, str):
                self._reader = load_reader(self._reader, self._reader_options)
            return self._reader

    def load(self, crops: bool = False) -> None:
        """Open the models now; for ``crops`` the reader alone.

        Raises:
            ModelError: a model cannot be opened, or there is no reader for crops.
        """
        if not crops:
            _ = self.detector
        if self.reader is None and crops:
            raise ModelError("to read crops a reader is needed, not 'none'.")

    def read(self, picture: PictureInput) -> list[PlateReading]:
        """Find and read the plates of one picture, best first.

        Args:
            picture: whatever `alpr_utils.images.to_rgb` takes: a path, bytes, a Pillow picture, an array.

        Raises:
            PictureError: the picture cannot be used.
            ModelError: a model cannot be opened.
        """
        return list(self._with_texts(self._with_boxes(PictureResult.unseen(to_rgb(picture)))).plates)

    def read_crop(self, picture: PictureInput) -> PlateReading:
        """Read a picture of one plate: nothing is detected, the box is the whole picture, no text is left out.

        Raises:
            PictureError: the picture cannot be used.
            ModelError: the reader cannot be opened, or there is none.
        """
        self.load(crops=True)
        return self._whole_read(PictureResult.unseen(to_rgb(picture))).plates[0]

    def read_many(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        crops: bool = False,
        every: int = 1,
        skip: Container[str] = (),
    ) -> Generator[PictureResult, None, None]:
        """Read pictures, folders, globs and videos; what fails is reported in its result and the rest goes on.

        While one picture is read, plates are found in the next one and the one after that is decoded, each in a thread
        of its own (with ``threads`` of 1 one after the other, so that one core is busy); results come in order.

        Args:
            paths: what to read, in this order; one path may stand alone.
            crops: every picture is one plate.
            every: take every so many frames of a video.
            skip: names of pictures and frames to leave out, because they are done.

        Raises:
            ModelError: a model cannot be opened.
        """
        found, problems = find_pictures(paths)
        for problem in problems:
            yield PictureResult.failed("", "", Path(), problem)
        if found:
            self.load(crops)
        yield from self._read_ahead(_decoded(found, every, skip), crops)

    def read_contents(
        self, contents: Iterable[tuple[str, bytes]], *, crops: bool = False, most_pixels: int = MOST_PIXELS
    ) -> Generator[PictureResult, None, None]:
        """As `read_many` for names with the bytes of picture files, as they come from an archive or from clients.

        Each result is there as soon as it can be, however long the next picture takes to come.

        Raises:
            ModelError: a model cannot be opened.
        """
        self.load(crops)
        yield from self._read_ahead((_opened(name, content, most_pixels) for name, content in contents), crops)

    def _read_ahead(self, unseen: Iterable[PictureResult], crops: bool) -> Generator[PictureResult, None, None]:
        each: Callable[..., Iterator[PictureResult]] = map if self._runtime.threads == 1 else ahead
        pictures = each(lambda picture: picture, unseen)
        for stage in [self._whole_read] if crops else [self._with_boxes, self._with_texts]:
            pictures = each(_guarded(stage), pictures)
        yield from pictures

    def find_ahead(
        self, frames: Iterable[tuple[_Frame, np.ndarray | None]], min_score: float | None = None
    ) -> Generator[tuple[_Frame, tuple[PlateReading, ...] | None], None, None]:
        """Each frame with its plates, not read yet; the next one is looked at while the caller works with this one.

        Args:
            frames: anything, each with the picture to look at, uint8 (H, W, 3) RGB, or None: nobody looks.
            min_score: least detection score; None: as everywhere else.

        Raises:
            ModelError: a model cannot be opened.
        """
        least = self.min_score if min_score is None else min_score

        def found(item: tuple[_Frame, np.ndarray | None]) -> tuple[_Frame, tuple[PlateReading, ...] | None]:
            frame, image = item
            return frame, None if image is None else self._found(self.seen(image), least)

        yield from ahead(found, ahead(lambda item: item, frames))

    def read_plates(self, image: np.ndarray, plates: Sequence[PlateReading]) -> list[PlateReading]:
        """The found plates of ``image: uint8 (H, W, 3)`` RGB with their texts, however little these score."""
        return list(map(_with_text, plates, self._readings([crop_plate(image, plate.box) for plate in plates])))

    def draw(self, picture: PictureInput, plates: Iterable[PlateReading] | None = None) -> np.ndarray:
        """The picture with the boxes and texts of ``plates``, or of what `read` gives or raises, uint8 (H, W, 3)."""
        image = to_rgb(picture)
        return draw_plates(image, list(plates) if plates is not None else self.read(image))

    def blur(self, picture: PictureInput, plates: Iterable[PlateReading] | None = None) -> np.ndarray:
        """As `draw`, with plates hidden by `hide_boxes`; without ``plates``, boxes from `careful_score` on count."""
        image = to_rgb(picture)
        hidden = self._found(self.seen(image), self.careful_score) if plates is None else plates
        return hide_boxes(image, [plate.box for plate in hidden])

    @property
    def careful_score(self) -> float:
        """Least score of a box to hide: half the usual one, as a plate too few is worse than a patch too many."""
        return self.detector.threshold / 2 if self.min_score is None else self.min_score

    def _with_boxes(self, result: PictureResult) -> PictureResult:
        """The picture with what the detector finds in it, still without texts."""
        detector_input = self.seen(result.image)
        return replace(result, detector_input=detector_input, plates=self._found(detector_input, self.min_score))

    def seen(self, image: np.ndarray) -> np.ndarray:
        """What the detector sees of a picture, uint8 (H, W, 3) RGB: the picture, or with ``enhance`` a better one."""
        if not self.enhance:
            return image
        from alpr_utils.enhance import enhance

        return enhance(image)

    def _found(self, detector_input: np.ndarray, min_score: float | None) -> tuple[PlateReading, ...]:
        found = self.detector.detect(detector_input, min_score)
        return tuple(PlateReading(detection.box, detection.score) for detection in found)

    def _with_texts(self, result: PictureResult) -> PictureResult:
        """The same with the texts of its plates; readers see the original picture and correct light themselves."""
        read = self.read_plates(result.image, result.plates)
        pairs = zip(read, result.plates, strict=True)
        shown = (plate if plate.text_score >= self.min_text_score else unread for plate, unread in pairs)
        return replace(result, plates=tuple(shown))

    def _whole_read(self, result: PictureResult) -> PictureResult:
        """The picture read as one plate."""
        (reading,) = self._readings([result.image])
        return replace(result, plates=(_with_text(PlateReading((0.0, 0.0, 1.0, 1.0), 1.0), reading),))

    def _readings(self, crops: Sequence[np.ndarray]) -> list[Reading]:
        return self.reader.read(crops, self.grammar) if self.reader and crops else [Reading()] * len(crops)


def _guarded(stage: Callable[[PictureResult], PictureResult]) -> Callable[[PictureResult], PictureResult]:
    """``stage`` for `read_many`: a picture that failed passes, and one that fails becomes a failed result."""

    def guarded(result: PictureResult) -> PictureResult:
        if result.error:
            return result
        try:
            return stage(result)
        except (AlprError, MemoryError) as error:  # one bad picture must not cost the user the rest of a long batch
            return PictureResult.failed(result.name, result.stem, result.path, error)

    return guarded


def _with_text(plate: PlateReading, reading: Reading) -> PlateReading:
    text, others = (reading.text, reading.score, reading.char_scores), reading.alternatives
    return PlateReading(plate.box, plate.detection_score, *text, reading.rows, reading.country, others)


def _decoded(paths: Sequence[Path], every: int, skip: Container[str]) -> Iterator[PictureResult]:
    """The pictures and frames of ``paths``, not looked at yet, without those whose names are in ``skip``."""
    for (path, name), stem in zip(table_names(paths).items(), file_stems(paths), strict=True):
        try:
            for frame in () if name in skip else _frames_of(path, name, stem, every):
                if frame.name not in skip:
                    yield frame
        except (AlprError, MemoryError) as error:  # as in `_guarded`
            yield PictureResult.failed(name, stem, path, error)


def _opened(name: str, content: bytes, most_pixels: int) -> PictureResult:
    path = Path(name)
    try:
        decoded = decode_content(content, name, most_pixels)
    except (AlprError, MemoryError) as error:  # as in `_guarded`
        return PictureResult.failed(name, path.stem, path, error)
    return PictureResult.unseen(decoded.image, name, path.stem, path, (decoded.height, decoded.width))


def _frames_of(path: Path, name: str, stem: str, every: int) -> Iterator[PictureResult]:
    """The picture, or the frames of the video, not looked at yet."""
    if is_video(path):
        for number, frame in video_frames(path, every):
            yield PictureResult.unseen(frame, f"{name}#{number}", f"{stem}_{number:06d}", path)
    else:
        decoded = decode_picture(path)
        yield PictureResult.unseen(decoded.image, name, stem, path, (decoded.height, decoded.width))
