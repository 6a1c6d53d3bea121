"""The geometry of a camera: where points of the street appear in the picture."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PinholeCamera:
    """A camera that maps the street to pixels; positions in metres, z up, ``focal_px`` in pixels of the picture."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    focal_px: float
    width_px: int
    height_px: int
    roll_deg: float = 0.0

    def axes(self) -> np.ndarray:
        """Rows: right, down and forward as unit vectors, float64 (3, 3)."""
        forward = np.subtract(self.target, self.position)
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, (0, 0, 1))
        right /= np.linalg.norm(right)
        down = np.cross(forward, right)
        roll = np.radians(self.roll_deg)
        turned = np.cos(roll) * right + np.sin(roll) * down, np.cos(roll) * down - np.sin(roll) * right
        return np.stack([*turned, forward])

    def project(self, points: np.ndarray) -> np.ndarray:
        """Where ``points: (N, 3)`` appear: float64 (N, 3) of x, y in pixels and the depth in metres."""
        turned = (points - np.array(self.position)) @ self.axes().T
        pixels = turned[:, :2] / turned[:, 2:] * self.focal_px + (self.width_px / 2, self.height_px / 2)
        return np.concatenate([pixels, turned[:, 2:]], 1)
