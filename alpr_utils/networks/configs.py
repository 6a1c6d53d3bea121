"""The settings of each network: widths, anchors, numbers of its losses. Plain dataclasses that load without Keras."""

from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

import numpy as np
from pydantic import Field

from alpr_utils.config import Count, Depth, Pixels, Positive, Share, Width
from alpr_utils.errors import AlprError
from alpr_utils.networks.anchors import AnchorSpec

AnchorShapes = tuple[tuple[float, float], ...]
Widths: TypeAlias = Annotated[tuple[Width, ...], Field(min_length=1)]
Depths: TypeAlias = Annotated[tuple[Depth, ...], Field(min_length=1)]

COCO_ANCHORS: AnchorShapes = (
    (10, 13), (16, 30), (33, 23), (30, 61), (62, 45), (59, 119), (116, 90), (156, 198), (373, 326),
)  # fmt: skip
# The published tiny weights were trained with one anchor shared by both scales, unlike today's yolov3-tiny.cfg.
TINY_COCO_ANCHORS: AnchorShapes = ((23, 27), (37, 58), (81, 82), (81, 82), (135, 169), (344, 319))
PLATE_ANCHORS: AnchorShapes = (
    (19, 6), (29, 10), (49, 15), (53, 40), (78, 22), (110, 34), (87, 76), (168, 57), (232, 111),
)  # fmt: skip


def _check_backbone(widths: tuple[int, ...], blocks: tuple[int, ...], maps: int) -> None:
    if len(widths) != len(blocks):
        raise ValueError(f"must have as many blocks ({len(blocks)}) as widths ({len(widths)})")
    if maps > len(widths):
        raise ValueError(f"must not have more strides of anchors ({maps}) than stages ({len(widths)})")


@dataclass(frozen=True)
class SSDConfig:
    """Widths of an SSD, its anchors and its number of classes.

    The stem halves the picture and so does every stage after it; the last stages, one for each stride of the anchors,
    get anchors.
    """

    stem: Width = 16
    widths: Widths = (32, 64, 96, 128)
    blocks: Depths = (1, 2, 2, 2)
    pyramid: Width = 64
    anchors: AnchorSpec = field(default_factory=AnchorSpec)
    classes: Width = 1

    def __post_init__(self) -> None:
        """Refuse a backbone that does not fit together."""
        _check_backbone(self.widths, self.blocks, len(self.anchors.strides))


@dataclass(frozen=True)
class FasterRCNNConfig:
    """Widths of a Faster R-CNN, its anchors, and how many regions it examines.

    Attributes:
        stem, widths, blocks: of the backbone, whose stages have the strides 4, 8, 16, ...
        pyramid: channels of every map of the feature pyramid.
        anchors: of the RPN; its strides are the last ones of the backbone.
        rpn_iou: an anchor learns "object" from the first overlap on and "background" up to the second.
        pre_nms_top_n: best anchors of a picture that can become RoIs.
        proposal_iou: of two that overlap more, only the better one becomes a RoI.
        post_nms_top_n: RoIs of a picture.
        sampled: RoIs of a picture from which the head learns.
        objects: most objects of a sample that can be learned.
        grid: rows and columns of features that RoI align cuts out; plates are wide.
        finest_side: square root of the area in pixels below which a RoI is cut out of the second finest map instead of
            a coarser one; half of it: out of the finest.
        hidden: width of the two dense layers of the head.
        classes: number of classes.
    """

    stem: Width = 16
    widths: Widths = (32, 64, 96, 128)
    blocks: Depths = (1, 2, 2, 2)
    pyramid: Width = 64
    anchors: AnchorSpec = field(default_factory=AnchorSpec)
    rpn_iou: tuple[Share, Share] = (0.6, 0.3)
    pre_nms_top_n: Count = 300
    proposal_iou: Share = 0.7
    post_nms_top_n: Count = 64
    sampled: Width = 32
    objects: Width = 16
    grid: tuple[Width, Width] = (6, 12)
    finest_side: Pixels = 64.0
    hidden: Width = 256
    classes: Width = 1

    def __post_init__(self) -> None:
        """Refuse a backbone that does not fit together."""
        _check_backbone(self.widths, self.blocks, len(self.anchors.strides))


@dataclass(frozen=True)
class SecondLookConfig:
    """Settings of the network that looks at candidates again, and of the crops that it sees.

    Attributes:
        height, width: of a crop as the network sees it, pixels, multiples of 32.
        margin: surroundings on each side, as a share of the candidate's side in that direction.
        cross_margin: more of them, as a share of the other side: a box that is off by a pixel of a reduced picture is
            off by more of its short side than of its long one.
        stem, widths, blocks: of the backbone; those of the SSD, so that it can lend its own.
        detail: channels of the map in which places are found.
    """

    height: Width = 64
    width: Width = 128
    margin: Positive = 0.35
    cross_margin: Annotated[float, Field(ge=0)] = 0.1
    stem: Width = 16
    widths: Widths = (32, 64, 96, 128)
    blocks: Depths = (1, 2, 2, 2)
    detail: Width = 48


@dataclass(frozen=True)
class Variant:
    """Widths of a YOLOv3.

    Attributes:
        filters: of the first convolution, then of each stage (a tiny Darknet: of each convolution of its backbone).
        blocks: residual blocks after the stride of each stage; empty for the tiny Darknet, which pools instead.
        first_stride: of the first convolution, 1 in the paper; 2 saves half of the time on a CPU.
        heads: filters of the 1x1 convolutions of the heads, finest scale first.
        anchors: used where the configuration names none.
    """

    filters: tuple[int, ...]
    blocks: tuple[int, ...]
    heads: tuple[int, ...]
    anchors: AnchorShapes
    first_stride: int = 1

    @property
    def strides(self) -> tuple[int, ...]:
        """Pixels between two cells of each scale, finest first; the coarsest is 32 in all."""
        return tuple(32 >> level for level in reversed(range(len(self.heads))))


VARIANTS = {
    "yolov3": Variant((32, 64, 128, 256, 512, 1024), (1, 2, 8, 8, 4), (128, 256, 512), COCO_ANCHORS),
    "tiny": Variant((16, 32, 64, 128, 256, 512, 1024), (), (128, 256), TINY_COCO_ANCHORS),
    "small": Variant((16, 32, 64, 128, 256), (1, 2, 2, 1), (32, 64, 96), PLATE_ANCHORS, first_stride=2),
}


@dataclass(frozen=True)
class YOLOv3Config:
    """Settings of a YOLOv3.

    Attributes:
        variant: a key of ``VARIANTS``: ``yolov3`` and ``tiny`` as published, ``small`` for training on a CPU.
        classes: number of object classes.
        anchors: (width, height) in pixels, as ``python -m alpr_utils anchors`` prints them: the first third belongs to
            the finest scale and so on; empty takes those of the variant.
        width: factor of all numbers of filters.
        ignore_iou: the paper's threshold: an anchor that overlaps an object more without predicting it is left out of
            the loss.
        shared_iou: anchors whose shape has at least this IoU with an object's predict it too (YOLOv4, "using multiple
            anchors for a single ground truth"); 1 is the paper's rule, the best anchor alone.
        centre_stretch: how far predicted centres can leave the middle of their cell (YOLOv4, "eliminate grid
            sensitivity"); 1 is the paper's, in which the edges of a cell are out of reach.
        box_weight: of the GIoU loss against the two others.
    """

    variant: str = "small"
    classes: Width = 1
    anchors: tuple[tuple[Pixels, Pixels], ...] = ()
    width: Annotated[float, Field(gt=0, le=8)] = 1.0
    ignore_iou: Share = 0.5
    shared_iou: Share = 0.5
    centre_stretch: Annotated[float, Field(ge=1, le=2)] = 1.1
    box_weight: Positive = 2.0

    @classmethod
    def published(cls, variant: str, classes: int, anchors: AnchorShapes = ()) -> "YOLOv3Config":
        """The paper's rules, for weights that Darknet trained."""
        return cls(variant, classes, anchors, shared_iou=1.0, centre_stretch=1.0)


def variant_of(config: YOLOv3Config) -> Variant:
    """The widths that ``config`` asks for.

    Raises:
        AlprError: no such variant.
    """
    if config.variant not in VARIANTS:
        raise AlprError(f"{config.variant}: no such variant of YOLOv3; choose one of {', '.join(VARIANTS)}.")
    return VARIANTS[config.variant]


def level_anchors(config: YOLOv3Config) -> np.ndarray:
    """Anchor shapes of every scale: float32 (scales, A, 2), height and width in pixels, finest scale first.

    Raises:
        AlprError: the anchors cannot be divided evenly among the scales, or one is not a pair of positive numbers.
    """
    variant = variant_of(config)
    scales = len(variant.heads)
    shapes = np.array(config.anchors or variant.anchors, np.float32)
    if shapes.ndim != 2 or shapes.shape[1] != 2 or len(shapes) % scales or not (shapes > 0).all():
        raise AlprError(
            f"anchors: {len(shapes)} given; YOLOv3 '{config.variant}' needs pairs of positive numbers, "
            f"{scales} times as many as a cell has."
        )
    return shapes[:, ::-1].reshape(scales, -1, 2)
