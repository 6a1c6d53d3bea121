"""What the networks of the readers see, and their settings; plain values that load without Keras."""

from dataclasses import dataclass

from alpr_utils.networks.anchors import AnchorSpec
from alpr_utils.networks.configs import SSDConfig

PLATE_HEIGHT, PLATE_WIDTH = 64, 160  # pixels of what a network sees of a plate, whatever the plate's shape
CHAR_SIDE = 32  # pixels of what the character CNN sees of a character
BANDS = 2  # of a plate, in each of which the CRNN writes one row of text
# Characters of a plate stretched to 160 x 64 are 12 to 30 pixels wide and 13 to 55 high.
CHAR_ANCHORS = AnchorSpec(strides=(8,), scales=((22.0,),), aspect_ratios=(0.33, 0.6, 1.0))


@dataclass(frozen=True)
class CRNNConfig:
    """What a variant is made of.

    Attributes:
        stem: filters of a first 5x5 convolution of stride 2, which replaces a block at full resolution.
        blocks: for each block of 3x3 convolutions its filters and its pooling, height and width.
        recurrent: ``gru`` or ``lstm``.
        units: of each direction of a recurrent layer.
        recurrent_layers: how many bidirectional layers.
    """

    stem: int
    blocks: tuple[tuple[tuple[int, ...], tuple[int, int]], ...]
    recurrent: str
    units: int
    recurrent_layers: int


# VGG's pattern of the published network at half its width and with a stem, so that two cores can train it.
_HALF_VGG = (((64,), (2, 2)), ((128,), (2, 1)), ((192, 192), (2, 1)), ((256,), (1, 1)))
CRNN_VARIANTS = {
    "small": CRNNConfig(32, (((48,), (2, 2)), ((96,), (2, 1)), ((128, 128), (2, 1)), ((192,), (1, 1))), "gru", 96, 1),
    "lstm": CRNNConfig(32, _HALF_VGG, "lstm", 128, 2),
    "gru": CRNNConfig(32, _HALF_VGG, "gru", 128, 2),
}


def char_detector_config(classes: int) -> SSDConfig:
    """The SSD of the character detector."""
    return SSDConfig(stem=24, widths=(48, 96), blocks=(1, 2), pyramid=64, anchors=CHAR_ANCHORS, classes=classes)
