"""The settings of every training, checked: what a configuration file and the options of ``train`` may say."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from alpr_utils.config import Count, Positive, Settings
from alpr_utils.detect.scaling import LONG_SIDES
from alpr_utils.errors import AlprError
from alpr_utils.plates import COUNTRIES, plate_type

Batch = Annotated[int, Field(ge=1, le=10_000)]  # more samples no memory holds
GENERATED = "generated"  # the folder name that stands for the generator
SWAP_OWN, SWAP_ALL = "countries", "all"
_SOURCE = re.compile(r"(?P<folder>.+?)(:(?P<half>[ab]))?(?P<swap>:swap(-(?P<country>[^=]+))?)?(=(?P<weight>[^=]*))?")


class DataSource(Settings):
    """A folder of labelled pictures.

    Attributes:
        folder: photos with VOC XML files or, for readers, crops named by their text; ``generated``: the generator.
        sampling_weight: how often its pictures are drawn, relative to the other sources.
        half: ``a`` or ``b`` takes only that half of the folder, split by plate identity.
        swap: every plate is replaced by a generated one (detectors only): of the training's ``countries``, of ``all``
            known countries, or of a country by its code or file; ``""``: the photos stay as they are.
    """

    folder: str
    sampling_weight: Positive = 1.0
    half: Literal["", "a", "b"] = ""
    swap: str = ""

    @classmethod
    def parse(cls, text: str) -> "DataSource":
        """``FOLDER``, then as needed ``:a`` or ``:b``, ``:swap``, ``:swap-kr`` or ``:swap-all``, and ``=WEIGHT``.

        Raises:
            AlprError: the weight is not a positive number.
        """
        found = _SOURCE.fullmatch(text)
        if found is None:
            raise AlprError(f"'{text}' does not name a folder; write for example photos:a=0.25.")
        try:
            weight = float(found["weight"] or 1)
        except ValueError:
            weight = 0.0
        if not 0 < weight < float("inf"):
            raise AlprError(f"{text}: what follows '=' is not a positive number; write for example photos=0.25.")
        swap = found["country"] or (SWAP_OWN if found["swap"] else "")
        half: Any = found["half"] or ""
        return cls(folder=found["folder"], sampling_weight=weight, half=half, swap=swap)

    def __str__(self) -> str:
        return ":".join(part for part in (self.folder, self.half, self.swap and f"swap-{self.swap}") if part)

    def swap_countries(self, own: tuple[str, ...]) -> tuple[str, ...]:
        """Whose plates are swapped in, ``()`` for none; ``own`` are the countries of the training.

        Raises:
            AlprError: there is no such country.
        """
        if not self.swap:
            return ()
        names = {SWAP_OWN: own, SWAP_ALL: tuple(COUNTRIES)}.get(self.swap, (self.swap,))
        return tuple(plate_type(name).country for name in names)


class TrainConfig(Settings):
    """What every training has.

    Attributes:
        countries: whose plates: codes, or Python files that define a country.
        batch: samples in a batch.
        epochs: the learning rate falls until the last of them.
        epoch_batches: so many batches make an epoch.
        learning_rate: the highest, reached after ``warm_up`` batches.
        precision: Keras dtype policy; ``mixed_bfloat16`` is faster on processors that compute in bfloat16.
        start_from: weights to begin with, a file or the folder of a run or model; ``""``: random ones.
        seed: of everything that is drawn.
    """

    countries: Annotated[tuple[str, ...], Field(min_length=1)] = tuple(COUNTRIES)
    batch: Batch = 64
    epochs: Count = 60
    epoch_batches: Count = 100
    learning_rate: Positive = 2e-3
    warm_up: Annotated[int, Field(ge=0)] = 200
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16", "bfloat16", "float16", "float64"] = "float32"
    start_from: str = ""
    seed: Annotated[int, Field(ge=0)] = 0

    @property
    def codes(self) -> tuple[str, ...]:
        """The two-letter codes of ``countries``.

        Raises:
            AlprError: there is no such country.
        """
        return tuple(plate_type(country).country for country in self.countries)


class DetectorTrainConfig(TrainConfig):
    """Training of a detector; lengths in pixels.

    Attributes:
        sources: labelled photos, paths from the current folder.
        validation: photos for the validation curve.
        classes: names of the labelled objects to find.
        height, width: of a sample.
        long_sides: shortest and longest, to which the exported model resizes the longer side of pictures; the samples
            show plates about as large as they are at the shortest.
        low_res_side: longer side of the reduced copy of a picture, in which the exported model looks for plates that
            fill it; about the width of a sample. 0: none.
        more_sizes: further heights and widths; the batches have all sizes in turn (multi-scale training). The first
            one differs from ``height`` and ``width`` in both.
    """

    sources: tuple[DataSource, ...] = ()
    validation: tuple[DataSource, ...] = ()
    classes: Annotated[tuple[str, ...], Field(min_length=1)] = ("plate",)
    height: Count = 256
    width: Count = 384
    long_sides: tuple[Count, Count] = LONG_SIDES
    low_res_side: Annotated[int, Field(ge=0)] = 320
    more_sizes: tuple[tuple[Count, Count], ...] = ()
    batch: Batch = 16

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Height and width of the samples of a batch, in turn."""
        return ((self.height, self.width), *self.more_sizes)

    @field_validator("long_sides")
    @classmethod
    def _shortest_first(cls, sides: tuple[int, int]) -> tuple[int, int]:
        if sides[0] > sides[1]:
            raise ValueError("must be the shortest and the longest side, for example [960, 1280]")
        return sides


class SecondLookTrainConfig(TrainConfig):
    """Training of the second look.

    Attributes:
        sources: labelled photos, as of detectors; corners are taught where they are known.
        first_look: detector whose candidates are learnt, right and wrong ones, by name or path, of one that looks twice
            those of its first look; ``""``: none.
        wrong: share of the samples that begin with a wrong candidate.
        from_first: share of right and of wrong candidates taken from the first look, where it has any in the photo.
    """

    sources: tuple[DataSource, ...] = ()
    first_look: str = ""
    wrong: Annotated[float, Field(ge=0, le=1)] = 0.4
    from_first: Annotated[float, Field(ge=0, le=1)] = 0.5
    epochs: Count = 80
    learning_rate: Positive = 1.2e-3


class ReaderTrainConfig(TrainConfig):
    """Training of a reader.

    Attributes:
        sources: where plates come from.
        validation: real plates for the curve, none of them in ``sources``.
        generated: so many plates are generated, evenly for each country, and drawn again and again.
    """

    sources: Annotated[tuple[DataSource, ...], Field(min_length=1)] = (DataSource(folder=GENERATED),)
    validation: tuple[DataSource, ...] = ()
    generated: Count = 200_000

    @field_validator("sources", "validation")
    @classmethod
    def _usable(cls, sources: tuple[DataSource, ...]) -> tuple[DataSource, ...]:
        if any(source.swap for source in sources):
            raise ValueError("must not swap plates, which only detectors can")
        if any(source.folder == GENERATED and source.half for source in sources):
            raise ValueError("must not ask for a half of generated plates, which have none")
        return sources


class CRNNTrainConfig(ReaderTrainConfig):
    """Training of a CRNN; weights to start from may be of another variant, which lends its convolutions.

    Attributes:
        variant: ``small``, ``lstm`` or ``gru``.
    """

    variant: Literal["small", "lstm", "gru"] = "small"


class CharDetectorTrainConfig(ReaderTrainConfig):
    """Training of the character detector; folders need labelled characters, plates without them are left out."""

    generated: Count = 100_000


class CornersTrainConfig(TrainConfig):
    """Training of the corner network, on ``generated`` plates only."""

    generated: Annotated[int, Field(ge=4)] = 40_000
    epochs: Count = 40
    learning_rate: Positive = 1e-3


class CharsTrainConfig(TrainConfig):
    """Training of the character classifier: on generated characters, and on labelled real ones where given.

    Attributes:
        sources: photos with labelled plates and characters.
        samples_per_class: generated examples of each character.
        countries: one whose plates the classical reader can read.
    """

    countries: Annotated[tuple[str, ...], Field(min_length=1)] = ("mn",)
    sources: tuple[DataSource, ...] = ()
    samples_per_class: Count = 1500
    batch: Batch = 128
    epochs: Count = 10
    epoch_batches: Count = 480

    @property
    def codes(self) -> tuple[str, ...]:
        """The code of the one country.

        Raises:
            AlprError: there is no such country, or the classical reader cannot read its plates.
        """
        known = next(plates for plates in COUNTRIES.values() if plates.classical)
        for plates in map(plate_type, self.countries):
            if plates is not known:
                raise AlprError(
                    f"the classical reader, which needs these characters, reads plates of {known.name} only; "
                    f"train crnn or char_detector for {plates.name}."
                )
        return (known.country,)
