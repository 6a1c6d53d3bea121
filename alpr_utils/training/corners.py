"""Training of the corner network on generated plates, whose corners are known exactly.

See `alpr_utils.training.run` for what a run folder holds.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from alpr_utils.models.folder import replaced_folder, write_metadata
from alpr_utils.models.weights import WEIGHTS_FILE, load_weights, save_weights
from alpr_utils.read.preprocess import HEIGHT, WIDTH, stretch
from alpr_utils.read.rectify import UPRIGHT, build_corner_network
from alpr_utils.training.batches import SeededBatches
from alpr_utils.training.memory import keep_freed_memory
from alpr_utils.training.plate_batches import random_cut, relit
from alpr_utils.training.plate_crops import generated_crops, in_box, rows_of
from alpr_utils.training.run import (
    GENERATED,
    LOG,
    WEIGHTS,
    cosine_schedule,
    draw_curves,
    dtype_policy,
    epochs_done,
    prepare_run,
    run_callbacks,
)

_KEPT_BACK = 1000  # generated plates for the validation curve


@dataclass(frozen=True)
class CornerPlan:
    """Everything that decides a training; ``epoch_batches`` batches make an epoch."""

    countries: tuple[str, ...] = ("mn", "kr")
    generated: int = 40_000
    batch: int = 64
    epochs: int = 40
    epoch_batches: int = 100
    learning_rate: float = 1e-3
    precision: str = "float32"
    seed: int = 0


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


def train_corners(plan: CornerPlan, run: Path, workers: int = 1) -> Path:
    """Train the corner network; calling it again with the same ``run`` resumes after the last finished epoch.

    About a thousand of the generated plates are kept back for the validation curve.

    Returns:
        The file with the final weights, ready for `export_corners`.

    Raises:
        AlprError: the run was begun with other settings.
    """
    prepare_run(run, plan)
    keras.utils.set_random_seed(plan.seed)
    with dtype_policy(plan.precision):
        network = build_corner_network()
    network.compile(
        optimizer=keras.optimizers.AdamW(cosine_schedule(plan.learning_rate, plan.epochs * plan.epoch_batches)),
        loss="mae",
        jit_compile=keras.backend.backend() == "jax",
    )
    plates = generated_crops(plan.countries, plan.generated, plan.seed, run / GENERATED, workers)
    kept_back = np.arange(len(plates)) % max(2, len(plates) // _KEPT_BACK) == 0
    rows = np.array([rows_of(text) for text in plates.texts])
    training, validation = ((plates.images[part], plates.corners[part], rows[part]) for part in (~kept_back, kept_back))
    batches = CornerBatches(*training, plan.batch, plan.epoch_batches, plan.seed)
    batches.epoch = epochs_done(run)
    seen = CornerBatches(*validation, int(kept_back.sum()), 1)[0]
    keep_freed_memory()
    network.fit(batches, epochs=plan.epochs, validation_data=seen, callbacks=run_callbacks(run), verbose=2)
    draw_curves(run / LOG, run / "curves.png")
    return run / WEIGHTS


def export_corners(weights: Path, folder: Path, plan: CornerPlan) -> Path:
    """Trained weights as a model folder; one that exists is replaced, once all is written.

    Raises:
        ModelError: ``weights`` is missing or belongs to another network.
        OutputError: ``folder`` cannot be written.
    """
    network = build_corner_network()
    load_weights(network, weights)
    facts = {
        "architecture": "corner regression",
        "input_size": [HEIGHT, WIDTH, 1],
        "parameters": network.count_params(),
        "training": asdict(plan),
    }
    with replaced_folder(folder) as draft:
        save_weights(network, draft / WEIGHTS_FILE)
        write_metadata(draft, facts, [draft / WEIGHTS_FILE])
    return folder
