"""Everything around a detector's network: the picture is resized, predictions become boxes, doubles are dropped.

A network knows objects of the sizes that its training samples had. So it runs twice: on the picture in full, for all
but the largest objects, and on a low-resolution copy ("low-res pass"), for those that fill the picture.

The steps are written once. A SavedModel has them in its graph (`export.TensorFlowTools`), the runtime computes them
with NumPy and OpenCV (`numpy_tools.NumpyTools`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from alpr_utils.boxes import area, intersection, iou_matrix
from alpr_utils.detect.architecture import Architecture
from alpr_utils.detect.scaling import LONG_SIDES

MAX_CANDIDATES = 300
MAX_DETECTIONS = 50
MIN_SCORE = 0.01
LOW_RES_FROM = 80  # pixels of the low-resolution copy: shorter boxes of the low-res pass are dropped
FULL_UP_TO = 0.38  # of the picture: longer boxes of the pass in full are dropped
_PART = 0.7  # of a box inside a box of the low-res pass with a higher score: a piece of that object


class Candidates(NamedTuple):
    """Boxes (K, 4), ymin, xmin, ymax, xmax, pixels, their scores (K,) and classes (K,), from 0."""

    boxes: Any
    scores: Any
    classes: Any


class Tools(Protocol):
    """The steps that NumPy and TensorFlow do differently; arrays of the one or tensors of the other throughout.

    Attributes:
        xp: the module for everything else, `numpy` or `keras.ops`.
    """

    xp: Any

    def size(self, picture: Any) -> Any:
        """Height and width of ``picture: (1, H, W, 3)``, float32 (2,)."""
        ...

    def resize(self, picture: Any, scale: Any) -> Any:
        """(1, H, W, 3) -> float32 (1, scale * H, scale * W, 3), at least one pixel.

        The mean of areas keeps thin strokes when a picture shrinks; bilinear interpolation looks smooth when it grows.
        """
        ...

    def pad(self, picture: Any, stride: int) -> Any:
        """Grey below and at the right, up to multiples of ``stride``."""
        ...

    def highest(self, scores: Any, count: int) -> tuple[Any, Any]:
        """The highest of ``scores: (N,)``, at most ``count``, and their places."""
        ...

    def suppress(self, boxes: Any, scores: Any, max_iou: float) -> Any:
        """Numbers of the boxes that stay after non-maximum suppression, best first, at most ``MAX_DETECTIONS``."""
        ...


@dataclass(frozen=True)
class FindSettings:
    """How a detector treats pictures and boxes.

    Attributes:
        long_sides: pixels, shortest and longest; pictures whose longer side is outside are resized to the nearer one.
        low_res_side: pixels of the longer side of the low-resolution copy; 0, or more than half of ``long_sides``: no
            low-res pass.
        max_iou: two boxes that overlap more are one plate (non-maximum suppression).
        vote_iou: a kept box becomes the score-weighted mean of the candidates that overlap it more than this
            ("box voting", Gidaris and Komodakis 2015); it makes boxes tighter at no cost.
    """

    long_sides: tuple[int, int] = LONG_SIDES
    low_res_side: int = 0
    max_iou: float = 0.4
    vote_iou: float = 0.65

    def __post_init__(self) -> None:
        if 2 * self.low_res_side > self.long_sides[0]:
            object.__setattr__(self, "low_res_side", 0)

    def metadata(self) -> dict[str, Any]:
        """The entries of ``metadata.json``, which `stored` reads."""
        return {"input_long_sides": self.long_sides, "low_res_side": self.low_res_side}

    @classmethod
    def stored(cls, metadata: dict[str, Any]) -> "FindSettings":
        """The settings in ``metadata.json``; older models call the side of the low-resolution copy ``coarse_side``."""
        shortest, longest = metadata.get("input_long_sides", LONG_SIDES)
        side = metadata.get("low_res_side", metadata.get("coarse_side", 0))
        return cls((int(shortest), int(longest)), int(side))


class BoxFinder:
    """Pictures of any size in, boxes in 0..1 out.

    Args:
        outputs: a picture float32 (1, h, w, 3), sides multiples of the stride -> `Architecture.box_outputs` of it,
            without the leading dimension.
    """

    def __init__(
        self,
        architecture: Architecture,
        outputs: Callable[[Any], list[Any]],
        tools: Tools,
        settings: FindSettings,
    ):
        self._architecture, self._outputs, self._tools, self.settings = architecture, outputs, tools, settings

    def __call__(self, image: Any) -> Candidates:
        """Objects in ``image: uint8 (1, H, W, 3)`` RGB, best first; their boxes are in 0..1."""
        xp, tools = self._tools.xp, self._tools
        longer = xp.max(tools.size(image))
        picture = tools.resize(image, xp.clip(longer, *map(float, self.settings.long_sides)) / longer)
        candidates = self._best(picture)
        if self.settings.low_res_side:
            candidates = self._with_low_res_pass(picture, candidates)
        boxes, scores, classes = candidates
        size = tools.size(picture)
        # Classes are moved far apart, so that only boxes of the same class suppress each other and vote together.
        distance = xp.array(classes, "float32")[:, None] * 4 * (xp.max(size) + self._architecture.stride)
        apart = boxes + distance
        kept = tools.suppress(apart, scores, self.settings.max_iou)
        voted = self._vote(xp.take(apart, kept, axis=0), apart, scores) - xp.take(distance, kept, axis=0)
        normalised = xp.clip(voted / xp.tile(size, 2), 0.0, 1.0)
        return Candidates(normalised, xp.take(scores, kept, axis=0), xp.take(classes, kept, axis=0))

    def _best(self, picture: Any) -> Candidates:
        """The candidates of all classes with the highest scores in ``picture: float32 (1, h, w, 3)``."""
        xp, architecture = self._tools.xp, self._architecture
        padded = self._tools.pad(picture, architecture.stride)
        outputs = self._outputs(padded)
        scores = architecture.scores(outputs, xp)  # (N, classes)
        classes = scores.shape[1]
        best, places = self._tools.highest(xp.reshape(scores, (-1,)), MAX_CANDIDATES)
        height, width = xp.shape(padded)[1:3]
        boxes = architecture.boxes(outputs, places // classes, height, width, xp)
        return Candidates(boxes, best, places % classes)

    def _with_low_res_pass(self, picture: Any, full: Candidates) -> Candidates:
        """The candidates of both passes over ``picture``; those that the other pass has to find get the score 0."""
        xp = self._tools.xp
        longer = xp.max(self._tools.size(picture))
        scale = self.settings.low_res_side / longer
        low = self._best(self._tools.resize(picture, scale))
        boxes = low.boxes / scale
        scores = xp.where(_long_sides(low.boxes, xp) >= LOW_RES_FROM, low.scores, 0.0)
        inside = intersection(full.boxes, boxes, xp) > _PART * area(full.boxes, xp)[:, None]  # (full, low)
        better = (scores > full.scores[:, None]) & (low.classes == full.classes[:, None])
        kept = (_long_sides(full.boxes, xp) <= FULL_UP_TO * longer) & ~xp.any(inside & better, axis=1)
        return Candidates(
            xp.concatenate([full.boxes, boxes]),
            xp.concatenate([xp.where(kept, full.scores, 0.0), scores]),
            xp.concatenate([full.classes, low.classes]),
        )

    def _vote(self, kept: Any, boxes: Any, scores: Any) -> Any:
        """``kept: (K, 4)``, each replaced by the mean of the boxes that overlap it, weighted with their scores."""
        xp = self._tools.xp
        weight = xp.where(iou_matrix(kept, boxes, xp) > self.settings.vote_iou, scores, 0.0)  # (kept, candidates)
        return xp.matmul(weight, boxes) / (xp.sum(weight, axis=1, keepdims=True) + 1e-6)


def _long_sides(boxes: Any, xp: Any) -> Any:
    return xp.max(boxes[:, 2:] - boxes[:, :2], axis=1)
