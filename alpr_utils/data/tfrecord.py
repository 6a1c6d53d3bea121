"""Labelled pictures as TFRecord files in the schema of the TensorFlow Object Detection API, and back.

https://github.com/tensorflow/models/blob/master/research/object_detection/g3doc/using_your_own_dataset.md
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alpr_utils.data.folders import find_data
from alpr_utils.data.labels import LabelledObject, LabelledPicture
from alpr_utils.data.voc import find_labelled, read_voc
from alpr_utils.errors import LabelError, OutputError, PictureError
from alpr_utils.models.label_map import LABEL_MAP_FILE, write_label_map

_FORMATS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png"}
_PICTURES_PER_FILE = {"plates": 10_000, "scenes": 500}
_PICTURES_PER_FILE_OTHERWISE = 200
_SIDES = ("ymin", "xmin", "ymax", "xmax")


@dataclass(frozen=True)
class EncodedPicture:
    """A labelled picture as it lies in a TFRecord.

    Attributes:
        encoded: the picture's file.
        format: ``jpeg`` or ``png``.
        labels: boxes in pixels, to a hundredth.
    """

    encoded: bytes
    format: str
    labels: LabelledPicture


def _read_picture(path: Path) -> tuple[bytes, str]:
    if path.suffix.lower() not in _FORMATS:
        raise PictureError(f"{path}: the Object Detection API takes JPEG and PNG only; save it as one of them.")
    try:
        return path.read_bytes(), _FORMATS[path.suffix.lower()]
    except OSError as error:
        raise PictureError(f"{path}: cannot be opened ({error.strerror}); check its permissions.") from None


def _example(encoded: bytes, form: str, labels: LabelledPicture, ids: dict[str, int], source: Path) -> bytes:
    """A serialised ``tf.train.Example``."""
    import tensorflow as tf

    def strings(values: Sequence[str | bytes]) -> Any:
        data = [value.encode() if isinstance(value, str) else value for value in values]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=data))

    def numbers(values: Sequence[int]) -> Any:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    names = [item.name for item in labels.objects]
    unknown = sorted(set(names) - set(ids))
    if unknown:
        raise LabelError(
            f"{source}: the class '{unknown[0]}' is not in the label map; add it or correct the annotation."
        )
    features = {
        "image/encoded": strings([encoded]),
        "image/format": strings([form]),
        "image/filename": strings([labels.path.name]),
        "image/source_id": strings([labels.path.name]),
        "image/height": numbers([labels.height]),
        "image/width": numbers([labels.width]),
        "image/object/class/text": strings(names),
        "image/object/class/label": numbers([ids[name] for name in names]),
    }
    boxes = labels.boxes_px() / ((labels.height, labels.width) * 2)
    for side, values in zip(_SIDES, boxes.T, strict=True):
        features[f"image/object/bbox/{side}"] = tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(deterministic=True)


@dataclass(frozen=True)
class _Entry:
    """A picture, its label file and its labels."""

    picture: Path
    xml: Path
    labels: LabelledPicture


def _entries(folder: Path, ids: dict[str, int] | None, leave_out_others: bool) -> tuple[list[_Entry], dict[str, int]]:
    """The labelled pictures of ``folder`` and the numbers of their classes."""
    entries = [_Entry(picture, xml, read_voc(xml)) for picture, xml in find_labelled(find_data(folder))]
    names = sorted({item.name for entry in entries for item in entry.labels.objects})
    if ids is None:
        return entries, {name: number for number, name in enumerate(names, start=1)}
    if leave_out_others:
        if names and not ids.keys() & set(names):
            raise LabelError(
                f"{folder}: holds no object named {' or '.join(ids)}, but {', '.join(names[:5])}; choose one of those."
            )
        for number, entry in enumerate(entries):
            objects = tuple(item for item in entry.labels.objects if item.name in ids)
            entries[number] = replace(entry, labels=replace(entry.labels, objects=objects))
    return entries, ids


def write_tfrecord(
    folder: Path,
    target: Path,
    name: str,
    ids: dict[str, int] | None = None,
    per_file: int | None = None,
    leave_out_others: bool = False,
) -> list[Path]:
    """Pack any folder of pictures with VOC XML into ``target/NAME-00000-of-00010.tfrecord`` and so on.

    Args:
        folder: pictures and their annotations, generated ones or photos.
        target: folder of the files; a ``label_map.pbtxt`` is written beside them.
        ids: class name -> number from 1; without it the names found are numbered in alphabetical order.
        per_file: pictures in one file.
        leave_out_others: leave out objects of classes that are not in ``ids`` instead of refusing them.

    Raises:
        LabelError: no labelled picture, a broken annotation, a class that is not in ``ids``, or none that is.
        PictureError: a picture cannot be read or is neither JPEG nor PNG.
        OutputError: ``target`` cannot be written or the disk is full.
    """
    import tensorflow as tf

    entries, ids = _entries(folder, ids, leave_out_others)
    per_file = per_file or _PICTURES_PER_FILE.get(name, _PICTURES_PER_FILE_OTHERWISE)
    total = -(-len(entries) // per_file)
    paths = [target / f"{name}-{number:05d}-of-{total:05d}.tfrecord" for number in range(total)]
    try:
        target.mkdir(parents=True, exist_ok=True)
        write_label_map(target / LABEL_MAP_FILE, ids)
        for number, path in enumerate(paths):
            with tf.io.TFRecordWriter(str(path)) as writer:
                for entry in entries[number * per_file : (number + 1) * per_file]:
                    writer.write(_example(*_read_picture(entry.picture), entry.labels, ids, entry.xml))
    except (OSError, tf.errors.OpError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.message
        raise OutputError(
            f"{target}: cannot be written ({reason}); free some space or choose another folder."
        ) from None
    return paths


def read_tfrecord(paths: Sequence[Path]) -> Iterator[EncodedPicture]:
    """The pictures of TFRecord files in the Object Detection API's schema.

    Raises:
        LabelError: a file is missing, cut off, or of another schema.
    """
    import tensorflow as tf

    for path in paths:
        try:
            for record in tf.data.TFRecordDataset(str(path)):
                yield _decoded(tf.train.Example.FromString(record.numpy()).features.feature)
        except tf.errors.OpError as error:
            raise LabelError(f"{path}: is missing or cut off ({type(error).__name__}); write it again.") from None
        except (IndexError, ValueError):
            raise LabelError(f"{path}: lacks a field of the Object Detection API's schema; write it again.") from None


def _decoded(feature: Any) -> EncodedPicture:
    width, height = (int(feature[f"image/{side}"].int64_list.value[0]) for side in ("width", "height"))
    names = [text.decode() for text in feature["image/object/class/text"].bytes_list.value]
    sides = [feature[f"image/object/bbox/{side}"].float_list.value for side in _SIDES]
    objects = []
    for name, ymin, xmin, ymax, xmax in zip(names, *sides, strict=True):
        box = (round(ymin * height, 2), round(xmin * width, 2), round(ymax * height, 2), round(xmax * width, 2))
        objects.append(LabelledObject(name, box))
    encoded, form, filename = (feature[f"image/{key}"].bytes_list.value[0] for key in ("encoded", "format", "filename"))
    labels = LabelledPicture(Path(filename.decode()), width, height, tuple(objects))
    return EncodedPicture(encoded, form.decode(), labels)
