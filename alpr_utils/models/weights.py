"""Network weights on disk (full precision in a run, half precision in a model folder)."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from alpr_utils.errors import ModelError, check_regular
from alpr_utils.models.arrays import load_arrays, save_arrays


def save_weights(network: keras.Model, file: Path, dtype: type[np.floating] = np.float16) -> None:
    """Store the weights, usually in half precision: the rounding is far smaller than the noise of training."""
    save_arrays(file, [weight.astype(dtype) for weight in network.get_weights()])


def load_weights(network: keras.Model, file: Path) -> None:
    """Load a ``.weights.h5`` of a run or a ``weights.npz`` of a model folder into ``network``.

    A YOLOv3 also takes Darknet's ``.weights`` files, and the backbone in ``darknet53.conv.74``.

    Raises:
        ModelError: the file is missing, corrupt, or of another network.
    """
    check_regular(file, ModelError)
    backbone = ".conv." in file.name
    if file.suffix == ".weights" or backbone:
        from alpr_utils.models.darknet import load_darknet

        load_darknet(network, file, backbone_only=backbone)
        return
    try:
        if file.suffix == ".npz":
            network.set_weights(load_arrays(file, network.count_params()))
        else:
            network.load_weights(file)
    except Exception as error:  # zipfile, zlib, h5py and Keras raise nearly anything on damaged files
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise ModelError(f"{file}: does not hold weights of this {network.name} ({reason}); train it again.") from None


def load_mean_weights(network: keras.Model, files: Sequence[Path]) -> None:
    """Load the mean of the weights of several stages of a training: it often generalises better than each of them.

    Source: stochastic weight averaging (Izmailov et al., 2018, arXiv:1803.05407).

    Args:
        files: at least one, as `load_weights` takes them.

    Raises:
        ModelError: a file is missing, corrupt, or of another network.
    """
    stages = []
    for file in files:
        load_weights(network, file)
        stages.append(network.get_weights())
    network.set_weights([np.mean(same, axis=0) for same in zip(*stages, strict=True)])
