"""The mean of weights that one training led to, one from another, as a model; it often generalises better than each.

Source: stochastic weight averaging (Izmailov et al., 2018, arXiv:1803.05407), here of a few stages.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from alpr_utils.detect.architecture import ARCHITECTURES, parse_architecture
from alpr_utils.detect.scaling import LONG_SIDES
from alpr_utils.errors import AlprError
from alpr_utils.models.weights import load_mean_weights
from alpr_utils.training.config import CharDetectorTrainConfig, CharsTrainConfig, CRNNTrainConfig
from alpr_utils.training.history import described, save_log, stages_of, trainings_of, weights_file
from alpr_utils.training.run import LOG_FILE


def average(paths: Sequence[Path], folder: Path, **detector: Any) -> Path:
    """Write the mean of the weights in ``paths`` as a model folder, which is replaced if it exists.

    Args:
        paths: weights files in the folders of runs or models, or those folders; one that is named twice counts twice.
        detector: of detectors ``threshold``, ``long_sides`` and ``low_res_side`` in place of those of the first.

    Raises:
        AlprError: the weights are of different networks, or no folder says of which.
    """
    files = [weights_file(path) for path in paths]
    found = [described(file) for file in files]
    first = found[0]
    for path, other in zip(paths, found, strict=True):
        if not other:
            raise AlprError(f"{path}: lies in the folder of neither a run nor a model; give such a folder.")
        if any(other.get(key) != first.get(key) for key in ("architecture", "variant")):
            raise AlprError(f"{path}: is not of the same network as {paths[0]}; only alike ones have a mean.")
    if first["architecture"] in ARCHITECTURES:
        return _average_detectors(files, folder, first, detector)
    return _average_readers(files, folder, first)


def _average_readers(files: Sequence[Path], folder: Path, first: dict[str, Any]) -> Path:
    from alpr_utils.training import char_cnn, char_detector, corners, crnn, second_look

    kind = first["architecture"]
    if kind == crnn.ARCHITECTURE:
        config = CRNNTrainConfig(countries=tuple(first["countries"]), variant=first["variant"])
        return crnn.export_crnn(files, folder, config)
    if kind == char_detector.ARCHITECTURE:
        countries = tuple(first["countries"])
        return char_detector.export_char_detector(files, folder, CharDetectorTrainConfig(countries=countries))
    if kind == corners.ARCHITECTURE:
        return corners.export_corners(files, folder)
    if kind == second_look.ARCHITECTURE:
        return second_look.export_second_look(files, folder)
    return char_cnn.export_char_cnn(files, folder, CharsTrainConfig())


def _average_detectors(files: Sequence[Path], folder: Path, first: dict[str, Any], given: dict[str, Any]) -> Path:
    from alpr_utils.detect.export import export_detector

    config = first.get("network", first.get("config"))
    architecture = parse_architecture(first["architecture"], config, str(files[0].parent))
    network = architecture.build()
    load_mean_weights(network, files)
    stored = {
        "threshold": first.get("threshold", 0.5),
        "long_sides": tuple(first.get("long_sides", first.get("input_long_sides", LONG_SIDES))),
        "low_res_side": first.get("low_res_side", first.get("coarse_side", 0)),
    }
    with TemporaryDirectory() as place:
        mean = Path(place) / "mean.weights.h5"
        network.save_weights(mean)
        metadata = {"training": trainings_of(files)}
        chosen = {**stored, **{name: value for name, value in given.items() if value is not None}}
        export_detector(mean, folder, architecture, first["classes"], metadata, **chosen)
    save_log(stages_of(files), folder / LOG_FILE)
    return folder
