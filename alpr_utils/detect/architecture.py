"""What the shared training, export and evaluation know of a detector's architecture, and the list of the architectures.

The SSD, Faster R-CNN and YOLOv3 differ in their network, in what it is taught at each place, in their losses and in how
its answers become boxes. Those four things are an `Architecture`; photos, augmentation, optimiser, checkpoints,
non-maximum suppression, box voting, SavedModel and figures are the same for all.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

import keras
import numpy as np

from alpr_utils.config import parse_settings
from alpr_utils.errors import AlprError, ModelError
from alpr_utils.models.folder import METADATA_FILE, read_metadata
from alpr_utils.models.weights import WEIGHTS_FILE, load_weights

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# boxes float32 (M, 4), pixels, and their classes int (M,), from 0 -> the target of one sample, float32, any fixed shape
Encoder: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
Side: TypeAlias = "int | keras.KerasTensor"  # pixels; a scalar tensor where a graph takes any size

_ARCHITECTURES = {
    "ssd": ("alpr_utils.detect.ssd", "SSD"),
    "faster_rcnn": ("alpr_utils.detect.faster_rcnn", "FasterRCNN"),
    "yolov3": ("alpr_utils.detect.yolov3", "YOLOv3"),
}
ARCHITECTURES = tuple(_ARCHITECTURES)


class Architecture(Protocol):
    """One way to build and teach a detector; implementations are frozen dataclasses with the one field ``config``.

    Boxes are ymin, xmin, ymax, xmax in pixels of the network's input throughout. Pictures are float32 (B, H, W, 3) RGB,
    0..255, H and W multiples of ``stride``; the network scales the values itself.

    Attributes:
        name: the key in ``ARCHITECTURES``, also the name of the network.
        config: a frozen dataclass of numbers, strings, tuples and further such dataclasses (so that it goes to and
            from JSON), every field with a default. It has a field ``classes: int = 1``, the number of object classes.
        loss_names: the keys of ``losses``.
    """

    name: ClassVar[str]
    loss_names: ClassVar[tuple[str, ...]]

    @property
    def config(self) -> "DataclassInstance":
        """The settings of the network."""
        ...

    @property
    def stride(self) -> int:
        """Pixels between two cells of the coarsest feature map; height and width of an input are multiples of it."""
        ...

    def build(self) -> keras.Model:
        """The functional network with random weights: pictures (B, H, W, 3) -> predictions, a tensor or a list.

        Predictions are float32 whatever the dtype policy.
        """
        ...

    def encoder(self, height: int, width: int) -> Encoder:
        """What turns the boxes of one ``height`` x ``width`` sample into its target.

        The encoder takes boxes float32 (M, 4) and classes int (M,) from 0 (M may be 0) and gives float32 of a shape
        that does not depend on M, for the targets of a batch are stacked: ``targets: float32 (B, ...)``.
        """
        ...

    def losses(
        self, network: keras.Model, targets: keras.KerasTensor, predictions: Any, height: Side, width: Side
    ) -> dict[str, keras.KerasTensor]:
        """Named parts of the loss, each a float32 scalar, mean over the batch; training minimises their sum.

        Args:
            network: what ``build`` gave (with the same layers), for parts that run a layer again.
            targets: stacked results of the encoder.
            predictions: what the network gave for the pictures.
            height, width: of the pictures; scalar tensors where the training mixes sizes.
        """
        ...

    def candidates(
        self, network: keras.Model, picture: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Every box that the network considers, before non-maximum suppression.

        Args:
            picture: float32 (1, H, W, 3); H and W may be unknown when the graph is traced.

        Returns:
            boxes float32 (N, 4), pixels, and scores float32 (N, classes), 0..1.
        """
        ...


def architecture_type(name: str) -> Any:
    """The class of an architecture; ``architecture_type(name)(config)`` makes one, without ``config`` the default.

    Raises:
        AlprError: no such architecture.
    """
    if name not in _ARCHITECTURES:
        raise AlprError(f"{name}: is no architecture; choose one of {', '.join(ARCHITECTURES)}.")
    module, attribute = _ARCHITECTURES[name]
    return getattr(import_module(module), attribute)


class TrainableDetector(keras.Model):
    """``network`` with its layers and weights, made trainable by ``fit``: compile it with an optimiser, without a loss.

    Every part of the loss is logged under its own name beside their sum, ``loss``.
    """

    def __init__(self, architecture: Architecture, network: keras.Model):
        super().__init__(network.input, network.output, name=network.name)
        self.architecture = architecture
        self.parts = [keras.metrics.Mean(f"{name}_loss") for name in architecture.loss_names]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> keras.KerasTensor:
        """The sum of the architecture's losses; called by ``fit``."""
        height, width = keras.ops.shape(x)[1:3]
        losses = self.architecture.losses(self, y, y_pred, height, width)
        for name, mean in zip(self.architecture.loss_names, self.parts, strict=True):
            mean.update_state(losses[name])
        return sum(losses[name] for name in self.architecture.loss_names)


PADDING_GREY = 114  # what lies outside the picture, in training and in the exported model
# Pixels, shortest and longest, to which exported models resize the longer side of a picture: large photos keep more of
# their far plates, small ones are seen as in training.
LONG_SIDES = (960, 1280)


def open_network(folder: Path) -> tuple[Architecture, keras.Model]:
    """The architecture and the Keras network of a model folder, to look inside; `load_detector` is the way to detect.

    Raises:
        ModelError: the folder is missing or damaged, or its model was not trained here.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder}: does not exist; train such a detector or copy its folder there.")
    facts = read_metadata(folder)
    if "architecture" not in facts or "config" not in facts:
        raise ModelError(f"{folder / METADATA_FILE}: names no architecture; choose a detector that was trained here.")
    kind = architecture_type(facts["architecture"])
    where = f"{folder / METADATA_FILE}: config"
    architecture: Architecture = kind(parse_settings(type(kind().config), facts["config"], where))
    network = architecture.build()
    load_weights(network, folder / WEIGHTS_FILE)
    return architecture, network
