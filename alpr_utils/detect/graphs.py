"""TensorFlow graphs of detectors, ours or others': opened, checked and called in one way."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alpr_utils.errors import ModelError
from alpr_utils.models.tf_import import import_tensorflow_quietly

OUTPUTS = ("detection_boxes", "detection_scores", "detection_classes")
_EXPECTED = f"expected one picture tensor (uint8 (1, H, W, 3)) in, and {', '.join(OUTPUTS)} out"
_TF1_INPUT = "image_tensor:0"
_LONGEST_SIDE = 4096  # pixels of the picture that a graph may require


@dataclass(frozen=True)
class DetectionGraph:
    """A callable graph.

    Attributes:
        path: where it was opened.
        call: picture tensor (1, H, W, 3) -> named tensors with a leading dimension of 1.
        dtype: NumPy dtype of the picture, uint8 or float32 (both 0..255).
        size: height and width that the graph requires, None where it takes any.
    """

    path: Path
    call: Callable[[Any], dict[str, Any]]
    dtype: type
    size: tuple[int, int] | None

    def __call__(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """``image: uint8 (H, W, 3)`` RGB -> the outputs as NumPy arrays without the leading dimension.

        Raises:
            ModelError: the graph fails on this picture.
        """
        import tensorflow as tf

        if self.size is not None and image.shape[:2] != self.size:
            import cv2

            image = cv2.resize(image, self.size[::-1], interpolation=cv2.INTER_AREA)
        try:
            outputs = self.call(tf.constant(image[None].astype(self.dtype, copy=False)))
            return {name: value.numpy()[0] for name, value in outputs.items() if value.shape.rank}
        except Exception as error:  # graphs of others do anything, and TensorFlow raises nearly anything
            height, width = image.shape[:2]
            raise ModelError(
                f"{self.path}: fails on a picture of {width} x {height} pixels ({_first_line(error)}); "
                "give another detector."
            ) from None


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__


def _checked(call: Callable[[Any], dict[str, Any]], spec: Any, outputs: set[str], path: Path) -> DetectionGraph:
    """Raise ModelError unless ``spec`` (the input's) and the names of the outputs are a detector's."""
    import tensorflow as tf

    missing = [name for name in OUTPUTS if name not in outputs]
    if missing:
        raise ModelError(f"{path}: gives {', '.join(sorted(outputs)) or 'nothing'}, no {missing[0]}; {_EXPECTED}.")
    if spec.dtype not in (tf.uint8, tf.float32):
        raise ModelError(
            f"{path}: takes {spec.dtype.name} instead of a picture; {_EXPECTED} (export with input type image_tensor)."
        )
    shape = spec.shape.as_list() if spec.shape.rank is not None else [None, None, None, 3]
    if len(shape) != 4 or shape[0] not in (None, 1) or shape[3] not in (None, 3):
        raise ModelError(f"{path}: takes a tensor of shape {tuple(shape)}; {_EXPECTED}.")
    size = (shape[1], shape[2]) if shape[1] and shape[2] else None
    if size and max(size) > _LONGEST_SIDE:
        wanted = f"{size[1]} x {size[0]} pixels"
        raise ModelError(f"{path}: takes a picture of {wanted}; export it for at most {_LONGEST_SIDE} a side.")
    return DetectionGraph(path, call, np.uint8 if spec.dtype == tf.uint8 else np.float32, size)


def open_saved_model(folder: Path) -> DetectionGraph:
    """Open a TF2 SavedModel: ours, the Object Detection API's, the Model Garden's.

    Raises:
        ModelError: the folder holds no readable SavedModel, or its signature is another.
    """
    import_tensorflow_quietly()
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(str(folder))
    except Exception as error:  # TensorFlow raises nearly anything on damaged files
        raise ModelError(
            f"{folder}: is not a readable SavedModel ({_first_line(error)}); copy or export it again."
        ) from None
    signatures = dict(loaded.signatures)
    if "serving_default" not in signatures and len(signatures) != 1:
        raise ModelError(
            f"{folder}: has the signatures {sorted(signatures) or 'none'}, no serving_default; {_EXPECTED}."
        )
    function = signatures.get("serving_default") or next(iter(signatures.values()))
    inputs = function.structured_input_signature[1]
    if len(inputs) != 1:
        raise ModelError(f"{folder}: takes the {len(inputs)} inputs {sorted(inputs)}; {_EXPECTED}.")
    ((input_name, spec),) = inputs.items()

    def call(picture: Any, _keep_variables_alive: Any = loaded) -> dict[str, Any]:
        return function(**{input_name: picture})

    return _checked(call, spec, set(function.structured_outputs), folder)


def open_frozen_graph(file: Path) -> DetectionGraph:
    """Open a TF1 ``frozen_inference_graph.pb`` with the inputs and outputs of the Object Detection API.

    Raises:
        ModelError: the file is not a frozen graph, or has other inputs and outputs.
    """
    import_tensorflow_quietly()
    import tensorflow as tf

    graph_definition = tf.compat.v1.GraphDef()
    try:
        graph_definition.ParseFromString(file.read_bytes())
        wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph_definition, name=""), [])
    except Exception as error:  # protobuf and TensorFlow raise nearly anything on damaged files
        raise ModelError(f"{file}: is not a readable frozen graph ({_first_line(error)}); copy it again.") from None
    operations = {operation.name for operation in wrapped.graph.get_operations()}
    if _TF1_INPUT.partition(":")[0] not in operations:
        raise ModelError(f"{file}: has no input {_TF1_INPUT}; {_EXPECTED}.")
    names = [name for name in (*OUTPUTS, "num_detections") if name in operations]
    picture = wrapped.graph.get_tensor_by_name(_TF1_INPUT)
    function = wrapped.prune(picture, {name: wrapped.graph.get_tensor_by_name(f"{name}:0") for name in names})
    return _checked(function, picture, set(names), file)
