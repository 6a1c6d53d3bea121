"""Frames of videos and cameras with their true times, and H.264 videos out, both through PyAV."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.container import InputContainer

from alpr_utils.errors import AlprError, OutputError, PictureError
from alpr_utils.images import DRAWING, check_video

_TIME_BASE = Fraction(1, 90000)  # of the videos that are written; true times of any frame rate fit
_DEFAULT_FPS = 25.0  # where a source does not say
_WHOLE = 0.9  # of the frames and of the length that a header promises; a file that gives less was cut off
_NAMED = 3  # damaged places that a sentence names


@dataclass(frozen=True)
class Frame:
    """One picture of a video or camera.

    Attributes:
        number: from 0, frames that were passed over or could not be decoded counted, too.
        time_s: when it is shown, seconds since the first frame.
        image: uint8 (H, W, 3) RGB, upright.
    """

    number: int
    time_s: float
    image: np.ndarray


class FrameReader:
    """The frames of a video file, a stream or a camera, in order; use it in a ``with`` block.

    Args:
        source: a path or URL as FFmpeg knows them.
        options: of FFmpeg, for the source.
        form: FFmpeg's name of the device's kind, if it is one.
        name: how messages call it; None: as it is.
        silence_s: how long a stream may send nothing; None: forever.

    Attributes:
        fps: frames a second on average, as the source says.
        frame_count: frames as the header counts them; 0 for a stream.
        damaged_s: times of the parts that could not be decoded, seconds.

    Raises:
        PictureError: there is no such source, or no video in it.
    """

    def __init__(
        self, source: str | Path, options: dict[str, str] | None = None, form: str | None = None,
        name: str | None = None, silence_s: float | None = None,
    ):  # fmt: skip
        self.source = name or str(source)
        self._live = not isinstance(source, Path)
        if isinstance(source, Path):
            check_video(source)
        try:
            self._container: InputContainer = av.open(
                str(source), format=form, options=options or {}, timeout=silence_s
            )
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise _unreadable(self.source, error, self._live) from None
        if not self._container.streams.video:
            self._container.close()
            raise PictureError(f"{self.source}: holds no video; give a file or stream with pictures.")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self.fps = float(self._stream.average_rate or self._stream.guessed_rate or _DEFAULT_FPS)
        self.frame_count = self._stream.frames or self._by_duration()
        self.damaged_s: list[float] = []

    def _by_duration(self) -> int:
        """How many frames a file without a count should hold, 0 where nothing is known."""
        duration = self._container.duration
        return round(duration / av.time_base * self.fps) if duration else 0

    def __enter__(self) -> "FrameReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def frames(self, every: int = 1) -> Iterator[Frame]:
        """Every ``every``-th frame; parts that cannot be decoded are passed over and noted in `damaged_s`.

        Raises:
            PictureError: not a single frame can be decoded, or the stream breaks off.
        """
        first_s, last_s, number = None, -1.0, -1
        for number, frame in enumerate(self._decoded()):
            shown_s = number / self.fps if frame.time is None else frame.time
            first_s = shown_s if first_s is None else first_s
            time_s = max(shown_s - first_s, last_s + 1e-6)  # broken stamps must not run backwards
            last_s = time_s
            if frame.is_corrupt:
                self.damaged_s.append(time_s)
            elif number % every == 0:
                yield Frame(number, time_s, _upright(frame))
        if first_s is None:
            raise PictureError(f"{self.source}: holds no frame that can be decoded; save it again as MP4 (H.264).")
        if not self.damaged_s and self._is_cut_off(number + 1, last_s):
            self.damaged_s.append(last_s)

    def _is_cut_off(self, count: int, last_s: float) -> bool:
        """Whether the header promises more than there is; both in frames and in time, because each may differ a little.

        Trimmed videos keep frames that are not shown, and the last picture of a slide show lasts long.
        """
        length_s = float((self._stream.duration or 0) * (self._stream.time_base or 0))
        if not length_s and len(self._container.streams) == 1:  # else it may be that of the sound
            length_s = (self._container.duration or 0) / av.time_base
        expected = self._stream.frames or length_s * self.fps
        return count < expected * _WHOLE and last_s + 1 / self.fps < length_s * _WHOLE

    def _decoded(self) -> Iterator[av.VideoFrame]:
        last_s = 0.0
        try:
            for packet in self._container.demux(self._stream):
                try:
                    for frame in packet.decode():
                        last_s = float(frame.time or last_s)
                        yield frame
                except av.error.InvalidDataError:
                    self.damaged_s.append(last_s)
        except (av.error.InvalidDataError, av.error.EOFError):  # the container itself is cut off
            self.damaged_s.append(last_s)
        except (av.error.FFmpegError, OSError) as error:
            raise _unreadable(self.source, error, self._live) from None

    def damage(self) -> str:
        """A sentence about what could not be decoded, empty where all is well."""
        if not self.damaged_s:
            return ""
        places = ", ".join(f"{time:.1f} s" for time in self.damaged_s[:_NAMED])
        more = ", ..." if len(self.damaged_s) > _NAMED else ""
        count = len(self.damaged_s)
        parts = f"{count} damaged part{'' if count == 1 else 's'}"
        return f"{self.source}: {parts} (at {places}{more}) left out; copy the file again to have them."


def _upright(frame: av.VideoFrame) -> np.ndarray:
    image = frame.to_ndarray(format="rgb24")
    turns = round(frame.rotation / 90) % 4  # counterclockwise, as the file says that it has to be turned
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image


def _unreadable(source: str, error: Exception, live: bool) -> PictureError:
    silent = isinstance(error, av.error.ExitError)  # what FFmpeg says when its time is up
    reason = "it sends nothing" if silent else getattr(error, "strerror", None) or str(error)
    remedy = "check the address" if live else "copy it again or save it as MP4 (H.264)"
    return PictureError(f"{source}: cannot be read as a video ({reason}); {remedy}.")


def is_drawn(path: Path, comment: str = DRAWING) -> bool:
    """Whether ``read`` made this file, with boxes in it; another ``comment`` asks for what another command made."""
    if not path.is_file():
        return False
    try:
        with av.open(str(path)) as container:
            return container.metadata.get("comment") == comment
    except (av.error.FFmpegError, OSError, ValueError):
        return False


class VideoWriter:
    """An MP4 file with H.264 that browsers play; frames keep their times. Use it in a ``with`` block.

    The file is written aside; at the end of the block, however it ends, it takes its place with the frames so far.

    Args:
        path: ends in ``.mp4``; missing folders are made, an old file is replaced.
        comment: what the file says about itself; ``DRAWING`` is what `is_drawn` looks for.
        fps: about how many frames a second will come.

    Raises:
        OutputError: (on the first frame and later) the place is not writable.
    """

    def __init__(self, path: Path, fps: float, comment: str = ""):
        self.path, self._fps, self._comment = path, Fraction(fps).limit_denominator(1001), comment
        self._draft = path.with_name(f"part_{path.name}")
        self._container: av.container.OutputContainer | None = None
        self._stream: av.VideoStream | None = None
        self._last_pts = -1

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._container and self._stream:
            self._container.mux(self._stream.encode())  # what the encoder still holds back
            self._container.close()
            self._draft.replace(self.path)

    def add(self, image: np.ndarray, time_s: float) -> None:
        """Append ``image: uint8 (H, W, 3)`` RGB, shown from ``time_s`` on; all of one size, odd sides lose a pixel."""
        try:
            if self._stream is None:
                self._open(*image.shape[:2])
            assert self._container and self._stream
            frame = av.VideoFrame.from_ndarray(image[: self._stream.height, : self._stream.width], format="rgb24")
            self._last_pts = max(round(time_s / _TIME_BASE), self._last_pts + 1)
            frame.pts, frame.time_base = self._last_pts, _TIME_BASE
            self._container.mux(self._stream.encode(frame))
        except (av.error.FFmpegError, OSError) as error:
            raise OutputError(f"{self.path}: cannot be written ({error}); choose another place for it.") from None

    def _open(self, height: int, width: int) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(str(self._draft), "w", options={"movflags": "+faststart"})
        self._container.metadata["comment"] = self._comment
        stream = self._container.add_stream("libx264", rate=self._fps, options={"preset": "veryfast", "crf": "21"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width // 2 * 2, height // 2 * 2, "yuv420p"
        if not stream.width or not stream.height:
            raise AlprError(f"{self.path}: frames of {width}x{height} pixels make no video; take larger ones.")
        stream.codec_context.time_base = _TIME_BASE
        self._stream = stream
