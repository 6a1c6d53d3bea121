"""From meshes, lights and a camera to linear light; the only module that imports the ray tracer, Mitsuba 3."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.synth.vehicle.mesh import MATT, Material, Mesh
from alpr_utils.synth.vehicle.pinhole import PinholeCamera


class RendererError(AlprError):
    """The ray tracer is not installed."""


@dataclass(frozen=True)
class Spot:
    """A lamp that shines one way; ``intensity`` is linear RGB, ``cutoff_deg`` half its opening."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    intensity: tuple[float, float, float]
    cutoff_deg: float


@dataclass(frozen=True)
class Lights:
    """All light that does not come from glowing meshes.

    Attributes:
        sky: float32 (H, 2H, 3), linear, all directions; row 0 is straight up, the middle column is the x direction.
        sun_direction: the way the sun's light travels; ``sun`` is its strength, linear RGB, zeros for none.
        spots: lamps.
    """

    sky: np.ndarray
    sun_direction: tuple[float, float, float]
    sun: tuple[float, float, float]
    spots: tuple[Spot, ...] = ()


def load_mitsuba() -> ModuleType:
    """Import the ray tracer.

    Raises:
        RendererError: it is not installed.
    """
    try:
        import mitsuba
    except ImportError:
        raise RendererError(
            "Rendered scenes need the ray tracer Mitsuba 3; install it with: pip install -e .[render]"
        ) from None
    mitsuba.set_variant("scalar_rgb")
    mitsuba.set_log_level(mitsuba.LogLevel.Error)
    return mitsuba


def _write_ply(path: Path, mesh: Mesh) -> None:
    from_top = mesh.uv * (1, -1) + (0, 1)  # Mitsuba counts v from the top of a picture
    columns = [mesh.vertices, *([mesh.normals] if mesh.normals is not None else []), from_top]
    names = ["x", "y", "z"] + (["nx", "ny", "nz"] if mesh.normals is not None else []) + ["u", "v"]
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(mesh.vertices)}"]
    header += [f"property float {name}" for name in names]
    header += [f"element face {len(mesh.faces)}", "property list uchar int vertex_indices", "end_header", ""]
    faces = np.empty(len(mesh.faces), [("count", "u1"), ("corners", "<i4", 3)])
    faces["count"], faces["corners"] = 3, mesh.faces
    with path.open("wb") as file:
        file.write("\n".join(header).encode())
        file.write(np.concatenate(columns, 1).astype("<f4").tobytes())
        file.write(faces.tobytes())


def linear(colour: tuple[float, float, float]) -> list[float]:
    """sRGB 0..255 to linear light 0..1."""
    share = np.clip(np.array(colour) / 255, 0, 1)
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4).tolist()


def _bsdf(mi: ModuleType, material: Material) -> dict[str, Any]:
    def grey(value: float | np.ndarray) -> Any:
        if isinstance(value, np.ndarray):
            return {"type": "bitmap", "bitmap": mi.Bitmap(np.ascontiguousarray(value[..., None])), "raw": True}
        return float(value)

    if isinstance(material.colour, np.ndarray):
        colour: dict[str, Any] = {"type": "bitmap", "bitmap": mi.Bitmap(np.ascontiguousarray(material.colour))}
    else:
        colour = {"type": "rgb", "value": linear(material.colour)}
    if isinstance(material.roughness, float) and material.roughness >= MATT and not material.clearcoat:
        return {"type": "twosided", "bsdf": {"type": "diffuse", "reflectance": colour}}
    return {
        "type": "twosided",
        "bsdf": {
            "type": "principled",
            "base_color": colour,
            "roughness": grey(material.roughness),
            "metallic": grey(material.metallic),
            "specular": 0.5,
            "clearcoat": float(material.clearcoat),
            "clearcoat_gloss": 0.97,
        },
    }


def _shape(mi: ModuleType, mesh: Mesh, path: Path) -> dict[str, Any]:
    _write_ply(path, mesh)
    shape: dict[str, Any] = {"type": "ply", "filename": str(path), "face_normals": mesh.normals is None}
    shape["bsdf"] = _bsdf(mi, mesh.material)
    if mesh.material.glow:
        shape["emitter"] = {"type": "area", "radiance": {"type": "rgb", "value": list(mesh.material.glow)}}
    return shape


def _emitters(mi: ModuleType, lights: Lights) -> dict[str, Any]:
    upright = mi.ScalarTransform4f().rotate([1, 0, 0], 90)
    emitters: dict[str, Any] = {
        "sky": {"type": "envmap", "bitmap": mi.Bitmap(lights.sky.astype(np.float32)), "to_world": upright}
    }
    if any(lights.sun):
        irradiance = {"type": "rgb", "value": list(lights.sun)}
        emitters["sun"] = {"type": "directional", "direction": list(lights.sun_direction), "irradiance": irradiance}
    for index, spot in enumerate(lights.spots):
        pose = mi.ScalarTransform4f().look_at(list(spot.position), list(spot.target), [0.01, 0.02, 1])
        emitters[f"spot{index}"] = {
            "type": "spot",
            "to_world": pose,
            "intensity": {"type": "rgb", "value": list(spot.intensity)},
            "cutoff_angle": spot.cutoff_deg,
        }
    return emitters


class World:
    """A loaded scene that can be photographed."""

    def __init__(self, meshes: list[Mesh], lights: Lights, camera: PinholeCamera) -> None:
        self._mi = load_mitsuba()
        self._camera = camera
        with tempfile.TemporaryDirectory() as folder:
            shapes = {f"mesh{i}": _shape(self._mi, mesh, Path(folder) / f"{i}.ply") for i, mesh in enumerate(meshes)}
            self._scene = self._mi.load_dict(
                {
                    "type": "scene",
                    "integrator": {"type": "path", "max_depth": 3},
                    "sensor": self._sensor(),
                    **shapes,
                    **_emitters(self._mi, lights),
                }
            )

    def _sensor(self) -> dict[str, Any]:
        camera = self._camera
        right, down, forward = camera.axes()
        pose = np.eye(4)
        # Mitsuba's camera looks along its z axis with x to the left.
        pose[:3, 0], pose[:3, 1], pose[:3, 2], pose[:3, 3] = -right, -down, forward, camera.position
        return {
            "type": "perspective",
            "fov_axis": "x",
            "fov": float(np.degrees(2 * np.arctan(camera.width_px / 2 / camera.focal_px))),
            "to_world": self._mi.ScalarTransform4f(pose),
            "near_clip": 0.05,
            "film": {
                "type": "hdrfilm",
                "width": camera.width_px,
                "height": camera.height_px,
                "rfilter": {"type": "gaussian", "stddev": 0.45},
            },
            "sampler": {"type": "multijitter", "sample_count": 16},
        }

    def sees(self, point: np.ndarray) -> bool:
        """Whether nothing stands between the camera and ``point: (3,)``."""
        origin = np.array(self._camera.position)
        direction = np.asarray(point, float) - origin
        distance = float(np.linalg.norm(direction))
        ray = self._mi.Ray3f(origin.tolist(), (direction / distance).tolist())
        ray.maxt = distance - 0.01
        return not self._scene.ray_test(ray)

    def photograph(self, samples: int, seed: int) -> np.ndarray:
        """Linear light: float32 (H, W, 3); ``samples`` rays a pixel."""
        return np.array(self._mi.render(self._scene, spp=samples, seed=seed), np.float32)[..., :3]
