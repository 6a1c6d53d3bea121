"""A flat picture of one side of a vehicle that is painted layer by layer."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from alpr_utils.synth.vehicle.mesh import Material


@dataclass(frozen=True)
class Finish:
    """A surface that can be painted on: sRGB 0..255, roughness and metallic 0..1."""

    colour: tuple[float, float, float]
    roughness: float
    metallic: float = 0.0


@dataclass
class PaintedSide:
    """The picture of one side; the last layer painted covers the ones before it.

    Attributes:
        horizontal, vertical: range in metres that the picture shows.
        base: surface of the bare body.
        px_per_m: resolution.
        colour: uint8 (H, W, 3) RGB.
        roughness, metallic: uint8 (H, W), 255 for 1.
    """

    horizontal: tuple[float, float]
    vertical: tuple[float, float]
    base: Finish
    px_per_m: int
    colour: np.ndarray = field(init=False)
    roughness: np.ndarray = field(init=False)
    metallic: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        width, height = (round((high - low) * self.px_per_m) for low, high in (self.horizontal, self.vertical))
        self.colour = np.full((height, width, 3), self.base.colour, np.uint8)
        self.roughness = np.full((height, width), round(255 * self.base.roughness), np.uint8)
        self.metallic = np.full((height, width), round(255 * self.base.metallic), np.uint8)

    def _pixels(self, points: Sequence[tuple[float, float]] | np.ndarray) -> np.ndarray:
        metres = np.asarray(points, float)
        pixels = (metres - (self.horizontal[0], self.vertical[1])) * (self.px_per_m, -self.px_per_m)
        return (pixels * 16).round().astype(np.int32)

    def fill(self, points: Sequence[tuple[float, float]] | np.ndarray, finish: Finish) -> None:
        """A polygon."""
        pixels = self._pixels(points)
        for layer, value in self._layers(finish):
            cv2.fillPoly(layer, [pixels], value, cv2.LINE_AA, 4)

    def line(self, points: Sequence[tuple[float, float]] | np.ndarray, width_m: float, finish: Finish) -> None:
        """An open line."""
        pixels = self._pixels(points)
        for layer, value in self._layers(finish):
            cv2.polylines(layer, [pixels], False, value, max(1, round(width_m * self.px_per_m)), cv2.LINE_AA, 4)

    def ellipse(self, centre: tuple[float, float], radii: tuple[float, float], finish: Finish) -> None:
        """A filled ellipse."""
        angles = np.linspace(0, 2 * np.pi, 48)
        self.fill(np.stack([np.cos(angles), np.sin(angles)], 1) * radii + centre, finish)

    def _layers(self, finish: Finish) -> list[tuple[np.ndarray, tuple[float, ...]]]:
        return [
            (self.colour, tuple(float(v) for v in finish.colour)),
            (self.roughness, (255 * finish.roughness,)),
            (self.metallic, (255 * finish.metallic,)),
        ]

    def spread(self, finish: Finish, amount: np.ndarray) -> None:
        """Blend a finish over everything by ``amount: float32`` of the picture's size, 0..1."""
        for layer, value in self._layers(finish):
            weight = amount[..., None] if layer.ndim == 3 else amount
            goal = np.array(value if layer.ndim == 3 else value[0], np.float32)
            layer[:] = (layer + weight * (goal - layer)).astype(np.uint8)

    def material(self) -> Material:
        """The picture as a varnished surface."""
        return Material(self.colour, self.roughness, self.metallic, clearcoat=0.8)
