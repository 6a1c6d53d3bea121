"""Load for `alpr serve`: sends pictures from several clients at once and says how it answers."""

import argparse
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from alpr_utils import ALPR
from alpr_utils.images import PICTURE_SUFFIXES


def send(service: str, picture: bytes, counts: Counter[str]) -> float:
    """Seconds of the answer that at last was no 429; other failures are counted and take no time."""
    while True:
        start_s = time.perf_counter()
        try:
            with urllib.request.urlopen(urllib.request.Request(f"{service}/v1/read", picture), timeout=120) as answer:
                answer.read()
                counts[str(answer.status)] += 1
                return time.perf_counter() - start_s
        except urllib.error.HTTPError as error:
            counts[str(error.code)] += 1
            if error.code != 429:
                return 0.0
            time.sleep(float(error.headers["Retry-After"]))
        except OSError as error:  # no connection
            counts[type(error).__name__] += 1
            return 0.0


@contextmanager
def started() -> Iterator[str]:
    """The address of a service of its own, with the usual models."""
    command = [sys.executable, "-m", "alpr_utils", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            yield process.stderr.readline().strip().removesuffix("/docs")
        finally:
            process.terminate()


def direct_rate(pictures: list[bytes], count: int) -> float:
    """Pictures a second without a service."""
    alpr = ALPR()
    alpr.load()
    start_s = time.perf_counter()
    results = alpr.read_contents(("picture", pictures[number % len(pictures)]) for number in range(count))
    return sum(1 for _ in results) / (time.perf_counter() - start_s)


def load(service: str, pictures: list[bytes], clients: int, requests: int) -> tuple[Counter[str], float]:
    """Send and print: how often each status came, and the pictures that were read in a second."""
    counts: Counter[str] = Counter()
    start_s = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        times = pool.map(lambda number: send(service, pictures[number % len(pictures)], counts), range(requests))
        answered = sorted(seconds for seconds in times if seconds)
    rate = len(answered) / (time.perf_counter() - start_s)
    print("status", dict(counts))
    if len(answered) > 1:
        cuts = statistics.quantiles(answered, n=100)
        print(f"p50 {cuts[49]:.3f} s, p95 {cuts[94]:.3f} s, {rate:.1f} pictures a second")
    return counts, rate


def main() -> int:
    """Send, and print; exit status 1 when there was anything but answers and 429."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path, help="a folder, or one picture")
    parser.add_argument("--service", help="its address; none: one is started, and compared with reading without it")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--requests", type=int, default=2000)
    options = parser.parse_args()
    files = sorted(options.pictures.iterdir()) if options.pictures.is_dir() else [options.pictures]
    pictures = [file.read_bytes() for file in files if file.suffix.lower() in PICTURE_SUFFIXES]
    if options.service:
        counts, _ = load(options.service, pictures, options.clients, options.requests)
    else:
        direct = direct_rate(pictures, options.requests)
        with started() as service:
            counts, rate = load(service, pictures, options.clients, options.requests)
        print(f"without a service {direct:.1f} pictures a second; with it {rate / direct:.2f} of that")
    return int(not set(counts) <= {"200", "429"})


if __name__ == "__main__":
    sys.exit(main())
