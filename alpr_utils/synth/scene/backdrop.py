"""Painted surroundings of composed scenes: sky, ground with its markings, houses, trees, posts and boards."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from alpr_utils.synth.plate.wear import smooth_noise
from alpr_utils.synth.vehicle.light import Light
from alpr_utils.synth.vehicle.pinhole import PinholeCamera
from alpr_utils.synth.vehicle.signs import make_sign

SHRINK = 2  # the surroundings are painted at half resolution
_GROUNDS = ((72, 72, 74), (98, 97, 95), (128, 126, 121), (118, 108, 94), (60, 61, 64))
_WALLS = ((176, 168, 152), (150, 84, 66), (196, 190, 178), (122, 128, 134), (206, 176, 128), (92, 96, 100))
_SNOW = (222, 226, 232)


@dataclass(frozen=True)
class Setting:
    """The place of a scene.

    Attributes:
        kind: ``lot`` with parking bays, or ``road`` with lanes.
        snow: 0..1, how much of everything is white.
        houses_y: distance of the houses across the view, metres.
        lanes_x: where lines run towards the horizon, metres.
    """

    kind: str
    snow: float
    houses_y: float
    lanes_x: tuple[float, ...]


@dataclass(frozen=True)
class _Rays:
    """Where the half picture's pixels look: their slope ``up``; ``x``, ``y``, ``away`` of the ground seen there."""

    up: np.ndarray
    ground: np.ndarray
    x: np.ndarray
    y: np.ndarray
    away: np.ndarray


def _rays(camera: PinholeCamera) -> _Rays:
    right, down, forward = camera.axes().astype(np.float32)
    height, width = camera.height_px // SHRINK, camera.width_px // SHRINK
    u = ((np.arange(width, dtype=np.float32) + 0.5) * SHRINK - camera.width_px / 2) / np.float32(camera.focal_px)
    v = ((np.arange(height, dtype=np.float32) + 0.5) * SHRINK - camera.height_px / 2) / np.float32(camera.focal_px)
    direction = forward + u[None, :, None] * right + v[:, None, None] * down
    up = direction[..., 2]
    ground = up < -1e-3
    reach = np.where(ground, np.float32(camera.position[2]) / np.maximum(-up, np.float32(1e-3)), 0)
    x, y = (np.float32(camera.position[i]) + direction[..., i] * reach for i in (0, 1))
    return _Rays(up, ground, x, y, np.hypot(x - camera.position[0], y - camera.position[1]))


@cache
def _noise_tile() -> np.ndarray:
    """Seamless grain of several sizes, float32 (512, 512) around 0; the same in every process."""
    rng = np.random.default_rng(0)
    tile = np.zeros((512, 512), np.float32)
    for sigma, weight in ((0.7, 0.35), (3.0, 0.35), (12.0, 0.5), (40.0, 0.7)):
        noise = cv2.copyMakeBorder(rng.standard_normal((512, 512), np.float32), *(128,) * 4, cv2.BORDER_WRAP)
        noise = cv2.GaussianBlur(noise, (0, 0), sigma)[128:-128, 128:-128]
        tile += weight * noise / noise.std()
    return tile


def _grain(x: np.ndarray, y: np.ndarray, px_per_m: float, rng: np.random.Generator) -> np.ndarray:
    """The grain of a large surface at those places, metres."""
    shift = rng.uniform(0, 512, 2).astype(np.float32)
    columns, rows = (np.mod(place * np.float32(px_per_m) + move, 511) for place, move in ((x, shift[0]), (y, shift[1])))
    return cv2.remap(_noise_tile(), columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def _linear(colour: tuple[float, ...] | np.ndarray) -> np.ndarray:
    return (np.asarray(colour, np.float32) / np.float32(255)) ** 2


def _sky(rays: _Rays, light: Light, rng: np.random.Generator) -> np.ndarray:
    """Float32 (h, w, 3), linear."""
    steep = np.clip(rays.up[..., None] * 2.2, 0, 1)
    bright = float(rng.uniform(0.9, 1.5)) if not light.dark else 0.7
    blue = np.array((0.45, 0.68, 1.0) if light.name == "sunny" else (0.85, 0.92, 1.0), np.float32)
    air = light.sky * bright * (1 - steep) + light.sky * bright * blue * steep
    clouds = smooth_noise(rng, rays.up.shape, 5) * 0.6 + smooth_noise(rng, rays.up.shape, 24) * 0.4
    cover = np.clip((clouds - rng.uniform(0.3, 0.7)) * 4, 0, 1)[..., None] * np.float32(0.6)
    return air + cover * (light.sky * bright - air)


def _ground(rays: _Rays, setting: Setting, light: Light, rng: np.random.Generator) -> np.ndarray:
    """Share of light that the ground throws back: float32 (h, w, 3)."""
    base = _linear(np.array(_GROUNDS[rng.integers(len(_GROUNDS))]) * rng.uniform(0.8, 1.15))
    grain = 0.5 * _grain(rays.x, rays.y, 60, rng) * np.clip(6 / (rays.away + 1), 0, 1) + _grain(rays.x, rays.y, 6, rng)
    albedo = base * np.clip(1 + 0.11 * grain, 0.3, 2)[..., None]
    verge = np.clip((np.abs(rays.x - np.mean(setting.lanes_x)) - 9 - 0.4 * grain) * 2, 0, 1)[..., None]
    if setting.kind == "road":
        verge_tone = _linear(((104, 100, 92), (86, 96, 62), (150, 146, 140))[rng.integers(3)])
        albedo += verge * (verge_tone * (1 + 0.15 * grain[..., None]) - albedo)
    if setting.snow > 0:
        lying = np.clip((grain * 0.35 + setting.snow * 1.7 - 0.75) * 2.5, 0, 0.95)[..., None]
        albedo += lying * (_linear(_SNOW) - albedo)
    return albedo


def _on_ground(camera: PinholeCamera, corners: np.ndarray) -> np.ndarray | None:
    """Corners (4, 2) on the ground in sixteenths of the half picture's pixels; None when behind the camera."""
    projected = camera.project(np.concatenate([corners, np.zeros((len(corners), 1))], 1))
    if projected[:, 2].min() < 0.4:
        return None
    return np.clip(projected[:, :2] / SHRINK * 16, -400000, 400000).astype(np.int32)


def _strip(x: float, y: float, width: float, length: float) -> np.ndarray:
    return np.array([(x, y), (x + width, y), (x + width, y + length), (x, y + length)])


def _markings(setting: Setting, rng: np.random.Generator) -> list[np.ndarray]:
    """Painted lines as rectangles on the ground, metres."""
    width = float(rng.uniform(0.1, 0.17))
    strips = []
    if setting.kind == "lot":
        start = float(rng.uniform(-1.4, 1.4))
        depth = float(rng.uniform(-1.0, 1.0))
        strips += [_strip(start + 2.6 * i, depth, width, 5.0) for i in range(-6, 7)]
        strips.append(_strip(-20, depth + 5.0, 40, width))
    else:
        for number, x in enumerate(setting.lanes_x):
            outer = number in (0, len(setting.lanes_x) - 1)
            dash = 60.0 if outer else float(rng.uniform(2, 4))
            strips += [_strip(x, y, width, dash) for y in np.arange(-12, 110, 60 if outer else 3 * dash)]
        if rng.random() < 0.3:
            y = float(rng.uniform(2, 30))
            low, high = setting.lanes_x[0], setting.lanes_x[-1]
            strips += [_strip(x, y, 0.45, 3.0) for x in np.arange(low, high, 0.95)]
    return strips


def shadow_layer(camera: PinholeCamera, outlines: list[np.ndarray]) -> np.ndarray:
    """Shadows of the vehicles on the ground: float32 (h, w, 1) of the half picture, 1 in full light."""
    mask = np.zeros((camera.height_px // SHRINK, camera.width_px // SHRINK), np.float32)
    for outline in outlines:
        pixels = _on_ground(camera, outline)
        if pixels is not None:
            cv2.fillConvexPoly(mask, cv2.convexHull(pixels), 1.0, cv2.LINE_AA, 4)
    return 1 - cv2.GaussianBlur(mask, (0, 0), 2.5)[..., None]


def _facade(rng: np.random.Generator, lit: bool) -> np.ndarray:
    """A house front of 12 m by 9 m: share of light thrown back, and beyond 1 its own light; float32 (180, 240, 3)."""
    wall = _linear(np.array(_WALLS[rng.integers(len(_WALLS))]) * rng.uniform(0.8, 1.1))
    front = np.empty((180, 240, 3), np.float32)
    front[:] = wall
    rows, columns = int(rng.integers(2, 5)), int(rng.integers(3, 9))
    width, height = rng.uniform(0.4, 0.8) * 240 / columns, rng.uniform(0.45, 0.75) * 135 / rows
    for row in range(rows):
        for column in range(columns):
            x = round((column + 0.5) * 240 / columns - width / 2)
            y = round((row + 0.5) * 135 / rows - height / 2)
            burning = lit and rng.random() < 0.35
            tone = np.array((3.2, 2.4, 1.4)) if burning else wall * rng.uniform(0.08, 0.5) + 0.02
            end = (x + round(width), y + round(height))
            cv2.rectangle(front, (x, y), end, tuple(float(v) for v in tone), -1)
            cv2.rectangle(front, (x, y), end, tuple(float(v) for v in wall * 1.3), 1)
    x = 0
    while x < 240:
        wide = int(rng.integers(24, 70))
        tone = wall * rng.uniform(0.1, 0.9)
        cv2.rectangle(front, (x, 142), (x + wide - 4, 180), tuple(float(v) for v in tone), -1)
        if rng.random() < 0.55:
            sign = cv2.resize(make_sign(rng, 32), (wide - 4, 11), interpolation=cv2.INTER_AREA)
            part = front[130:141, x : x + wide - 4]
            part[:] = _linear(sign)[:, : part.shape[1]] * (3.0 if lit else 1.0)
        x += wide
    return front * (0.85 + 0.3 * smooth_noise(rng, (180, 240), 40)[..., None])


def _lay(canvas: np.ndarray, picture: np.ndarray, corners: np.ndarray, camera: PinholeCamera, shrink: int) -> None:
    """Warp ``picture`` onto a rectangle in the street, corners (4, 3) clockwise from its top left, in place."""
    projected = camera.project(corners)
    if projected[:, 2].min() < 0.5:
        return
    xy = projected[:, :2] / shrink
    low = np.maximum(np.floor(xy.min(0)), 0).astype(int)
    high = np.minimum(np.ceil(xy.max(0)), canvas.shape[1::-1]).astype(int)
    if (high - low).min() < 2:
        return
    height, width = picture.shape[:2]
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    warp = cv2.getPerspectiveTransform(source, (xy - low).astype(np.float32))
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    window = canvas[low[1] : high[1], low[0] : high[0]]
    mask = np.zeros(size[::-1], np.uint8)
    cv2.fillConvexPoly(mask, ((xy - low) * 16).astype(np.int32), 1, cv2.LINE_8, 4)
    cv2.copyTo(cv2.warpPerspective(picture, warp, size, borderMode=cv2.BORDER_REPLICATE), mask, window)


def _houses(
    canvas: np.ndarray, setting: Setting, camera: PinholeCamera, light: Light, rng: np.random.Generator
) -> None:
    fronts = [_facade(rng, light.dark) for _ in range(3)]
    y = setting.houses_y
    shone = light.on_surface(np.array([0, -1, 0], np.float32), np.array(y - camera.position[1], np.float32))
    x = -1.6 * y
    while x < 1.6 * y:
        width, height = float(rng.uniform(9, 22)), float(rng.uniform(5, 16))
        if rng.random() < 0.85:
            corners = np.array([(x, y, height), (x + width, y, height), (x + width, y, 0), (x, y, 0)])
            _lay(canvas, fronts[rng.integers(3)] * shone, corners, camera, SHRINK)
        x += width * float(rng.uniform(0.95, 1.3))


@cache
def _tree(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Leafage as share of light float32 (128, 96, 3) and its cover (128, 96); the same in every process."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[0:128, 0:96].astype(np.float32)
    body = 1 - np.hypot((x - 48) / 44, (y - 48) / 50)
    leaves = body + 0.9 * (smooth_noise(rng, (128, 96), 10) - 0.5) + 0.9 * (smooth_noise(rng, (128, 96), 36) - 0.5)
    bare = number % 3 == 2
    cover = np.clip((leaves - (0.35 if bare else 0.1)) * 6, 0, 0.7 if bare else 1)
    cover[:, 45:51] = np.maximum(cover[:, 45:51], (y[:, 45:51] > 40).astype(np.float32))
    tone = _linear((84, 74, 62) if bare else ((52, 74, 38), (70, 88, 46))[number % 2])
    colour = tone * (0.5 + smooth_noise(rng, (128, 96), 30)[..., None]) * (1.2 - y[..., None] / 160)
    colour[:, 45:51][y[:, 45:51] > 95] = _linear((60, 50, 42))
    return colour.astype(np.float32), cover


def _trees(canvas: np.ndarray, setting: Setting, camera: PinholeCamera, light: Light, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(0, 7))):
        y = setting.houses_y * float(rng.uniform(0.5, 0.98))
        x = float(rng.uniform(-1, 1)) * y
        if abs(x) < 7 and y < 0.8 * setting.houses_y:
            continue
        height = float(rng.uniform(2, 8))
        foot, top = camera.project(np.array([(x, y, 0), (x, y, height)]))
        tall = (foot[1] - top[1]) / SHRINK
        if foot[2] < 2 or not 6 < tall < 700:
            continue
        colour, cover = _tree(int(rng.integers(6)))
        size = (max(3, round(0.75 * tall)), max(4, round(tall)))
        left, upper = round(top[0] / SHRINK - size[0] / 2), round(top[1] / SHRINK)
        shone = light.on_surface(np.array([0, -1, 0], np.float32), np.array(y, np.float32))
        x0, y0 = max(left, 0), max(upper, 0)
        window = (
            canvas[y0 : upper + size[1], x0 : left + size[0]] if upper + size[1] > 0 and left + size[0] > 0 else None
        )
        if window is None or not window.size:
            continue
        part = slice(y0 - upper, y0 - upper + window.shape[0]), slice(x0 - left, x0 - left + window.shape[1])
        amount = cv2.resize(cover, size, interpolation=cv2.INTER_AREA)[part][..., None]
        window += amount * (cv2.resize(colour, size, interpolation=cv2.INTER_AREA)[part] * shone - window)


def paint_surroundings(
    camera: PinholeCamera, setting: Setting, light: Light, outlines: list[np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """Everything but the vehicles, whose shadows are cast on the ground: uint8 (H, W, 3)."""
    rays = _rays(camera)
    canvas = _sky(rays, light, rng)
    _houses(canvas, setting, camera, light, rng)
    ground = _ground(rays, setting, light, rng)
    if rng.random() < 0.8:
        paint = tuple(float(v) for v in _linear((205, 205, 200) if rng.random() < 0.8 else (215, 170, 40)))
        marked = ground.copy()
        for corners in _markings(setting, rng):
            pixels = _on_ground(camera, corners)
            if pixels is not None:
                cv2.fillConvexPoly(marked, pixels, paint, cv2.LINE_AA, 4)
        worn = np.clip(0.8 + 0.25 * _grain(rays.x, rays.y, 25, rng) - setting.snow, 0, 0.9)[..., None]
        ground += worn * (marked - ground)
    shadow = shadow_layer(camera, outlines)
    shone = light.on_surface(np.broadcast_to(np.array((0, 0, 1), np.float32), (*rays.away.shape, 3)), rays.away)
    if light.falloff_m:  # a lamp beside the camera grazes the ground
        shone = shone + (light.gain(rays.away) * np.float32(0.25))[..., None] * light.sun
    visible = rays.ground & ((rays.y < setting.houses_y) | (rays.y <= 0))
    canvas = np.where(visible[..., None], ground * shone * (0.32 + 0.68 * shadow), canvas)
    _trees(canvas, setting, camera, light, rng)
    pixels = (cv2.sqrt(np.clip(canvas, 0, 1).astype(np.float32)) * 255).astype(np.uint8)
    pixels = cv2.GaussianBlur(pixels, (3, 3), 0.55)
    return cv2.resize(pixels, (camera.width_px, camera.height_px), interpolation=cv2.INTER_CUBIC)


def put_up_boards(
    canvas: np.ndarray, camera: PinholeCamera, setting: Setting, light: Light, count: int, rng: np.random.Generator
) -> None:
    """Signs on posts, on walls and on the ground, sharp as plates are, in place."""
    for _ in range(count):
        sign = make_sign(rng, int(rng.integers(40, 110)))
        y = float(rng.uniform(0.35, 0.98)) * setting.houses_y
        x = float(rng.uniform(-0.7, 0.7)) * y
        height = float(np.exp(rng.uniform(np.log(0.14), np.log(0.9))))
        width, z = height * sign.shape[1] / sign.shape[0], float(rng.uniform(0.3, 4))
        turn = np.radians(rng.uniform(-40, 40))
        step = np.array([np.cos(turn), np.sin(turn), 0]) * width
        corner = np.array([x, y, z + height])
        down = np.array([0, 0, height])
        corners = np.stack([corner, corner + step, corner + step - down, corner - down])
        ratio = np.linalg.norm(np.diff(camera.project(corners)[:2, :2], axis=0)) / sign.shape[1]
        if ratio < 0.8:
            sign = cv2.resize(sign, None, fx=max(ratio, 0.05), fy=max(ratio, 0.2), interpolation=cv2.INTER_AREA)
        shone = light.on_surface(np.array([0, -1, 0], np.float32), np.array(y, np.float32)) + light.retro * 0.3
        if rng.random() < 0.5:
            foot, top = camera.project(np.array([(*corner[:2], 0), corner]) + [step / 2] * 2)[:, :2]
            cv2.line(canvas, foot.astype(int).tolist(), top.astype(int).tolist(), (60, 60, 62), 3, cv2.LINE_AA)
        _lay(canvas, np.clip(np.sqrt(_linear(sign) * shone) * 255, 0, 255).astype(np.uint8), corners, camera, 1)
