"""Plates to learn reading from: generated ones, labelled photos and folders of crops, all as pictures of one size.

A plate is stored a little larger than the network sees it, so that every epoch can cut it differently, the way a
detector's box never lies twice the same.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from alpr_utils.data.images import labelled_images
from alpr_utils.read.grammar import tokenise
from alpr_utils.read.preprocess import HEIGHT, WIDTH, grey, stretch
from alpr_utils.synth.photo.degrade import DegradedPlate
from alpr_utils.synth.photo.sample import sample_plate

ROW_BREAK = "\n"  # stands between two rows of tokens
STORED_HEIGHT, STORED_WIDTH = 80, 192
MARGIN = 0.1  # of the plate's box, stored around it on each side
MAX_CHARACTERS = 9  # of a plate
_CHUNK = 1000  # generated plates a file


@dataclass(frozen=True)
class PlateCrops:
    """Labelled plates.

    Attributes:
        images: uint8 (N, 80, 192), grey; the plate's box and `MARGIN` of it on each side.
        texts: for each plate its tokens, with `ROW_BREAK` between two rows.
        corners: float32 (N, 4, 2), x, y in pixels of ``images``, clockwise from the top left; NaN where unknown.
        char_boxes: float32 (N, 9, 4), ymin, xmin, ymax, xmax in pixels of ``images``, of the text's characters in
            reading order; NaN behind the last one and where unknown.
    """

    images: np.ndarray
    texts: tuple[tuple[str, ...], ...]
    corners: np.ndarray
    char_boxes: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)

    def save(self, file: Path) -> None:
        """Write as ``.npz``, under another name until it is whole."""
        draft = file.with_suffix(".part.npz")
        texts = np.array(["\t".join(text) for text in self.texts])
        np.savez(draft, images=self.images, texts=texts, corners=self.corners, char_boxes=self.char_boxes)
        draft.replace(file)

    @classmethod
    def load(cls, file: Path) -> "PlateCrops":
        """Read what `save` wrote."""
        with np.load(file) as arrays:
            texts = tuple(tuple(str(text).split("\t")) for text in arrays["texts"])
            known = "char_boxes" in arrays  # files of older runs lack them
            char_boxes = arrays["char_boxes"] if known else np.array([_padded(np.empty((0, 4)))] * len(texts))
            return cls(arrays["images"], texts, arrays["corners"], char_boxes)


def join(parts: Sequence[PlateCrops]) -> PlateCrops:
    """All plates of ``parts``, at least one, in order."""
    return PlateCrops(
        np.concatenate([part.images for part in parts]),
        tuple(text for part in parts for text in part.texts),
        np.concatenate([part.corners for part in parts]),
        np.concatenate([part.char_boxes for part in parts]),
    )


def labelled_tokens(text: str, country: str, rows: int) -> tuple[str, ...]:
    """The tokens of a canonical text, on two-row plates with a break between the rows.

    The second row begins with the series, or behind it where no region stands in front of the digits: ``1537 / УНЛ``,
    ``서울39 / 바2764``, ``12가 / 3456``.
    """
    tokens = tokenise(text, country)
    if rows < 2:
        return tokens
    series = next((i for i, token in enumerate(tokens) if i > 0 and not token.isdigit()), len(tokens))
    if country == "kr" and tokens[0].isdigit():
        series += 1
    return (*tokens[:series], ROW_BREAK, *tokens[series:])


def rows_of(text: Sequence[str]) -> int:
    """Rows of text of a plate by its tokens."""
    return 2 if ROW_BREAK in text else 1


def _with_margin(box: np.ndarray) -> np.ndarray:
    margin = MARGIN * (box[2:] - box[:2])
    return np.concatenate([box[:2] - margin, box[2:] + margin])


def stored(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The plate in ``box: (4,)``, ymin, xmin, ymax, xmax, pixels, of an RGB picture as `PlateCrops` keeps it."""
    whole = _with_margin(box)
    top, left = np.maximum(np.floor(whole[:2]).astype(int), 0)
    bottom, right = np.ceil(whole[2:]).astype(int)
    region = np.ascontiguousarray(image[top:bottom, left:right])
    return stretch(grey(region), whole - [top, left, top, left], (STORED_WIDTH, STORED_HEIGHT))


def in_box(points: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Points (..., 2), x, y in pixels, as shares of a box ymin, xmin, ymax, xmax: 0..1 inside it."""
    return (points - box[[1, 0]]) / (box[[3, 2]] - box[[1, 0]])


def boxes_in(boxes: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Boxes (..., 4), ymin, xmin, ymax, xmax in pixels, where ``box`` is stretched to ``size``, width and height."""
    points = boxes.reshape(*boxes.shape[:-1], 2, 2)[..., ::-1]  # x, y of two corners
    return (in_box(points, box) * size)[..., ::-1].reshape(boxes.shape)


def _padded(boxes: np.ndarray) -> np.ndarray:
    """Boxes (n, 4) as float32 (9, 4), NaN behind the last one."""
    padded = np.full((MAX_CHARACTERS, 4), np.nan, np.float32)
    padded[: len(boxes)] = boxes
    return padded


def from_degraded(plates: Sequence[DegradedPlate]) -> PlateCrops:
    """Generated plates, at least one, with texts, corners and boxes of characters."""
    images, texts, corners, char_boxes = [], [], [], []
    for plate in plates:
        low, high = plate.corners.min(axis=0), plate.corners.max(axis=0)
        box = np.array([low[1], low[0], high[1], high[0]])
        images.append(stored(plate.image, box))
        texts.append(labelled_tokens(plate.text, plate.country, plate.rows))
        corners.append(in_box(plate.corners, _with_margin(box)) * (STORED_WIDTH, STORED_HEIGHT))
        char_boxes.append(_padded(boxes_in(plate.char_boxes, _with_margin(box), (STORED_WIDTH, STORED_HEIGHT))))
    return PlateCrops(np.array(images), tuple(texts), np.array(corners, np.float32), np.array(char_boxes))


def _generate_chunk(country: str, seed: int, start: int, count: int, file: Path) -> None:
    """Save the generated plates ``start`` to ``start + count`` of a country; half of them have balanced characters."""
    cv2.setNumThreads(1)
    rngs = ((index, np.random.default_rng([seed, index])) for index in range(start, start + count))
    from_degraded([sample_plate(rng, country, balanced=index % 2 == 0) for index, rng in rngs]).save(file)


def generated_crops(countries: Sequence[str], count: int, seed: int, folder: Path, workers: int) -> PlateCrops:
    """``count`` generated plates, evenly for each country, kept in ``folder``; those already there are not made again.

    ``workers`` processes make them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    each = max(1, count // len(countries))
    chunks = [
        (country, seed, start, min(_CHUNK, each - start), folder / f"{country}_{start:07d}.npz")
        for country in countries
        for start in range(0, each, _CHUNK)
    ]
    missing = [chunk for chunk in chunks if not chunk[-1].exists()]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for job in [pool.submit(_generate_chunk, *chunk) for chunk in missing]:
            job.result()
    return join([PlateCrops.load(chunk[-1]) for chunk in chunks])


def load_crops(folder: Path, half: str = "") -> PlateCrops:
    """The plates with known text of a folder, see `alpr_utils.data.images.labelled_images`."""
    images, texts, char_boxes = [], [], []
    for photo in labelled_images(folder, half):
        for plate in photo.plates:
            box = np.array(plate.box_px)
            images.append(stored(photo.image, box))
            texts.append(labelled_tokens(plate.text, plate.country, plate.rows))
            whole = _with_margin(box)
            char_boxes.append(_padded(boxes_in(plate.char_boxes_px, whole, (STORED_WIDTH, STORED_HEIGHT))))
    pictures = np.array(images, np.uint8).reshape(-1, STORED_HEIGHT, STORED_WIDTH)
    boxes = np.array(char_boxes, np.float32).reshape(-1, MAX_CHARACTERS, 4)
    return PlateCrops(pictures, tuple(texts), np.full((len(texts), 4, 2), np.nan, np.float32), boxes)


def upright(plates: PlateCrops) -> np.ndarray:
    """The plates as a good detector cuts them, without any jitter: uint8 (N, 64, 160, 1)."""
    inner = np.array([STORED_HEIGHT, STORED_WIDTH]) / (1 + 2 * MARGIN)
    box = np.concatenate([inner * MARGIN * 0.8, inner * (1 + MARGIN * 1.2)])
    return np.array([stretch(image, box, (WIDTH, HEIGHT)) for image in plates.images])[..., None]
