"""Vehicles and the camera that sees them."""

import numpy as np
import pytest

from alpr_utils.synth.vehicle.car import car_meshes, random_look
from alpr_utils.synth.vehicle.mesh import vertex_normals
from alpr_utils.synth.vehicle.pinhole import PinholeCamera
from alpr_utils.synth.vehicle.shape import SHAPES, body


def test_a_camera_sees_its_target_in_the_middle_and_up_above_down() -> None:
    camera = PinholeCamera((3.0, -8.0, 1.5), (0.0, 0.0, 0.6), 1000.0, 1280, 720)
    middle, above, beside = camera.project(np.array([(0, 0, 0.6), (0, 0, 1.0), (0.5, 0, 0.6)]))
    assert np.allclose(middle, (640, 360, float(np.linalg.norm((3, 8, 0.9)))))
    assert above[1] < middle[1] and beside[0] > middle[0]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_car_bodies_have_their_size_and_face_outwards(shape) -> None:  # type: ignore[no-untyped-def]
    surface = body(shape)
    size = np.ptp(surface.vertices, axis=0)
    assert np.allclose(size[:2], (shape.length, shape.width), rtol=0.04)
    assert surface.vertices[:, 2].max() == pytest.approx(shape.height, abs=0.05)
    outward = vertex_normals(surface.vertices, surface.faces) * np.sign(surface.vertices - (0, 0, 0.7))
    assert (outward.sum(1) > 0).mean() > 0.95


def test_every_mesh_of_a_car_is_sound() -> None:
    look = random_look(np.random.default_rng(0), 0.3, 0.5, 60)
    for mesh in car_meshes(SHAPES[0], look):
        assert mesh.faces.min() >= 0 and mesh.faces.max() < len(mesh.vertices)
        assert len(mesh.uv) == len(mesh.vertices) and np.isfinite(mesh.vertices).all()
        assert (mesh.vertices[:, 2] > -0.01).all()
