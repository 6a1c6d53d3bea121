"""Pictures in and out: read, write, find; video frames. Every error about a picture is born here."""

import io
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from alpr_utils.boxes import clip, enlarge
from alpr_utils.errors import OutputError, PictureError

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")
_JPEG_QUALITY = 92
PictureInput: TypeAlias = str | Path | bytes | Image.Image | np.ndarray  # what `to_rgb` takes


def is_video(path: Path) -> bool:
    """Whether ``path`` is named like a video."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def natural_key(path: Path) -> tuple[str, list[tuple[int, int, str]]]:
    """Sort key that puts ``2.jpg`` before ``10.jpg``."""
    parts = re.findall(r"[0-9]+|[^0-9]+", path.name.casefold())
    return str(path.parent), [(0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts]


def _content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise PictureError(f"{path}: is a folder where a picture was expected; name a picture inside it.")
        return path.read_bytes()
    except FileNotFoundError:
        raise PictureError(f"{path}: does not exist; check the path.") from None
    except OSError as error:
        raise PictureError(f"{path}: cannot be opened ({error.strerror}); check its permissions.") from None


def _open_picture(content: bytes, name: str | Path) -> Image.Image:
    """The undecoded picture; opening reads no more than the header."""
    if not content:
        raise PictureError(f"{name}: is an empty file; copy or download it again.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(io.BytesIO(content))
    except UnidentifiedImageError:
        raise PictureError(f"{name}: is not a picture, or a damaged one; save it as JPEG or PNG.") from None
    except Image.DecompressionBombError:
        raise PictureError(f"{name}: is too large; make it smaller than 178 million pixels.") from None
    except Exception as error:  # decoders raise nearly anything on damaged headers
        raise PictureError(f"{name}: has a damaged header ({error}); save it again as JPEG or PNG.") from None


def _decoded(picture: Image.Image, name: str | Path) -> np.ndarray:
    """The picture upright, uint8 (H, W, 3) RGB."""
    if 0 in picture.size:
        raise PictureError(f"{name}: is {picture.width}x{picture.height} pixels; save a picture with content.")
    try:
        picture.load()
        if picture.getexif().get(ExifTags.Base.Orientation, 1) != 1:  # what is upright is not copied
            picture = ImageOps.exif_transpose(picture)
        return _from_pillow(picture)
    except Exception as error:  # decoders raise nearly anything on damaged content
        raise PictureError(f"{name}: is cut off or damaged ({error}); copy or download it again.") from None


def _from_pillow(picture: Image.Image) -> np.ndarray:
    """Any Pillow mode to uint8 (H, W, 3) RGB; transparency is laid over white."""
    if picture.mode.startswith("I;16") or picture.mode == "I":
        grey = np.asarray(picture, np.float32) / 257
    elif picture.mode == "F":
        grey = np.nan_to_num(np.asarray(picture, np.float32))
    else:
        if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
            layer = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
        return np.array(picture if picture.mode == "RGB" else picture.convert("RGB"))
    return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=-1)


def _from_array(array: np.ndarray) -> np.ndarray:
    """Grey, RGB or RGBA of 8 bits, 16 bits or float 0..1 to uint8 (H, W, 3) RGB."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or array.size == 0:
        raise PictureError(f"array: has the shape {array.shape}; give (H, W), (H, W, 3) or (H, W, 4).")
    if array.dtype == np.uint16:
        array = np.rint(array / np.float32(257)).astype(np.uint8)
    elif np.issubdtype(array.dtype, np.floating):
        if not (array.min() >= 0 and array.max() <= 1):  # also refuses NaN
            raise PictureError("array: has floats outside 0..1; divide them by 255 or convert them to uint8.")
        array = np.rint(array * 255).astype(np.uint8)
    elif array.dtype != np.uint8:
        raise PictureError(f"array: is of {array.dtype}; convert it to uint8, uint16 or float 0..1.")
    if array.ndim == 3 and array.shape[2] == 3:
        return np.ascontiguousarray(array)
    return _from_pillow(Image.fromarray(array[..., 0] if array.shape[2:] == (1,) else array))


def read_image(path: str | Path) -> np.ndarray:
    """Read a picture upright: EXIF rotation applied, the first frame of an animation, 16 bits scaled to 8.

    Returns:
        uint8 (H, W, 3) RGB.

    Raises:
        PictureError: missing, unreadable, empty, cut off, not a picture, or more than 178 million pixels.
    """
    path = Path(path)
    return _decoded(_open_picture(_content(path), path), path)


def to_rgb(picture: PictureInput) -> np.ndarray:
    """Any picture that people have as uint8 (H, W, 3) RGB.

    Args:
        picture: a path, the bytes of a picture file, a Pillow picture, or an array: (H, W) or (H, W, 1) grey,
            (H, W, 3) RGB or (H, W, 4) RGBA; uint8, uint16, or float 0..1. Transparency is laid over white.

    Raises:
        PictureError: it is something else, or cannot be read.
    """
    if isinstance(picture, str | Path):
        return read_image(picture)
    if isinstance(picture, bytes | bytearray | memoryview):
        return _decoded(_open_picture(bytes(picture), "bytes"), "bytes")
    if isinstance(picture, Image.Image):
        return _decoded(picture, "Pillow picture")
    if isinstance(picture, np.ndarray):
        return _from_array(picture)
    raise PictureError(
        f"{type(picture).__name__}: cannot be read as a picture; give a path, bytes, a Pillow picture or a NumPy array."
    )


def write_image(path: str | Path, image: np.ndarray) -> None:
    """Write ``image: uint8 (H, W, 3) RGB`` in the format of the suffix; missing folders are made.

    Raises:
        OutputError: unknown suffix, or the place is read-only, full or otherwise not writable.
    """
    path = Path(path)
    encoded = io.BytesIO()
    kind = Image.registered_extensions().get(path.suffix.lower())
    if kind is None:
        raise OutputError(f"{path}: has no picture suffix; end the name in .jpg or .png.")
    options = {"quality": _JPEG_QUALITY} if kind in ("JPEG", "WEBP") else {}
    Image.fromarray(image).save(encoded, kind, **options)
    write_bytes(path, encoded.getvalue())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a result file; missing folders are made.

    Raises:
        OutputError: the place is read-only, full or otherwise not writable.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another output folder.") from None


def _pictures_in_folder(folder: Path) -> list[Path]:
    try:
        names = list(folder.iterdir())
    except OSError as error:
        raise PictureError(f"{folder}: cannot be listed ({error.strerror}); check its permissions.") from None
    found = [path for path in names if path.suffix.lower() in PICTURE_SUFFIXES + VIDEO_SUFFIXES]
    if not found:
        kinds = ", ".join(suffix[1:] for suffix in PICTURE_SUFFIXES + VIDEO_SUFFIXES)
        raise PictureError(
            f"{folder}: holds no picture or video (subfolders are not searched); put files there: {kinds}."
        )
    return sorted(found, key=natural_key)


def _pictures_at(path: Path) -> list[Path]:
    if path.is_dir():
        return _pictures_in_folder(path)
    if path.exists():
        return [path]
    if not has_magic(str(path)):
        raise PictureError(f"{path}: does not exist; check the path.")
    # Path.glob takes no absolute patterns.
    matches = sorted((Path(name) for name in glob(str(path), recursive=True)), key=natural_key)  # noqa: PTH207
    if not matches:
        raise PictureError(f"{path}: matches no file; check the pattern.")
    return [match for match in matches if match.is_file()]


def find_pictures(paths: str | Path | Iterable[str | Path]) -> tuple[list[Path], list[PictureError]]:
    """Pictures and videos named by files, folders (not their subfolders) and globs, each once; or by one of them.

    Within a folder or glob they are sorted as people count: 2 before 10. A file named directly is taken whatever its
    suffix. Paths that lead nowhere are returned as errors, so that the rest is kept.
    """
    found: dict[Path, None] = {}
    problems: list[PictureError] = []
    for path in [paths] if isinstance(paths, str | Path) else paths:
        try:
            found.update(dict.fromkeys(_pictures_at(Path(path))))
        except PictureError as error:
            problems.append(error)
        except OSError as error:
            problems.append(PictureError(f"{path}: cannot be looked up ({error.strerror}); check its permissions."))
    return list(found), problems


def frame_count(path: Path, every: int = 1) -> int:
    """How many pictures ``path`` gives: 1, or every ``every``-th frame of a video as its header counts them."""
    if not is_video(path):
        return 1
    import cv2

    capture = cv2.VideoCapture(str(path))
    frames = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    return max(1, -(-frames // every))


def video_frames(path: str | Path, every: int = 1) -> Iterator[tuple[int, np.ndarray]]:
    """Yield ``(frame number from 0, uint8 (H, W, 3) RGB)`` of every ``every``-th frame.

    Raises:
        PictureError: the file is missing, or holds no frame that OpenCV can decode.
    """
    import cv2

    path = Path(path)
    if not path.exists():
        raise PictureError(f"{path}: does not exist; check the path.")
    capture = cv2.VideoCapture(str(path))
    try:
        number = 0
        while capture.grab():
            if number % every == 0:
                decoded, frame = capture.retrieve()
                if decoded:
                    yield number, cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
            number += 1
    finally:
        capture.release()
    if number == 0:
        raise PictureError(f"{path}: holds no frame that can be decoded; save it again as MP4 (H.264).")


# Boxes cut the outer strokes now and then; readers expect a little of the surroundings.
CROP_MARGIN = 0.06


def crop_window(
    image: np.ndarray, box: Sequence[float] | np.ndarray, margin: float = CROP_MARGIN
) -> tuple[int, int, int, int]:
    """What `crop_plate` cuts out: top, left, bottom, right in whole pixels; arguments as there."""
    height, width = image.shape[:2]
    ymin, xmin, ymax, xmax = clip(enlarge(np.array(box, np.float64), margin)) * [height, width, height, width]
    top, left = min(int(ymin), height - 1), min(int(xmin), width - 1)
    return top, left, max(int(np.ceil(ymax)), top + 1), max(int(np.ceil(xmax)), left + 1)


def crop_plate(image: np.ndarray, box: Sequence[float] | np.ndarray, margin: float = CROP_MARGIN) -> np.ndarray:
    """Cut a plate out of ``image``.

    Args:
        image: uint8 (H, W, 3) RGB.
        box: ymin, xmin, ymax, xmax, normalised.
        margin: surroundings to keep on each side, as a share of the box.

    Returns:
        uint8 (h, w, 3), at least one pixel.
    """
    top, left, bottom, right = crop_window(image, box, margin)
    return image[top:bottom, left:right]
