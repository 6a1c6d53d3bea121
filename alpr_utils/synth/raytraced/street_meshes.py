"""What stands around the cars: asphalt and snow, blocks of flats, trees, lamp posts, fences. Metres; north is y."""

from dataclasses import dataclass

import cv2
import numpy as np

from alpr_utils.synth.glyphs.faces import OWN_FACES
from alpr_utils.synth.plate.wear import smooth_noise
from alpr_utils.synth.vehicle.mesh import Material, Mesh, box, ellipsoid, merged, placed, quad, tube

NEAR_GROUND_M = 24.0
_GROUND_PX = 2000
_WALLS = (
    (196, 178, 146),
    (170, 120, 96),
    (178, 178, 172),
    (206, 196, 178),
    (150, 84, 64),
    (140, 150, 158),
    (214, 190, 130),
)
_SIGN_WORDS = ("ХҮНС", "БАНК", "МАРКЕТ", "НОМ", "АВТО ЗАСВАР", "ТӨВ", "ЭМ", "КАРАОКЕ", "ЗООГ", "СЭЛБЭГ")
LIT_WINDOW = Material((255, 220, 160), glow=(0.4, 0.29, 0.15))
_SNOW_COLOUR = (228, 233, 240)


@dataclass(frozen=True)
class StreetSetting:
    """How a street is laid out.

    Attributes:
        snow: share of the ground under snow, 0..1.
        building_y: distance of the buildings' fronts from the origin.
        lit: windows and signs shine.
        lines: parking lines are painted on the ground.
    """

    snow: float
    building_y: float
    lit: bool
    lines: bool


def _ground_picture(setting: StreetSetting, rng: np.random.Generator) -> np.ndarray:
    """Asphalt with cracks, patches, lines and snow around the origin: uint8 (_GROUND_PX, _GROUND_PX, 3)."""
    shape = (_GROUND_PX, _GROUND_PX)
    tone = rng.uniform(62, 112)
    ground = np.full(shape, tone, np.float32) + 26 * (smooth_noise(rng, shape, 14) - 0.5)
    ground += 16 * (smooth_noise(rng, shape, 240) - 0.5) + 9 * rng.standard_normal(shape, np.float32)
    px_per_m = _GROUND_PX / NEAR_GROUND_M
    for _ in range(rng.integers(2, 7)):
        centre, size = rng.uniform(0, _GROUND_PX, 2), rng.uniform(0.5, 2.5, 2) * px_per_m
        corners = cv2.boxPoints((tuple(centre), tuple(size), float(rng.uniform(0, 90))))
        patch = cv2.fillPoly(np.zeros(shape, np.uint8), [corners.astype(np.int32)], 1)
        ground -= patch * rng.uniform(5, 22)
    for _ in range(rng.integers(8, 20)):
        steps = rng.normal(0, 0.35 * px_per_m, (14, 2)) + rng.normal(0, 0.4 * px_per_m, 2)
        crack = (rng.uniform(0, _GROUND_PX, 2) + np.cumsum(steps, 0)).astype(np.int32)
        cv2.polylines(ground, [crack], False, tone * 0.45, int(rng.integers(1, 4)), cv2.LINE_AA)
    if setting.lines:
        for x in np.arange(-12.15, 12, 2.7):
            column = round((x + NEAR_GROUND_M / 2) * px_per_m)
            rows = [round((NEAR_GROUND_M / 2 - y) * px_per_m) for y in (2.6, -2.6)]
            cv2.line(ground, (column, rows[0]), (column, rows[1]), 185, round(0.11 * px_per_m), cv2.LINE_AA)
    colour = ground[..., None] * np.array([1.0, 0.985, 0.955], np.float32)
    return np.clip(_snowed(colour, setting.snow, rng), 0, 255).astype(np.uint8)


def _snowed(colour: np.ndarray, snow: float, rng: np.random.Generator) -> np.ndarray:
    """Lay trodden snow over a ground picture, float32 (H, W, 3)."""
    if snow <= 0:
        return colour
    shape = colour.shape[:2]
    noise = smooth_noise(rng, shape, 9) * 0.5 + smooth_noise(rng, shape, 60) * 0.3 + smooth_noise(rng, shape, 400) * 0.2
    cover = np.clip((noise - np.quantile(noise[::16, ::16], 1 - snow)) * 9, 0, 1)[..., None]
    tracks = 1 - 0.25 * smooth_noise(rng, shape, 90)[..., None] * rng.uniform(0.4, 1)
    return colour + cover * (np.array(_SNOW_COLOUR, np.float32) * tracks - colour)


def ground_meshes(setting: StreetSetting, rng: np.random.Generator) -> list[Mesh]:
    """A detailed square around the origin on a plain that reaches the horizon."""
    picture = _ground_picture(setting, rng)
    half, far = NEAR_GROUND_M / 2, 400.0
    mean = tuple(float(v) for v in picture.reshape(-1, 3).mean(0))

    def plane(reach: float, z: float) -> np.ndarray:
        return np.array([(-reach, reach, z), (reach, reach, z), (reach, -reach, z), (-reach, -reach, z)])

    near = quad(plane(half, 0.0), Material(picture, 0.75))
    return [near, quad(plane(far, -0.02), Material((mean[0], mean[1], mean[2]), 0.9))]


def _facade_picture(floors: int, bays: int, shop: bool, rng: np.random.Generator) -> np.ndarray:
    """Windows in a wall, 40 px a metre, storeys of 3 m and bays of 3 m: uint8 (H, W, 3)."""
    scale, cell = 40, 120
    height, width = floors * cell, bays * cell
    wall = np.array(_WALLS[rng.integers(len(_WALLS))]) * rng.uniform(0.75, 1.05)
    picture = np.full((height, width, 3), wall, np.float32)
    picture *= 1 + 0.14 * (smooth_noise(rng, (height, width), 16)[..., None] - 0.5)
    picture += rng.normal(0, 4, (height, width, 1)).astype(np.float32)
    if rng.random() < 0.5:
        step = int(rng.choice([cell, 12]))
        picture[::step] *= 0.78
    window_width, window_height = rng.uniform(0.4, 0.7), rng.uniform(0.42, 0.55)
    for floor in range(floors):
        for bay in range(bays):
            left, right = (round((bay + 0.5 + s * window_width / 2) * cell) for s in (-1, 1))
            top = round((floor + 0.22) * cell)
            bottom = round(top + window_height * cell)
            if shop and floor == floors - 1:
                left, right, top, bottom = (
                    bay * cell + 8,
                    (bay + 1) * cell - 8,
                    floor * cell + 30,
                    (floor + 1) * cell - 10,
                )
            cv2.rectangle(picture, (left - 4, top - 4), (right + 4, bottom + 4), (222, 222, 220), -1)
            glass = rng.uniform(24, 90) * np.array([0.85, 0.95, 1.05])
            cv2.rectangle(picture, (left, top), (right, bottom), glass.tolist(), -1)
            if rng.random() < 0.6:
                curtain = rng.uniform(90, 170)
                cv2.rectangle(
                    picture, (left, top), (left + (right - left) // 3, bottom), (curtain, curtain, curtain * 0.95), -1
                )
            cv2.line(picture, ((left + right) // 2, top), ((left + right) // 2, bottom), (225, 225, 222), 3)
            cv2.line(picture, (left - 6, bottom + 6), (right + 6, bottom + 6), (wall * 0.55).tolist(), 4)
    picture[-round(0.5 * scale) :] *= 0.6
    return np.clip(picture, 0, 255).astype(np.uint8)


def _sign(x: float, y: float, z: float, rng: np.random.Generator) -> Mesh:
    """A shop sign facing south."""
    word = _SIGN_WORDS[rng.integers(len(_SIGN_WORDS))]
    ground = rng.integers(20, 200, 3)
    picture = np.full((80, 70 * len(word) + 60, 3), ground, np.float32)
    for index, char in enumerate(word):
        if char != " ":
            glyph = OWN_FACES[0].mask(char, 40, 56, 8)[..., None]
            window = picture[12:68, 45 + 70 * index : 85 + 70 * index]
            window += glyph * (np.array((245, 240, 225)) - window)
    width, height = picture.shape[1] / 90, 0.85
    corners = np.array([(x, y, z + height), (x + width, y, z + height), (x + width, y, z), (x, y, z)])
    return quad(corners, Material(picture.astype(np.uint8), 0.5))


def _building(
    x: float, y: float, bays: int, floors: int, setting: StreetSetting, rng: np.random.Generator
) -> tuple[list[Mesh], list[Mesh]]:
    """The house, and apart from it its lit windows."""
    width, height, depth = 3.0 * bays, 3.0 * floors, 12.0
    shop = rng.random() < 0.6
    facade = Material(_facade_picture(floors, bays, shop, rng), 0.7)
    meshes = [box((x + width / 2, y + depth / 2, height / 2), (width, depth, height), facade)]
    if shop:
        meshes.append(_sign(x + rng.uniform(0.5, max(0.6, width - 6)), y - 0.12, 2.75, rng))
    windows = []
    if setting.lit and floors > 1:
        for _ in range(rng.integers(1, bays + 1)):
            bay, floor = rng.integers(bays), rng.integers(1, min(floors, 5))
            left, low = x + 3 * bay + 0.9, 3 * floor + 1.0
            corners = [
                (left, y - 0.05, low + 1.2),
                (left + 1.2, y - 0.05, low + 1.2),
                (left + 1.2, y - 0.05, low),
                (left, y - 0.05, low),
            ]
            windows.append(quad(np.array(corners), LIT_WINDOW))
    return meshes, windows


def building_meshes(setting: StreetSetting, rng: np.random.Generator) -> list[Mesh]:
    """A row of blocks along the north side, with gaps that show the sky."""
    meshes: list[Mesh] = []
    windows: list[Mesh] = []
    x = -45.0
    while x < 45:
        bays, floors = int(rng.integers(4, 10)), int(rng.choice([1, 2, 4, 5, 5, 9, 12]))
        if rng.random() < 0.8:
            house, lit = _building(x, setting.building_y + rng.uniform(0, 5), bays, floors, setting, rng)
            meshes += house
            windows += lit
        x += 3.0 * bays + rng.choice([0.2, 2, 7])
    if windows:
        meshes.append(merged(windows))  # one lamp instead of many keeps the picture free of noise
    # Blocks behind the camera, so that paint and glass have a street to mirror.
    for x in (-30.0, -4.0, 20.0):
        height = rng.uniform(6, 20)
        wall = tuple(float(v) for v in np.array(_WALLS[rng.integers(len(_WALLS))]) * 0.8)
        meshes.append(box((x, -34.0, height / 2), (20, 8, height), Material((wall[0], wall[1], wall[2]), 0.8)))
    return meshes


def _branches(
    base: np.ndarray, direction: np.ndarray, length: float, radius: float, bark: Material, rng: np.random.Generator
) -> list[Mesh]:
    tip = base + direction * length
    meshes = [tube(base, tip, (radius, radius * 0.7), bark, 4)]
    if radius > 0.012:
        for _ in range(4 if radius > 0.03 else 3):
            bent = direction + rng.normal(0, 0.45, 3) + (0, 0, 0.12)
            start = base + direction * length * rng.uniform(0.6, 1.0)
            meshes += _branches(
                start, bent / np.linalg.norm(bent), length * rng.uniform(0.6, 0.8), radius * 0.6, bark, rng
            )
    return meshes


def tree(rng: np.random.Generator) -> Mesh:
    """A bare winter tree at the origin."""
    bark = Material(tuple(float(v) for v in np.array((78, 64, 52)) * rng.uniform(0.6, 1.3)), 0.9)  # type: ignore[arg-type]
    return merged(
        _branches(np.zeros(3), np.array([0.0, 0.0, 1.0]), rng.uniform(1.5, 2.4), rng.uniform(0.07, 0.12), bark, rng)
    )


def lamp_post(x: float, y: float) -> list[Mesh]:
    """A post with an arm towards the south."""
    steel = Material((110, 112, 114), 0.5)
    top = np.array([x, y, 6.5])
    return [
        tube(np.array([x, y, 0.0]), top, (0.08, 0.05), steel),
        tube(top, top + np.array([0, -1.4, 0.25]), (0.04, 0.04), steel),
    ]


def fence(x_range: tuple[float, float], y: float, rng: np.random.Generator) -> Mesh:
    """A low picket fence."""
    colour = ((46, 110, 70), (70, 110, 150), (150, 150, 150), (200, 180, 70))[rng.integers(4)]
    paint = Material(colour, 0.6)
    bars = [box((x, y, 0.45), (0.05, 0.03, 0.9), paint) for x in np.arange(*x_range, 0.16)]
    rails = [
        box(((x_range[0] + x_range[1]) / 2, y, z), (x_range[1] - x_range[0], 0.04, 0.05), paint) for z in (0.25, 0.75)
    ]
    return merged([*bars, *rails])


def snow_heap(x: float, y: float, rng: np.random.Generator) -> Mesh:
    """Cleared snow, a lumpy mound."""
    lumps = rng.uniform(0.5, 1.0, 6)
    parts = [
        ellipsoid(
            (x + rng.normal(0, 0.5), y + rng.normal(0, 0.3), 0.0),
            (0.8 * s, 0.6 * s, 0.45 * s),
            Material(_SNOW_COLOUR, 0.95),
        )
        for s in lumps
    ]
    return merged(parts)


def prop_meshes(setting: StreetSetting, rng: np.random.Generator) -> list[Mesh]:
    """Kerb, pavement, trees, posts, fence and heaps between the cars and the buildings."""
    edge = setting.building_y - 4.5
    kerb = Material((150, 148, 144), 0.85)
    pavement = _snowed(np.full((200, 1200, 3), 132, np.float32) + rng.normal(0, 8, (200, 1200, 1)), setting.snow, rng)
    meshes = [
        box((0, edge, 0.06), (90, 0.18, 0.14), kerb),
        quad(
            np.array([(-45, edge + 4.5, 0.1), (45, edge + 4.5, 0.1), (45, edge, 0.1), (-45, edge, 0.1)]),
            Material(np.clip(pavement, 0, 255).astype(np.uint8), 0.85),
        ),
    ]
    trees = [tree(rng), tree(rng)]
    for x in np.arange(-24, 25, 6):
        if rng.random() < 0.6:
            place = (float(x + rng.normal(0, 1)), float(edge + rng.uniform(0.8, 2)), 0.0)
            meshes.append(placed(trees[rng.integers(2)], float(rng.uniform(0, 360)), place))
    for post_x in (-13.0, 11.0):
        meshes += lamp_post(post_x + rng.normal(0, 2), edge + 0.5)
    if rng.random() < 0.5:
        start = rng.uniform(-16, 0)
        meshes.append(fence((start, start + rng.uniform(8, 20)), edge + 2.6, rng))
    if setting.snow > 0.1:
        meshes += [
            snow_heap(rng.uniform(-14, 14), edge - rng.uniform(0.2, 1.0), rng) for _ in range(rng.integers(2, 6))
        ]
    return meshes
