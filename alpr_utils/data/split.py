"""Two halves of a data folder that share no car, so that each half can be scored by models that never saw it."""

from collections.abc import Iterable, Sequence

from alpr_utils.data.labels import LabelledPicture


def _find_root(parents: dict[str, str], text: str) -> str:
    while parents[text] != text:
        text = parents[text]
    return text


def _groups(pictures: Sequence[LabelledPicture]) -> list[list[LabelledPicture]]:
    """Pictures that are linked by shared plates, ordered by their smallest text; pictures without text come last."""
    parents = {text: text for picture in pictures for text in picture.texts}
    for picture in pictures:
        roots = [_find_root(parents, text) for text in picture.texts]
        for root in roots:
            parents[root] = min(roots)
    with_text: dict[str, list[LabelledPicture]] = {}
    without_text: list[list[LabelledPicture]] = []
    for picture in pictures:
        if picture.texts:
            with_text.setdefault(_find_root(parents, picture.texts[0]), []).append(picture)
        else:
            without_text.append([picture])
    return [with_text[root] for root in sorted(with_text)] + without_text


def identity_halves(pictures: Sequence[LabelledPicture]) -> tuple[list[LabelledPicture], list[LabelledPicture]]:
    """Split ``pictures`` into half a and half b so that no plate text occurs in both.

    Pictures that share any plate, directly or through others, stay together; the groups, sorted by their smallest text,
    go to a and b in turn. The result depends on the names and texts only, not on the order of ``pictures``.
    """
    groups = _groups(sorted(pictures, key=lambda picture: str(picture.path)))
    return (
        [picture for group in groups[0::2] for picture in group],
        [picture for group in groups[1::2] for picture in group],
    )


def texts_of_half(texts: Iterable[str], half: str) -> set[str]:
    """Those of half ``a`` or ``b`` when every picture shows one plate, dealt as by `identity_halves`; ``""``: all."""
    ordered = sorted(set(texts))
    return set(ordered["ab".index(half) :: 2] if half else ordered)
