"""The second look: a small network that sees one candidate of a detector close up.

Edges and corners are read off maps, each the mean place of its map as a soft argmax gives it (Luvizon et al., 2019,
"Human pose regression by combining indirect part detection and contextual information"): a map that responds to an
edge wherever it lies needs few photos to learn from.
"""

import keras
import numpy as np
from keras import layers, ops

from alpr_utils.networks.backbone import conv, feature_pyramid, residual_backbone
from alpr_utils.networks.box_ops import giou
from alpr_utils.networks.configs import SecondLookConfig

_SHARPNESS = 4.0  # of the soft argmax when training begins; low values pull every place to the middle of the crop


def _places(maps: keras.KerasTensor, grid: np.ndarray, name: str) -> keras.KerasTensor:
    """Mean places under the softmax of ``maps`` (B, cells, K); ``grid`` (cells, D) -> float32 (B, K, D)."""
    weights = layers.Softmax(axis=1, dtype="float32", name=name)(maps)
    return ops.einsum("bck,cd->bkd", weights, grid.astype(np.float32))  # a tensor here would not go into ONNX files


def _edges(detail: keras.KerasTensor, axis: int, cells: int, name: str) -> keras.KerasTensor:
    """Where the low and the high edge of the box lie along rows (axis 2 pooled) or columns (axis 1): float32 (B, 2)."""
    profile = layers.Concatenate()([ops.mean(detail, axis=axis), ops.max(detail, axis=axis)])  # (B, cells, 2C)
    profile = layers.Conv1D(32, 5, padding="same", activation="relu", name=f"{name}_profile")(profile)
    logits = layers.Conv1D(2, 3, padding="same", dtype="float32", name=f"{name}_edges")(profile)
    grid = ((np.arange(cells) + 0.5) / cells)[:, None]
    return _places(logits * _SHARPNESS, grid, f"{name}_softmax")[..., 0]


def _corners(detail: keras.KerasTensor, rows: int, columns: int) -> keras.KerasTensor:
    """x, y of four corners in ``detail`` (B, rows, columns, C): float32 (B, 8)."""
    heat = layers.Conv2D(4, 3, padding="same", dtype="float32", name="corner_maps")(detail)
    heat = layers.Reshape((rows * columns, 4))(heat * _SHARPNESS)
    y, x = np.mgrid[0:rows, 0:columns]
    grid = np.stack([(x + 0.5) / columns, (y + 0.5) / rows], axis=-1).reshape(-1, 2)
    return layers.Reshape((8,))(_places(heat, grid, "corner_softmax"))


def build_second_look(config: SecondLookConfig) -> keras.Model:
    """The untrained network: uint8 or float (B, H, W, 3), 0..255 -> float32 (B, 13).

    The outputs are the logit of being a plate; its box ymin, xmin, ymax, xmax; x, y of its corners, clockwise from the
    top left. Box and corners are shares of the crop.
    """
    crop = keras.Input((config.height, config.width, 3), name="crop")
    maps = residual_backbone(crop, config.stem, config.widths, config.blocks)
    rows, columns = config.height // 4, config.width // 4
    detail = conv(feature_pyramid(maps, config.detail)[0], config.detail, name="detail")  # (B, H/4, W/4, detail)
    low_y, high_y = ops.split(_edges(detail, 2, rows, "rows"), 2, axis=-1)
    low_x, high_x = ops.split(_edges(detail, 1, columns, "columns"), 2, axis=-1)
    whole = layers.Flatten()(conv(maps[-1], 48, kernel=1, name="whole"))  # places matter, so nothing is pooled
    whole = layers.Dropout(0.2)(layers.Dense(64, activation="relu", name="judge")(whole))
    logit = layers.Dense(1, dtype="float32", name="plate")(whole)
    parts = [logit, low_y, low_x, high_y, high_x, _corners(detail, rows, columns)]
    return keras.Model(crop, layers.Concatenate(dtype="float32", name="predictions")(parts), name="second_look")


@keras.saving.register_keras_serializable("alpr_utils")
def second_look_loss(y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
    """Cross-entropy of "is a plate", GIoU and L1 of the box, L1 of the corners: float32 (B,).

    Args:
        y_true: (B, 15): 1 plate, 0 none, -1 between the two; whether the box is known, the box (4); whether the
            corners are known, the corners (8).
        y_pred: (B, 13), as `build_second_look` gives it. What is not known costs nothing.
    """
    label, logit = y_true[:, 0], y_pred[:, 0]
    labelled = ops.cast(label > -0.5, "float32")
    plate = labelled * (ops.softplus(logit) - label * labelled * logit)
    with_box = y_true[:, 1]
    # A crop without a plate is compared with itself, so that GIoU stays finite.
    wanted = ops.where(with_box[:, None] > 0.5, y_true[:, 2:6], y_pred[:, 1:5])
    box = with_box * (2 * (1 - giou(y_pred[:, 1:5], wanted)) + 5 * ops.mean(ops.abs(y_pred[:, 1:5] - wanted), axis=-1))
    corners = y_true[:, 6] * ops.mean(ops.abs(y_pred[:, 5:] - y_true[:, 7:]), axis=-1)
    return plate + box + 10 * corners
