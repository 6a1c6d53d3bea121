"""The networks alone: how much work each is, and which share of the machine's speed it reaches."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alpr_utils.detect.architecture import parse_architecture
from alpr_utils.detect.find_boxes import FindSettings
from alpr_utils.models.folder import METADATA_FILE, read_metadata
from alpr_utils.runtime.flop import flop, input_of
from alpr_utils.runtime.network import ONNX_FILE, open_onnx

PHOTO = (1080, 1920)  # height and width of the photo for which detectors are measured


@dataclass(frozen=True)
class NetworkSpeed:
    """One network on one input.

    Attributes:
        model: name of its folder.
        shape: of the input.
        gflop: billion floating-point operations.
        p50_ms: median time.
        gflops: billion operations a second.
        share: of what the machine reaches with matrix products, 0..1.
    """

    model: str
    shape: tuple[int, ...]
    gflop: float
    p50_ms: float
    gflops: float
    share: float


def network_speeds(models_dir: Path, sgemm_gflops: float, rounds: int) -> list[NetworkSpeed]:
    """Every ``model.onnx`` in the model folders, ``rounds`` times; detectors on a photo of ``PHOTO``, at each size.

    Raises:
        ModelError: a model is damaged.
    """
    found = []
    for file in sorted(models_dir.glob(f"*/{ONNX_FILE}")):
        open_shape, dtype = input_of(file)
        for shape in _shapes(file.parent, open_shape):
            pictures: np.ndarray = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
            operations, milliseconds = flop(file, pictures) / 1e9, _median_ms(file, pictures, rounds)
            gflops = 1000 * operations / milliseconds
            speed = NetworkSpeed(file.parent.name, shape, operations, milliseconds, gflops, gflops / sgemm_gflops)
            found.append(speed)
    return found


def _shapes(folder: Path, shape: Sequence[int | None]) -> list[tuple[int, ...]]:
    """The inputs of one plate or photo; none for a network of other people that says too little about itself."""
    if None not in shape[1:]:
        return [(1, *(length or 1 for length in shape[1:]))]
    metadata = read_metadata(folder)
    if "architecture" not in metadata or "config" not in metadata:
        return []
    return [(1, *size, 3) for size in _picture_sizes(metadata, str(folder / METADATA_FILE))]


def _picture_sizes(metadata: dict[str, Any], where: str) -> list[tuple[int, int]]:
    """Height and width at which a detector's network sees the photo: in full and, if it does so, at low resolution."""
    stride = parse_architecture(metadata["architecture"], metadata["config"], where).stride
    settings = FindSettings.stored(metadata)
    sides = [int(np.clip(max(PHOTO), *settings.long_sides)), settings.low_res_side]
    scales = [side / max(PHOTO) for side in sides if side]
    return [(_padded(PHOTO[0] * scale, stride), _padded(PHOTO[1] * scale, stride)) for scale in scales]


def _padded(side: float, stride: int) -> int:
    return -(-round(side) // stride) * stride


def _median_ms(file: Path, pictures: np.ndarray, rounds: int) -> float:
    network = open_onnx(file)
    seconds = []
    for _ in range(rounds + 1):  # the first one warms up
        start = time.perf_counter()
        network(pictures)
        seconds.append(time.perf_counter() - start)
    return 1000 * float(np.median(seconds[1:]))
