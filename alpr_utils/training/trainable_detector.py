"""A detector's network with the losses of its architecture, made trainable by ``fit``."""

from typing import Any

import keras

from alpr_utils.detect.architecture import Architecture


class TrainableDetector(keras.Model):
    """``network`` with its layers and weights, made trainable by ``fit``: compile it with an optimiser, without a loss.

    Every part of the loss is logged under its own name beside their sum, ``loss``.
    """

    def __init__(self, architecture: Architecture, network: keras.Model):
        super().__init__(network.input, network.output, name=network.name)
        self.architecture = architecture
        self.parts = [keras.metrics.Mean(f"{name}_loss") for name in architecture.loss_names]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> keras.KerasTensor:
        """The sum of the architecture's losses; called by ``fit``."""
        height, width = keras.ops.shape(x)[1:3]
        losses = self.architecture.losses(self, y, y_pred, height, width)
        for name, mean in zip(self.architecture.loss_names, self.parts, strict=True):
            mean.update_state(losses[name])
        return sum(losses[name] for name in self.architecture.loss_names)
