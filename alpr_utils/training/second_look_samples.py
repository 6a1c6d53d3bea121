"""What the second look learns from: crops of right and of wrong candidates, each with what the network should say.

Candidates are plates whose boxes were moved at random, what a first look finds in the training photos, and any places
at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.boxes import intersection, iou_matrix
from alpr_utils.detect.second_look import crop_regions, cut_region
from alpr_utils.networks.configs import SecondLookConfig
from alpr_utils.training.batches import SeededBatches
from alpr_utils.training.config import SecondLookTrainConfig
from alpr_utils.training.photo_augment import PhotoAugmentation, degraded_photo

PLATE_IOU = 0.3  # from which a candidate counts as a plate, for the tight box lies within its crop
WRONG_IOU = 0.2  # below which it counts as none; between the two only the box is taught
_MIRRORED = (1, 0, 3, 2)  # corners of a mirrored plate, again clockwise from the top left
_LIGHT = PhotoAugmentation(blur=0.2, noise=0.2)


@dataclass(frozen=True)
class PlatePhoto:
    """A photo in memory; all coordinates in its pixels.

    Attributes:
        image: uint8 (H, W, 3).
        boxes: float32 (N, 4), ymin, xmin, ymax, xmax, of its plates.
        corners: float32 (N, 4, 2), x, y, clockwise from the top left; NaN where unknown.
        candidates: float32 (M, 4), what the first look finds.
    """

    image: np.ndarray
    boxes: np.ndarray
    corners: np.ndarray
    candidates: np.ndarray


def moved(box: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A box (4,) as a first look may give it: every side off by up to a quarter or so of the box."""
    size = box[2:] - box[:2]
    scatter = rng.uniform(0.02, 0.15) * size + rng.uniform(0, 0.04) * size[::-1]
    error = np.clip(rng.normal(0, 1, 4), -2, 2) * np.tile(scatter, 2)
    found = (box + error).astype(np.float32)
    return np.concatenate([found[:2], np.maximum(found[2:], found[:2] + 0.3 * size)])


def _missed(box: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A box (4,) beside a plate, around much more of it or on a small part of it."""
    size = box[2:] - box[:2]
    factor = np.exp(rng.uniform(-1, 1) * 1.1 + rng.normal(0, 0.2, 2))
    centre = (box[:2] + box[2:]) / 2 + rng.uniform(-1.4, 1.4, 2) * size * np.maximum(factor, 1)
    half = size * factor / 2
    return np.concatenate([centre - half, centre + half]).astype(np.float32)


def _anywhere(extent: Sequence[int], rng: np.random.Generator) -> np.ndarray:
    """Any box (4,) of a plate's shapes and sizes in a picture of ``extent`` height, width."""
    width = extent[1] * np.exp(rng.uniform(np.log(0.02), np.log(0.35)))
    half = np.array([width / rng.uniform(1.1, 5.5), width]) / 2
    centre = rng.uniform(0, 1, 2) * extent[:2]
    return np.concatenate([centre - half, centre + half]).astype(np.float32)


def _random_turn(rng: np.random.Generator) -> np.ndarray:
    """A rotation with a little shear: (2, 2); mostly small, now and then up to 28 degrees."""
    angle = np.deg2rad(rng.normal(0, 5) if rng.random() < 0.7 else rng.uniform(-28, 28))
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    return turn @ np.array([(1, rng.normal(0, 0.08)), (rng.normal(0, 0.05), 1)])


def turned(photo: PlatePhoto, index: int, rng: np.random.Generator) -> PlatePhoto:
    """The surroundings of one plate whose corners are known, turned and sheared: more tilted plates than photos show.

    The margins of the box around the corners, the frame of the plate, stay as they are.
    """
    box, corners = photo.boxes[index], photo.corners[index]
    reach = 1.6 * float(max(box[2:] - box[:2]))
    centre = (box[:2] + box[2:]) / 2
    region = np.array([*np.floor(centre - reach), *np.ceil(centre + reach)]).astype(int)
    side = int(min(region[2] - region[0], 640))
    patch = cut_region(photo.image, region, (side, side))
    zoom = side / (region[3] - region[1])
    corners = (corners - region[[1, 0]]) * zoom
    frame = (box - np.tile(region[:2], 2)) * zoom - _hull(corners)
    turn = _random_turn(rng)
    middle = np.array([side / 2, side / 2])
    matrix = np.concatenate([turn, (middle - turn @ middle)[:, None]], axis=1)
    corners = (corners @ turn.T + matrix[:, 2]).astype(np.float32)
    patch = cv2.warpAffine(patch, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    box = (_hull(corners) + frame).astype(np.float32)
    return PlatePhoto(patch, box[None], corners[None], np.empty((0, 4), np.float32))


def _hull(corners: np.ndarray) -> np.ndarray:
    """The upright box (4,) around corners (4, 2), x, y."""
    return np.array([*corners.min(axis=0)[::-1], *corners.max(axis=0)[::-1]])


def _coarsened(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The crop as a camera further away would show it."""
    share = np.exp(rng.uniform(np.log(0.13), 0))
    small = cv2.resize(crop, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, crop.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def target_of(photo: PlatePhoto, candidate: np.ndarray, region: np.ndarray) -> np.ndarray:
    """What the network should say of a candidate (4,) that it sees as ``region`` (4,): float32 (15,).

    See `second_look_loss`; places are shares of the region.
    """
    target = np.zeros(15, np.float32)
    if not len(photo.boxes):
        return target
    ious = iou_matrix(candidate[None], photo.boxes)[0]
    best = int(ious.argmax())
    target[0] = 1 if ious[best] >= PLATE_IOU else 0 if ious[best] < WRONG_IOU else -1
    if ious[best] < WRONG_IOU:
        return target
    low, size = region[:2], (region[2:] - region[:2]).astype(np.float32)
    target[1] = 1
    target[2:6] = np.clip((photo.boxes[best] - np.tile(low, 2)) / np.tile(size, 2), 0, 1)
    if np.isfinite(photo.corners[best]).all():
        target[6] = 1
        target[7:] = ((photo.corners[best] - low[::-1]) / size[::-1]).ravel()
    return target


def mirrored(crop: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Crop (H, W, 3) and target (15,) as a mirror shows them."""
    target = target.copy()
    target[[3, 5]] = 1 - target[[5, 3]]
    corners = target[7:].reshape(4, 2) * (-1, 1) + (1, 0)
    target[7:] = corners[list(_MIRRORED)].ravel()
    return crop[:, ::-1], target


class SecondLookSamples(SeededBatches):
    """Batches for ``fit``: crops uint8 (B, H, W, 3) and targets float32 (B, 15), see `target_of`.

    Args:
        photos: groups of photos; group ``i`` is drawn as often as ``sampling_weights[i]`` says.
        network: size and margins of the crops.
    """

    def __init__(
        self,
        photos: Sequence[Sequence[PlatePhoto]],
        sampling_weights: Sequence[float],
        config: SecondLookTrainConfig,
        network: SecondLookConfig,
    ):
        super().__init__(config.epoch_batches, config.seed)
        self.photos, self.odds = photos, np.array(sampling_weights, np.float64) / np.sum(sampling_weights)
        self.config, self.network = config, network

    def _candidate(self, photo: PlatePhoto, rng: np.random.Generator) -> tuple[PlatePhoto, np.ndarray]:
        """A candidate (4,), and the photo that shows it."""
        from_first = rng.random() < self.config.from_first
        ious = iou_matrix(photo.candidates, photo.boxes).max(axis=1, initial=0)
        wrong = rng.random() < self.config.wrong or not len(photo.boxes)
        choice = photo.candidates[ious < WRONG_IOU] if wrong else photo.candidates[ious >= PLATE_IOU]
        if from_first and len(choice):
            return photo, moved(choice[int(rng.integers(len(choice)))], rng)
        if wrong:
            if len(photo.boxes) and rng.random() < 0.4:
                return photo, _missed(photo.boxes[int(rng.integers(len(photo.boxes)))], rng)
            return photo, _anywhere(photo.image.shape, rng)
        index = int(rng.integers(len(photo.boxes)))
        if np.isfinite(photo.corners[index]).all() and rng.random() < 0.7:
            photo, index = turned(photo, index, rng), 0
        return photo, moved(photo.boxes[index], rng)

    def sample(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """One crop uint8 (H, W, 3) and its target float32 (15,)."""
        group = self.photos[rng.choice(len(self.photos), p=self.odds)]
        photo, candidate = self._candidate(group[int(rng.integers(len(group)))], rng)
        region = crop_regions(candidate[None], self.network)[0]
        extent = np.array([[0, 0, *photo.image.shape[:2]]])
        if not intersection(region[None], extent).any():  # a place outside the picture teaches nothing
            return self.sample(rng)
        crop = cut_region(photo.image, region, (self.network.height, self.network.width))
        if rng.random() < 0.3:
            crop = _coarsened(crop, rng)
        crop, target = degraded_photo(crop, _LIGHT, rng), target_of(photo, candidate, region)
        return mirrored(crop, target) if rng.random() < 0.5 else (crop, target)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = self.rng(index)
        crops, targets = zip(*(self.sample(rng) for _ in range(self.config.batch)), strict=True)
        return np.stack(crops), np.stack(targets)
