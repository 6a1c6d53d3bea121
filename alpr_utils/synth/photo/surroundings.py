"""The piece of car around a plate: paint, folds, gaps, and the shadow of the plate's edge."""

import cv2
import numpy as np

from alpr_utils.synth.plate.wear import smooth_noise

# White, silver, grey and black make up most cars.
_PAINTS = np.array(
    [(205, 205, 202), (160, 162, 165), (105, 107, 110), (28, 28, 30), (150, 30, 32), (38, 58, 110), (120, 108, 84)],
    np.float32,
)
_PAINT_LIMITS = np.cumsum((0.29, 0.2, 0.17, 0.24, 0.03, 0.04, 0.03))


def car_body(size: tuple[int, int], slope: float, rng: np.random.Generator) -> np.ndarray:
    """Painted or black plastic with folds that run along the plate.

    Args:
        size: width, height in pixels.
        slope: of the plate's upper edge, y per x; the folds run about that way.

    Returns:
        uint8 (H, W, 3) RGB.
    """
    width, height = size
    paint = _PAINTS[min(int(np.searchsorted(_PAINT_LIMITS, rng.random())), len(_PAINTS) - 1)]
    paint = paint * rng.uniform(0.65, 1.25) + rng.normal(0, 5, 3)
    shade = 0.7 + 0.5 * smooth_noise(rng, (max(2, height // 4), max(2, width // 4)), 3)
    shade *= np.linspace(rng.uniform(0.75, 1.2), rng.uniform(0.5, 1.1), shade.shape[0], dtype=np.float32)[:, None]
    small = np.clip(shade[..., None] * paint.astype(np.float32), 0, 255).astype(np.uint8)
    image = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    # Folds and gaps are found above and below the plate, hardly behind its middle.
    for _ in range(rng.integers(1, 4)):
        at = rng.uniform(-0.1, 0.35) if rng.random() < 0.5 else rng.uniform(0.65, 1.1)
        rise = (slope + rng.normal(0, 0.02)) * width / 2
        tone = rng.uniform(0.1, 0.7) if rng.random() < 0.75 else rng.uniform(1.1, 1.6)
        colour = np.clip(paint * tone, 0, 255).tolist()
        y0, y1 = at * height - rise, at * height + rise
        deep = height * (rng.uniform(0.02, 0.08) if rng.random() < 0.5 else 2.0) * (-1 if at < 0.5 else 1)
        ends = np.array([(0, y0), (width, y1), (width, y1 + deep), (0, y0 + deep)]) * 16
        cv2.fillConvexPoly(image, ends.astype(np.int32), colour, cv2.LINE_AA, 4)
    return image


def cast_shadow(image: np.ndarray, cover: np.ndarray, plate_width_px: float, rng: np.random.Generator) -> None:
    """Darken ``image: float32 (H, W, 3)`` around and below a plate, in place; ``cover: (H, W, 1)`` is where it lies."""
    reach = max(0.6, 0.012 * plate_width_px)
    shift = np.array([(1, 0, rng.uniform(-1, 1) * reach), (0, 1, rng.uniform(0, 2) * reach)], np.float32)
    shadow = cv2.GaussianBlur(cv2.warpAffine(cover, shift, image.shape[1::-1]), (0, 0), reach)
    image *= 1 - rng.uniform(0.2, 0.7) * shadow[..., None]
