"""Training of the corner network on generated plates, whose corners are known exactly."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from alpr_utils.models.weights import load_mean_weights, load_weights
from alpr_utils.networks.corners import build_corner_network
from alpr_utils.read.preprocess import HEIGHT, WIDTH, stretch
from alpr_utils.read.rectify import UPRIGHT
from alpr_utils.training.batches import SeededBatches
from alpr_utils.training.config import CornersTrainConfig
from alpr_utils.training.export import export_network
from alpr_utils.training.generated_crops import generated_crops
from alpr_utils.training.history import weights_file
from alpr_utils.training.plate_augment import random_cut, relit
from alpr_utils.training.plate_crops import in_box, rows_of
from alpr_utils.training.trainer import Trainer, build_network, compile_network

ARCHITECTURE = "corner regression"
_KEPT_BACK = 1000  # generated plates for the validation curve


class CornerBatches(SeededBatches):
    """Batches for ``fit``: images uint8 (B, 64, 160, 1), corners float32 (B, 8) less those of the crop.

    Sample ``k`` of epoch ``e`` is always the same for a seed; ``images`` and ``corners`` are those of `PlateCrops`,
    ``rows`` int (N,) their rows of text.
    """

    def __init__(
        self, images: np.ndarray, corners: np.ndarray, rows: np.ndarray, batch: int, batches: int, seed: int = 0
    ):
        super().__init__(batches, seed)
        self.images, self.corners, self.rows = images, corners, rows
        self.batch = batch

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = self.rng(index)
        images = np.empty((self.batch, HEIGHT, WIDTH, 1), np.uint8)
        corners = np.empty((self.batch, 4, 2), np.float32)
        for k, number in enumerate(rng.integers(len(self.images), size=self.batch)):
            box = random_cut(rng, self.rows[number])
            images[k, ..., 0] = stretch(self.images[number], box, (WIDTH, HEIGHT))
            corners[k] = in_box(self.corners[number], box) - UPRIGHT
        return relit(images, rng), corners.reshape(-1, 8)


def train_corners(config: CornersTrainConfig, run: Path, workers: int = 1) -> Path:
    """Train the corner network; calling it again with the same ``run`` goes on after the last finished epoch.

    About a thousand of the generated plates are kept back for the validation curve.

    Returns:
        The file with the final weights, ready for `export_corners`.

    Raises:
        AlprError: the run began with other settings.
    """
    with Trainer(run, config, {"architecture": ARCHITECTURE}) as trainer:
        network = build_network(config, build_corner_network)
        if config.start_from:
            load_weights(network, weights_file(Path(config.start_from)))
        compile_network(network, config, "mae")
        plates = generated_crops(config.countries, config.generated, config.seed, trainer.run.generated, workers)
        kept_back = np.arange(len(plates)) % max(2, len(plates) // _KEPT_BACK) == 0
        rows = np.array([rows_of(text) for text in plates.texts])
        training, validation = (
            (plates.images[chosen], plates.corners[chosen], rows[chosen]) for chosen in (~kept_back, kept_back)
        )
        batches = CornerBatches(*training, config.batch, config.epoch_batches, config.seed)
        return trainer.fit(network, batches, CornerBatches(*validation, int(kept_back.sum()), 1)[0])


def export_corners(weights: Sequence[Path], folder: Path) -> Path:
    """Trained weights, of several files their mean, as a model folder; one that exists is replaced in the end.

    Raises:
        ModelError: ``weights`` are missing or belong to another network.
        OutputError: ``folder`` cannot be written.
    """
    network = build_corner_network()
    load_mean_weights(network, weights)
    metadata = {"architecture": ARCHITECTURE, "input_size": [HEIGHT, WIDTH, 1]}
    return export_network(network, weights, folder, metadata)
