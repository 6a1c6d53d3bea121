"""Labelled pictures as TFRecord files in the schema of the TensorFlow Object Detection API, and back.

https://github.com/tensorflow/models/blob/master/research/object_detection/g3doc/using_your_own_dataset.md
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alpr_utils.data.checks import checked_object
from alpr_utils.data.folders import find_data
from alpr_utils.data.label_folder import read_labels
from alpr_utils.data.labels import LabelledPicture
from alpr_utils.errors import AlprError, LabelError, OutputError, PictureError
from alpr_utils.images import upright_file
from alpr_utils.models.label_map import LABEL_MAP_FILE, read_label_map, write_label_map

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


def _example(encoded: bytes, form: str, labels: LabelledPicture, ids: dict[str, int]) -> bytes:
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
            f"{labels.path}: the class '{unknown[0]}' is not in the label map; add it or correct the annotation."
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


def _chosen(
    folder: Path, pictures: list[LabelledPicture], ids: dict[str, int] | None, leave_out_others: bool
) -> tuple[list[LabelledPicture], dict[str, int]]:
    """The pictures with the objects to write, and the numbers of their classes."""
    names = sorted({item.name for picture in pictures for item in picture.objects})
    if ids is None:
        return pictures, {name: number for number, name in enumerate(names, start=1)}
    if not leave_out_others:
        return pictures, ids
    if names and not ids.keys() & set(names):
        raise LabelError(
            f"{folder}: holds no object named {' or '.join(ids)}, but {', '.join(names[:5])}; choose one of those."
        )
    chosen = [[item for item in picture.objects if item.name in ids] for picture in pictures]
    return [replace(picture, objects=tuple(items)) for picture, items in zip(pictures, chosen, strict=True)], ids


def write_tfrecord(
    folder: Path,
    target: Path,
    name: str,
    ids: dict[str, int] | None = None,
    per_file: int | None = None,
    leave_out_others: bool = False,
) -> tuple[list[Path], list[AlprError]]:
    """Pack any folder of labelled pictures into ``target/NAME-00000-of-00010.tfrecord`` and so on.

    The files of an earlier call with the same name are replaced once all are written. Pictures are stored upright, as
    the JPEG or PNG that they are, others as JPEG.

    Args:
        folder: pictures and their labels, generated ones or photos.
        target: folder of the files; a ``label_map.pbtxt`` is written beside them.
        ids: class name -> number from 1; without it the names found are numbered in alphabetical order.
        per_file: pictures in one file.
        leave_out_others: leave out objects of classes that are not in ``ids`` instead of refusing them.

    Returns:
        The files, and what is wrong with the pictures and labels that are left out.

    Raises:
        LabelError: no labelled picture, a class that is not in ``ids``, or none that is.
        OutputError: ``target`` cannot be written, the disk is full, or its label map belongs to other files.
    """
    import tensorflow as tf

    found, problems = read_labels(find_data(folder))
    pictures, ids = _chosen(folder, found, ids, leave_out_others)
    _check_label_map(target, name, ids)
    per_file = per_file or _PICTURES_PER_FILE.get(name, _PICTURES_PER_FILE_OTHERWISE)
    draft, left_out = target / f".{name}.unfinished", list[AlprError](problems)
    try:
        shutil.rmtree(draft, ignore_errors=True)  # of a run that was killed
        draft.mkdir(parents=True)
        for number in range(0, len(pictures), per_file):
            with tf.io.TFRecordWriter(str(draft / f"{number // per_file:05d}")) as writer:
                for picture in pictures[number : number + per_file]:
                    try:
                        encoded, form = upright_file(picture.path)
                    except PictureError as error:
                        left_out.append(error)
                        continue
                    writer.write(_example(encoded, form, picture, ids))
        write_label_map(target / LABEL_MAP_FILE, ids)
        return _published(draft, target, name), left_out
    except (OSError, tf.errors.OpError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.message
        raise OutputError(
            f"{target}: cannot be written ({reason}); free some space or choose another folder."
        ) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _check_label_map(target: Path, name: str, ids: dict[str, int]) -> None:
    """Refuse to give the files of other names in the folder another label map."""
    file = target / LABEL_MAP_FILE
    others = [path for path in target.glob("*.tfrecord") if not path.name.startswith(f"{name}-")]
    foreign = file.exists() and (others or not list(target.glob("*.tfrecord")))
    if foreign and read_label_map(file) != {number: class_ for class_, number in ids.items()}:
        raise OutputError(f"{file}: is there and numbers other classes; give the same --class or another folder.")


def _published(draft: Path, target: Path, name: str) -> list[Path]:
    """Give the finished files their final names, in place of those of an earlier call."""
    for old in target.glob(f"{name}-[0-9]*-of-[0-9]*.tfrecord"):
        old.unlink()
    files = sorted(draft.iterdir())
    paths = [target / f"{name}-{file.name}-of-{len(files):05d}.tfrecord" for file in files]
    for file, path in zip(files, paths, strict=True):
        file.replace(path)
    return paths


def read_tfrecord(paths: Sequence[Path]) -> Iterator[EncodedPicture]:
    """The pictures of TFRecord files in the Object Detection API's schema.

    Raises:
        LabelError: a file is missing, cut off, or of another schema, or a box is none or outside its picture.
    """
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    for path in paths:
        try:
            for record in tf.data.TFRecordDataset(str(path)):
                yield _decoded(tf.train.Example.FromString(record.numpy()).features.feature, path)
        except tf.errors.OpError as error:
            raise LabelError(f"{path}: is missing or cut off ({type(error).__name__}); write it again.") from None
        except (IndexError, ValueError, DecodeError):
            raise LabelError(f"{path}: is not in the Object Detection API's schema; write it again.") from None


def _decoded(feature: Any, source: Path) -> EncodedPicture:
    width, height = (int(feature[f"image/{side}"].int64_list.value[0]) for side in ("width", "height"))
    names = [text.decode() for text in feature["image/object/class/text"].bytes_list.value]
    sides = [feature[f"image/object/bbox/{side}"].float_list.value for side in _SIDES]
    objects = []
    for name, ymin, xmin, ymax, xmax in zip(names, *sides, strict=True):
        box = (round(ymin * height, 2), round(xmin * width, 2), round(ymax * height, 2), round(xmax * width, 2))
        objects.append(checked_object(name, box, height, width, source))
    encoded, form, filename = (feature[f"image/{key}"].bytes_list.value[0] for key in ("encoded", "format", "filename"))
    labels = LabelledPicture(Path(filename.decode()), width, height, tuple(objects))
    return EncodedPicture(encoded, form.decode(), labels)
