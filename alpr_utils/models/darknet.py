"""Weights that Darknet trained: published ``.weights`` files of YOLOv3, YOLOv3-tiny and Darknet-53 -> our YOLOv3.

A file is a header (three int32: major, minor, revision; then the number of pictures seen, int64 from version 0.2 on,
int32 before) and float32 values, one convolution after the other: biases, then with batch normalisation scales, means
and variances, then the kernel in the order output, input, row, column. All numbers are little-endian.
"""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from alpr_utils.errors import ModelError, check_regular

BACKBONE_CONVOLUTIONS = 52  # of Darknet-53; its 53rd classifies ImageNet
_MAX_VERSION = 1000  # Darknet's own test of a header


@dataclass(frozen=True)
class DarknetFile:
    """Content of a ``.weights`` file.

    Attributes:
        version: major, minor, revision.
        seen: pictures that it was trained with.
        values: float32 (N,).
    """

    version: tuple[int, int, int]
    seen: int
    values: np.ndarray


def read_darknet(file: Path) -> DarknetFile:
    """Read a ``.weights`` file.

    Raises:
        ModelError: the file is missing, not regular, or not Darknet's.
    """
    check_regular(file, ModelError)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{file}: cannot be read ({error.strerror}); check the path and its permissions.") from None
    if len(content) < 20:
        raise ModelError(f"{file}: has {len(content)} bytes, too few for Darknet weights; download it again.")
    major, minor, revision = (int(number) for number in np.frombuffer(content, "<i4", 3))
    if not all(0 <= number < _MAX_VERSION for number in (major, minor, revision)):
        raise ModelError(f"{file}: does not begin like Darknet weights; give a .weights file of YOLOv3 or YOLOv3-tiny.")
    wide = major * 10 + minor >= 2
    seen = int(np.frombuffer(content, "<i8" if wide else "<i4", 1, offset=12)[0])
    body = content[20 if wide else 16 :]
    if len(body) % 4:
        raise ModelError(f"{file}: ends in the middle of a number; it was cut off, download it again.")
    return DarknetFile((major, minor, revision), seen, np.frombuffer(body, "<f4"))


def _layers(network: keras.Model) -> list[tuple[keras.layers.Layer, keras.layers.Layer | None]]:
    """Convolutions in Darknet's order, each with its batch normalisation where it has one."""
    by_name = {layer.name: layer for layer in network.layers}
    count = sum(name.startswith("conv_") for name in by_name)
    return [(by_name[f"conv_{number}"], by_name.get(f"norm_{number}")) for number in range(count)]


def _value_count(convolution: keras.layers.Layer, norm: keras.layers.Layer | None) -> int:
    filters = convolution.kernel.shape[-1]
    return int(np.prod(convolution.kernel.shape)) + filters * (4 if norm is not None else 1)


def _fill(values: np.ndarray, convolution: keras.layers.Layer, norm: keras.layers.Layer | None) -> np.ndarray:
    """Set one convolution; returns the values that are left."""
    rows, columns, channels, filters = convolution.kernel.shape
    vectors = values[: filters * (4 if norm is not None else 1)].reshape(-1, filters)
    end = vectors.size + rows * columns * channels * filters
    kernel = values[vectors.size : end].reshape(filters, channels, rows, columns).transpose(2, 3, 1, 0)
    if norm is None:
        convolution.set_weights([kernel, vectors[0]])
    else:
        bias, scale, mean, variance = vectors
        convolution.set_weights([kernel])
        norm.set_weights([scale, bias, mean, variance])  # gamma, beta, moving mean, moving variance
    return values[end:]


def load_darknet(network: keras.Model, file: Path, backbone_only: bool = False) -> None:
    """Load a ``.weights`` file into ``network``, a YOLOv3 of `build_yolov3`.

    Args:
        backbone_only: set only the 52 convolutions of Darknet-53, not the heads, to train those on other classes;
            the file may be of any network that begins with them (``darknet53.conv.74``, ``darknet53.weights``,
            ``yolov3.weights``).

    Raises:
        ModelError: the file is missing, cut off, not Darknet's, or of another network.
    """
    values = read_darknet(file).values
    pairs = _layers(network)
    if backbone_only:
        if len(pairs) <= BACKBONE_CONVOLUTIONS:
            raise ModelError(f"{file}: holds a Darknet-53; only the variant 'yolov3' begins with one, choose that.")
        pairs = pairs[:BACKBONE_CONVOLUTIONS]
    needed = sum(_value_count(*pair) for pair in pairs)
    if len(values) < needed or (len(values) > needed and not backbone_only):
        what = "its backbone" if backbone_only else f"this {network.name} with its number of classes"
        raise ModelError(
            f"{file}: holds {len(values):,} numbers, {what} has {needed:,}; "
            "choose the variant and the labels it was trained with, or download it again if it was cut off."
        )
    if not np.isfinite(values[:needed]).all():
        raise ModelError(f"{file}: holds numbers that are not finite; download it again.")
    for convolution, norm in pairs:
        values = _fill(values, convolution, norm)
