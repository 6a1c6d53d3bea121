"""Training of the character classifier: generated characters, and labelled real ones where given, to a model folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from alpr_utils.errors import OutputError
from alpr_utils.models.folder import read_metadata, write_metadata
from alpr_utils.models.weights import WEIGHTS_FILE, save_weights
from alpr_utils.read.classical.char_cnn import CLASS_COUNT, CharClassifier, build_char_cnn, load_char_cnn
from alpr_utils.read.classical.char_image import SIDE
from alpr_utils.read.classical.form import ALPHABET
from alpr_utils.read.classical.labelled import named_right
from alpr_utils.training.char_samples import (
    CharacterSet,
    PlateCharacters,
    augmented_characters,
    generated_characters,
    join,
    labelled_plates,
)

_REAL_SHARE = 0.25  # of the generated characters; more would drown the letters that no photo shows
_BATCH = 128
_LEARNING_RATE = 2e-3
_TUNING_RATE = 5e-4  # for weights that can read already


@dataclass(frozen=True)
class CharTrainingResult:
    """Where the model went and how it did on kept-back characters; accuracies 0..1, О and 0 counted as one."""

    folder: Path
    generated_accuracy: float
    training_characters: int


def _accuracy(classifier: CharClassifier, characters: CharacterSet) -> float:
    """Share of characters whose likeliest class is right, 0..1; О and 0 count as one, their shape is the same."""
    return float(named_right(classifier.probabilities(characters.images), characters.labels).mean())


def _real_characters(plates: Sequence[PlateCharacters], generated: int, seed: int) -> CharacterSet:
    per_copy = len(augmented_characters(list(plates), 1, seed))
    return augmented_characters(list(plates), max(1, round(_REAL_SHARE * generated / per_copy)), seed)


def _fit(
    model: keras.Model, training: CharacterSet, validation: CharacterSet, epochs: int, learning_rate: float
) -> keras.callbacks.History:
    order = np.random.default_rng(0).permutation(len(training))
    steps = epochs * (len(training) // _BATCH + 1)
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    model.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=1e-4),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.02),
        metrics=["accuracy"],
        jit_compile=keras.backend.backend() == "jax",
    )
    return model.fit(
        training.images[order],
        keras.utils.to_categorical(training.labels[order], CLASS_COUNT),
        batch_size=_BATCH,
        epochs=epochs,
        validation_data=(validation.images, keras.utils.to_categorical(validation.labels, CLASS_COUNT)),
        verbose=2,
    )


def _draw_curves(history: dict[str, list[float]], picture: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.5), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        axes.plot(history[name], label="training")
        axes.plot(history[f"val_{name}"], label="kept-back generated")
        axes.set(xlabel="epoch", title=name)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(picture, dpi=100)


def train_char_cnn(
    output_dir: Path,
    data: Sequence[Path] = (),
    samples_per_class: int = 1500,
    epochs: int = 10,
    seed: int = 0,
    half: str = "",
    start_from: Path | None = None,
) -> CharTrainingResult:
    """Train the character classifier and write its model folder; the same arguments give the same weights.

    Without ``data`` it learns from generated characters alone; with ``start_from`` an earlier model is tuned further.

    Args:
        output_dir: becomes the model folder: ``weights.npz``, ``metadata.json``, ``curves.png``.
        data: folders of photos with labelled plates and characters, added to the generated characters.
        samples_per_class: generated examples of each character, 200 or more.
        epochs: passes over all examples.
        seed: of generation, initial weights and order.
        half: ``a`` or ``b`` uses only that half of each data folder, split by plate identity; ``""`` all.
        start_from: model folder whose weights are the first ones, with a smaller learning rate.

    Raises:
        AlprError: a data folder is unusable, ``output_dir`` cannot be written, ``start_from`` cannot be opened.
    """
    try:
        output_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output_dir}: cannot be made ({error.strerror}); choose another folder.") from None
    # Before anything is written: ``output_dir`` may be ``start_from``.
    started_from = read_metadata(start_from).get("training_data") if start_from else None
    plates = [plate for folder in data for plate in labelled_plates(folder, half)]
    keras.utils.set_random_seed(seed)
    training = generated_characters(samples_per_class, seed)
    validation = generated_characters(max(1, samples_per_class // 20), seed + 1)
    if plates:
        training = join([training, _real_characters(plates, len(training), seed)])
    model = load_char_cnn(start_from) if start_from else build_char_cnn()
    rate = _TUNING_RATE if start_from else _LEARNING_RATE
    history = _fit(model, training, validation, epochs, rate).history
    save_weights(model, output_dir / WEIGHTS_FILE, np.float32)
    _draw_curves(history, output_dir / "curves.png")
    result = CharTrainingResult(output_dir, _accuracy(CharClassifier(model), validation), len(training))
    training_data = {
        "generated_per_class": samples_per_class,
        "labelled_folders": [f"{folder.name}{' half ' + half if half else ''}" for folder in data],
        "characters": result.training_characters,
        "epochs": epochs,
        "seed": seed,
        "started_from": started_from,
    }
    _write_metadata(result, training_data, model.count_params())
    return result


def _write_metadata(result: CharTrainingResult, training_data: dict[str, object], parameters: int) -> None:
    facts = {
        "architecture": "char_cnn",
        "parameters": parameters,
        "input_size": [SIDE, SIDE, 1],
        "alphabet": ALPHABET,
        "classes": "alphabet in its order, then 'not a character'",
        "training_data": training_data,
        "figures": {"accuracy_on_kept_back_generated_characters": round(result.generated_accuracy, 4)},
    }
    write_metadata(result.folder, facts, [result.folder / WEIGHTS_FILE])
