"""What is painted on a car's body: windows, lamps, grille, door gaps, as flat pictures of its four views."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alpr_utils.synth.plate.wear import smooth_noise
from alpr_utils.synth.vehicle.painted_side import Finish, PaintedSide
from alpr_utils.synth.vehicle.shape import CarShape

FINE_PX_PER_M, COARSE_PX_PER_M = 320, 110

GLASS = Finish((13, 16, 18), 0.03)
CHROME = Finish((190, 192, 196), 0.14, 1.0)
PLASTIC = Finish((24, 24, 26), 0.5)
GAP = Finish((10, 10, 11), 0.8)
LAMP = Finish((205, 212, 220), 0.08, 0.75)
LAMP_DARK = Finish((70, 75, 82), 0.06, 0.5)
AMBER = Finish((225, 120, 30), 0.1)
TAIL_RED = Finish((135, 8, 14), 0.09)
SNOW = Finish((236, 240, 246), 0.95)


@dataclass(frozen=True)
class CarLook:
    """What makes one car differ from the next of the same shape.

    Attributes:
        paint: body colour.
        grille_bars: number of bars in the grille.
        grille_half: half the grille's width as a share of half the car's width.
        chrome: chrome or black trim.
        dirt: 0..1, how grey the lower part is.
        snow: 0..1, share of the upper surfaces under snow.
        seed: for the patterns of dirt and snow.
        px_per_m: fineness of the painted pictures.
    """

    paint: Finish
    grille_bars: int
    grille_half: float
    chrome: bool
    dirt: float
    snow: float
    seed: int
    px_per_m: int


def _mirrored(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(-y, z) for y, z in points]


def _both(view: PaintedSide, points: Sequence[tuple[float, float]], finish: Finish) -> None:
    view.fill(points, finish)
    view.fill(_mirrored(points), finish)


def _end_window(view: PaintedSide, shape: CarShape, low_x: float, high_x: float) -> None:
    """Windscreen or rear window as seen from its end of the car."""
    half = shape.width / 2
    low, high = float(shape.top_at(np.array(low_x))) + 0.03, float(shape.top_at(np.array(high_x))) - 0.02
    bottom, top = half * 0.86, half * shape.roof_width - 0.05
    view.fill(
        [
            (-bottom - 0.02, low - 0.02),
            (bottom + 0.02, low - 0.02),
            (top + 0.02, high + 0.02),
            (-top - 0.02, high + 0.02),
        ],
        PLASTIC,
    )
    view.fill([(-bottom, low), (bottom, low), (top, high), (-top, high)], GLASS)


def _headlamps(view: PaintedSide, half: float, top: float) -> None:
    outline = [
        (0.50 * half, top - 0.155),
        (0.98 * half, top - 0.17),
        (1.0 * half, top + 0.03),
        (0.8 * half, top - 0.005),
        (0.54 * half, top - 0.06),
    ]
    _both(view, outline, LAMP_DARK)
    inset = [(y * 0.99 + 0.004, z + (0.012 if z < top - 0.1 else -0.012)) for y, z in outline]
    _both(view, inset, LAMP)
    for side in (-1, 1):
        for y in (0.64, 0.82):
            view.ellipse((side * y * half, top - 0.09), (0.055, 0.05), LAMP_DARK)
            view.ellipse((side * y * half, top - 0.09), (0.04, 0.036), CHROME)
        view.ellipse((side * 0.95 * half, top - 0.09), (0.03, 0.045), AMBER)


def _grille(view: PaintedSide, half: float, top: float, look: CarLook) -> None:
    width = look.grille_half * half
    trim = CHROME if look.chrome else PLASTIC
    outline = [(-width, top - 0.02), (width, top - 0.02), (width * 0.86, top - 0.16), (-width * 0.86, top - 0.16)]
    view.fill([(y * 1.05, z + (0.015 if z > top - 0.1 else -0.015)) for y, z in outline], trim)
    view.fill(outline, GAP)
    for z in np.linspace(top - 0.045, top - 0.135, look.grille_bars):
        view.line([(-width * 0.93, z), (width * 0.93, z)], 0.012, trim)
    view.ellipse((0, top - 0.085), (0.065, 0.05), CHROME)
    view.ellipse((0, top - 0.085), (0.05, 0.036), PLASTIC)


def front_view(shape: CarShape, look: CarLook) -> PaintedSide:
    """The nose: lamps, grille, bumper, windscreen; horizontal is y."""
    half, top = shape.width / 2, shape.top[-1][1]
    view = PaintedSide((-half - 0.1, half + 0.1), (0, shape.height + 0.1), look.paint, look.px_per_m)
    _end_window(view, shape, shape.glass[3], shape.glass[2])
    view.line([(-half, top + 0.025), (half, top + 0.025)], 0.012, GAP)
    _headlamps(view, half, top)
    _grille(view, half, top, look)
    low = shape.clearance
    view.line([(-half, top - 0.185), (half, top - 0.185)], 0.007, GAP)
    intake = [
        (-0.62 * half, low + 0.15),
        (0.62 * half, low + 0.15),
        (0.52 * half, low + 0.06),
        (-0.52 * half, low + 0.06),
    ]
    view.fill(intake, GAP)
    for z in (low + 0.085, low + 0.12):
        view.line([(-0.55 * half, z), (0.55 * half, z)], 0.008, PLASTIC)
    for side in (-1, 1):
        view.ellipse((side * 0.78 * half, low + 0.12), (0.09, 0.05), PLASTIC)
        view.ellipse((side * 0.78 * half, low + 0.12), (0.045, 0.038), LAMP)
    view.fill([(-half, low + 0.04), (half, low + 0.04), (half, 0), (-half, 0)], PLASTIC)
    _weather(view, look, 1)
    return view


def _tail_lamps(view: PaintedSide, shape: CarShape, half: float) -> None:
    z = float(shape.belt_at(np.array(-shape.length / 2))) - 0.03
    tall = shape.name in ("suv", "van")
    high, low, inner = (z + 0.28, z - 0.2, 0.8) if tall else (z - 0.02, z - 0.2, 0.62)
    outline = [(inner * half, low), (1.0 * half, low + 0.02), (1.0 * half, high), ((inner + 0.06) * half, high)]
    _both(view, outline, TAIL_RED)
    for side in (-1, 1):
        middle = (low + high) / 2
        view.fill(
            [
                (side * (inner + 0.03) * half, middle - 0.03),
                (side * half, middle - 0.03),
                (side * half, middle + 0.02),
                (side * (inner + 0.05) * half, middle + 0.02),
            ],
            LAMP,
        )


def rear_view(shape: CarShape, look: CarLook) -> PaintedSide:
    """The tail: lamps, lid, bumper, rear window; horizontal is y."""
    half, low = shape.width / 2, shape.clearance
    view = PaintedSide((-half - 0.1, half + 0.1), (0, shape.height + 0.1), look.paint, look.px_per_m)
    _end_window(view, shape, shape.glass[0], shape.glass[1])
    _tail_lamps(view, shape, half)
    plate = shape.rear_plate_z
    view.fill(
        [(-0.34, plate - 0.12), (0.34, plate - 0.12), (0.38, plate + 0.10), (-0.38, plate + 0.10)],
        Finish(look.paint.colour, 0.6),
    )
    view.line([(-0.4, plate + 0.125), (0.4, plate + 0.125)], 0.035, CHROME if look.chrome else PLASTIC)
    bumper = 0.56 if plate > 0.7 else 0.4
    view.line([(-half, bumper + 0.03), (half, bumper + 0.03)], 0.01, GAP)
    for side in (-1, 1):
        view.line([(side * 0.78 * half, bumper + 0.03), (side * 0.8 * half, shape.top[0][1] + 0.02)], 0.007, GAP)
        view.fill(
            [
                (side * 0.72 * half, bumper - 0.12),
                (side * 0.95 * half, bumper - 0.12),
                (side * 0.95 * half, bumper - 0.08),
                (side * 0.72 * half, bumper - 0.08),
            ],
            TAIL_RED,
        )
    view.line([(-0.5 * half, plate + 0.2), (-0.25 * half, plate + 0.2)], 0.016, CHROME)
    view.ellipse((0, plate + 0.2), (0.055, 0.042), CHROME)
    view.fill([(-half, low + 0.09), (half, low + 0.09), (half, 0), (-half, 0)], PLASTIC)
    view.ellipse((-0.6 * half, low + 0.03), (0.05, 0.035), GAP)
    _weather(view, look, 2)
    return view


def _side_windows(view: PaintedSide, shape: CarShape, look: CarLook) -> None:
    xs = np.linspace(shape.glass[0] + 0.15, shape.glass[3] - 0.12, 80)
    low, high = shape.belt_at(xs) + 0.04, shape.top_at(xs) - 0.10
    open_ = high > low + 0.06
    xs, low, high = xs[open_], low[open_], high[open_]
    outline = np.concatenate([np.stack([xs, low], 1), np.stack([xs, high], 1)[::-1]])
    view.fill(outline, GLASS)
    view.line(np.concatenate([outline, outline[:1]]), 0.02, CHROME if look.chrome else PLASTIC)
    for x in shape.pillars:
        view.line(
            [(x + 0.04, float(shape.belt_at(np.array(x)))), (x - 0.04, float(shape.top_at(np.array(x))) - 0.08)],
            0.06,
            PLASTIC,
        )


def _doors(view: PaintedSide, shape: CarShape) -> None:
    front_gap = shape.glass[3] - 0.25
    for x in (*shape.pillars, front_gap):
        belt = float(shape.belt_at(np.array(x)))
        view.line([(x, belt), (x + 0.02, shape.clearance + 0.12)], 0.009, GAP)
    for x in (*shape.pillars[1:], front_gap):
        belt = float(shape.belt_at(np.array(x)))
        handle = x - (front_gap - shape.pillars[-1]) + 0.12 if x == front_gap else x - 0.6
        view.line([(handle, belt - 0.12), (handle + 0.17, belt - 0.12)], 0.028, CHROME)
    view.line(
        [(-shape.length / 2 + 0.3, shape.clearance + 0.42), (shape.length / 2 - 0.4, shape.clearance + 0.40)],
        0.006,
        GAP,
    )


def side_view(shape: CarShape, look: CarLook) -> PaintedSide:
    """Both flanks; horizontal is x."""
    half_length, low = shape.length / 2, shape.clearance
    view = PaintedSide((-half_length - 0.1, half_length + 0.1), (0, shape.height + 0.1), look.paint, look.px_per_m)
    _side_windows(view, shape, look)
    _doors(view, shape)
    nose, tail = shape.top[-1][1], float(shape.belt_at(np.array(-half_length))) - 0.03
    view.fill(
        [
            (half_length + 0.1, nose - 0.17),
            (half_length - 0.2, nose - 0.12),
            (half_length - 0.42, nose + 0.02),
            (half_length + 0.1, nose + 0.02),
        ],
        LAMP,
    )
    high = tail + 0.28 if shape.name in ("suv", "van") else tail - 0.02
    view.fill(
        [
            (-half_length - 0.1, tail - 0.2),
            (-half_length + 0.2, tail - 0.16),
            (-half_length + 0.26, high),
            (-half_length - 0.1, high),
        ],
        TAIL_RED,
    )
    view.fill([(-half_length, low + 0.07), (half_length, low + 0.07), (half_length, 0), (-half_length, 0)], PLASTIC)
    for x in shape.axles:
        view.ellipse((x, shape.wheel_radius), (1.17 * shape.wheel_radius,) * 2, GAP)
    _weather(view, look, 3)
    return view


def top_view(shape: CarShape, look: CarLook) -> PaintedSide:
    """Bonnet, windscreen, roof and lid from above; horizontal is x, vertical is y."""
    half_length, half = shape.length / 2, shape.width / 2
    view = PaintedSide((-half_length - 0.1, half_length + 0.1), (-half - 0.1, half + 0.1), look.paint, look.px_per_m)
    rear_low, rear_high, front_high, front_low = shape.glass
    roof = half * shape.roof_width - 0.05
    for low_x, high_x in ((front_low, front_high), (rear_low, rear_high)):
        bottom = half * 0.86
        sign = np.sign(low_x - high_x) * 0.03
        view.fill([(low_x + sign, -bottom), (low_x + sign, bottom), (high_x, roof), (high_x, -roof)], PLASTIC)
        view.fill(
            [
                (low_x - sign, -bottom + 0.01),
                (low_x - sign, bottom - 0.01),
                (high_x + sign, roof - 0.01),
                (high_x + sign, -roof + 0.01),
            ],
            GLASS,
        )
    view.line([(front_low + 0.02, -0.8 * half), (front_low + 0.02, 0.8 * half)], 0.05, PLASTIC)
    for side in (-1, 1):
        view.line([(front_low + 0.05, side * 0.83 * half), (half_length - 0.12, side * 0.74 * half)], 0.008, GAP)
        view.line([(front_low, side * 0.1 * half), (front_low - 0.12, side * 0.1 * half + 0.5)], 0.015, PLASTIC)
    if look.snow > 0:
        rng = np.random.default_rng(look.seed)
        noise = smooth_noise(rng, view.roughness.shape, 10) * 0.6 + smooth_noise(rng, view.roughness.shape, 60) * 0.4
        view.spread(SNOW, np.clip((noise - 0.75 + 0.6 * look.snow) * 7, 0, 1))
    return view


def _weather(view: PaintedSide, look: CarLook, salt: int) -> None:
    """Road dirt, thickest low down."""
    if look.dirt <= 0:
        return
    rng = np.random.default_rng((look.seed, salt))
    shape = view.roughness.shape
    height = np.linspace(view.vertical[1], view.vertical[0], shape[0], dtype=np.float32)[:, None]
    fade = np.clip(1.1 - height / 0.9, 0, 1)
    noise = 0.5 + 0.7 * (smooth_noise(rng, shape, 14) - 0.5) + 0.5 * (smooth_noise(rng, shape, 90) - 0.5)
    view.spread(Finish((118, 110, 100), 0.9), np.clip(look.dirt * fade * noise * 1.3, 0, 0.85).astype(np.float32))
