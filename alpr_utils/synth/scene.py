"""Whole street pictures with exact labels: cars, light and camera are drawn from a seed and ray traced."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from alpr_utils.data.voc import Annotation, VocObject, write_voc
from alpr_utils.errors import OutputError
from alpr_utils.plates.mongolia import LABEL_CODES, PLATE_LABEL, random_text
from alpr_utils.synth import street
from alpr_utils.synth.car import PlateMount, car_meshes, lamp_places, mount_plate, random_look
from alpr_utils.synth.car_paint import COARSE_PX_PER_M, FINE_PX_PER_M
from alpr_utils.synth.car_shape import SHAPES, CarShape
from alpr_utils.synth.mesh import Material, Mesh, placed, quad, turned
from alpr_utils.synth.photograph import Glow, develop
from alpr_utils.synth.plate import RenderedPlate, pick_layout, render_plate
from alpr_utils.synth.render3d import Camera, Lights, Spot, World, load_mitsuba
from alpr_utils.synth.sky import Weather, make_lights, pick_weather

WIDTH_PX, HEIGHT_PX = 1280, 720
FOCAL_PX = 1060.0
JPEG_QUALITY = 88
SAMPLES = 24
PLATE_COUNT_SHARES = (0.1, 0.6, 0.3)  # pictures with no, one and two plates
SMALLEST_LABELLED_PX = 40
HEADLAMP_LIGHT, TAIL_LAMP_LIGHT, LAMP_RADIUS_M = (7.0, 6.6, 5.6), (2.2, 0.12, 0.08), 0.06


@dataclass(frozen=True)
class ScenePlate:
    """One plate in the picture.

    Attributes:
        text: canonical text.
        corners: float32 (4, 2), x, y in pixels, clockwise from the plate's top left.
        char_boxes: float32 (7, 4), ymin, xmin, ymax, xmax in pixels, in reading order.
    """

    text: str
    corners: np.ndarray
    char_boxes: np.ndarray


@dataclass(frozen=True)
class Scene:
    """A generated picture: ``image`` uint8 (H, W, 3) RGB, its plates, and the name of its weather."""

    image: np.ndarray
    plates: tuple[ScenePlate, ...]
    weather: str


@dataclass(frozen=True)
class _Parked:
    """A car in the street; with ``front`` its nose is towards the camera, else its tail."""

    shape: CarShape
    meshes: tuple[Mesh, ...]
    turn_deg: float
    place: tuple[float, float, float]
    front: bool
    lit: bool
    plate: RenderedPlate | None = None
    plate_meshes: tuple[Mesh, ...] = ()
    mount: PlateMount | None = None

    def world_corners(self) -> np.ndarray:
        """The plate's corners in the street: (4, 3)."""
        assert self.mount is not None
        return placed(quad(self.mount.corners, Material((0, 0, 0))), self.turn_deg, self.place).vertices

    def glows(self, camera: Camera, world: World) -> list[Glow]:
        """Its burning lamps as far as they face the camera and are not hidden."""
        if not self.lit:
            return []
        places = turned(lamp_places(self.shape, self.front), self.turn_deg) + self.place
        outward = turned(np.array([1.0 if self.front else -1.0, 0, 0]), self.turn_deg)
        glows = []
        for place, (x, y, depth) in zip(places, camera.project(places), strict=True):
            to_eye = np.array(camera.position) - place
            facing = float(np.dot(outward, to_eye) / np.linalg.norm(to_eye))
            if depth > 0 and facing > 0.1 and world.sees(place + 0.06 * outward):
                colour = HEADLAMP_LIGHT if self.front else TAIL_LAMP_LIGHT
                radius = LAMP_RADIUS_M * camera.focal_px / depth
                glows.append(Glow(float(x), float(y), float(radius), tuple(c * facing for c in colour)))  # type: ignore[arg-type]
        return glows

    def world_meshes(self) -> list[Mesh]:
        return [placed(mesh, self.turn_deg, self.place) for mesh in (*self.meshes, *self.plate_meshes)]


def _park(
    place: tuple[float, float],
    yaw_deg: float,
    front: bool,
    with_plate: bool,
    near: bool,
    weather: Weather,
    snow: float,
    rng: np.random.Generator,
) -> _Parked:
    """A random car whose plate end faces south, turned by ``yaw_deg``."""
    shape = SHAPES[rng.integers(len(SHAPES))]
    px_per_m = FINE_PX_PER_M if near else COARSE_PX_PER_M
    look = random_look(rng, snow * rng.uniform(0, 1.1), float(rng.uniform(0, 0.8)), px_per_m)
    lit = weather.lamps_on and bool(rng.random() < 0.6)
    turn = yaw_deg + (-90 if front else 90)
    car = _Parked(shape, tuple(car_meshes(shape, look)), turn, (*place, 0.0), front, lit)
    if not with_plate:
        return car
    plate = render_plate(random_text(rng), pick_layout(rng), rng, 240)
    plate_meshes, mount = mount_plate(shape, plate, front)
    return replace(car, plate=plate, plate_meshes=tuple(plate_meshes), mount=mount)


def _camera(target: np.ndarray, far: bool, rng: np.random.Generator) -> Camera:
    """A camera south of the plate at ``target``; from far off the neighbouring cars are in the picture too.

    A long plate comes out 60 to 320 px wide.
    """
    plate_px = rng.uniform(65, 105) if far else np.exp(rng.triangular(np.log(60), np.log(130), np.log(320)))
    distance = FOCAL_PX * 0.52 / plate_px
    height = rng.uniform(0.9, 1.8) if distance < 6 else rng.uniform(1.2, 3.2)
    sideways = rng.uniform(-0.25, 0.25) * distance
    position = np.array([target[0] + sideways, target[1] - distance, height])
    aim = target + np.array([rng.uniform(-0.28, 0.28), 0, rng.uniform(0.02, 0.2)]) * distance * 0.9
    return Camera(
        (float(position[0]), float(position[1]), float(position[2])),
        (float(aim[0]), float(aim[1]), float(aim[2])),
        FOCAL_PX,
        WIDTH_PX,
        HEIGHT_PX,
        float(rng.normal(0, 1.5)),
    )


def _blocks_view(place: np.ndarray, camera: Camera, target: np.ndarray) -> bool:
    """Whether a car at ``place`` would stand in the way, or over the photographer."""
    eye = np.array(camera.position[:2])
    along = target[:2] - eye
    nearest = eye + np.clip(np.dot(place - eye, along) / np.dot(along, along), -0.5, 1) * along
    return bool(np.linalg.norm(place - nearest) < 2.6)


def _neighbours(
    hero: _Parked,
    camera: Camera,
    target: np.ndarray,
    weather: Weather,
    snow: float,
    second_plate: bool,
    rng: np.random.Generator,
) -> list[_Parked]:
    """Cars in the row of the hero and a row behind; the nearest one beside it may carry a plate."""
    heading = np.radians(hero.turn_deg)
    beside = np.array([-np.sin(heading), np.cos(heading)])
    order = [1, -1, 2, -2, 3, -3] if rng.random() < 0.5 else [-1, 1, -2, 2, -3, 3]
    yaw = hero.turn_deg + (90 if hero.front else -90)
    cars: list[_Parked] = []
    for slot in order:
        place = np.array(hero.place[:2]) + beside * slot * rng.uniform(2.55, 2.9) + rng.normal(0, 0.2, 2)
        wanted = second_plate and not any(car.plate for car in cars)
        if (rng.random() < 0.3 and not wanted) or _blocks_view(place, camera, target):
            continue
        front = bool(rng.random() < 0.5)
        cars.append(
            _park((float(place[0]), float(place[1])), yaw + rng.normal(0, 3), front, wanted, wanted, weather, snow, rng)
        )
    if rng.random() < 0.7:
        back = rng.uniform(8.5, 11)
        for x in np.arange(-12, 13, 3.1):
            if rng.random() < 0.5:
                cars.append(
                    _park(
                        (float(x + rng.normal(0, 0.3)), float(back)),
                        rng.normal(0, 4),
                        True,
                        False,
                        False,
                        weather,
                        snow,
                        rng,
                    )
                )
    return cars


def _shadow_caster(target: np.ndarray, lights: Lights, rng: np.random.Generator) -> Mesh:
    """A wall out of sight whose edge throws its shadow across ``target``."""
    direction = np.array(lights.sun_direction)
    side = np.cross(direction, (0, 0, 1))
    side /= np.linalg.norm(side)
    up = np.cross(side, direction)
    angle = rng.uniform(-0.6, 0.6) + rng.integers(2) * np.pi
    edge = np.cos(angle) * up + np.sin(angle) * side
    away = np.cross(direction, edge)
    middle = target - direction * 16 + away * rng.uniform(-0.06, 0.06)
    corners = [middle - edge * 25, middle + edge * 25, middle + edge * 25 + away * 6, middle - edge * 25 + away * 6]
    return quad(np.array(corners), Material((90, 90, 90)))


def _night_spots(camera: Camera, target: np.ndarray, weather: Weather, plan: street.StreetPlan) -> tuple[Spot, ...]:
    """Street lamps, and at night the headlights of the car that carries the camera."""
    if not weather.lamps_on:
        return ()
    lamp_y = plan.building_y - 5.2
    lamps = [Spot((x, lamp_y, 6.4), (x, lamp_y - 3, 0), (40, 26, 13), 75) for x in (-11.0, 10.0)]
    x, y, _ = camera.position
    goal = (float(target[0]), float(target[1]), 0.5)
    return (*lamps, Spot((x + 0.5, y - 0.5, 0.75), goal, (14, 13, 11), 26))


def _label(car: _Parked, camera: Camera, world: World) -> ScenePlate | None:
    """The car's plate as the camera sees it; None where it is hidden, cut off, too small or too slanted to label."""
    assert car.plate is not None
    corners = car.world_corners()
    pixels = camera.project(corners)
    inside = (pixels[:, 2] > 0) & (pixels[:, :2] > 2).all(1) & (pixels[:, :2] < (WIDTH_PX - 2, HEIGHT_PX - 2)).all(1)
    across, down = corners[1] - corners[0], corners[3] - corners[0]
    origin, size = car.plate.corners[0], car.plate.corners[2] - car.plate.corners[0]

    def on_plate(points: np.ndarray) -> np.ndarray:
        share = (points - origin) / size
        return corners[0] + share[..., :1] * across + share[..., 1:] * down

    ymin, xmin, ymax, xmax = car.plate.char_boxes.T
    rings = np.stack(
        [np.stack([xmin, ymin], 1), np.stack([xmax, ymin], 1), np.stack([xmax, ymax], 1), np.stack([xmin, ymax], 1)], 1
    )
    towards_eye = np.array(camera.position) - corners.mean(0)
    facing = np.dot(np.cross(down, across), towards_eye)
    if not inside.all() or facing <= 0 or np.ptp(pixels[:, 0]) < SMALLEST_LABELLED_PX:
        return None
    out = np.cross(down, across)
    out /= np.linalg.norm(out)
    if not all(world.sees(point + 0.02 * out) for point in np.concatenate([corners, on_plate(rings.mean(1))])):
        return None
    shown = camera.project(on_plate(rings).reshape(-1, 3))[:, :2].reshape(-1, 4, 2)
    low, high = shown.min(1), shown.max(1)
    boxes = np.stack([low[:, 1], low[:, 0], high[:, 1], high[:, 0]], 1)
    return ScenePlate(car.plate.text, pixels[:, :2].astype(np.float32), boxes.astype(np.float32))


def _hero(plates: int, weather: Weather, snow: float, rng: np.random.Generator) -> _Parked:
    yaw = rng.uniform(-20, 20) if plates == 2 else rng.uniform(-42, 42)
    return _park((0.0, 0.0), float(yaw), bool(rng.random() < 0.55), plates > 0, True, weather, snow, rng)


def make_scene(seed: int, samples: int = SAMPLES) -> Scene:
    """Generate one street picture; ``samples`` rays a pixel trade noise for time.

    Raises:
        RendererError: the ray tracer is not installed.
    """
    load_mitsuba()
    rng = np.random.default_rng(seed)
    weather = pick_weather(rng)
    plates = int(rng.choice(3, p=PLATE_COUNT_SHARES))
    plan = street.StreetPlan(
        snow=float(rng.uniform(*weather.snow)) * float(rng.random() < 0.8 or weather.name == "snow"),
        building_y=float(rng.uniform(13, 24)),
        lit=weather.lamps_on,
        lines=bool(rng.random() < 0.5),
    )
    hero = _hero(plates, weather, plan.snow, rng)
    if hero.mount is not None:
        target = hero.world_corners().mean(0)
    else:
        target = np.array([0.0, -hero.shape.length / 2, 0.6])
    camera = _camera(target, plates != 1, rng)
    cars = [hero, *_neighbours(hero, camera, target, weather, plan.snow, plates == 2, rng)]
    lights = make_lights(weather, rng)
    lights = replace(lights, spots=_night_spots(camera, target, weather, plan))
    surroundings = [
        *street.ground_meshes(plan, rng),
        *street.building_meshes(plan, rng),
        *street.prop_meshes(plan, rng),
    ]
    if weather.hard_shadow:
        surroundings.append(_shadow_caster(target, lights, rng))
    cars, labels, world = _with_labels(cars, surroundings, lights, camera)
    light = world.photograph(samples * (2 if weather.lamps_on else 1), seed)
    glows = [glow for car in cars for glow in car.glows(camera, world)]
    exposure = weather.exposure * float(rng.uniform(0.9, 1.1))
    return Scene(develop(light, exposure, weather.warmth, glows, rng), tuple(labels), weather.name)


def _with_labels(
    cars: list[_Parked], surroundings: list[Mesh], lights: Lights, camera: Camera
) -> tuple[list[_Parked], list[ScenePlate], World]:
    """Load the street; plates that cannot be labelled whole are taken off their cars, so that none is unlabelled."""
    world = World([*surroundings, *(mesh for car in cars for mesh in car.world_meshes())], lights, camera)
    found = {index: _label(car, camera, world) for index, car in enumerate(cars) if car.plate is not None}
    labels = [label for label in found.values() if label is not None]
    if len(labels) == len(found):
        return cars, labels, world
    bare = [
        replace(car, plate=None, plate_meshes=(), mount=None) if i in found and found[i] is None else car
        for i, car in enumerate(cars)
    ]
    return bare, labels, World([*surroundings, *(mesh for car in bare for mesh in car.world_meshes())], lights, camera)


def scene_annotation(scene: Scene, filename: str) -> Annotation:
    """The labels of a scene as the public photos have them: ``plate`` and the character codes, boxes in pixels."""
    objects = []
    for plate in scene.plates:
        (xmin, ymin), (xmax, ymax) = plate.corners.min(0), plate.corners.max(0)
        objects.append(VocObject(PLATE_LABEL, _rounded(xmin, ymin, xmax, ymax)))
        for char, (top, left, bottom, right) in zip(plate.text, plate.char_boxes, strict=True):
            objects.append(VocObject(LABEL_CODES[char], _rounded(left, top, right, bottom)))
    height, width = scene.image.shape[:2]
    return Annotation(filename, width, height, tuple(objects))


def _rounded(*values: float) -> tuple[float, float, float, float]:
    xmin, ymin, xmax, ymax = (round(float(value), 1) for value in values)
    return xmin, ymin, xmax, ymax


def _write_scene(index: int, folder: Path, seed: int) -> Path:
    scene = make_scene(seed * 100_003 + index)
    path = folder / f"{index}.jpg"
    _, data = cv2.imencode(".jpg", scene.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    path.write_bytes(data.tobytes())
    write_voc(path.with_suffix(".xml"), scene_annotation(scene, path.name))
    return path


def write_scenes(folder: Path, count: int, seed: int, workers: int) -> list[Path]:
    """Write ``0.jpg`` .. with their VOC files; the same seed gives the same pictures whatever the number of workers.

    Raises:
        RendererError: the ray tracer is not installed.
        OutputError: the folder cannot be written.
    """
    load_mitsuba()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write = partial(_write_scene, folder=folder, seed=seed)
        if workers <= 1:
            return [write(index) for index in range(count)]
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            return list(pool.map(write, range(count)))
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror}); choose another --out folder.") from None
