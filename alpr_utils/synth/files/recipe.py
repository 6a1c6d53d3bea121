"""A recipe makes picture number i of a data set; it does not depend on the pictures made before."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from alpr_utils.errors import AlprError
from alpr_utils.images import find_pictures, is_video, read_image
from alpr_utils.plates import plate_type
from alpr_utils.synth.photo.degrade import MIXED, PRESETS
from alpr_utils.synth.plate.labels import LabelledScene, ScenePlate

KINDS = ("plates", "scenes")
QUALITIES = ("fast", "rendered")
_JPEG_QUALITY = {"plates": 95, "scenes": 88}
_RENDER_SEED_STEP = 100_003  # keeps the shipped scenes reproducible


@dataclass(frozen=True)
class GeneratedPicture:
    """A finished picture.

    Attributes:
        jpeg: the encoded file.
        size: height and width in pixels.
        plates: its labelled plates.
        vehicles: float32 (M, 4), ymin, xmin, ymax, xmax in pixels.
    """

    jpeg: bytes
    size: tuple[int, int]
    plates: tuple[ScenePlate, ...]
    vehicles: np.ndarray


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the bytes of a generated data set.

    Attributes:
        kind: ``plates`` (crops of one plate) or ``scenes``.
        country: a code such as ``mn``, or the path of a country's file.
        preset: kind of camera, or ``mixed``.
        seed: picture i is drawn from ``np.random.default_rng([seed, i])``.
        balanced: plates only: rare characters more often than on the road.
        quality: scenes only: ``fast`` (composed) or ``rendered`` (ray traced, a street by day or night).
        backgrounds: fast scenes only: photos to put behind the vehicles; without any they are generated.
    """

    kind: str
    country: str
    preset: str = MIXED
    seed: int = 0
    balanced: bool = False
    quality: str = "fast"
    backgrounds: tuple[Path, ...] = ()

    def check(self) -> None:
        """Check the settings before the work begins.

        Raises:
            AlprError: unknown kind, country, preset or quality, or a combination that does not exist.
            RendererError: the ray tracer is not installed.
        """
        plate_type(self.country)
        _require("kind", self.kind, KINDS)
        _require("quality", self.quality, QUALITIES)
        if self.seed < 0:
            raise AlprError(f"The seed is {self.seed}; choose 0 or more.")
        if self.kind == "scenes" and self.quality == "rendered":
            if self.preset != MIXED or self.backgrounds:
                raise AlprError(
                    "Rendered scenes have one camera and street of their own; give no preset, no backgrounds."
                )
            from alpr_utils.synth.raytraced.tracer import load_mitsuba

            load_mitsuba()
            return
        _require("preset", self.preset, (*presets(self.kind), MIXED))

    def picture(self, index: int) -> GeneratedPicture:
        """Picture number ``index``.

        Raises:
            AlprError: it cannot be made; the sentence says why.
        """
        try:
            image, plates, vehicles = self._plate(index) if self.kind == "plates" else self._scene(index)
        except (AlprError, ImportError):  # what is not installed helps no other picture
            raise
        except Exception as error:  # one sentence, not a traceback, for one picture among thousands
            raise AlprError(
                f"Picture {index} of {self.country} {self.kind} with seed {self.seed} cannot be made "
                f"({type(error).__name__}: {error}); choose another seed."
            ) from error
        quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY[self.kind]]
        jpeg = cv2.imencode(".jpg", image[..., ::-1], quality)[1].tobytes()
        return GeneratedPicture(jpeg, (image.shape[0], image.shape[1]), plates, vehicles)

    def _plate(self, index: int) -> tuple[np.ndarray, tuple[ScenePlate, ...], np.ndarray]:
        from alpr_utils.synth.photo.sample import sample_plate

        rng = np.random.default_rng([self.seed, index])
        plate = sample_plate(rng, self.country, self.preset, self.balanced)
        (xmin, ymin), (xmax, ymax) = plate.corners.min(0), plate.corners.max(0)
        box = np.array([ymin, xmin, ymax, xmax], np.float32)
        label = ScenePlate(
            plate.text, plate.rows, plate.country, plate.layout, box, plate.corners, plate.char_boxes
        )  # fmt: skip
        return plate.image, (label,), np.zeros((0, 4), np.float32)

    def _scene(self, index: int) -> tuple[np.ndarray, tuple[ScenePlate, ...], np.ndarray]:
        scene: LabelledScene
        if self.quality == "rendered":
            from alpr_utils.synth.raytraced.scene import make_scene

            scene = make_scene(self.seed * _RENDER_SEED_STEP + index, self.country)
        else:
            from alpr_utils.synth.scene.compose import compose_scene

            rng = np.random.default_rng([self.seed, index])
            scene = compose_scene(rng, self.country, self.preset, self.backgrounds)
        return scene.image, scene.plates, scene.vehicles


def presets(kind: str) -> tuple[str, ...]:
    """The presets of ``plates`` or ``scenes``, without ``mixed``."""
    if kind == "plates":
        return tuple(PRESETS)
    from alpr_utils.synth.scene.compose import SCENE_PRESETS

    return tuple(SCENE_PRESETS)


def _require(what: str, chosen: str, choices: tuple[str, ...]) -> None:
    if chosen not in choices:
        raise AlprError(f"There is no {what} '{chosen}'; choose one of {', '.join(choices)}.")


def background_pictures(folder: Path) -> tuple[Path, ...]:
    """The pictures of a folder of photos, every one of them readable.

    Raises:
        PictureError: the folder is missing or holds no picture, or one of them is broken.
    """
    found, problems = find_pictures([folder])
    if problems:
        raise problems[0]
    pictures = tuple(path for path in found if not is_video(path))
    for path in pictures:
        read_image(path)
    return pictures
