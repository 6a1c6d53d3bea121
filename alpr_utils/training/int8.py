"""What networks see of sample pictures, for their quantisation."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from alpr_utils.config import parse_settings
from alpr_utils.data.images import cut_plates, labelled_images, open_picture
from alpr_utils.data.labels import LabelledImage
from alpr_utils.detect.architecture import ARCHITECTURES, parse_architecture
from alpr_utils.detect.find_boxes import FindSettings
from alpr_utils.detect.numpy_tools import NumpyTools
from alpr_utils.detect.second_look import crop_regions, cut_region
from alpr_utils.errors import LabelError, ModelError
from alpr_utils.models.folder import METADATA_FILE, read_metadata
from alpr_utils.networks.configs import SecondLookConfig
from alpr_utils.read.preprocess import network_input
from alpr_utils.runtime.onnx_int8 import add_int8
from alpr_utils.training.config import DataSource
from alpr_utils.training.photo_sources import load_source
from alpr_utils.training.second_look_samples import moved

T = TypeVar("T")
# Where a small error moves a box or a letter: outputs and soft argmax of the second look stay in float32.
_KEPT = {"second look": ("rows_", "columns_", "corner", "plate", "judge", "einsum")}


def export_int8(folder: Path, images: Sequence[LabelledImage]) -> Path:
    """Write ``model.int8.onnx`` of a model folder, with the ranges that ``images`` show.

    Args:
        images: labelled photos or crops of plates that nothing is measured on; a few dozen.

    Raises:
        ModelError: the folder is damaged, or its network is not one that gains from bytes.
    """
    metadata = read_metadata(folder)
    name = str(metadata.get("architecture"))
    return add_int8(folder, _inputs(folder, name, metadata, images), _KEPT.get(name, ()))


def sample_images(sources: Sequence[str], count: int) -> list[LabelledImage]:
    """Labelled pictures of folders such as ``photos`` or ``photos:a``, at most ``count`` of each, evenly chosen.

    Raises:
        AlprError: a folder holds no labelled picture.
    """
    return [image for text in sources for image in _images_of(DataSource.parse(text), count)]


def _images_of(source: DataSource, count: int) -> list[LabelledImage]:
    try:
        pictures = load_source(source)[0]
    except LabelError:  # no photos, but crops that are named by their text
        images = list(labelled_images(Path(source.folder), source.half))
        return _spread(images, count)
    return [open_picture(picture) for picture in _spread(pictures, count)]


def _spread(items: Sequence[T], count: int) -> list[T]:
    return list(items[:: -(-len(items) // count)])


def _inputs(folder: Path, name: str, metadata: dict[str, Any], images: Sequence[LabelledImage]) -> Iterator[np.ndarray]:
    if name in ARCHITECTURES:
        stride = parse_architecture(name, metadata["config"], f"{folder / METADATA_FILE}: config").stride
        return _pictures(images, FindSettings.stored(metadata), stride)
    if name == "second look":
        return _candidates(images, parse_settings(SecondLookConfig, metadata["config"], f"{folder / METADATA_FILE}"))
    if name in ("crnn", "character ssd"):
        return (network_input(crop.image)[None] for image in images for crop in cut_plates(image))
    raise ModelError(f"{folder / METADATA_FILE}: its network is not computed in bytes; choose a detector or reader.")


def _pictures(images: Sequence[LabelledImage], settings: FindSettings, stride: int) -> Iterator[np.ndarray]:
    """Pictures float32 (1, h, w, 3) at half and at full size of what the detector sees."""
    tools = NumpyTools()
    for number, image in enumerate(images):
        longest = settings.long_sides[0] / (1 + number % 2)
        scale = np.float32(longest / max(image.image.shape[:2]))
        yield tools.pad(tools.resize(image.image[None], scale), stride)


def _candidates(images: Sequence[LabelledImage], config: SecondLookConfig) -> Iterator[np.ndarray]:
    """Crops uint8 (N, H, W, 3) around the plates of each picture, and of what lies beside them."""
    rng = np.random.default_rng(0)
    for image in images:
        boxes = [moved(box, rng) for box in image.boxes_px for _ in range(2)]
        beside = [box + np.tile((box[2:] - box[:2]) * rng.uniform(-1.5, 1.5, 2), 2) for box in boxes]
        regions = crop_regions(np.array([*boxes, *beside], np.float32).reshape(-1, 4), config)
        if len(regions):
            size = config.height, config.width
            yield np.stack([cut_region(image.image, region, size) for region in regions])
