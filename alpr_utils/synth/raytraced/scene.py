"""Whole street pictures with exact labels: cars, light and camera are drawn from a seed and ray traced."""

from dataclasses import replace

import numpy as np

from alpr_utils.plates import plate_type
from alpr_utils.synth.plate.labels import LabelledScene, ScenePlate
from alpr_utils.synth.plate.render import LONG_PLATE_MM
from alpr_utils.synth.raytraced import street_meshes
from alpr_utils.synth.raytraced.parked import ParkedCar, ParkingConditions, park
from alpr_utils.synth.raytraced.photograph import Exposure, LaidPlate, develop
from alpr_utils.synth.raytraced.sky import Weather, make_lights, pick_weather
from alpr_utils.synth.raytraced.tracer import Lights, Spot, World, linear, load_mitsuba
from alpr_utils.synth.vehicle.car import BLANK_TONE
from alpr_utils.synth.vehicle.mesh import Material, Mesh, quad
from alpr_utils.synth.vehicle.pinhole import PinholeCamera

WIDTH_PX, HEIGHT_PX = 1280, 720
FOCAL_PX = 1060.0
TRACED_SHARE = 0.75  # size of the ray traced picture; plates are printed at full size
SAMPLES = 9
LONG_PLATE_M = LONG_PLATE_MM / 1000
PLATE_COUNT_SHARES = (0.22, 0.48, 0.3)  # pictures with no, one and two plates


def _camera(hero: ParkedCar, far: bool, rng: np.random.Generator) -> PinholeCamera:
    """A camera south of the hero's plate, which comes out 62 to 320 px wide, a short one up to 220 px.

    From far off the neighbouring cars are in the picture too.
    """
    target = hero.plate_centre()
    plate_m = hero.plate.size_mm[0] / 1000 if hero.plate else LONG_PLATE_M
    widest_px = (115 if far else 320) * min(1.0, 1.3 * plate_m / LONG_PLATE_M)
    plate_px = np.exp(rng.triangular(np.log(62), np.log(62 + 0.3 * (widest_px - 62)), np.log(widest_px)))
    distance = FOCAL_PX * plate_m * np.cos(np.radians(hero.yaw_deg)) / plate_px
    height = rng.uniform(0.9, 1.8) if distance < 6 else rng.uniform(1.2, 3.2)
    sideways = rng.uniform(-0.25, 0.25) * distance
    position = np.array([target[0] + sideways, target[1] - distance, height])
    aim = target + np.array([rng.uniform(-0.28, 0.28), 0, rng.uniform(0.02, 0.2)]) * distance * 0.9
    return PinholeCamera(
        (float(position[0]), float(position[1]), float(position[2])),
        (float(aim[0]), float(aim[1]), float(aim[2])),
        FOCAL_PX,
        WIDTH_PX,
        HEIGHT_PX,
        float(rng.normal(0, 1.5)),
    )


def _blocks_view(place: np.ndarray, camera: PinholeCamera, target: np.ndarray) -> bool:
    """Whether a car at ``place`` would stand in the way, or over the photographer."""
    eye = np.array(camera.position[:2])
    along = target[:2] - eye
    nearest = eye + np.clip(np.dot(place - eye, along) / np.dot(along, along), -0.5, 1) * along
    return bool(np.linalg.norm(place - nearest) < 2.6)


def _neighbours(
    hero: ParkedCar,
    camera: PinholeCamera,
    second_plate: bool,
    conditions: ParkingConditions,
    rng: np.random.Generator,
) -> list[ParkedCar]:
    """Cars in the row of the hero and a row behind; the nearest one beside it may carry a plate."""
    target = hero.plate_centre()
    heading = np.radians(hero.turn_deg)
    beside = np.array([-np.sin(heading), np.cos(heading)])
    order = [1, -1, 2, -2, 3, -3] if rng.random() < 0.5 else [-1, 1, -2, 2, -3, 3]
    cars: list[ParkedCar] = []
    for slot in order:
        place = np.array(hero.place[:2]) + beside * slot * rng.uniform(2.55, 2.9) + rng.normal(0, 0.2, 2)
        wanted = second_plate and not any(car.plate for car in cars)
        if (rng.random() < 0.3 and not wanted) or _blocks_view(place, camera, target):
            continue
        front = bool(rng.random() < 0.5)
        cars.append(
            park(
                (float(place[0]), float(place[1])),
                float(hero.yaw_deg + rng.normal(0, 3)),
                front,
                wanted,
                conditions,
                rng,
            )
        )
    if rng.random() < 0.7:
        back = float(rng.uniform(8.5, 11))
        for x in np.arange(-12, 13, 3.1):
            if rng.random() < 0.5:
                cars.append(
                    park((float(x + rng.normal(0, 0.3)), back), float(rng.normal(0, 4)), True, False, conditions, rng)
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


def _night_spots(
    camera: PinholeCamera, target: np.ndarray, weather: Weather, setting: street_meshes.StreetSetting
) -> tuple[Spot, ...]:
    """Street lamps, and at night the headlights of the car that carries the camera."""
    if not weather.lamps_on:
        return ()
    lamp_y = setting.building_y - 5.2
    lamps = [Spot((x, lamp_y, 6.4), (x, lamp_y - 3, 0), (40, 26, 13), 75) for x in (-11.0, 10.0)]
    x, y, _ = camera.position
    goal = (float(target[0]), float(target[1]), 0.5)
    return (*lamps, Spot((x + 0.5, y - 0.5, 0.75), goal, (14, 13, 11), 26))


def _hero(plates: int, conditions: ParkingConditions, rng: np.random.Generator) -> ParkedCar:
    yaw = rng.uniform(-20, 20) if plates == 2 else rng.uniform(-42, 42)
    return park((0.0, 0.0), float(yaw), bool(rng.random() < 0.55), plates > 0, conditions, rng)


def _traced(camera: PinholeCamera) -> PinholeCamera:
    """The same view with fewer pixels."""
    return replace(
        camera,
        focal_px=camera.focal_px * TRACED_SHARE,
        width_px=round(camera.width_px * TRACED_SHARE),
        height_px=round(camera.height_px * TRACED_SHARE),
    )


def _surroundings(setting: street_meshes.StreetSetting, rng: np.random.Generator) -> list[Mesh]:
    return [
        *street_meshes.ground_meshes(setting, rng),
        *street_meshes.building_meshes(setting, rng),
        *street_meshes.prop_meshes(setting, rng),
    ]


def make_scene(seed: int, country: str, samples: int = SAMPLES) -> LabelledScene:
    """Generate one street picture; ``samples`` rays a pixel trade noise for time, dark pictures take twice as many.

    Raises:
        RendererError: the ray tracer is not installed.
        AlprError: no such country.
    """
    plate_type(country)
    load_mitsuba()
    rng = np.random.default_rng(seed)
    weather = pick_weather(rng)
    wanted_plates = int(rng.choice(3, p=PLATE_COUNT_SHARES))
    setting = street_meshes.StreetSetting(
        snow=float(rng.uniform(*weather.snow)) * float(rng.random() < 0.8 or weather.name == "snow"),
        building_y=float(rng.uniform(13, 24)),
        lit=weather.lamps_on,
        lines=bool(rng.random() < 0.5),
    )
    conditions = ParkingConditions(setting.snow, weather.lamps_on, country)
    hero = _hero(wanted_plates, conditions, rng)
    target = hero.plate_centre()
    camera = _camera(hero, wanted_plates != 1, rng)
    cars = [hero, *_neighbours(hero, camera, wanted_plates == 2, conditions, rng)]
    lights = replace(make_lights(weather, rng), spots=_night_spots(camera, target, weather, setting))
    surroundings = _surroundings(setting, rng)
    if weather.hard_shadow:
        surroundings.append(_shadow_caster(target, lights, rng))
    cars, labels, world = _with_labels(cars, surroundings, lights, camera)
    light = world.photograph(samples * (2 if weather.lamps_on else 1), seed)
    laid = [LaidPlate(car.plate, car.plate_homography(camera)) for car in cars if car.plate]
    glows = [glow for car in cars for glow in car.glows(camera, world)]
    exposure = Exposure(weather.exposure * float(rng.uniform(0.9, 1.1)), weather.warmth)
    image = develop(light, (WIDTH_PX, HEIGHT_PX), exposure, laid, linear(BLANK_TONE)[0], glows, rng)
    boxes = [box for car in cars if (box := car.seen_box(camera, world)) is not None]
    return LabelledScene(image, tuple(labels), np.array(boxes, np.float32).reshape(-1, 4))


def _with_labels(
    cars: list[ParkedCar], surroundings: list[Mesh], lights: Lights, camera: PinholeCamera
) -> tuple[list[ParkedCar], list[ScenePlate], World]:
    """Load the street; plates that cannot be labelled whole are taken off their cars, so that none is unlabelled."""

    def load(parked: list[ParkedCar]) -> World:
        return World(
            [*surroundings, *(mesh for car in parked for mesh in car.street_meshes())], lights, _traced(camera)
        )

    world = load(cars)
    found = {index: car.plate_label(camera, world) for index, car in enumerate(cars) if car.plate}
    labels = [label for label in found.values() if label]
    if len(labels) == len(found):
        return cars, labels, world
    kept = [car.bare() if index in found and not found[index] else car for index, car in enumerate(cars)]
    return kept, labels, load(kept)
