"""The CRNN (Shi et al. 2015, arXiv:1507.05717): convolutions, recurrence, CTC; here for one- and two-row plates alike.

A plate is stretched to 64 x 160 pixels whatever its shape. The convolutions turn it into a map of 2 bands x 40 columns;
the bands are laid end to end, upper band first, so that the recurrent layer sees one sequence of 80 steps in reading
order. The upper row of a two-row plate is written in the upper band and nowhere else, the lower row or the only one in
the lower band: each band has a CTC loss of its own. With one loss over all steps the network wrote the large lower row
of Korean plates into the upper band, squeezed the upper row into the columns before it, and never learned to read that.
"""

import keras
from keras import layers, ops

from alpr_utils.networks.reader_configs import BANDS, CRNN_VARIANTS, PLATE_HEIGHT, PLATE_WIDTH, CRNNConfig


def _convolutions(x: keras.KerasTensor, config: CRNNConfig) -> keras.KerasTensor:
    """Image (B, 64, 160, 1) -> features (B, 4, 40, C)."""
    x = layers.Conv2D(config.stem, 5, strides=2, padding="same", activation="relu", name="stem")(x)  # (B, 32, 80, 32)
    for number, (filters, pool) in enumerate(config.blocks):
        for index, channels in enumerate(filters):
            name = f"{number}_{index}"
            x = layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"conv_{name}")(x)
            x = layers.BatchNormalization(name=f"norm_{name}")(x)
            x = layers.ReLU(name=f"relu_{name}")(x)
        if pool != (1, 1):
            x = layers.MaxPooling2D(pool, name=f"pool_{number}")(x)
    return x


def build_crnn(tokens: int, variant: str = "small", unroll: bool = False) -> keras.Model:
    """The untrained network: uint8 or float (B, 64, 160, 1), 0..255 -> logits float32 (B, 80, 1 + tokens).

    Class 0 is CTC's blank, then come the tokens. With ``unroll`` the steps of an LSTM stand one behind the other in
    the graph: after half a minute of preparation it trains twice as fast on a CPU.
    """
    config = CRNN_VARIANTS[variant]
    picture = keras.Input((PLATE_HEIGHT, PLATE_WIDTH, 1), name="plate")
    x = layers.Rescaling(1 / 127.5, -1, name="rescale")(picture)
    x = _convolutions(x, config)  # (B, 4, 40, C)
    x = layers.Dropout(0.2, name="dropout")(x)
    # Both rows of a band are kept, as channels: the upper row of Korean plates is lower than a band.
    rows, columns, channels = x.shape[1:]
    x = layers.Reshape((BANDS, rows // BANDS, columns, channels), name="bands")(x)  # (B, 2, 2, 40, C)
    x = layers.Permute((1, 3, 2, 4), name="rows_as_channels")(x)  # (B, 2, 40, 2, C)
    x = layers.Reshape((BANDS * columns, rows // BANDS * channels), name="bands_end_to_end")(x)  # (B, 80, 2 C)
    recurrent = {"gru": layers.GRU, "lstm": layers.LSTM}[config.recurrent]
    for number in range(config.recurrent_layers):
        # Sums over many steps need full precision.
        steps = recurrent(config.units, return_sequences=True, unroll=unroll, dtype="float32")
        x = layers.Bidirectional(steps, name=f"recurrent_{number}", dtype="float32")(x)  # (B, 80, 2 units)
    logits = layers.Dense(1 + tokens, dtype="float32", name="logits")(x)  # (B, 80, 1 + tokens)
    return keras.Model(picture, logits, name=f"crnn_{variant}")


class BandCTC(keras.losses.Loss):
    """CTC (Graves et al. 2006) of each band by itself, summed."""

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """Classes int (B, 2, L), 0 where a row has ended; logits (B, 80, C) -> loss (B,)."""
        rows = ops.reshape(y_true, (-1, y_true.shape[2]))  # (2 B, L)
        bands = ops.reshape(y_pred, (-1, y_pred.shape[1] // BANDS, y_pred.shape[2]))  # (2 B, 40, C)
        return ops.sum(ops.reshape(keras.losses.ctc(rows, bands), (-1, BANDS)), axis=1)
