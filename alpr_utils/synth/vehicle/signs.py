"""Writing that is not a plate: signs, stickers, shop fronts, adverts on vehicles."""

from functools import cache

import cv2
import numpy as np

from alpr_utils.synth.glyphs.catalogue import FACES
from alpr_utils.synth.glyphs.faces import Face
from alpr_utils.synth.plate.parts import dealer_text_mask
from alpr_utils.synth.vehicle.painted_side import PaintedSide
from alpr_utils.synth.vehicle.shape import CarShape

_LATIN = (
    *("TAXI", "SALE 50%", "EXPRESS", "CU", "HOTEL", "DELIVERY", "24H", "PARKING", "NO ENTRY", "Turbo", "4WD", "EXIT"),
    *("GS25", "OPEN", "CAFE", "BANK", "P", "STOP", "1 000", "http", "LOTUS", "Hybrid", "2.0 GDI", "X5", "EV"),
)
_CYRILLIC = ("ТАВАН ГОЛ", "НОМИН АВТО", "ТЭНГЭР ХХК", "МОНГОЛ МОТОР", "99112233", "77001122", "АВТО ХУДАЛДАА")
_HANGUL = ("1588 0000", "서울 강남", "02 123 4567", "1544 1234")
_GROUNDS = ((235, 235, 232), (235, 235, 232), (250, 205, 30), (190, 25, 30), (20, 70, 150), (15, 110, 60), (30, 30, 32))


@cache
def _faces() -> tuple[Face, ...]:
    """One of each kind of faces; the same ones in every process."""
    rng = np.random.default_rng(0)
    return tuple(pick(rng, None) for pick in FACES.values())


def text_mask(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A few words that fill a board: float32 ``shape``, 0..1."""
    script = rng.choice(3, p=(0.5, 0.25, 0.25))
    if script:
        words = (_CYRILLIC, _HANGUL)[script - 1]
        return dealer_text_mask(shape, words[rng.integers(len(words))], _faces()[script - 1]).astype(np.float32)
    mask = np.zeros(shape, np.uint8)
    word = _LATIN[rng.integers(len(_LATIN))]
    font = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)[rng.integers(3)]
    (width, height), _ = cv2.getTextSize(word, font, 1.0, 2)
    scale = min(0.86 * shape[1] / width, 0.7 * shape[0] / height)
    place = (round((shape[1] - width * scale) / 2), round((shape[0] + height * scale) / 2))
    cv2.putText(mask, word, place, font, scale, 255, max(1, round(2.4 * scale)), cv2.LINE_AA)
    return mask.astype(np.float32) / 255


def make_sign(rng: np.random.Generator, height_px: int = 64) -> np.ndarray:
    """A board with words, lines or nothing: uint8 (H, W, 3)."""
    shape = (height_px, round(height_px * np.exp(rng.uniform(np.log(0.6), np.log(7)))))
    ground = np.array(_GROUNDS[rng.integers(len(_GROUNDS))], np.float32) * rng.uniform(0.8, 1.0)
    ink = np.array([20, 20, 25] if ground.mean() > 120 else [240, 240, 235], np.float32)
    board = np.empty((*shape, 3), np.float32)
    board[:] = ground
    kind = rng.random()
    if kind < 0.65:
        rows = 1 if shape[1] > 2 * height_px or rng.random() < 0.5 else 2
        for row in range(rows):
            part = board[row * height_px // rows : (row + 1) * height_px // rows]
            part += text_mask(part.shape[:2], rng)[..., None] * (ink - part)
    elif kind < 0.8:
        step = int(rng.integers(6, 16))
        board[:, ::step] = ink
    if rng.random() < 0.6:
        colour = tuple(float(v) for v in ink)
        cv2.rectangle(board, (1, 1), (shape[1] - 2, height_px - 2), colour, int(rng.integers(1, 4)))
    return np.clip(board, 0, 255).astype(np.uint8)


def _stick(
    view: PaintedSide,
    centre: tuple[float, float],
    height_m: float,
    rng: np.random.Generator,
    bare: bool,
    mirrored: bool,
) -> None:
    """Put a sticker, or with ``bare`` only its letters, on a side of a vehicle, in place; ``centre`` in metres."""
    height = max(4, round(height_m * view.px_per_m))
    x = round((centre[0] - view.horizontal[0]) * view.px_per_m)
    y = round((view.vertical[1] - centre[1]) * view.px_per_m - height / 2)
    sign = make_sign(rng, height)
    x0, y0 = max(x - sign.shape[1] // 2, 0), max(y, 0)
    window = view.colour[y0 : y0 + height, x0 : x0 + sign.shape[1]]
    if not window.size:
        return
    turn = -1 if mirrored else 1
    if bare:
        mask = text_mask(window.shape[:2], rng)[:, ::turn, None]
        ink = (20, 20, 22) if window.mean() > 110 else (215, 217, 220)
        window[:] = (window + mask * (np.array(ink, np.float32) - window)).astype(np.uint8)
    else:
        window[:] = sign[: window.shape[0], : window.shape[1]][:, ::turn]


def decorate(view: PaintedSide, side: str, shape: CarShape, mirrored: bool, rng: np.random.Generator) -> None:
    """Put badges, stickers and adverts on a side of a vehicle, in place; ``mirrored``: the side is shown mirrored."""
    half = shape.width / 2
    tall = shape.height > 1.9
    if side == "rear":
        belt = shape.rear_plate_z + 0.2
        if rng.random() < 0.6:
            _stick(view, (float(rng.choice([-0.6, 0.6]) * half), belt), 0.07, rng, True, mirrored)
        if rng.random() < 0.35:
            place = (float(rng.uniform(-0.7, 0.7) * half), belt + float(rng.uniform(0.15, 0.5)))
            _stick(view, place, 0.09, rng, False, mirrored)
    if side == "front" and rng.random() < 0.3:
        windscreen = shape.top[-1][1] + rng.uniform(0.1, 0.5)
        _stick(view, (float(rng.uniform(-0.7, 0.7) * half), windscreen), 0.08, rng, False, mirrored)
    if tall and side in ("flank", "rear", "front") and rng.random() < 0.6:
        x = float(rng.uniform(-0.25, 0.25) * (view.horizontal[1] - view.horizontal[0]))
        height = shape.height * float(rng.uniform(0.4, 0.85))
        _stick(view, (x, height), float(rng.uniform(0.12, 0.4)), rng, bool(rng.random() < 0.5), mirrored)
