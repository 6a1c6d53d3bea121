"""Two halves of a data folder that share no car, so that each half can be scored by models that never saw it."""

import sys
from collections.abc import Iterable
from pathlib import Path

from alpr_utils.data.truth import TruePlate, load_truth
from alpr_utils.data.voc import LabelledPicture
from alpr_utils.errors import LabelError


def load_texts(data_dir: Path) -> dict[str, list[str]]:
    """Picture file name -> the texts of its plates; plates without a known text are left out.

    Raises:
        LabelError: ``data_dir`` is no folder, holds no labelled picture, or its ``plates.csv`` is broken.
    """
    pictures, _ = load_truth(data_dir)
    return {picture.path.name: [plate.text for plate in plates if plate.text] for picture, plates in pictures}


def _find_root(parents: dict[str, str], text: str) -> str:
    while parents[text] != text:
        text = parents[text]
    return text


def _groups(pictures: list[LabelledPicture], texts: dict[str, list[str]]) -> list[list[LabelledPicture]]:
    """Pictures that are linked by shared plates, ordered by their smallest text; pictures without text come last."""
    parents = {text: text for picture in pictures for text in texts.get(picture.path.name, [])}
    for picture in pictures:
        roots = [_find_root(parents, text) for text in texts.get(picture.path.name, [])]
        for root in roots:
            parents[root] = min(roots)
    with_text: dict[str, list[LabelledPicture]] = {}
    without_text: list[list[LabelledPicture]] = []
    for picture in pictures:
        names = texts.get(picture.path.name, [])
        if names:
            with_text.setdefault(_find_root(parents, names[0]), []).append(picture)
        else:
            without_text.append([picture])
    return [with_text[root] for root in sorted(with_text)] + without_text


def identity_halves(
    pictures: list[LabelledPicture], texts: dict[str, list[str]]
) -> tuple[list[LabelledPicture], list[LabelledPicture]]:
    """Split ``pictures`` into half a and half b so that no plate text occurs in both.

    Pictures that share any plate, directly or through others, stay together; the groups, sorted by their smallest text,
    go to a and b in turn. The result depends on the names and texts only, not on the order of ``pictures``.

    Args:
        pictures: labelled pictures.
        texts: picture file name -> the texts of its plates, see ``load_texts``.
    """
    ordered = sorted(pictures, key=lambda picture: str(picture.path))
    groups = _groups(ordered, texts)
    return (
        [picture for group in groups[0::2] for picture in group],
        [picture for group in groups[1::2] for picture in group],
    )


def texts_of_half(texts: Iterable[str], half: str) -> set[str]:
    """Those of half ``a`` or ``b`` when every picture shows one plate, dealt as by `identity_halves`; ``""``: all."""
    ordered = sorted(set(texts))
    return set(ordered["ab".index(half) :: 2] if half else ordered)


def load_half(data_dir: Path, half: str) -> tuple[list[tuple[LabelledPicture, list[TruePlate]]], list[LabelError]]:
    """What `load_truth` gives, of half ``a`` or ``b`` by plate identity only; ``""``: all. Errors as there."""
    truth, problems = load_truth(data_dir)
    if half:
        texts = {picture.path.name: [plate.text for plate in plates if plate.text] for picture, plates in truth}
        halves = identity_halves([picture for picture, _ in truth], texts)
        chosen = {picture.path for picture in halves["ab".index(half)]}
        truth = [(picture, plates) for picture, plates in truth if picture.path in chosen]
    return truth, problems


def load_usable_half(data_dir: Path, half: str) -> list[tuple[LabelledPicture, list[TruePlate]]]:
    """The pictures that `load_half` gives; the broken label files are named on stderr. Errors as there."""
    truth, problems = load_half(data_dir, half)
    for problem in problems:
        print(f"left out: {problem}", file=sys.stderr)
    return truth
