"""What the trainings of the CRNN and of the character detector share: their plates and their model folders."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from alpr_utils.errors import AlprError, ModelError
from alpr_utils.models.weights import load_mean_weights
from alpr_utils.read.preprocess import HEIGHT, WIDTH
from alpr_utils.training.config import GENERATED, DataSource, ReaderTrainConfig
from alpr_utils.training.export import export_network
from alpr_utils.training.generated_crops import generated_crops
from alpr_utils.training.history import described
from alpr_utils.training.plate_crops import ROW_BREAK, PlateCrops
from alpr_utils.training.real_crops import load_crops
from alpr_utils.training.run import Run


def load_plates(
    config: ReaderTrainConfig,
    source: DataSource,
    tokens: Sequence[str],
    run: Run,
    workers: int,
    usable: Callable[[PlateCrops, str], PlateCrops] = lambda plates, folder: plates,
) -> PlateCrops:
    """The plates of a source.

    Args:
        tokens: what their texts may hold.
        workers: so many processes generate what is missing of the generated plates.
        usable: plates and the name of their folder -> those that the training can use.

    Raises:
        AlprError: a text holds other characters than ``tokens``.
    """
    if source.folder == GENERATED:
        plates = generated_crops(config.countries, config.generated, config.seed, run.generated, workers)
    else:
        plates = load_crops(Path(source.folder), source.half)
    plates = usable(plates, source.folder)
    allowed = {*"".join(tokens), ROW_BREAK}
    foreign = next((text for text in plates.texts if not allowed.issuperset("".join(text))), None)
    if foreign:
        text = "".join(foreign).replace(ROW_BREAK, "")
        raise AlprError(
            f"{source.folder}: '{text}' is not a plate of {', '.join(config.countries)}; add its --country."
        )
    print(f"{source}: {len(plates)} plates")
    return plates


def lender_of(start_from: str, architecture: str, command: str) -> dict[str, Any]:
    """What is known of the weights to start from; ``{}`` of a file that lies alone.

    Raises:
        ModelError: they are of another architecture.
    """
    found = described(Path(start_from))
    if found and found.get("architecture") != architecture:
        raise ModelError(
            f"{start_from}: is not a {architecture}; start from the weights of a run or model folder of '{command}'."
        )
    return found


def export_reader(
    network: keras.Model,
    weights: Sequence[Path],
    folder: Path,
    config: ReaderTrainConfig,
    alphabet: Sequence[str],
    metadata: dict[str, Any],
) -> Path:
    """Trained weights as a model folder with the settings and logs of all its trainings.

    Args:
        network: of the same kind, untrained.
        weights: files; of several the mean.
        folder: replaced, once all is written, if it exists.
        metadata: what the metadata should say besides.

    Raises:
        ModelError: ``weights`` are missing or belong to another network.
        OutputError: ``folder`` cannot be written.
    """
    load_mean_weights(network, weights)
    reads = {"input_size": [HEIGHT, WIDTH, 1], "countries": config.codes, "alphabet": alphabet}
    return export_network(network, weights, folder, {**metadata, **reads})
