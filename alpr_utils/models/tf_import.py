"""TensorFlow, and Keras on top of it, without start-up notes."""

import os
import sys

TENSORFLOW = "tensorflow"


def import_tensorflow_quietly() -> None:
    """Import TensorFlow without its start-up notes, which come from C++ before any logging option is read."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def import_keras_quietly() -> None:
    """Import Keras without the start-up notes of TensorFlow, which is not needed where ``KERAS_BACKEND`` is another."""
    if os.environ.get("KERAS_BACKEND", TENSORFLOW) == TENSORFLOW:
        import_tensorflow_quietly()
    import keras  # noqa: F401
