"""Photos with boxes -> endless augmented training samples for a detector.

Every sample is a window of a photo, resized to the network's input. Windows are chosen around plates, because a plate
fills less than one percent of a photo, and at many scales, so that near and far plates are learnt alike.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import imutils
import numpy as np

from alpr_utils.data.labels import PLATE_NAMES, LabelledPicture
from alpr_utils.detect.scaling import PADDING_GREY
from alpr_utils.errors import AlprError
from alpr_utils.images import read_image
from alpr_utils.training.batches import SeededBatches
from alpr_utils.training.photo_augment import PhotoAugmentation, degraded_photo

CACHE_LONG_SIDE = 1280  # photos are kept in memory at most this large: 1,000 of them take about 2 GB


@dataclass(frozen=True)
class CachedPhoto:
    """A photo in memory.

    Attributes:
        image: uint8 (H, W, 3).
        boxes: float32 (N, 4), ymin, xmin, ymax, xmax, pixels.
        classes: int64 (N,), which of the taught classes each box is, from 0.
    """

    image: np.ndarray
    boxes: np.ndarray
    classes: np.ndarray


def load_photos(
    pictures: Sequence[LabelledPicture], classes: Sequence[str] = ("plate",)
) -> tuple[list[CachedPhoto], list[AlprError]]:
    """Read the photos and their boxes of the named classes into memory; unreadable ones are returned as errors.

    The class ``plate`` goes by all of ``PLATE_NAMES`` in label files; upper and lower case do not matter.
    """
    numbers = {name.casefold(): number for number, name in enumerate(classes)}
    if "plate" in numbers:
        numbers = dict.fromkeys(PLATE_NAMES, numbers["plate"]) | numbers
    photos: list[CachedPhoto] = []
    problems: list[AlprError] = []
    for picture in pictures:
        try:
            image = read_image(picture.path)
        except AlprError as error:
            problems.append(error)
            continue
        scale = min(1.0, CACHE_LONG_SIDE / max(image.shape[:2]))
        if scale < 1:
            image = imutils.resize(image, width=round(scale * image.shape[1]), inter=cv2.INTER_AREA)
        scale = np.tile(np.array(image.shape[:2]) / (picture.height, picture.width), 2)
        taught = [item for item in picture.objects if item.name.casefold() in numbers]
        kinds = [numbers[item.name.casefold()] for item in taught]
        boxes = (np.array([item.box_px for item in taught], float).reshape(-1, 4) * scale).astype(np.float32)
        photos.append(CachedPhoto(image, boxes, np.array(kinds, np.int64)))
    return photos, problems


def _scales(
    photo: CachedPhoto, box: np.ndarray | None, rules: PhotoAugmentation, rng: np.random.Generator
) -> np.ndarray:
    """Zoom factors y, x from the cached photo to the sample."""
    low_res = rules.low_res_side > 0 and rng.random() < rules.low_res
    seen_at = rules.low_res_side if low_res else rules.long_side
    zoom = seen_at / max(photo.image.shape[:2]) * np.exp(rng.uniform(*np.log(rules.zoom)))
    if box is not None and not low_res:
        width = max(float(box[3] - box[1]), 1.0)
        if rng.random() < rules.free_scale:
            zoom = np.exp(rng.uniform(*np.log(rules.plate_width))) / width
        zoom = np.clip(zoom * width, rules.plate_width[0] * 0.7, rules.plate_width[1]) / width
    stretch = rng.uniform(-0.5, 0.5) * np.log(rules.stretch)
    return zoom * np.exp(np.array([stretch, -stretch]))


def crop_window(image: np.ndarray, top_left: np.ndarray, scales: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The ``size`` (H, W) sample whose corner lies at ``top_left`` (y, x) pixels of ``image``, zoomed by ``scales``."""
    height, width = (max(2, round(n / s)) for n, s in zip(size, scales, strict=True))
    y, x = (int(v) for v in np.floor(top_left))
    window = np.full((height, width, 3), PADDING_GREY, np.uint8)
    inside = image[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
    window[max(-y, 0) : max(-y, 0) + inside.shape[0], max(-x, 0) : max(-x, 0) + inside.shape[1]] = inside
    method = cv2.INTER_AREA if scales.mean() < 1 else cv2.INTER_LINEAR
    return cv2.resize(window, (size[1], size[0]), interpolation=method)


def sample_window(
    photo: CachedPhoto, size: tuple[int, int], rules: PhotoAugmentation, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One window of ``photo``: image uint8 (H, W, 3), its boxes float32 (M, 4), pixels, and their classes (M,)."""
    extent = np.array(photo.image.shape[:2], np.float32)
    around = photo.boxes[rng.integers(len(photo.boxes))] if len(photo.boxes) else None
    scales = _scales(photo, around, rules, rng)
    window = np.array(size) / scales
    if around is None or rng.random() < rules.anywhere:
        centre = rng.uniform(0, 1, 2) * extent
    else:
        slack = np.maximum((window - (around[2:] - around[:2])) / 2, 0)
        centre = (around[:2] + around[2:]) / 2 + rng.uniform(-1, 1, 2) * slack
    # Windows stay on the photo but for a tenth of their size; smaller photos float freely in theirs.
    room = extent - window
    low, high = np.minimum(room, 0), np.maximum(room, 0)
    top_left = np.floor(np.clip(centre - window / 2, low - 0.1 * window, high + 0.1 * window))
    image = crop_window(photo.image, top_left, scales, size)
    boxes = (photo.boxes - np.tile(top_left, 2)) * np.tile(scales, 2)
    boxes, clear = _keep_visible(image, boxes.astype(np.float32))
    if rng.random() < 0.5:
        image = image[:, ::-1]
        boxes = np.stack([boxes[:, 0], size[1] - boxes[:, 3], boxes[:, 2], size[1] - boxes[:, 1]], axis=1)
    return image, boxes, photo.classes[clear]


def _keep_visible(image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut boxes at the edge; objects hardly visible are painted over, for they are neither object nor background.

    Returns:
        The boxes left, and which they are: bool (M,).
    """
    height, width = image.shape[:2]
    cut = np.clip(boxes, 0, [height, width, height, width]).astype(np.float32)
    whole = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    visible = np.prod(cut[:, 2:] - cut[:, :2], axis=1)
    clear = (visible > 0.5 * whole) & (cut[:, 3] - cut[:, 1] >= 9)
    for ymin, xmin, ymax, xmax in np.round(cut[~clear & (visible > 0)]).astype(int):
        image[ymin : ymax + 1, xmin : xmax + 1] = PADDING_GREY
    return cut[clear], clear


class DetectionSamples(SeededBatches):
    """Batches for ``fit``: images float32 (B, H, W, 3), 0..255, and whatever the encoder makes of their boxes.

    Args:
        photos: groups of photos; group ``i`` is drawn as often as ``sampling_weights[i]`` says.
        encoder: height and width of a sample, pixels -> the encoder for them (see `detect.architecture`).
        sizes: heights and widths of samples; the batches have them in turn.
        seed: sample ``k`` of epoch ``e`` is always the same.
    """

    def __init__(
        self,
        photos: Sequence[Sequence[CachedPhoto]],
        sampling_weights: Sequence[float],
        encoder: Callable[[int, int], Callable[[np.ndarray, np.ndarray], np.ndarray]],
        sizes: Sequence[tuple[int, int]],
        batch: int,
        batches: int,
        rules: PhotoAugmentation,
        seed: int,
    ):
        super().__init__(batches, seed)
        self.photos, self.odds = photos, np.array(sampling_weights, np.float64) / np.sum(sampling_weights)
        self.encoders = [encoder(*size) for size in sizes]
        self.sizes, self.batch, self.rules = sizes, batch, rules

    def sample(self, rng: np.random.Generator, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One image uint8 (H, W, 3), its boxes float32 (M, 4), pixels, and their classes int64 (M,)."""
        group = self.photos[rng.choice(len(self.photos), p=self.odds)]
        image, boxes, classes = sample_window(group[int(rng.integers(len(group)))], size, self.rules, rng)
        return degraded_photo(image, self.rules, rng), boxes, classes

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = self.rng(index)
        turn = index % len(self.sizes)
        samples = [self.sample(rng, self.sizes[turn]) for _ in range(self.batch)]
        images = np.stack([image for image, _, _ in samples]).astype(np.float32)
        return images, np.stack([self.encoders[turn](boxes, classes) for _, boxes, classes in samples])
