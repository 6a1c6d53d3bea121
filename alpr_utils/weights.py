"""Network weights on disk, for fine-tuning: full precision inside a run, half precision inside a model folder."""

from pathlib import Path
from zipfile import BadZipFile

import keras
import numpy as np

from alpr_utils.errors import ModelError


def save_weights(network: keras.Model, file: Path) -> None:
    """Store the weights for later fine-tuning, in half precision, which training noise exceeds by far."""
    np.savez_compressed(file, *[weight.astype(np.float16) for weight in network.get_weights()])


def load_weights(network: keras.Model, file: Path) -> None:
    """Load a ``.weights.h5`` of a run or a ``weights.npz`` of a model folder into ``network``.

    Raises:
        ModelError: the file is missing, corrupt, or of another network.
    """
    try:
        if file.suffix == ".npz":
            with np.load(file) as arrays:
                network.set_weights([arrays[name].astype(np.float32) for name in arrays.files])
        else:
            network.load_weights(file)
    except (OSError, ValueError, BadZipFile) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"{file}: does not hold weights of this {network.name} ({reason}); train it again.") from None
