"""Networks of model folders, opened as plain functions."""

import os
import platform
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from alpr_utils.errors import ModelError
from alpr_utils.models.folder import WEIGHTS_FILE
from alpr_utils.models.tf_import import import_tensorflow_quietly

if TYPE_CHECKING:
    import keras
    import onnxruntime

ONNX_FILE = "model.onnx"  # of a model folder
INT8_FILE = "model.int8.onnx"  # the same with convolutions in bytes
ENGINES = ("auto", "onnx", "tensorflow")
_BYTE_INSTRUCTIONS = {"avx512_vnni", "avx_vnni", "asimddp"}  # as Linux names them
_ONNX_PREFIX = re.compile(r"\[ONNXRuntimeError\] : \d+ : \w+ : ")
_TRIAL_SIDE, _MOST_TRIAL_SIDE = 128, 4096  # pixels of the picture on which a network is tried
MOST_AT_ONCE = 32  # pictures in one batch; more would only need more memory
# A batch of pictures (B, ...) -> the network's outputs, each (B, ...).
NetworkFunction: TypeAlias = Callable[[np.ndarray], list[np.ndarray]]


@dataclass(frozen=True)
class RuntimeOptions:
    """How networks are computed.

    Attributes:
        engine: of ``ENGINES``; ``onnx`` computes ``model.onnx`` in float32, ``auto`` computes ``model.int8.onnx`` where
            there is one and the processor multiplies bytes fast, else the same, and ``tensorflow`` the stored weights
            with Keras.
        threads: for each network; 0 takes the physical cores of this machine.

    Raises:
        ModelError: there is no such engine.
    """

    engine: str = "auto"
    threads: int = 0

    def __post_init__(self) -> None:
        """Refuse an engine that does not exist before anything is opened."""
        if self.engine not in ENGINES:
            raise ModelError(f"no engine '{self.engine}'; choose of {', '.join(ENGINES)}.")


DEFAULT_RUNTIME = RuntimeOptions()


def physical_cores() -> int:
    """Cores that this process may use, without hyper-threads; at least 1."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    cores = set()
    for number in usable:
        topology = Path(f"/sys/devices/system/cpu/cpu{number}/topology")
        try:
            cores.add(tuple((topology / name).read_text() for name in ("physical_package_id", "core_id")))
        except OSError:  # another system, which does not say
            cores.add((str(number),))
    return max(len(cores), 1)


@cache
def multiplies_bytes() -> bool:
    """Whether the processor has instructions for sums of products of bytes; without them int8 is slower or inexact."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split())
    except OSError:  # Apple's processors have them all; of others we cannot know
        return platform.machine() == "arm64"
    return bool(flags & _BYTE_INSTRUCTIONS)


def onnx_file(folder: Path, runtime: RuntimeOptions = DEFAULT_RUNTIME) -> Path:
    """The ONNX network of a model folder that ``runtime`` computes; it may be missing."""
    in_bytes = folder / INT8_FILE
    return in_bytes if runtime.engine == "auto" and multiplies_bytes() and in_bytes.is_file() else folder / ONNX_FILE


def open_session(
    file: Path, runtime: RuntimeOptions = DEFAULT_RUNTIME, profile: Path | None = None
) -> "onnxruntime.InferenceSession":
    """Open an ONNX network in onnxruntime.

    Args:
        profile: beginning of the name of a file that lists every operator as it runs, none of them merged or left out.

    Raises:
        ModelError: the file is missing or damaged, or onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        raise ModelError(f"{file}: needs onnxruntime; install it with 'pip install onnxruntime'.") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = runtime.threads or physical_cores()
    options.log_severity_level = 4  # what goes wrong is raised, too
    # Networks run in turn; one that is done must not keep the cores busy that the next one needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if profile:
        options.enable_profiling, options.profile_file_prefix = True, str(profile)
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.add_session_config_entry("session.disable_prepacking", "1")  # packed weights are not listed
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own that share no base
        reason = _reason(error)
        raise ModelError(f"{file}: is not a readable ONNX network ({reason}); copy or export it again.") from None


def _reason(error: Exception) -> str:
    """What onnxruntime says last: before it stand signatures of its functions."""
    said = _ONNX_PREFIX.split(str(error))[-1].strip().splitlines()
    return said[0][:160] if said else type(error).__name__


def open_onnx(file: Path, runtime: RuntimeOptions = DEFAULT_RUNTIME) -> NetworkFunction:
    """Open an ONNX network with one input, a batch of pictures, and try it once.

    Raises:
        ModelError: as `open_session`, or the network is of another kind, or fails on a black picture.
    """
    session = open_session(file, runtime)
    inputs, names = session.get_inputs(), [output.name for output in session.get_outputs()]
    try:
        (network_input,) = inputs
        sides = [side if isinstance(side, int) else _TRIAL_SIDE for side in network_input.shape]
        if len(sides) != 4 or max(sides) > _MOST_TRIAL_SIDE:
            raise ValueError(f"takes a tensor of shape {tuple(network_input.shape)}")
        picture = np.zeros([1, *sides[1:]], np.uint8 if "uint8" in network_input.type else np.float32)
        outputs = session.run(names, {network_input.name: picture})
        if not all(np.isfinite(output).all() for output in outputs):
            raise ValueError("its weights give numbers that are not finite")
    except Exception as error:  # as in `open_session`
        raise ModelError(f"{file}: fails when it is tried ({_reason(error)}); copy or export it again.") from None

    def run(pictures: np.ndarray) -> list[np.ndarray]:
        try:
            return session.run(names, {network_input.name: pictures})
        except Exception as error:  # as in `open_session`; it takes one picture at once, or one size
            reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
            raise ModelError(
                f"{file}: fails on pictures of shape {pictures.shape} ({reason}); export it again."
            ) from None

    return run


def open_keras(network: "keras.Model") -> NetworkFunction:
    """A Keras network as a function; ``predict()`` in a loop would take ten times as long."""
    if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
        import_tensorflow_quietly()
    import keras

    def outputs(predictions: Any) -> list[Any]:
        return list(predictions) if isinstance(predictions, list | tuple) else [predictions]

    if keras.backend.backend() != "tensorflow":
        return lambda pictures: [keras.ops.convert_to_numpy(x) for x in outputs(network(pictures, training=False))]
    import tensorflow as tf

    call = tf.function(lambda pictures: network(pictures, training=False), reduce_retracing=True, autograph=False)
    return lambda pictures: [x.numpy() for x in outputs(call(tf.constant(pictures)))]


def open_network(
    folder: Path, build: "Callable[[], keras.Model]", runtime: RuntimeOptions = DEFAULT_RUNTIME
) -> NetworkFunction:
    """The network of a model folder: its ``model.onnx`` where there is one, else its weights in Keras.

    Args:
        build: gives the network with random weights; only called when Keras computes.

    Raises:
        ModelError: the file is damaged, or there is no ``model.onnx`` and TensorFlow is not installed.
    """
    file = onnx_file(folder, runtime)
    if runtime.engine != "tensorflow" and file.is_file():
        return _in_pieces(open_onnx(file, runtime))
    try:
        network = build()
    except ImportError:
        raise ModelError(
            f"{folder}: has no {ONNX_FILE} and needs TensorFlow; install it with 'pip install alpr-utils[train]'."
        ) from None
    from alpr_utils.models.weights import load_weights

    load_weights(network, folder / WEIGHTS_FILE)
    return _in_pieces(open_keras(network))


def _in_pieces(network: NetworkFunction) -> NetworkFunction:
    """The same for batches of any size."""

    def outputs(pictures: np.ndarray) -> list[np.ndarray]:
        if len(pictures) <= MOST_AT_ONCE:
            return network(pictures)
        pieces = [network(pictures[start : start + MOST_AT_ONCE]) for start in range(0, len(pictures), MOST_AT_ONCE)]
        return [np.concatenate(parts) for parts in zip(*pieces, strict=True)]

    return outputs
