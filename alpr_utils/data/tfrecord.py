"""Labelled pictures as TFRecord files in the schema of the TensorFlow Object Detection API, and back.

https://github.com/tensorflow/models/blob/master/research/object_detection/g3doc/using_your_own_dataset.md
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alpr_utils.data.voc import Annotation, VocObject, find_labelled, read_voc
from alpr_utils.errors import LabelError, OutputError, PictureError
from alpr_utils.models.label_map import LABEL_MAP_FILE, write_label_map

_FORMATS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png"}
_PICTURES_PER_FILE = {"plates": 10_000, "scenes": 500}
_PICTURES_PER_FILE_OTHERWISE = 200


@dataclass(frozen=True)
class EncodedPicture:
    """A labelled picture as it lies in a TFRecord.

    Attributes:
        encoded: the picture's file.
        format: ``jpeg`` or ``png``.
        annotation: its labels; boxes in pixels, to a hundredth.
    """

    encoded: bytes
    format: str
    annotation: Annotation


def _read_picture(path: Path) -> tuple[bytes, str]:
    if path.suffix.lower() not in _FORMATS:
        raise PictureError(f"{path}: the Object Detection API takes JPEG and PNG only; save it as one of them.")
    try:
        return path.read_bytes(), _FORMATS[path.suffix.lower()]
    except OSError as error:
        raise PictureError(f"{path}: cannot be opened ({error.strerror}); check its permissions.") from None


def _example(encoded: bytes, form: str, annotation: Annotation, ids: dict[str, int], source: Path) -> bytes:
    """A serialised ``tf.train.Example``."""
    import tensorflow as tf

    def strings(values: Sequence[str | bytes]) -> Any:
        data = [value.encode() if isinstance(value, str) else value for value in values]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=data))

    def numbers(values: Sequence[int]) -> Any:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    names = [item.name for item in annotation.objects]
    unknown = sorted(set(names) - set(ids))
    if unknown:
        raise LabelError(f"{source}: the class '{unknown[0]}' is not in the label map; add it or mend the annotation.")
    features = {
        "image/encoded": strings([encoded]),
        "image/format": strings([form]),
        "image/filename": strings([annotation.filename]),
        "image/source_id": strings([annotation.filename]),
        "image/height": numbers([annotation.height]),
        "image/width": numbers([annotation.width]),
        "image/object/class/text": strings(names),
        "image/object/class/label": numbers([ids[name] for name in names]),
    }
    sides = zip(*(item.box_pixels for item in annotation.objects), strict=True) if names else ((),) * 4
    extents = (annotation.width, annotation.height) * 2
    for side, pixels, extent in zip(("xmin", "ymin", "xmax", "ymax"), sides, extents, strict=True):
        values = tf.train.FloatList(value=[pixel / extent for pixel in pixels])
        features[f"image/object/bbox/{side}"] = tf.train.Feature(float_list=values)
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(deterministic=True)


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
        leave_out_others: objects of classes that ``ids`` does not know are not written, instead of being refused.

    Raises:
        LabelError: no labelled picture, a broken annotation, a class that ``ids`` does not know, or none that it knows.
        PictureError: a picture cannot be read or is neither JPEG nor PNG.
        OutputError: ``target`` cannot be written or the disk is full.
    """
    import tensorflow as tf

    pairs = find_labelled(folder)
    if ids is None or leave_out_others:
        found = sorted({item.name for _, xml in pairs for item in read_voc(xml).objects})
        ids = ids or {class_name: number for number, class_name in enumerate(found, start=1)}
        if found and not ids.keys() & set(found):
            raise LabelError(
                f"{folder}: holds no object named {' or '.join(ids)}, but {', '.join(found[:5])}; choose one of those."
            )
    per_file = per_file or _PICTURES_PER_FILE.get(name, _PICTURES_PER_FILE_OTHERWISE)
    total = -(-len(pairs) // per_file)
    paths = [target / f"{name}-{number:05d}-of-{total:05d}.tfrecord" for number in range(total)]
    try:
        target.mkdir(parents=True, exist_ok=True)
        write_label_map(target / LABEL_MAP_FILE, ids)
        for number, path in enumerate(paths):
            with tf.io.TFRecordWriter(str(path)) as writer:
                for picture, xml in pairs[number * per_file : (number + 1) * per_file]:
                    encoded, form = _read_picture(picture)
                    annotation = read_voc(xml)
                    if leave_out_others:
                        annotation = replace(
                            annotation, objects=tuple(item for item in annotation.objects if item.name in ids)
                        )
                    writer.write(_example(encoded, form, annotation, ids, xml))
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
    sides = [feature[f"image/object/bbox/{side}"].float_list.value for side in ("xmin", "ymin", "xmax", "ymax")]
    objects = []
    for name, xmin, ymin, xmax, ymax in zip(names, *sides, strict=True):
        box = (round(xmin * width, 2), round(ymin * height, 2), round(xmax * width, 2), round(ymax * height, 2))
        objects.append(VocObject(name, box))
    encoded, form, filename = (feature[f"image/{key}"].bytes_list.value[0] for key in ("encoded", "format", "filename"))
    return EncodedPicture(encoded, form.decode(), Annotation(filename.decode(), width, height, tuple(objects)))
