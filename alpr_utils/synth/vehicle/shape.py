"""Bodies of cars as one smooth lofted surface: cross sections along the car, rounded off at both ends. Metres."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline, PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from alpr_utils.synth.vehicle.mesh import grid_faces

Profile = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class CarShape:
    """The lines of one kind of car; x runs forward from the middle of the car, z up from the road.

    Attributes:
        name: kind of car.
        length, width: overall size.
        top: x, z of the upper outline from the tail to the nose.
        belt: x, z of the lower edge of the side windows, from the tail to the nose.
        glass: x of the rear glass's lower and upper edge and of the windscreen's upper and lower edge.
        roof_width: width of the roof as a share of ``width``.
        clearance: height of the sills above the road.
        wheel_radius: outer radius of the tyres.
        axles: x of the rear and the front axle.
        pillars: x of the middle of the posts between the side windows.
        rear_plate_z: height of the middle of the rear plate.
    """

    name: str
    length: float
    width: float
    top: Profile
    belt: Profile
    glass: tuple[float, float, float, float]
    roof_width: float
    clearance: float
    wheel_radius: float
    axles: tuple[float, float]
    pillars: tuple[float, ...]
    rear_plate_z: float

    @property
    def height(self) -> float:
        """Overall height."""
        return max(z for _, z in self.top)

    def top_at(self, x: np.ndarray) -> np.ndarray:
        """Height of the upper outline at ``x``."""
        return PchipInterpolator(*np.array(self.top).T)(np.clip(x, self.top[0][0], self.top[-1][0]))

    def belt_at(self, x: np.ndarray) -> np.ndarray:
        """Height of the lower edge of the side windows at ``x``."""
        return np.interp(x, *np.array(self.belt).T)


SEDAN = CarShape(
    "sedan", 4.6, 1.78,
    ((-2.3, 0.99), (-2.15, 1.04), (-1.65, 1.08), (-0.95, 1.40),
     (-0.2, 1.47), (0.35, 1.44), (1.2, 1.03), (1.9, 0.90), (2.3, 0.76)),
    ((-2.3, 0.96), (-1.5, 0.97), (1.2, 0.92), (2.3, 0.72)),
    (-1.68, -0.92, 0.3, 1.18), 0.66, 0.2, 0.32, (-1.38, 1.42), (-1.0, -0.2), 0.80,
)  # fmt: skip
HATCHBACK = CarShape(
    "hatchback", 4.4, 1.74,
    ((-2.2, 1.06), (-2.1, 1.16), (-1.75, 1.27), (-0.9, 1.46),
     (-0.1, 1.50), (0.3, 1.47), (1.35, 1.02), (1.85, 0.88), (2.2, 0.74)),
    ((-2.2, 1.04), (-1.5, 1.0), (1.3, 0.90), (2.2, 0.70)),
    (-2.06, -1.2, 0.25, 1.33), 0.66, 0.19, 0.31, (-1.3, 1.38), (-1.25, -0.25), 0.86,
)  # fmt: skip
SUV = CarShape(
    "suv", 4.7, 1.88,
    ((-2.35, 1.15), (-2.27, 1.45), (-2.05, 1.74), (-1.2, 1.82),
     (0.0, 1.83), (0.35, 1.78), (1.05, 1.22), (1.9, 1.10), (2.35, 0.98)),
    ((-2.35, 1.15), (1.1, 1.10), (2.35, 0.92)),
    (-2.3, -2.1, 0.3, 1.05), 0.74, 0.3, 0.38, (-1.4, 1.42), (-1.45, -0.35), 0.92,
)  # fmt: skip
VAN = CarShape(
    "van", 4.5, 1.72,
    ((-2.25, 1.2), (-2.2, 1.6), (-2.1, 1.84), (-1.2, 1.92),
     (0.4, 1.92), (0.95, 1.84), (1.7, 1.16), (2.1, 0.98), (2.25, 0.86)),
    ((-2.25, 1.12), (1.0, 1.05), (2.25, 0.84)),
    (-2.25, -2.12, 0.95, 1.68), 0.80, 0.2, 0.31, (-1.3, 1.45), (-0.25, 0.8), 0.78,
)  # fmt: skip
SHAPES = (SEDAN, HATCHBACK, SUV, VAN)

_STATIONS = 150
_SECTION_POINTS = 96
_NOSE_M = 0.22  # depth over which front and tail round off


@dataclass(frozen=True)
class Body:
    """The lofted surface: ``vertices`` float32 (N, 3) and ``faces`` int32 (M, 3)."""

    vertices: np.ndarray
    faces: np.ndarray


def _smooth_section(control: np.ndarray) -> np.ndarray:
    """A quadratic B-spline along control points (K, 2): (_SECTION_POINTS, 2)."""
    count = len(control)
    knots = np.concatenate([[0, 0], np.linspace(0, 1, count - 1), [1, 1]])
    return BSpline(knots, control, 2)(np.linspace(0, 1, _SECTION_POINTS))


def _half_section(shape: CarShape, top: float, belt: float, half_width: float) -> np.ndarray:
    """Right half of a cross section from the underside to the top: (_SECTION_POINTS, 2) of y, z."""
    belt = min(belt, top - 0.02)
    glasshouse = np.clip((top - belt) / (shape.height - belt + 1e-6), 0, 1)
    roof_half = half_width * (0.93 - (0.93 - shape.roof_width) * glasshouse)
    low = shape.clearance
    shoulder = half_width * 0.97
    edge = belt + (top - belt) * 0.93
    return _smooth_section(
        np.array(
            [
                (0.0, low),
                (half_width * 0.86, low),
                (half_width * 0.95, low + 0.02),
                (half_width, low + 0.28),
                (half_width, belt - 0.16),
                (shoulder, belt - 0.02),
                (shoulder - 0.02, belt + 0.01),
                (roof_half + 0.03, edge - 0.02),
                (roof_half, edge),
                (roof_half - 0.10, top),
                (roof_half * 0.4, top + 0.02),
                (0.0, top + 0.025),
            ]
        )
    )


def _stations(length: float) -> tuple[np.ndarray, np.ndarray]:
    """x of each cross section, and by how much its outline shrinks to close the ends."""
    angles = np.linspace(0.03, np.pi - 0.03, _STATIONS)
    x = -np.cos(angles) * length / 2
    depth = np.clip((np.abs(x) - (length / 2 - _NOSE_M)) / _NOSE_M, 0, 1)
    end_angles = np.linspace(0, 1, 24)
    tail = length / 2 - _NOSE_M + _NOSE_M * np.sin(end_angles * np.pi / 2)
    x = np.concatenate([-tail[::-1], x[depth == 0], tail])
    depth = np.clip((np.abs(x) - (length / 2 - _NOSE_M)) / _NOSE_M, 0, 1)
    return x, (1 - depth**3.2) ** (1 / 3.2)


def body(shape: CarShape) -> Body:
    """Loft the car's surface; bumpers stand out a little at both ends."""
    xs, shrink = _stations(shape.length)
    tops = gaussian_filter1d(shape.top_at(xs), 1.0)
    reach = np.abs(xs) / (shape.length / 2)
    half_widths = shape.width / 2 * (1 - 0.10 * np.clip((reach - 0.72) / 0.28, 0, 1) ** 2)
    rings: list[np.ndarray] = []
    for x, top, half_width, factor in zip(xs, tops, half_widths, shrink, strict=True):
        half = _half_section(shape, float(top), float(shape.belt_at(x)), float(half_width))
        middle = np.array([0.0, (shape.clearance + top) / 2])
        half = middle + (half - middle) * factor
        ring = np.concatenate([half * (-1, 1), half[::-1][1:]])
        bumper = np.exp(-(((ring[:, 1] - 0.5) / 0.17) ** 4)) * 0.05 * np.clip((reach[len(rings)] - 0.9) / 0.1, 0, 1)
        rings.append(np.stack([x + np.sign(x) * bumper, ring[:, 0], ring[:, 1]], 1))
    vertices = np.concatenate(rings).astype(np.float32)
    return Body(vertices, grid_faces(len(xs), 2 * _SECTION_POINTS - 1)[:, ::-1])
