"""What training, export and evaluation need to know of a detector's architecture, and the list of the architectures.

The SSD, Faster R-CNN and YOLOv3 differ in their network, in what each anchor learns, in their losses and in how
predictions become boxes. An `Architecture` is these four things. Photos, augmentation, optimiser, checkpoints,
non-maximum suppression, box voting, export and figures are the same for all.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from alpr_utils.config import parse_settings
from alpr_utils.errors import AlprError
from alpr_utils.networks.anchors import make_anchors

if TYPE_CHECKING:
    import keras

# boxes float32 (M, 4), pixels, and their classes int (M,), from 0 -> the target of one sample, float32, any fixed shape
Encoder: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
Side: TypeAlias = "int | keras.KerasTensor"  # pixels; a scalar tensor where a graph takes any size

_ARCHITECTURES = {
    "ssd": ("alpr_utils.detect.ssd", "SSD"),
    "faster_rcnn": ("alpr_utils.detect.faster_rcnn", "FasterRCNN"),
    "yolov3": ("alpr_utils.detect.yolov3", "YOLOv3"),
}
ARCHITECTURES = tuple(_ARCHITECTURES)
# Settings that stored models and older configuration files call otherwise.
_OLD_KEYS = {"considered": "pre_nms_top_n", "proposals": "post_nms_top_n"}


class Architecture(ABC):
    """One kind of detector; implementations are frozen dataclasses with the one field ``config``.

    Boxes are ymin, xmin, ymax, xmax in pixels of the network's input throughout. Pictures are float32 (B, H, W, 3) RGB,
    0..255, H and W multiples of ``stride``; the network scales the values itself. Keras is imported by `build` and
    `losses` alone. Methods with the argument ``xp`` compute with NumPy or, inside a graph, with ``keras.ops``.

    Attributes:
        name: the key in ``ARCHITECTURES``, also the name of the network.
        config: a frozen dataclass of numbers, strings, tuples and further such dataclasses (so that it goes to and
            from JSON), every field with a default. It has a field ``classes: int = 1``, the number of object classes.
        loss_names: the keys of ``losses``.
    """

    name: ClassVar[str]
    loss_names: ClassVar[tuple[str, ...]]
    config: Any

    @property
    def strides(self) -> tuple[int, ...]:
        """Pixels between two cells of each map that has anchors, finest first; by default those of its `AnchorSpec`."""
        return self.config.anchors.strides

    @property
    def stride(self) -> int:
        """The coarsest of ``strides``: height and width of an input are multiples of it."""
        return self.strides[-1]

    @property
    def anchors_per_cell(self) -> int:
        """How many anchors each cell has."""
        return self.config.anchors.per_cell

    def anchors(self, height: int, width: int) -> np.ndarray:
        """All anchors of a ``height`` x ``width`` input: maps, then rows, columns, shapes; float32 (N, 4)."""
        return make_anchors(height, width, self.config.anchors)

    @abstractmethod
    def build(self) -> "keras.Model":
        """The functional network with random weights: pictures (B, H, W, 3) -> predictions, a tensor or a list.

        Predictions are float32 whatever the dtype policy.
        """

    @abstractmethod
    def encoder(self, height: int, width: int) -> Encoder:
        """The function that turns the boxes of one ``height`` x ``width`` sample into its target.

        The encoder takes boxes float32 (M, 4) and classes int (M,) from 0 (M may be 0) and gives float32 of a shape
        that does not depend on M, because the targets of a batch are stacked: ``targets: float32 (B, ...)``.
        """

    @abstractmethod
    def losses(
        self, network: "keras.Model", targets: Any, predictions: Any, height: Side, width: Side
    ) -> dict[str, Any]:
        """Named parts of the loss, each a float32 scalar, mean over the batch; training minimises their sum.

        Args:
            network: what ``build`` gave (with the same layers), for parts that run a layer again.
            targets: stacked results of the encoder.
            predictions: what the network gave for the pictures.
            height, width: of the pictures; scalar tensors where the training mixes sizes.
        """

    @abstractmethod
    def objectness(self, predictions: Any) -> Any:
        """How likely each anchor has an object before any box is chosen: logits (N,), the highest of the classes.

        Args:
            predictions: what the network gave for one picture.
        """

    @abstractmethod
    def box_outputs(self, predictions: Any) -> list[Any]:
        """Those of the predictions from which boxes are made, each (B, ...)."""

    @abstractmethod
    def scores(self, outputs: Sequence[Any], xp: Any = np) -> Any:
        """Scores of all candidate boxes before non-maximum suppression: float32 (N, classes), 0..1.

        Args:
            outputs: `box_outputs` of one picture, without the leading dimension.
        """

    @abstractmethod
    def boxes(self, outputs: Sequence[Any], numbers: Any, height: Side, width: Side, xp: Any = np) -> Any:
        """The candidate boxes with these numbers: float32 (K, 4), pixels.

        Args:
            outputs: as for `scores`.
            numbers: int (K,), rows of `scores`.
            height, width: of the picture.
        """


def architecture_type(name: str, where: str = "architecture") -> Any:
    """The class of an architecture; ``architecture_type(name)(config)`` makes one, without ``config`` the default.

    Messages call the place of the name ``where``.

    Raises:
        AlprError: no such architecture.
    """
    if name not in _ARCHITECTURES:
        raise AlprError(f"{where}: there is no '{name}'; choose one of {', '.join(ARCHITECTURES)}.")
    module, attribute = _ARCHITECTURES[name]
    return getattr(import_module(module), attribute)


def parse_architecture(name: str, config: Any, where: str) -> Architecture:
    """An architecture with the settings of a JSON object, as configuration files and ``metadata.json`` have them.

    Args:
        where: how messages name the place, e.g. ``configs/ssd.json: network``.

    Raises:
        AlprError: no such architecture, an unknown key, or a value of the wrong type.
    """
    kind = architecture_type(name, f"{where.partition(': ')[0]}: architecture")
    if isinstance(config, dict):
        config = {_OLD_KEYS.get(key, key): value for key, value in config.items()}
    return kind(parse_settings(type(kind().config), config, where))
