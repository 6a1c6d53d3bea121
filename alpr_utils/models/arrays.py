"""Arrays in an uncompressed ``.npz`` file whose numbers also other programs find, by offset and length."""

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import numpy as np

_ALIGNMENT = 64  # bytes; numbers begin at multiples of it, as in .npy files
_WIDEST_NUMBER, _HEADER_BYTES = 8, 1024  # bytes of a number and of the header of an array, at most
_LOCAL_HEADER = 30  # bytes of a zip entry before its name
_PADDING_FIELD = 0xD935  # the id that also Android's zipalign gives to its padding


@dataclass(frozen=True)
class StoredArray:
    """An array and where its numbers are in the file, in bytes, in C order."""

    array: np.ndarray
    offset: int
    length: int


def save_arrays(file: Path, arrays: list[np.ndarray]) -> None:
    """Write what `numpy.savez` would, aligned; the same arrays give the same bytes."""
    with ZipFile(file, "w") as archive:
        for number, array in enumerate(arrays):
            entry = ZipInfo(f"arr_{number}.npy")
            start = archive.fp.tell() + _LOCAL_HEADER + len(entry.filename) + 4  # type: ignore[union-attr]
            padding = -start % _ALIGNMENT
            entry.extra = struct.pack("<HH", _PADDING_FIELD, padding) + bytes(padding)
            content = io.BytesIO()
            np.save(content, np.ascontiguousarray(array))
            archive.writestr(entry, content.getvalue())


def load_arrays(file: Path, count: int) -> list[np.ndarray]:
    """The arrays of an ``.npz`` file as float32, which hold ``count`` numbers in all.

    Raises:
        ValueError: they hold more or fewer numbers, or some that are not finite.
        Exception: whatever zipfile and NumPy raise on a damaged file.
    """
    with ZipFile(file) as archive:
        most = count * _WIDEST_NUMBER + _HEADER_BYTES * len(archive.infolist())
        if sum(entry.file_size for entry in archive.infolist()) > most:
            raise ValueError(f"more than {count:,} numbers")
    with np.load(file) as arrays:
        found = [arrays[name].astype(np.float32) for name in arrays.files]
    if sum(array.size for array in found) != count:
        raise ValueError(f"{sum(array.size for array in found):,} numbers instead of {count:,}")
    if not all(np.isfinite(array).all() for array in found):
        raise ValueError("numbers that are not finite")
    return found


def stored_arrays(file: Path) -> list[StoredArray]:
    """The arrays of an ``.npz`` file; those that are compressed have no place and are left out."""
    found = []
    content = file.read_bytes()
    with ZipFile(file) as archive, np.load(file) as arrays:
        for entry in archive.infolist():
            if entry.compress_size == entry.file_size:
                name, extra = struct.unpack_from("<HH", content, entry.header_offset + 26)
                array = arrays[entry.filename.removesuffix(".npy")]
                end = entry.header_offset + _LOCAL_HEADER + name + extra + entry.file_size
                found.append(StoredArray(array, end - array.nbytes, array.nbytes))
    return found
