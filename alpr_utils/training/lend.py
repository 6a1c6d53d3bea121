"""Weights of one network for another that is not quite the same: of other channels, other classes, another alphabet."""

from collections.abc import Iterator, Sequence

import keras
import numpy as np

Columns = Sequence[tuple[int, int]]  # of a classifier: (of the learner, of the lender) for each class that both have


def class_columns(learner: Sequence[str], lender: Sequence[str], first: int = 0, repeats: int = 1) -> Columns:
    """The columns of the classes that two classifiers share.

    Args:
        learner, lender: the classes of each, in order.
        first: columns before those of the classes, which both have, such as CTC's blank.
        repeats: how often the classes follow one another, once for each anchor.
    """
    place = {name: column for column, name in enumerate(lender)}
    shared = [(column, place[name]) for column, name in enumerate(learner) if name in place]
    columns = [(column, column) for column in range(first)]
    for turn in range(repeats):
        begin, begin_lender = first + turn * len(learner), first + turn * len(lender)
        columns += [(begin + column, begin_lender + column_lender) for column, column_lender in shared]
    return columns


def _layers(network: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        elif layer.weights:
            yield layer


def lend(learner: keras.Model, lender: keras.Model, classifier: str, columns: Columns) -> None:
    """Copy the weights of all layers of a network of the same structure, of the classifier only some columns."""
    for layer, other in zip(_layers(learner), _layers(lender), strict=True):
        if layer.name != classifier:
            layer.set_weights(other.get_weights())
            continue
        values = layer.get_weights()
        for value, lent in zip(values, other.get_weights(), strict=True):
            for column, column_lender in columns:
                value[..., column] = lent[..., column_lender]
        layer.set_weights(values)


def lend_channels(learner: keras.Model, lender: keras.Model, prefixes: tuple[str, ...]) -> bool:
    """Copy the layers whose names begin with ``prefixes`` into equal or wider ones; return whether all fitted.

    A wider network ignores its further channels until it learns to use them (Net2WiderNet, Chen et al. 2016).
    """
    chosen = [layer for layer in learner.layers if layer.name.startswith(prefixes) and layer.weights]
    pairs = [
        (variable, lent)
        for layer in chosen
        for variable, lent in zip(layer.weights, lender.get_layer(layer.name).weights, strict=True)
    ]
    if any(wide > own for variable, lent in pairs for wide, own in zip(lent.shape, variable.shape, strict=True)):
        return False
    for variable, lent in pairs:
        values = np.array(keras.ops.convert_to_numpy(variable))
        values[..., : lent.shape[-1]] = 0
        values[tuple(slice(side) for side in lent.shape)] = keras.ops.convert_to_numpy(lent)
        variable.assign(values)
    return True
