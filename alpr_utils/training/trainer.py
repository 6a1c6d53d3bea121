"""The one loop that trains every network: optimiser, log, backup, progress, curves.

The same code runs with KERAS_BACKEND=tensorflow, jax or torch.
"""

import errno
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from alpr_utils.errors import AlprError, OutputError
from alpr_utils.training.batches import SeededBatches
from alpr_utils.training.config import TrainConfig
from alpr_utils.training.feed import Feed
from alpr_utils.training.interrupt import stops_on_interrupt
from alpr_utils.training.memory import keep_freed_memory
from alpr_utils.training.run import Run

_NO_ROOM = (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES)


@contextmanager
def dtype_policy(precision: str) -> Iterator[None]:
    """Layers built inside compute in ``precision``, a Keras dtype policy such as ``mixed_bfloat16``."""
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy("float32")


def cosine_schedule(
    learning_rate: float, steps: int, warm_up: int = 200
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Warm-up over ``warm_up`` steps, a tenth of ``steps`` at most, then a cosine down to a hundredth of the start."""
    warmup = min(warm_up, steps // 10)
    return keras.optimizers.schedules.CosineDecay(
        learning_rate / 20, steps - warmup, alpha=0.01, warmup_target=learning_rate, warmup_steps=warmup
    )


def build_network(config: TrainConfig, build: Callable[[], keras.Model]) -> keras.Model:
    """What ``build`` makes, with the random weights of the configuration's seed, in its precision."""
    keras.utils.set_random_seed(config.seed)
    with dtype_policy(config.precision):
        return build()


def compile_network(
    network: keras.Model,
    config: TrainConfig,
    loss: keras.losses.Loss | str | None = None,
    clipnorm: float = 10.0,
    metrics: Sequence[str] = (),
) -> None:
    """Give a network its loss and an optimiser that follows `cosine_schedule`; gradients are clipped to a norm."""
    rate = cosine_schedule(config.learning_rate, config.epochs * config.epoch_batches, config.warm_up)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-4, clipnorm=clipnorm)
    network.compile(optimizer=optimizer, loss=loss, metrics=list(metrics), jit_compile=keras.backend.backend() == "jax")


class _Measure(keras.callbacks.Callback):
    """Adds figures to the log of an epoch."""

    def __init__(self, measure: Callable[[], Mapping[str, float]]):
        super().__init__()
        self.measure = measure

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None and self.model:  # asking for the model brings its weights up to date in JAX
            logs.update(self.measure())


class _Keep(keras.callbacks.Callback):
    """Writes the log and then the backup, which decides where a stopped training goes on."""

    def __init__(self, run: Run):
        super().__init__()
        self.run = run

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.run.log_epoch(epoch, {name: float(value) for name, value in (logs or {}).items()})
        self.run.save(self.model, epoch + 1)


class _Progress(keras.callbacks.Callback):
    """A bar with the time left in each epoch, unless the output is a file, and a line at its end."""

    def __init__(self, epochs: int, batches: int):
        super().__init__()
        self.epochs, self.batches = epochs, batches
        self.bar: Any = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        title = f"epoch {epoch + 1} of {self.epochs}"
        self.bar = tqdm(total=self.batches, desc=title, unit="batch", leave=False, disable=None)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.bar.update()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.bar.close()
        figures = ", ".join(f"{name} {float(value):.4g}" for name, value in (logs or {}).items())
        print(f"epoch {epoch + 1} of {self.epochs}: {figures}", flush=True)


class Trainer:
    """One training in its run folder, from its first file to the last; Ctrl-C inside ends it with a sentence.

    Args:
        folder: the same folder, with the same settings, goes on after the last finished epoch.
        config: of the training.
        settings: what the folder notes besides ``training``: ``architecture`` and, of detectors, ``network``.

    Raises:
        AlprError: the run began with other settings, the memory is too small, or Ctrl-C was pressed.
    """

    def __init__(self, folder: Path, config: TrainConfig, settings: Mapping[str, Any]):
        self.run, self.config = Run(folder), config
        self.settings = {**settings, "training": config.model_dump(mode="json")}
        self._stopping = stops_on_interrupt(self._stopped)

    def __enter__(self) -> "Trainer":
        self.run.begin(self.settings)
        self._stopping.__enter__()
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._stopping.__exit__(kind, error, trace)
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise OutputError(
                f"{self.run.folder}: cannot be written ({error.strerror}); free some space, then the same command "
                "goes on."
            ) from None
        if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":  # TensorFlow's
            raise AlprError(f"{self.run.folder}: there is not enough memory; give a smaller --batch.") from None

    def _stopped(self) -> str:
        return (
            f"{self.run.folder}: stopped; {self.run.epochs_done} of {self.config.epochs} epochs and the generated "
            "plates are kept, and the same command goes on from there."
        )

    def fit(
        self,
        network: keras.Model,
        batches: SeededBatches,
        validation: tuple[np.ndarray, np.ndarray] | None = None,
        measure: Callable[[], Mapping[str, float]] | None = None,
        stop_after: int | None = None,
        workers: int = 1,
    ) -> Path:
        """Train a compiled network, or go on after the last finished epoch.

        Args:
            validation: images and targets for the curve.
            measure: figures of the network for the log, asked for after every epoch.
            stop_after: ends the training after that many epochs although the learning rate is meant for all.
            workers: processes that prepare batches, see `Feed`.

        Returns:
            The file with the final weights.
        """
        epochs = min(stop_after or self.config.epochs, self.config.epochs)
        batches.epoch = self.run.resume(network)
        callbacks = [_Keep(self.run), _Progress(epochs, len(batches))]
        if measure:
            callbacks.insert(0, _Measure(measure))
        keep_freed_memory()
        if batches.epoch < epochs:
            with Feed(batches, workers, self.run.folder) as feed:
                network.fit(
                    feed,
                    initial_epoch=batches.epoch,
                    epochs=epochs,
                    validation_data=validation,
                    callbacks=callbacks,
                    shuffle=False,  # every batch is drawn at random anyway, and a resumed run draws the same ones
                    verbose=0,
                )
        self.run.draw_curves()
        return self.run.weights
