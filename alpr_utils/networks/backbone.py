"""What the SSD and Faster R-CNN share: a small residual backbone and a feature pyramid.

Sources: residual blocks of He et al., 2016; feature pyramid networks (FPN) of Lin et al., 2017.
Plain 3x3 convolutions are faster on a CPU than depthwise ones.
"""

from collections.abc import Sequence

import keras
from keras import layers

BACKBONE = "backbone_"  # how the names of its layers begin


def conv(
    x: keras.KerasTensor, filters: int, stride: int = 1, kernel: int = 3, relu: bool = True, name: str | None = None
) -> keras.KerasTensor:
    """Convolution, batch normalisation and, with ``relu``, a ReLU: (B, H, W, C) -> (B, H/stride, W/stride, filters)."""
    x = layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False, name=name and f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.97, epsilon=1e-3, name=name and f"{name}_norm")(x)
    return layers.ReLU()(x) if relu else x


def _residual_block(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    shortcut = x
    x = conv(x, filters, name=f"{name}_0")
    x = conv(x, filters, relu=False, name=f"{name}_1")
    return layers.ReLU()(layers.Add()([x, shortcut]))


def residual_backbone(
    image: keras.KerasTensor, stem: int, widths: Sequence[int], blocks: Sequence[int]
) -> list[keras.KerasTensor]:
    """Picture (B, H, W, 3), 0..255 -> feature maps of strides 4, 8, 16, ..., one for each of ``widths``.

    ``blocks[i]`` residual blocks follow the stride of stage ``i``.
    """
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(image)
    x = conv(x, stem, stride=2, name=f"{BACKBONE}stem")  # (B, H/2, W/2, stem)
    maps = []
    for stage, (filters, count) in enumerate(zip(widths, blocks, strict=True)):
        x = conv(x, filters, stride=2, name=f"{BACKBONE}{stage}")
        for block in range(count):
            x = _residual_block(x, filters, f"{BACKBONE}{stage}_{block}")
        maps.append(x)
    return maps


def feature_pyramid(maps: Sequence[keras.KerasTensor], filters: int) -> list[keras.KerasTensor]:
    """The same maps with ``filters`` channels each, every finer one enriched by the coarser ones (FPN, figure 3)."""
    lateral = [conv(x, filters, kernel=1, relu=False) for x in maps]
    top = lateral[-1]
    merged = [top]
    for x in reversed(lateral[:-1]):
        top = layers.Add()([x, layers.UpSampling2D(2, interpolation="nearest")(top)])
        merged.insert(0, top)
    return [conv(x, filters) for x in merged]
