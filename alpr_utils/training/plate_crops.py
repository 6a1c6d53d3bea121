"""Plates to learn reading from, all as pictures of one size.

A plate is stored a little larger than the network sees it, so that every epoch can cut it differently, the way a
detector's box never lies twice the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alpr_utils.images import written_whole
from alpr_utils.plates import plate_type
from alpr_utils.read.grammar import tokenise
from alpr_utils.read.preprocess import HEIGHT, WIDTH, grey, stretch

ROW_BREAK = "\n"  # stands between two rows of tokens
STORED_HEIGHT, STORED_WIDTH = 80, 192
MARGIN = 0.1  # of the plate's box, stored around it on each side
MAX_CHARACTERS = 9  # of a plate
_INNER = np.array([STORED_HEIGHT, STORED_WIDTH]) / (1 + 2 * MARGIN)
UPRIGHT_VIEW = np.concatenate([_INNER * MARGIN * 0.8, _INNER * (1 + MARGIN * 1.2)])  # what a good detector cuts out


@dataclass(frozen=True)
class PlateCrops:
    """Labelled plates.

    Attributes:
        images: uint8 (N, 80, 192), grey; the plate's box and `MARGIN` of it on each side.
        texts: for each plate its tokens, with `ROW_BREAK` between two rows.
        corners: float32 (N, 4, 2), x, y in pixels of ``images``, clockwise from the top left; NaN where unknown.
        char_boxes: float32 (N, 9, 4), ymin, xmin, ymax, xmax in pixels of ``images``, of the text's characters in
            reading order; NaN behind the last one and where unknown.
        aspects: float32 (N,), width / height of the plate's box before it was stretched; NaN where unknown.
    """

    images: np.ndarray
    texts: tuple[tuple[str, ...], ...]
    corners: np.ndarray
    char_boxes: np.ndarray
    aspects: np.ndarray

    def __len__(self) -> int:
        return len(self.texts)

    def save(self, file: Path) -> None:
        """Write as ``.npz``, under another name until it is whole."""
        texts = np.array(["\t".join(text) for text in self.texts])
        with written_whole(file) as draft:
            np.savez(
                draft,
                images=self.images,
                texts=texts,
                corners=self.corners,
                char_boxes=self.char_boxes,
                aspects=self.aspects,
            )

    @classmethod
    def load(cls, file: Path) -> "PlateCrops":
        """Read what `save` wrote."""
        with np.load(file) as arrays:
            texts = tuple(tuple(str(text).split("\t")) for text in arrays["texts"])
            unknown = np.full(len(texts), np.nan, np.float32)  # files of older runs lack the aspects
            aspects = arrays.get("aspects", unknown)
            return cls(arrays["images"], texts, arrays["corners"], arrays["char_boxes"], aspects)


def join(parts: Sequence[PlateCrops]) -> PlateCrops:
    """All plates of ``parts``, at least one, in order."""
    return PlateCrops(
        np.concatenate([part.images for part in parts]),
        tuple(text for part in parts for text in part.texts),
        np.concatenate([part.corners for part in parts]),
        np.concatenate([part.char_boxes for part in parts]),
        np.concatenate([part.aspects for part in parts]),
    )


def labelled_tokens(text: str, country: str, rows: int) -> tuple[str, ...]:
    """The tokens of a canonical text, on two-row plates with a break between the rows."""
    first, *second = plate_type(country).split_rows(tokenise(text, country), rows)
    return (*first, ROW_BREAK, *second[0]) if second else first


def rows_of(text: Sequence[str]) -> int:
    """Rows of text of a plate by its tokens."""
    return 2 if ROW_BREAK in text else 1


def with_margin(box: np.ndarray) -> np.ndarray:
    margin = MARGIN * (box[2:] - box[:2])
    return np.concatenate([box[:2] - margin, box[2:] + margin])


def stored(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The plate in ``box: (4,)``, ymin, xmin, ymax, xmax, pixels, of an RGB picture as `PlateCrops` keeps it."""
    whole = with_margin(box)
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


def padded(boxes: np.ndarray) -> np.ndarray:
    """Boxes (n, 4) as float32 (9, 4), NaN behind the last one."""
    padded = np.full((MAX_CHARACTERS, 4), np.nan, np.float32)
    padded[: len(boxes)] = boxes
    return padded


def aspect_of(box: np.ndarray) -> float:
    """Width / height of ``box: (4,)``, ymin, xmin, ymax, xmax, pixels."""
    return float((box[3] - box[1]) / max(box[2] - box[0], 1e-6))


def upright(plates: PlateCrops) -> np.ndarray:
    """The plates as a good detector cuts them, without any jitter: uint8 (N, 64, 160, 1)."""
    return np.array([stretch(image, UPRIGHT_VIEW, (WIDTH, HEIGHT)) for image in plates.images])[..., None]
