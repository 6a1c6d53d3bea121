"""Plates to learn reading from that are generated; they are kept in files, so that a run makes them once."""

from collections.abc import Sequence
from concurrent.futures import as_completed
from pathlib import Path

import numpy as np
from tqdm import tqdm

from alpr_utils.plates import plate_type
from alpr_utils.synth.photo.degrade import DegradedPlate
from alpr_utils.synth.photo.sample import sample_plate
from alpr_utils.training.interrupt import end_processes
from alpr_utils.training.plate_crops import (
    STORED_HEIGHT,
    STORED_WIDTH,
    PlateCrops,
    aspect_of,
    boxes_in,
    in_box,
    join,
    labelled_tokens,
    padded,
    stored,
    with_margin,
)
from alpr_utils.training.processes import worker_processes

_CHUNK = 1000  # plates a file


def from_degraded(plates: Sequence[DegradedPlate]) -> PlateCrops:
    """Generated plates, at least one, with texts, corners, boxes of characters and aspect."""
    images, texts, corners, char_boxes, aspects = [], [], [], [], []
    for plate in plates:
        low, high = plate.corners.min(axis=0), plate.corners.max(axis=0)
        box = np.array([low[1], low[0], high[1], high[0]])
        images.append(stored(plate.image, box))
        texts.append(labelled_tokens(plate.text, plate.country, plate.rows))
        corners.append(in_box(plate.corners, with_margin(box)) * (STORED_WIDTH, STORED_HEIGHT))
        char_boxes.append(padded(boxes_in(plate.char_boxes, with_margin(box), (STORED_WIDTH, STORED_HEIGHT))))
        aspects.append(aspect_of(box))
    places = np.array(corners, np.float32), np.array(char_boxes), np.array(aspects, np.float32)
    return PlateCrops(np.array(images), tuple(texts), *places)


def _generate_chunk(country: str, seed: int, start: int, count: int, file: Path) -> None:
    """Save the generated plates ``start`` to ``start + count`` of a country; half of them have balanced characters."""
    rngs = ((index, np.random.default_rng([seed, index])) for index in range(start, start + count))
    from_degraded([sample_plate(rng, country, balanced=index % 2 == 0) for index, rng in rngs]).save(file)


def generated_crops(countries: Sequence[str], count: int, seed: int, folder: Path, workers: int) -> PlateCrops:
    """``count`` generated plates, evenly for each country, kept in ``folder``; those already there are not made again.

    ``countries`` are codes or files; ``workers`` processes make the plates.
    """
    folder.mkdir(parents=True, exist_ok=True)
    each = max(1, count // len(countries))
    chunks = [
        (country, seed, start, min(_CHUNK, each - start), folder / f"{plate_type(country).country}_{start:07d}.npz")
        for start in range(0, each, _CHUNK)
        for country in countries
    ]
    missing = [chunk for chunk in chunks if not chunk[-1].exists()]
    bar = tqdm(total=sum(chunk[3] for chunk in missing), desc="generating", unit="plate", leave=False, disable=None)
    with bar, worker_processes(workers) as pool:
        jobs = {pool.submit(_generate_chunk, *chunk): chunk[3] for chunk in missing}
        try:
            for job in as_completed(jobs):
                job.result()
                bar.update(jobs[job])
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            end_processes()
            raise
    return join([PlateCrops.load(chunk[-1]) for chunk in chunks])
