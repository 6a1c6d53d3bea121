"""The parts of an archive on the workers of Ray: this machine's, or a cluster's."""

from collections.abc import Callable, Iterator, Sequence

import ray
from ray.util import ActorPool

from alpr_utils.alpr import ALPR
from alpr_utils.serve.archive import Archive, read_part
from alpr_utils.serve.sources import Part

_TRIES = 3  # of a part whose worker dies


class _Reader:
    """A worker, in which models are opened once."""

    def __init__(self, place: str, opened: Callable[[], ALPR], crops: bool):
        self._archive, self._alpr, self._crops = Archive(place), opened(), crops
        self._alpr.load(crops)

    def read(self, part: Part) -> tuple[Part, int, str]:
        return part, *read_part(self._archive, part, self._alpr, self._crops)


def read_parts_on_ray(
    archive: Archive, parts: Sequence[Part], opened: Callable[[], ALPR], crops: bool, workers: int, cores: int
) -> Iterator[tuple[Part, int, str]]:
    """As `read_parts`, by ``workers`` of ``cores`` each, in whatever order parts are done.

    A worker has one part at a time; when it dies, another one is started and reads that part again. The environment
    variable ``RAY_ADDRESS`` names a cluster, all of whose machines have to reach sources and results; without it Ray
    starts on this machine.
    """
    with ray.init(log_to_driver=False):
        reader = ray.remote(num_cpus=cores, max_restarts=-1, max_task_retries=_TRIES)(_Reader)
        pool = ActorPool([reader.remote(archive.place, opened, crops) for _ in range(workers)])
        yield from pool.map_unordered(lambda worker, part: worker.read.remote(part), parts)
