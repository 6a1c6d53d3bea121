"""Plates for the CRNN: generated ones, labelled photos and folders of crops, all as pictures of one size.

A plate is stored a little larger than the network sees it, so that every epoch can cut it differently, the way a
detector's box never lies twice the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from alpr_utils.data.crops import labelled_plates
from alpr_utils.read.grammar import tokenise
from alpr_utils.synth.degrade import DegradedPlate
from alpr_utils.synth.sample import sample_plate

HEIGHT, WIDTH = 64, 160  # what a network sees of a plate
ROW_BREAK = "\n"  # stands between two rows of tokens
STORED_HEIGHT, STORED_WIDTH = 80, 192
MARGIN = 0.1  # of the plate's box, stored around it on each side


@dataclass(frozen=True)
class PlateCrops:
    """Labelled plates.

    Attributes:
        images: uint8 (N, 80, 192), grey; the plate's box and `MARGIN` of it on each side.
        texts: for each plate its tokens, with `ROW_BREAK` between two rows.
    """

    images: np.ndarray
    texts: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.texts)

    def save(self, file: Path) -> None:
        """Write as ``.npz``, under another name until it is whole."""
        draft = file.with_suffix(".part.npz")
        np.savez(draft, images=self.images, texts=np.array(["\t".join(text) for text in self.texts]))
        draft.replace(file)

    @classmethod
    def load(cls, file: Path) -> "PlateCrops":
        """Read what `save` wrote."""
        with np.load(file) as arrays:
            return cls(arrays["images"], tuple(tuple(str(text).split("\t")) for text in arrays["texts"]))


def join(parts: Sequence[PlateCrops]) -> PlateCrops:
    """All plates of ``parts``, at least one, in order."""
    return PlateCrops(np.concatenate([part.images for part in parts]), sum((part.texts for part in parts), ()))


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


def grey(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W, 3) RGB -> uint8 (H, W)."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


def stretch(image: np.ndarray, box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Cut a box out of a grey picture and stretch it; outside the picture its edge is repeated.

    Args:
        image: uint8 (H, W).
        box: ymin, xmin, ymax, xmax in pixels, may reach outside.
        size: width, height of the result.
    """
    ymin, xmin, ymax, xmax = (float(side) for side in box)
    scale_x, scale_y = size[0] / max(xmax - xmin, 1.0), size[1] / max(ymax - ymin, 1.0)
    if min(scale_x, scale_y) < 0.75:  # sampling would skip pixels, so they are averaged first
        fx, fy = min(scale_x, 1.0), min(scale_y, 1.0)
        shape = max(1, round(image.shape[1] * fx)), max(1, round(image.shape[0] * fy))
        fx, fy = shape[0] / image.shape[1], shape[1] / image.shape[0]
        image = cv2.resize(image, shape, interpolation=cv2.INTER_AREA)
        xmin, ymin, scale_x, scale_y = xmin * fx, ymin * fy, scale_x / fx, scale_y / fy
    # Half a pixel, because pixel centres and not pixel corners lie at whole coordinates.
    matrix = np.array(
        [[scale_x, 0, (0.5 - xmin) * scale_x - 0.5], [0, scale_y, (0.5 - ymin) * scale_y - 0.5]], np.float32
    )
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def network_input(plate: np.ndarray) -> np.ndarray:
    """A crop ``uint8 (H, W, 3)`` RGB that holds one plate -> uint8 (64, 160, 1), what the network sees."""
    box = np.array([0, 0, plate.shape[0], plate.shape[1]])
    return stretch(grey(plate), box, (WIDTH, HEIGHT))[..., None]


def stored(image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The plate in ``box: (4,)``, ymin, xmin, ymax, xmax, pixels, of an RGB picture as `PlateCrops` keeps it."""
    margin = MARGIN * (box[2:] - box[:2])
    whole = np.concatenate([box[:2] - margin, box[2:] + margin])
    top, left = np.maximum(np.floor(whole[:2]).astype(int), 0)
    bottom, right = np.ceil(whole[2:]).astype(int)
    region = np.ascontiguousarray(image[top:bottom, left:right])
    return stretch(grey(region), whole - [top, left, top, left], (STORED_WIDTH, STORED_HEIGHT))


def from_degraded(plate: DegradedPlate) -> tuple[np.ndarray, tuple[str, ...]]:
    """A generated plate as `PlateCrops` keeps it, with its tokens."""
    low, high = plate.corners.min(axis=0), plate.corners.max(axis=0)
    box = np.array([low[1], low[0], high[1], high[0]])
    return stored(plate.image, box), labelled_tokens(plate.text, plate.country, plate.rows)


def generate_crops(country: str, seed: int, start: int, count: int, file: Path) -> None:
    """Save the generated plates ``start`` to ``start + count`` of a country; half of them have balanced characters."""
    cv2.setNumThreads(1)
    images, texts = [], []
    for index in range(start, start + count):
        rng = np.random.default_rng([seed, index])
        image, tokens = from_degraded(sample_plate(rng, country, balanced=index % 2 == 0))
        images.append(image)
        texts.append(tokens)
    PlateCrops(np.array(images), tuple(texts)).save(file)


def load_crops(folder: Path, half: str = "") -> PlateCrops:
    """The plates with known text of a folder, see `alpr_utils.data.crops.labelled_plates`."""
    images, texts = [], []
    for plate in labelled_plates(folder, half):
        images.append(stored(plate.image, plate.box))
        texts.append(labelled_tokens(plate.text, plate.country, plate.rows))
    return PlateCrops(np.array(images, np.uint8).reshape(-1, STORED_HEIGHT, STORED_WIDTH), tuple(texts))


def upright(plates: PlateCrops) -> np.ndarray:
    """The plates as a good detector cuts them, without any jitter: uint8 (N, 64, 160, 1)."""
    inner = np.array([STORED_HEIGHT, STORED_WIDTH]) / (1 + 2 * MARGIN)
    box = np.concatenate([inner * MARGIN * 0.8, inner * (1 + MARGIN * 1.2)])
    return np.array([stretch(image, box, (WIDTH, HEIGHT)) for image in plates.images])[..., None]
