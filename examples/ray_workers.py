"""How much faster an archive is read by more workers of Ray on this machine: whole runs, and without their start."""

import argparse
import subprocess
import sys
import tarfile
import time
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from alpr_utils.images import PICTURE_SUFFIXES


def pack(pictures: list[Path], count: int, size: int, folder: Path) -> None:
    """``count`` pictures, again and again the same, in tar files of ``size``."""
    chosen = list(islice(cycle(pictures), count))
    for start in range(0, count, size):
        with tarfile.open(folder / f"{start:08d}.tar", "w") as shard:
            for number, picture in enumerate(chosen[start : start + size], start):
                shard.add(picture, f"{number}{picture.suffix}")


def rates(shards: Path, out: Path, count: int, workers: int, options: list[str]) -> tuple[float, float]:
    """Pictures a second of a whole run, and from when each worker has written its first part."""
    command = [sys.executable, "-m", "alpr_utils", "archive", str(shards), "--output", str(out)]
    start_s = time.monotonic()
    subprocess.run([*command, "--ray", str(workers), *options], check=True)
    whole = count / (time.monotonic() - start_s)
    written_s = sorted(part.stat().st_mtime for part in out.glob("part-*.parquet"))
    each = count / len(written_s)
    return whole, (len(written_s) - workers) * each / (written_s[-1] - written_s[workers - 1])


def main() -> None:
    """Read the same archive with each number of workers, and print a table."""
    parser = argparse.ArgumentParser(description=f"{__doc__} What else is given goes to 'alpr archive'.")
    parser.add_argument("pictures", type=Path, help="a folder")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--count", type=int, default=2000, help="pictures to read")
    parser.add_argument("--part", type=int, default=50, help="pictures in each tar file")
    options, others = parser.parse_known_args()
    if options.count < 2 * max(options.workers) * options.part:
        parser.error("each worker needs at least two parts; give more pictures or smaller parts")
    pictures = sorted(file for file in options.pictures.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES)
    with TemporaryDirectory() as name:
        shards = Path(name, "shards")
        shards.mkdir()
        pack(pictures, options.count, options.part, shards)
        found = [rates(shards, Path(name, str(n)), options.count, n, others) for n in options.workers]
    print("| workers | pictures/s | of the first | without the start | of the first |\n|---|---|---|---|---|")
    for workers, (whole, steady) in zip(options.workers, found, strict=True):
        print(f"| {workers} | {whole:.1f} | {whole / found[0][0]:.2f} | {steady:.1f} | {steady / found[0][1]:.2f} |")


if __name__ == "__main__":
    main()
