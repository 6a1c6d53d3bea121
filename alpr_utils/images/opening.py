"""The one place that opens pictures: which formats, how large, what damage is forgiven."""

import io
import logging
import os
import stat
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
from PIL import Image, UnidentifiedImageError

from alpr_utils.errors import PictureError
from alpr_utils.images.pixels import from_array, from_pillow, orientation_of, upright

# What `to_rgb` takes.
PictureInput: TypeAlias = str | Path | bytes | BinaryIO | Image.Image | np.ndarray

STANDARD_INPUT = "-"
# No others: some of Pillow's decoders start programs, such as Ghostscript for EPS.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "JPEG2000")
_HEIF = "HEIF"
_MOST_BYTES = 200_000_000
MOST_PIXELS = 120_000_000  # the cameras of telephones make 108 million
# Larger pictures are kept at half their size, which shows plates well enough and bounds the memory of a batch.
_KEPT_PIXELS = 36_000_000
_MOST_PIXELS_A_BYTE = 2000  # of a JPEG: 8 x 8 of them take a bit at least, but decoders fill up what lacks
_MOST_MISSING = 0.1  # share of the rows of a damaged JPEG
_JPEG = ("JPEG", "MPO")
_ENDS_OF_JPEG = 8 * b"\xff\xd9"  # several, because the decoder looks ahead
_GREY = 128  # what a JPEG decoder puts where the file holds nothing
_JPEG_QUALITY = 95

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DecodedPicture:
    """A picture in memory.

    Attributes:
        image: uint8 (H, W, 3) RGB, upright; half the size of the file's for pictures of more than 36 million pixels.
        height, width: of the upright picture in its file, pixels.
    """

    image: np.ndarray
    height: int
    width: int


def _checked_file(path: Path) -> None:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise PictureError(f"{path}: is a folder where a picture was expected; name a picture inside it.")
    if not stat.S_ISREG(status.st_mode):
        raise PictureError(f"{path}: is not a regular file; name a picture.")
    if status.st_size > _MOST_BYTES:
        raise PictureError(f"{path}: is larger than {_MOST_BYTES // 1_000_000} MB; save it as JPEG.")


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A picture file, or the standard input for ``-``.

    Raises:
        PictureError: missing, not a regular file, unreadable or too large.
    """
    try:
        if str(path) == STANDARD_INPUT:
            yield io.BytesIO(sys.stdin.buffer.read(_MOST_BYTES))
            return
        _checked_file(path)
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise PictureError(f"{path}: does not exist; check the path.") from None
    except OSError as error:
        raise PictureError(f"{path}: cannot be opened ({error.strerror}); check its permissions.") from None
    except ValueError as error:  # a zero byte in the name
        raise PictureError(f"{path}: cannot be opened ({error}); check the path.") from None


def _formats(head: bytes, name: str | Path) -> tuple[str, ...]:
    """The formats that may be tried; the decoder of HEIC is loaded for files that begin like one."""
    if head[4:8] != b"ftyp" or head[8:12] in (b"avif", b"avis"):
        return _FORMATS
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        remedy = "install its decoder with \"pip install 'alpr-utils[heic]'\" or save it as JPEG"
        raise PictureError(f"{name}: is HEIC; {remedy}.") from None
    register_heif_opener()
    return (*_FORMATS, _HEIF)


def _open_picture(file: BinaryIO, name: str | Path, most_pixels: int = MOST_PIXELS) -> Image.Image:
    """The undecoded picture; opening reads no more than the header."""
    head = file.read(12)
    if not head:
        raise PictureError(f"{name}: is an empty file; copy or download it again.")
    too_large = PictureError(f"{name}: is too large; make it smaller than {most_pixels / 1e6:g} million pixels.")
    file.seek(0)
    formats = _formats(head, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(file, formats=formats)
    except UnidentifiedImageError:
        raise PictureError(f"{name}: is not a picture, or a damaged one; save it as JPEG or PNG.") from None
    except Image.DecompressionBombError:
        raise too_large from None
    except Exception as error:  # decoders raise nearly anything on damaged headers
        raise PictureError(f"{name}: has a damaged header ({error}); save it again as JPEG or PNG.") from None
    if picture.width * picture.height > most_pixels:
        raise too_large
    return picture


def _decoded(picture: Image.Image, name: str | Path, most_missing: float = 1.0) -> DecodedPicture:
    """Decode a picture; at most the share ``most_missing`` of its rows may be without content."""
    width, height = picture.size
    if 0 in picture.size:
        raise PictureError(f"{name}: is {width}x{height} pixels; save a picture with content.")
    reduction = 1 if height * width <= _KEPT_PIXELS else 2
    try:
        if reduction > 1 and picture.format in _JPEG:
            picture.draft(picture.mode, (-(-width // reduction), -(-height // reduction)))
            reduction = 1 if picture.width < width else reduction
        picture.load()
        turn, image = orientation_of(picture), from_pillow(picture, reduction)
    except MemoryError:
        raise PictureError(f"{name}: needs more memory than there is; make it smaller.") from None
    except Exception as error:  # decoders raise nearly anything on damaged content
        raise PictureError(f"{name}: is cut off or damaged ({error}); copy or download it again.") from None
    if most_missing < 1:
        if _missing_rows(image) > most_missing:
            raise PictureError(f"{name}: is cut off or damaged; copy or download it again.")
        _log.warning("%s: its end is damaged; the rest, which is nearly all of it, is used.", name)
    return DecodedPicture(upright(image, turn), *((width, height) if turn >= 5 else (height, width)))


def _missing_rows(image: np.ndarray) -> float:
    """The share of the lowest rows that a JPEG decoder found nothing for."""
    empty = (image == _GREY).all(axis=(1, 2))
    return 1.0 if empty.all() else float(np.argmin(empty[::-1])) / len(empty)


def decode_content(content: bytes, name: str | Path, most_pixels: int = MOST_PIXELS) -> DecodedPicture:
    """As `decode_picture` for the bytes of a file, which errors call ``name``.

    A JPEG that lacks a little of its end is forgiven with a warning.

    Args:
        most_pixels: at most 120 million; a larger picture is refused before it is decoded.

    Raises:
        PictureError: empty, cut off, not a picture, or of too many pixels.
    """
    picture = _open_picture(io.BytesIO(content), name, most_pixels)
    if picture.format in _JPEG and picture.width * picture.height > len(content) * _MOST_PIXELS_A_BYTE:
        raise PictureError(f"{name}: is cut off or damaged; copy or download it again.")
    try:
        return _decoded(picture, name)
    except PictureError:
        if picture.format not in _JPEG:
            raise
        mended = io.BytesIO(content.rstrip(b"\0") + _ENDS_OF_JPEG)
        return _decoded(_open_picture(mended, name, most_pixels), name, _MOST_MISSING)


def decode_picture(path: str | Path) -> DecodedPicture:
    """Read a picture upright: EXIF rotation applied, the first frame of an animation, 16 bits scaled to 8.

    Args:
        path: JPEG, MPO, PNG, WebP, BMP, TIFF, GIF, AVIF, JPEG 2000 or HEIC; ``-``: the standard input.

    Raises:
        PictureError: missing, unreadable, empty, cut off, no regular file, not a picture, more than 200 MB or more
            than 120 million pixels.
    """
    path = Path(path)
    with _opened(path) as file:
        content = file.read()
    return decode_content(content, path)


def read_image(path: str | Path) -> np.ndarray:
    """The pixels of `decode_picture`: uint8 (H, W, 3) RGB.

    Raises:
        PictureError: as there.
    """
    return decode_picture(path).image


def picture_size(path: str | Path) -> tuple[int, int, bool]:
    """Height and width of the upright picture in pixels, and whether its sides change places in the file.

    Only the header is read.

    Raises:
        PictureError: as `decode_picture`, without the damage that only decoding shows.
    """
    path = Path(path)
    with _opened(path) as file:
        picture = _open_picture(file, path)
        turned = orientation_of(picture) >= 5
        width, height = picture.size
    return (width, height, True) if turned else (height, width, False)


def upright_file(path: Path) -> tuple[bytes, str]:
    """A picture as the bytes of an upright file and ``jpeg`` or ``png``; the file itself where it is one of them.

    Raises:
        PictureError: as `decode_picture`.
    """
    with _opened(path) as file:
        content = file.read()
    image = decode_content(content, path).image
    picture = _open_picture(io.BytesIO(content), path)
    if picture.format in ("JPEG", "PNG") and orientation_of(picture) == 1:
        return content, picture.format.lower()
    encoded = io.BytesIO()
    Image.fromarray(image).save(encoded, "JPEG", quality=_JPEG_QUALITY)
    return encoded.getvalue(), "jpeg"


def to_rgb(picture: PictureInput) -> np.ndarray:
    """Any picture that people have as uint8 (H, W, 3) RGB.

    Args:
        picture: a path, the bytes of a picture file, a file that is open for reading bytes, a Pillow picture, or an
            array: (H, W) or (H, W, 1) grey, (H, W, 3) RGB or (H, W, 4) RGBA; uint8, uint16, or float 0..1.
            Transparency is laid over white.

    Raises:
        PictureError: it is something else, or cannot be read.
    """
    if isinstance(picture, str | os.PathLike):
        return read_image(Path(picture))
    if isinstance(picture, bytes | bytearray | memoryview):
        return decode_content(bytes(picture), "bytes").image
    if isinstance(picture, Image.Image):
        return _decoded(picture, "Pillow picture").image
    if isinstance(picture, np.ndarray):
        return from_array(picture)
    if hasattr(picture, "read"):
        content = picture.read()
        if isinstance(content, bytes):
            return decode_content(content, getattr(picture, "name", "file")).image
        raise PictureError("file: is open for text; open it with mode 'rb'.")
    raise PictureError(
        f"{type(picture).__name__}: cannot be read as a picture; give a path, bytes, a file, a Pillow picture or a "
        "NumPy array."
    )
