"""Triangle meshes with materials, from which streets are built and rendered. Lengths in metres."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

MATT = 0.7  # from this roughness on a surface has no highlight worth its rays


@dataclass(frozen=True)
class Material:
    """How a surface reflects light; every property is one value or a picture laid over the mesh's ``uv``.

    Attributes:
        colour: sRGB 0..255, or uint8 (H, W, 3).
        roughness: 0 mirror .. 1 chalk, or uint8 (H, W) with 255 for 1.
        metallic: 0 or 1, or uint8 (H, W) with 255 for 1.
        clearcoat: 0..1, a layer of varnish.
        glow: emitted light, linear RGB; None for none.
    """

    colour: tuple[float, float, float] | np.ndarray
    roughness: float | np.ndarray = 0.8
    metallic: float | np.ndarray = 0.0
    clearcoat: float = 0.0
    glow: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Mesh:
    """Triangles of one material.

    Attributes:
        vertices: float32 (N, 3), x forward or east, y left or north, z up.
        faces: int32 (M, 3), anticlockwise seen from outside.
        uv: float32 (N, 2), 0..1 from the left and from the bottom of the material's pictures.
        material: the surface.
        normals: float32 (N, 3) for smooth shading, None for flat faces.
    """

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray
    material: Material
    normals: np.ndarray | None = None


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals, the area-weighted mean of the adjoining faces: float32 (N, 3)."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    face_normals = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for i in range(3):
        np.add.at(normals, faces[:, i], face_normals)
    return (normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def grid_faces(rows: int, columns: int) -> np.ndarray:
    """Two triangles for each cell of a grid of vertices stored row by row: int32 (M, 3)."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    lower = np.stack([corner, corner + 1, corner + columns + 1], 1)
    upper = np.stack([corner, corner + columns + 1, corner + columns], 1)
    return np.concatenate([lower, upper]).astype(np.int32)


def quad(corners: np.ndarray, material: Material) -> Mesh:
    """A flat rectangle: corners (4, 3) clockwise from the top left as seen from its front."""
    uv = np.array([(0, 1), (1, 1), (1, 0), (0, 0)], np.float32)
    return Mesh(np.asarray(corners, np.float32), np.array([(0, 3, 2), (0, 2, 1)], np.int32), uv, material)


def box(centre: tuple[float, float, float], size: tuple[float, float, float], material: Material) -> Mesh:
    """An upright box; its four sides each show the material's whole picture, top and bottom its lowest line."""
    x, y, z = (np.array([-0.5, 0.5]) * side + middle for side, middle in zip(size, centre, strict=True))
    rings = [(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])]
    vertices: list[tuple[float, ...]] = []
    faces: list[tuple[int, ...]] = []
    uv: list[tuple[float, float]] = []
    for i in range(4):
        (x0, y0), (x1, y1) = rings[i], rings[(i + 1) % 4]
        vertices += [(x0, y0, z[0]), (x1, y1, z[0]), (x1, y1, z[1]), (x0, y0, z[1])]
        uv += [(0, 0), (1, 0), (1, 1), (0, 1)]
        faces += [(4 * i, 4 * i + 1, 4 * i + 2), (4 * i, 4 * i + 2, 4 * i + 3)]
    for height, order in ((z[1], (0, 1, 2, 3)), (z[0], (3, 2, 1, 0))):
        base = len(vertices)
        vertices += [(*rings[i], height) for i in order]
        uv += [(0, 0.001)] * 4
        faces += [(base, base + 1, base + 2), (base, base + 2, base + 3)]
    return Mesh(np.array(vertices, np.float32), np.array(faces, np.int32), np.array(uv, np.float32), material)


def tube(start: np.ndarray, end: np.ndarray, radii: tuple[float, float], material: Material, sides: int = 10) -> Mesh:
    """An open cone or cylinder between two points with the radii at its ends."""
    axis = np.asarray(end, float) - start
    axis /= np.linalg.norm(axis)
    across = np.cross(axis, (0, 0, 1) if abs(axis[2]) < 0.9 else (1, 0, 0))
    across /= np.linalg.norm(across)
    angles = np.linspace(0, 2 * np.pi, sides + 1)
    ring = np.cos(angles)[:, None] * across + np.sin(angles)[:, None] * np.cross(axis, across)
    vertices = np.concatenate([start + radii[0] * ring, end + radii[1] * ring]).astype(np.float32)
    u = np.linspace(0, 1, sides + 1)
    uv = np.concatenate([np.stack([u, np.full_like(u, v)], 1) for v in (0, 1)]).astype(np.float32)
    faces = grid_faces(2, sides + 1)
    return Mesh(vertices, faces, uv, material, vertex_normals(vertices, faces))


def ellipsoid(
    centre: tuple[float, float, float], radii: tuple[float, float, float], material: Material, steps: int = 14
) -> Mesh:
    """A closed ellipsoid with upright axis z."""
    polar, around = np.meshgrid(np.linspace(0, np.pi, steps), np.linspace(0, 2 * np.pi, 2 * steps), indexing="ij")
    sphere = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1)
    vertices = (sphere.reshape(-1, 3) * radii + centre).astype(np.float32)
    uv = np.stack([around.ravel() / (2 * np.pi), 1 - polar.ravel() / np.pi], 1).astype(np.float32)
    faces = grid_faces(steps, 2 * steps)[:, ::-1]
    normals = sphere.reshape(-1, 3) / np.asarray(radii)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return Mesh(vertices, faces, uv, material, normals.astype(np.float32))


def merged(meshes: Sequence[Mesh]) -> Mesh:
    """Many small flat-shaded meshes as one with the material of the first."""
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes[:-1])])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]).astype(np.int32),
        np.concatenate([mesh.uv for mesh in meshes]),
        meshes[0].material,
    )


def turned(points: np.ndarray, turn_deg: float) -> np.ndarray:
    """``points: (..., 3)`` turned anticlockwise about the z axis."""
    angle = np.radians(turn_deg)
    turn = np.array([(np.cos(angle), -np.sin(angle), 0), (np.sin(angle), np.cos(angle), 0), (0, 0, 1)], points.dtype)
    return points @ turn.T


def placed(mesh: Mesh, turn_deg: float, offset: tuple[float, float, float]) -> Mesh:
    """``mesh`` turned anticlockwise about the z axis, then moved."""
    normals = None if mesh.normals is None else turned(mesh.normals, turn_deg)
    vertices = turned(mesh.vertices, turn_deg) + np.asarray(offset, np.float32)
    return replace(mesh, vertices=vertices, normals=normals)
